#include "topology.hpp"

#include "forked.hpp"

#include <hetmap/topology.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include <dirent.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace hetmap::core {
namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

std::optional<std::string> first_line(std::string const& path) {
  std::ifstream in(path);
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  return line;
}

std::optional<double> number_in(std::string const& path) {
  auto const line = first_line(path);
  if (!line) return std::nullopt;
  if (*line == "max") return unlimited;
  std::istringstream in(*line);
  double value = 0;
  if (!(in >> value)) return std::nullopt;
  return value;
}

/// The value after `key` in a file of "key value" or "key: value" lines.
std::optional<double> value_of(std::string const& path, std::string const& key) {
  std::ifstream in(path);
  std::string word;
  double value = 0;
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    if (fields >> word >> value && (word == key || word == key + ":")) return value;
  }
  return std::nullopt;
}

/// The directories of this process's control group for `controller`, innermost first; the second
/// is whether they are of version 2.
std::pair<std::vector<std::string>, bool> control_groups(std::string const& root,
                                                         std::string const& controller) {
  std::ifstream in(root + "/proc/self/cgroup");
  std::string mount, path;
  bool unified = false;
  for (std::string line; std::getline(in, line);) {
    auto const first = line.find(':');
    auto const second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    std::string const names = line.substr(first + 1, second - first - 1);
    if (names.empty()) {
      if (!mount.empty()) continue;  // a version 1 line for the controller comes first
      mount = root + "/sys/fs/cgroup";
      path = line.substr(second + 1);
      unified = true;
    } else if (("," + names + ",").find("," + controller + ",") != std::string::npos) {
      mount = root + "/sys/fs/cgroup/" + controller;
      path = line.substr(second + 1);
      unified = false;
    }
  }
  std::vector<std::string> directories;
  if (mount.empty()) return {directories, unified};
  while (path.size() > 1) {
    directories.push_back(mount + path);
    path.erase(path.rfind('/'));
  }
  directories.push_back(mount);
  return {directories, unified};
}

/// Those of thread `id`, 0 for the calling one; none if it has ended.
void add_cpus_of(pid_t id, std::set<unsigned>& to) {
  for (unsigned size = 1024; size <= 1u << 16; size *= 2) {
    std::vector<unsigned long> mask(CPU_ALLOC_SIZE(size) / sizeof(unsigned long));
    auto* const set = reinterpret_cast<cpu_set_t*>(mask.data());
    std::size_t const bytes = CPU_ALLOC_SIZE(size);
    if (sched_getaffinity(id, bytes, set) == 0) {
      for (unsigned cpu = 0; cpu != size; ++cpu)
        if (CPU_ISSET_S(cpu, bytes, set)) to.insert(cpu);
      return;
    }
    if (errno != EINVAL) return;  // else the kernel knows of more
  }
}

/// A number that this process finds once; a forked child finds its own.
class once_a_process_number {
 public:
  template <class Find>
  unsigned get(Find find) {
    std::uint64_t const forks = fork_count();
    std::uint64_t known = known_.load(std::memory_order_relaxed);
    if (known == 0 || known >> 32 != forks) {
      known = forks << 32 | find();
      known_.store(known, std::memory_order_relaxed);
    }
    return static_cast<unsigned>(known);
  }

 private:
  std::atomic<std::uint64_t> known_{0};  // forks, the number
};

}  // namespace

std::vector<unsigned> cpus_of_this_thread() {
  std::set<unsigned> cpus;
  add_cpus_of(0, cpus);
  if (cpus.empty()) cpus.insert(0);
  return {cpus.begin(), cpus.end()};
}

std::vector<unsigned> allowed_cpus() {
  std::set<unsigned> cpus;
  add_cpus_of(0, cpus);
  add_cpus_of(getpid(), cpus);  // the main thread, also where the list cannot be read
  // Not by std::filesystem, which ends the process where it finds no memory.
  std::unique_ptr<DIR, int (*)(DIR*)> const all(opendir("/proc/self/task"), &closedir);
  while (dirent const* const entry = all ? readdir(all.get()) : nullptr)
    if (int const id = std::atoi(entry->d_name)) add_cpus_of(id, cpus);
  if (cpus.empty()) cpus.insert(0);
  return {cpus.begin(), cpus.end()};
}

unsigned logical_cpus() {
  static constinit once_a_process_number cpus;
  return cpus.get([] { return static_cast<unsigned>(allowed_cpus().size()); });
}

unsigned count_cores(std::string const& root, std::vector<unsigned> const& cpus) {
  std::set<std::pair<std::string, std::string>> cores;
  unsigned unknown = 0;
  for (unsigned const cpu : cpus) {
    std::string const topology =
        root + "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    auto const package = first_line(topology + "physical_package_id");
    auto const core = first_line(topology + "core_id");
    // Cores of different dies of one package may share a core_id; their die_id differs.
    auto const die = first_line(topology + "die_id");
    if (package && core)
      cores.emplace(*package + "/" + die.value_or("0"), *core);
    else
      ++unknown;
  }
  return static_cast<unsigned>(cores.size()) + unknown;
}

double cpu_quota(std::string const& root) {
  auto const [directories, unified] = control_groups(root, "cpu");
  double least = unlimited;
  for (std::string const& directory : directories) {
    std::optional<double> quota, period;
    if (unified) {
      std::istringstream fields(first_line(directory + "/cpu.max").value_or(""));
      std::string word;
      double value = 0;
      if (fields >> word && word != "max" && fields >> value) {
        quota = std::atof(word.c_str());
        period = value;
      }
    } else {
      quota = number_in(directory + "/cpu.cfs_quota_us");
      period = number_in(directory + "/cpu.cfs_period_us");
    }
    if (quota && period && *quota > 0 && *period > 0) least = std::min(least, *quota / *period);
  }
  return least == unlimited ? 0 : least;
}

unsigned physical_cores(std::string const& root, std::vector<unsigned> const& cpus) {
  unsigned cores = count_cores(root, cpus);
  double const quota = cpu_quota(root);
  if (quota > 0 && quota < cores) cores = static_cast<unsigned>(quota);
  return std::max(cores, 1u);
}

std::size_t cache_size(std::string const& root, unsigned cpu) {
  std::size_t largest = 0;
  for (int index = 0;; ++index) {
    std::string const cache = root + "/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                              "/cache/index" + std::to_string(index) + "/";
    auto const size = first_line(cache + "size");
    if (!size) return largest;
    if (first_line(cache + "type") == "Instruction") continue;
    std::istringstream in(*size);
    std::size_t value = 0;
    char unit = 'B';
    if (!(in >> value)) continue;
    in >> unit;
    value <<= unit == 'K' ? 10 : unit == 'M' ? 20 : unit == 'G' ? 30 : 0;
    largest = std::max(largest, value);
  }
}

std::size_t last_level_cache() {
  static constinit remembered<std::size_t> size;
  return size.get([] { return cache_size("", allowed_cpus().front()); });
}

double available_memory(std::string const& root) {
  double bytes = unlimited;
  if (auto const available = value_of(root + "/proc/meminfo", "MemAvailable"))
    bytes = 1024 * (*available + value_of(root + "/proc/meminfo", "SwapFree").value_or(0));
  auto const [directories, unified] = control_groups(root, "memory");
  for (std::string const& directory : directories) {
    auto const most = number_in(directory + (unified ? "/memory.max" : "/memory.limit_in_bytes"));
    auto const used =
        number_in(directory + (unified ? "/memory.current" : "/memory.usage_in_bytes"));
    if (!most || !used) continue;
    // Cached files count as used and give way.
    auto const cached =
        value_of(directory + "/memory.stat", unified ? "inactive_file" : "total_inactive_file");
    bytes = std::min(bytes, std::max(*most - *used + cached.value_or(0), 0.0));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    bytes = std::min(bytes, static_cast<double>(limit.rlim_cur));
  return bytes;
}

}  // namespace hetmap::core

namespace hetmap {
inline namespace HETMAP_ABI {

unsigned physical_cores() {
  static constinit core::once_a_process_number cores;
  return cores.get([] { return core::physical_cores("", core::allowed_cpus()); });
}

}  // namespace HETMAP_ABI
}  // namespace hetmap
