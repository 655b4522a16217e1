#include "team.hpp"

#if HETMAP_TEAM_TBB
#include "forked.hpp"
#include "thread.hpp"

#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>
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
  tbb::task_group tasks{};

  /// Hands the upper halves of first..last over, and runs the first.
  void run(unsigned first, unsigned last) noexcept {
    if (last - first > 1) {
      // oneTBB starts threads when it is handed work, and they keep the signal mask of that moment.
      signals_blocked const handed_on;
      try {
        while (last - first > 1) {
          unsigned const middle = first + (last - first) / 2;
          tasks.run([this, middle, last] { run(middle, last); });
          last = middle;
        }
      } catch (...) {
        // No memory or thread for it: those lanes that there are do the rest.
      }
    }
    body(context, first);
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
    team.run(0, lanes);
    team.tasks.wait();
  });
}

#else

unsigned team_concurrency() { return logical_cpus(); }

void run_team(unsigned lanes, void (*body)(void* context, unsigned lane), void* context) {
  run_team_of_own_threads(lanes, body, context);
}

#endif

}  // namespace hetmap::core
