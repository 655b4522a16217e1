#include "team.hpp"

#if HETMAP_TEAM_TBB
#include "forked.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>

#include <limits.h>
#include <pthread.h>
#else
#include "../topology.hpp"
#endif

namespace hetmap::core {

#if HETMAP_TEAM_TBB

namespace {

// oneTBB's threads do not survive a fork, and it cannot be told to start anew.
bool left_behind() noexcept {
  static constinit remembered<unsigned> at_start;
  return fork_count() != at_start.get(&fork_count);
}

/// Calls of a team's body that this thread is in.
constinit thread_local unsigned inside_team = 0;

struct team_call {
  team_call() noexcept { ++inside_team; }
  ~team_call() { --inside_team; }
  team_call(team_call const&) = delete;
  team_call& operator=(team_call const&) = delete;
};

/// Makes oneTBB forget this thread if it is in a team's call, from which f has called exit().
///
/// oneTBB's own destructor takes the thread that calls exit() for one that has come to its end, and
/// takes its arena from it: that crashes on a worker, and beside workers that go on. Where it
/// finds nothing of the thread there is nothing to take. Its place among the thread's values is
/// what changes in a new thread that uses oneTBB.
void leave_oneTBB() noexcept {
  if (inside_team == 0) return;
  bool was_there[PTHREAD_KEYS_MAX] = {};
  auto const is_there = [](pthread_key_t key) { return pthread_getspecific(key) != nullptr; };
  try {
    std::thread([&] {
      for (pthread_key_t key = 0; key != PTHREAD_KEYS_MAX; ++key) was_there[key] = is_there(key);
      try {
        tbb::this_task_arena::isolate([] {});
      } catch (...) {
        // No memory: it may have come far enough.
      }
      for (pthread_key_t key = 0; key != PTHREAD_KEYS_MAX; ++key)
        was_there[key] = is_there(key) && !was_there[key];
    }).join();
  } catch (...) {
    return;  // no thread, or no memory: nothing to be done
  }
  for (pthread_key_t key = 0; key != PTHREAD_KEYS_MAX; ++key)
    if (was_there[key]) pthread_setspecific(key, nullptr);
}

/// Before oneTBB's destructor, since this library is loaded after it.
[[gnu::destructor]] void at_exit() noexcept { leave_oneTBB(); }

}  // namespace

unsigned team_concurrency() {
  // oneTBB finds it out at the first call, behind a lock that a fork does not know.
  static constinit process_mutex first;
  static constinit std::atomic<bool> asked{false};
  auto const ask = [] { return static_cast<unsigned>(tbb::this_task_arena::max_concurrency()); };
  if (asked.load(std::memory_order_relaxed)) return ask();
  std::lock_guard const lock(first);
  unsigned const allowed = ask();
  asked.store(true, std::memory_order_relaxed);
  return allowed;
}

void run_team(unsigned lanes, void (*body)(void* context, unsigned lane), void* context) {
  if (left_behind()) return run_team_of_own_threads(lanes, body, context);
  // Isolated, so that a caller who waits here inside another call's function runs nothing of that
  // other call; one task a lane, so that lane 0 stays with the caller.
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(
        tbb::blocked_range<unsigned>(0, lanes, 1),
        [&](tbb::blocked_range<unsigned> const& r) {
          team_call const scope;
          for (unsigned k = r.begin(); k != r.end(); ++k) body(context, k);
        },
        tbb::simple_partitioner());
  });
}

#else

unsigned team_concurrency() { return logical_cpus(); }

void run_team(unsigned lanes, void (*body)(void* context, unsigned lane), void* context) {
  run_team_of_own_threads(lanes, body, context);
}

#endif

}  // namespace hetmap::core
