#include "team.hpp"

#if HETMAP_TEAM_TBB
#include "forked.hpp"
#include "thread.hpp"

#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <thread>
#include <utility>
#else
#include "../topology.hpp"
#endif

namespace hetmap::core {

#if HETMAP_TEAM_TBB

namespace {

// oneTBB's threads do not survive a fork, and it cannot be told to start anew.
bool left_behind() {
  static unsigned const at_start = fork_count();
  return fork_count() != at_start;
}

/// One call's lanes, halved until each is a task of its own.
struct halving {
  void (*body)(void*, unsigned);
  void* context;
  std::thread::id caller = std::this_thread::get_id();
  tbb::task_group tasks{};

  void run(unsigned lanes) {
    {
      // oneTBB starts threads when it is handed work, and they keep the signal mask of that moment.
      // All is handed over here, since f and waiting are to be interrupted by signals as ever.
      signals_blocked const handed_on;
      hand_over(0, lanes);
    }
    body(context, 0);
    tasks.wait();
  }

  /// All of first..last but the first, in halves.
  void hand_over(unsigned first, unsigned last) noexcept {
    try {
      for (; last - first > 1; last = first + (last - first) / 2)
        tasks.run([this, from = first + (last - first) / 2, last] { run_half(from, last); });
    } catch (...) {
      // No memory or thread for it: those lanes that there are do the rest.
    }
  }

  void run_half(unsigned first, unsigned last) noexcept {
    // Once the caller gets here nothing is left for anybody to do.
    if (std::this_thread::get_id() != caller) hand_over(first, std::exchange(last, first + 1));
    for (; first != last; ++first) body(context, first);
  }
};

}  // namespace

unsigned team_concurrency() {
  return static_cast<unsigned>(tbb::this_task_arena::max_concurrency());
}

void run_team(unsigned lanes, void (*body)(void* context, unsigned lane), void* context) {
  if (left_behind()) return run_team_of_own_threads(lanes, body, context);
  // Isolated, so that a caller who waits here inside another call's function runs nothing of that
  // other call.
  tbb::this_task_arena::isolate([&] {
    halving team{body, context};
    team.run(lanes);
  });
}

#else

unsigned team_concurrency() { return logical_cpus(); }

void run_team(unsigned lanes, void (*body)(void* context, unsigned lane), void* context) {
  run_team_of_own_threads(lanes, body, context);
}

#endif

}  // namespace hetmap::core
