// What can only be seen in a process of its own: each task prints what it found, for the tests in
// environment_test.cpp and process_test.cpp to judge.
//
//   contract_child TASK [BACKEND]
#include "contract/bits_cases.hpp"
#include "contract/threads_child.hpp"
#include "support/calls.hpp"
#include "support/kernels.hpp"
#include "support/sizes.hpp"

#include <hetmap/hetmap.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

std::function<int(int)> const next = [](int i) { return i + 1; };

bool maps_rightly(std::size_t n) {
  auto const y = hetmap::map(next, support::indices(n));
  for (std::size_t i = 0; i != n; ++i)
    if (y[i] != static_cast<int>(i) + 1) return false;
  return y.size() == n;
}

void many_threads_map() {
  std::vector<std::thread> threads;
  for (int t = 0; t != 4; ++t)
    threads.emplace_back([] {
      for (int call = 0; call != 500; ++call)
        if (!maps_rightly(100)) std::abort();
    });
  for (std::thread& t : threads) t.join();
}

/// Whether some of a call's functions ran on other threads than the caller's.
bool shared(hetmap::options const& how) {
  std::atomic<bool> elsewhere{false};
  auto const caller = std::this_thread::get_id();
  std::function<int(int)> const f = [&](int i) {
    if (std::this_thread::get_id() != caller) elsewhere = true;
    std::this_thread::sleep_for(std::chrono::microseconds(20));
    return i;
  };
  hetmap::map(how, f, support::indices(1000));
  return elsewhere;
}

/// Prints what a call with this backend was asked, and whether its functions ran elsewhere.
void backend_of_a_call(hetmap::options const& how) {
  std::printf("asked %s\n", hetmap::name(hetmap::explain(how, next, support::indices(1000)).asked));
  std::printf("%s\n", shared(how) ? "shared" : "alone");
}

/// Prints which values of the machine calls go by, short ones too.
void profile() {
  std::printf("%s", to_string(hetmap::explain(next, support::indices(100))).c_str());
  for (std::size_t const n : {1u, 100u, 100'000u})
    std::printf("%s\n", maps_rightly(n) ? "right" : "wrong");
}

void level() {
  auto const p = hetmap::explain(next, support::indices(100));
  std::printf("level %s\n", hetmap::name(p.level));
}

/// One line a kernel and mode: "plain axpb<float> 0123456789abcdef".
void digests() {
  for (bool const reproducible : {false, true})
    for (auto const& c : bits::cases_at_o2()) {
      std::uint64_t hash = 14695981039346656037u;  // FNV-1a
      for (auto const byte : c.compute({.how = {.reproducible = reproducible}, .count = 5003}))
        hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 1099511628211u;
      std::printf("%s %s %016llx\n", reproducible ? "reproducible" : "plain", c.name.c_str(),
                  static_cast<unsigned long long>(hash));
    }
}

/// Keeps to one processor from the start, then asks what the library makes of it.
void cores() {
  if (!threads_child::pin()) return;
  support::concurrency_meter meter;
  std::function<int(int)> const f = [&](int i) {
    support::concurrency_meter::call const running(meter);
    std::this_thread::sleep_for(std::chrono::microseconds(100));
    return i;
  };
  hetmap::map({.backend = hetmap::backend::cpu, .chunk_size = 1}, f, support::indices(200));
  std::printf("cores %u, at once %d\n", hetmap::physical_cores(), meter.peak());
}

/// Forks while the library is idle: before it was used, or after.
void fork_while_idle(bool used_before) {
  if (used_before && !maps_rightly(20000)) std::printf("parent wrong before\n");
  for (int round = 0; round != 3; ++round) {
    std::fflush(stdout);
    pid_t const child = fork();
    if (child == 0) {
      bool right = true;
      for (int k = 0; k != 20; ++k) right = right && maps_rightly(20000);
      // With threads of its own: those of the parent have stayed behind.
      right = right && shared({.backend = hetmap::backend::cpu}) == (hetmap::physical_cores() > 1);
      std::exit(right ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    std::printf("child %s\n", WIFEXITED(status) && WEXITSTATUS(status) == 0 ? "right" : "wrong");
    std::printf("parent %s\n", maps_rightly(20000) ? "right" : "wrong");
  }
}

/// Prints by how many KiB the memory of the process grew while it mapped 1 GiB in place.
void memory_of_a_map_in_place() {
  std::vector<float> x((std::size_t{1} << 30) / sizeof(float), 1.5f);
  auto const peak = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  maps_rightly(100000);  // threads and all that comes with them
  auto const before = peak();
  hetmap::map_into(x, bench::axpb<float, support::vector_math>{}, x);
  std::printf("grew %ld KiB, last %.2f\n", peak() - before, static_cast<double>(x.back()));
}

int run(std::string_view task, char const* backend) {
  hetmap::options how;
  if (backend != nullptr) how.backend = hetmap::backend_from_name(backend);
  if (task == "backend")
    backend_of_a_call(how);
  else if (task == "profile")
    profile();
  else if (task == "level")
    level();
  else if (task == "digests")
    digests();
  else if (task == "cores")
    cores();
  else if (task == "cores-as-started")
    std::printf("cores %u\n", hetmap::physical_cores());
  else if (task == "cores-pinned")
    threads_child::cores_after_a_pinned_thread();
  else if (task == "cores-forked")
    threads_child::cores_of_a_forked_child();
  else if (task == "threads")
    threads_child::threads_made_by_a_pinned_one();
  else if (task == "fork-unused")
    fork_while_idle(false);
  else if (task == "fork-used")
    fork_while_idle(true);
  else if (task == "memory")
    memory_of_a_map_in_place();
  else if (task == "loud")
    many_threads_map();
  else if (task == "quiet")
    return maps_rightly(10) && maps_rightly(100000) ? 0 : 1;
  else
    return 2;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return argc < 2 ? 2 : run(argv[1], argc > 2 ? argv[2] : nullptr);
  } catch (hetmap::option_error const& e) {
    std::printf("option_error: %s\n", e.what());
  } catch (hetmap::device_unavailable const& e) {
    std::printf("device_unavailable: %s\n", e.what());
  } catch (std::exception const& e) {
    std::printf("exception: %s\n", e.what());
  }
  return 3;
}
