#include "team.hpp"

#if HETMAP_TEAM_TBB
#include "forked.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_arena.h>
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

// One task a lane, so that lane 0 stays with the caller.
void run_lanes(unsigned lanes, void (*body)(void* context, unsigned lane), void* context) {
  tbb::parallel_for(
      tbb::blocked_range<unsigned>(0, lanes, 1),
      [&](tbb::blocked_range<unsigned> const& r) {
        for (unsigned k = r.begin(); k != r.end(); ++k) body(context, k);
      },
      tbb::simple_partitioner());
}

}  // namespace

unsigned team_concurrency() {
  return static_cast<unsigned>(tbb::this_task_arena::max_concurrency());
}

void run_team(unsigned lanes, void (*body)(void* context, unsigned lane), void* context) {
  if (left_behind()) return run_team_of_own_threads(lanes, body, context);
  // Isolated, so that a caller who waits here inside another call's function runs nothing of that
  // other call.
  tbb::this_task_arena::isolate([&] { run_lanes(lanes, body, context); });
}

void run_team_within(unsigned lanes, void (*body)(void* context, unsigned lane), void* context) {
  if (left_behind()) return run_team_of_own_threads(lanes, body, context);
  run_lanes(lanes, body, context);  // in the isolation of the team, in which its members wait
}

#else

unsigned team_concurrency() { return logical_cpus(); }

void run_team(unsigned lanes, void (*body)(void* context, unsigned lane), void* context) {
  run_team_of_own_threads(lanes, body, context);
}

void run_team_within(unsigned lanes, void (*body)(void* context, unsigned lane), void* context) {
  run_team_of_own_threads(lanes, body, context);
}

#endif

}  // namespace hetmap::core
