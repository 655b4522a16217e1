// What a process of its own tells of the library's threads and of its processors.
#pragma once

#include "support/calls.hpp"
#include "support/sizes.hpp"

#include <hetmap/hetmap.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace threads_child {

/// Keeps the calling thread to one processor.
inline bool pin() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<unsigned>(sched_getcpu()), &one);
  return sched_setaffinity(0, sizeof one, &one) == 0;
}

inline std::string of_status(std::filesystem::path const& thread, std::string const& key) {
  std::ifstream in(thread / "status");
  for (std::string line; std::getline(in, line);)
    if (line.rfind(key + ":\t", 0) == 0) return line.substr(key.size() + 2);
  return {};
}

/// Whether it leaves only those signals open that a thread brings upon itself.
inline bool blocks_signals(std::filesystem::path const& thread) {
  auto const blocked = std::stoull(of_status(thread, "SigBlk"), nullptr, 16);
  for (int s = 1; s <= SIGRTMAX; ++s) {
    bool open = s >= 32 && s < SIGRTMIN;
    for (int const own :
         {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT})
      open = open || s == own;
    if (!open && (blocked >> (s - 1) & 1) == 0) return false;
  }
  return true;
}

/// A pinned thread makes every kind of thread that the library has; prints what these are like.
inline void threads_made_by_a_pinned_one() {
  std::promise<void> all_made, seen;
  auto const process = of_status("/proc/self", "Cpus_allowed");
  pid_t maker = 0;
  std::thread pinned([&] {
    maker = gettid();
    if (!pin()) std::printf("cannot pin\n");
    hetmap::pool named({.workers = 2, .name = "a name"}), unnamed{1u};
    named.submit([] {}).get();
    auto stream =
        hetmap::imap({.workers = 9, .chunk_size = 1}, std::negate<>(), std::views::iota(0));
    static_cast<void>(stream.next());
    auto shared = hetmap::imap(std::negate<>(), std::views::iota(0));
    static_cast<void>(shared.next());
    hetmap::default_pool().submit([] {}).get();
    hetmap::map(
        {.backend = hetmap::backend::cpu, .workers = 2},
        [](int v) {
          std::this_thread::sleep_for(std::chrono::microseconds(100));
          return v;
        },
        support::indices(200));
    std::vector<float> x(1 << 15, 1.0f), y(1 << 15);
    for (int k = 0; k != 2000; ++k)
      hetmap::map_into(
          y, [](float v) { return 2 * v + 1; }, x);
    std::promise<void> runs;
    auto const limited = unnamed.map_async(
        {.deadline = std::chrono::seconds(40)},
        [&](int v, std::stop_token const& stop) {
          runs.set_value();
          while (!stop.stop_requested()) std::this_thread::yield();
          return v;
        },
        support::indices(1));
    runs.get_future().get();
    all_made.set_value();
    seen.get_future().get();
    unnamed.terminate();
  });
  all_made.get_future().get();
  int count = 0;
  for (auto const& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    auto const id = std::stoi(entry.path().filename());
    if (id == getpid() || id == maker) continue;
    ++count;
    auto const name = of_status(entry.path(), "Name");
    if (!blocks_signals(entry.path())) std::printf("open to signals: %s\n", name.c_str());
    if (of_status(entry.path(), "Cpus_allowed") != process)
      std::printf("bound: %s\n", name.c_str());
  }
  std::printf("threads %d\n", count);
  seen.set_value();
  pinned.join();
}

/// The processors as main finds them after a pinned thread has asked first.
inline void cores_after_a_pinned_thread() {
  std::thread([] {
    if (pin()) static_cast<void>(hetmap::physical_cores());
  }).join();
  std::printf("cores %u\n", hetmap::physical_cores());
}

/// And as a child finds them that keeps to one, forked from a process that uses all.
inline void cores_of_a_forked_child() {
  std::printf("cores %u\n", hetmap::physical_cores());
  std::fflush(stdout);
  if (fork() == 0) {
    std::printf("child %u\n", pin() ? hetmap::physical_cores() : 0);
    std::fflush(stdout);
    _exit(0);
  }
  wait(nullptr);
}

}  // namespace threads_child
