#include "profile_in_use.hpp"

#include "forked.hpp"
#include "kept_file.hpp"
#include "this_machine.hpp"

#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>
#include <utility>

namespace hetmap::core {
namespace {

constinit process_mutex guard;

/// What goes into profile_in_use and stays.
struct kept_profile {
  profile_in_use in_use{};
  std::array<gpu_profile, machine_profile::most_gpus> gpus{};
  std::string status{};
};

std::unique_ptr<kept_profile> kept(machine_profile const& profile, std::string status,
                                   bool measured) {
  auto made = std::make_unique<kept_profile>();
  made->gpus = profile.gpus;
  made->status = std::move(status);
  made->in_use = {.cpu = profile.cpu,
                  .limits = thresholds_of(profile.cpu),
                  .measured = measured,
                  .gpus = made->gpus.data(),
                  .gpu_count = profile.gpu_count,
                  .status = made->status.c_str()};
  return made;
}

/// Never given back: calls may be reading what came before.
void put_in_use(std::unique_ptr<kept_profile> made) noexcept {
  made->in_use.before = profile_found.load(std::memory_order_relaxed);
  profile_found.store(&made.release()->in_use, std::memory_order_release);
}

constinit profile_in_use const without_memory{
    .status = "defaults: there was no memory to look for a profile"};

}  // namespace

constinit std::atomic<profile_in_use const*> profile_found{nullptr};

gpu_values const* profile_in_use::of_gpu(char const* identity) const noexcept {
  for (unsigned k = 0; k != gpu_count; ++k)
    if (gpus[k].identity == identity) return &gpus[k].values;
  return nullptr;
}

machine_profile profile_at(profile_place const& where, std::string const& machine,
                           std::string const& build, std::string& status) {
  if (where.path.empty()) {
    status = "defaults; " + where.nowhere;
    return {};
  }
  std::string const defaults = "defaults; '" + where.path + "' ";
  read_file const file = read_kept_file(where.path, largest_profile);
  if (!file.why.empty()) {
    bool const never_made = file.error == ENOENT && !where.by_name;
    status = never_made ? defaults + "is not there; hetmap-calibrate makes it"
                        : defaults + "cannot be read: " + file.why;
    return {};
  }
  parsed_profile parsed = parse_profile(file.text);
  if (!parsed.error.empty()) {
    status = defaults + "is damaged: " + parsed.error;
  } else if (parsed.profile.machine != machine) {
    status = defaults + "is of another machine: " + parsed.profile.machine + "; this is " + machine;
  } else if (parsed.profile.build != build) {
    status = defaults + "is of another build: " + parsed.profile.build + "; this is " + build;
  } else {
    status = "measured, from '" + where.path + "'";
    return std::move(parsed.profile);
  }
  return {};
}

profile_in_use const& find_profile() noexcept {
  try {
    std::string status;
    profile_place const where = profile_place_here();
    machine_profile const found = profile_at(where, this_machine(), this_build(), status);
    auto made = kept(found, std::move(status), !found.machine.empty());
    std::lock_guard const lock(guard);
    if (profile_found.load(std::memory_order_relaxed) == nullptr) put_in_use(std::move(made));
    return *profile_found.load(std::memory_order_relaxed);
  } catch (...) {
    return without_memory;
  }
}

void put_in_use(machine_profile const& profile, std::string status) {
  auto made = kept(profile, std::move(status), true);
  std::lock_guard const lock(guard);
  put_in_use(std::move(made));
}

}  // namespace hetmap::core

namespace hetmap {
inline namespace HETMAP_ABI {

char const* profile_status() noexcept { return core::known_profile().status; }

}  // namespace HETMAP_ABI
}  // namespace hetmap
