// Several threads for one call: the only place that knows where they come from.
#pragma once

#include "waits.hpp"
#include "workers.hpp"

namespace hetmap::core {

/// Calls of a body that can run at once here: what the caller's oneTBB arena allows.
[[nodiscard]] unsigned team_concurrency();

/// Calls body(context, k) once for every k below lanes, as far as there are memory and threads for
/// it, and returns when all calls have. The calling thread takes k = 0 and may take others; it runs
/// nothing that is not of this call.
///
/// Requires: body throws nothing, and any one call of it can do the work of all.
void run_team(unsigned lanes, void (*body)(void* context, unsigned lane), void* context);

/// The same for a call of the body that has more to be done than it thought: those that wait for
/// their team to end may help.
///
/// Requires: it is called from a body of run_team.
void run_team_within(unsigned lanes, void (*body)(void* context, unsigned lane), void* context);

/// The same as run_team, on `on`. If the calling thread is one of these, it takes k = 0 and the
/// others come as they get free; otherwise it only waits. Lanes that have not begun when one has
/// come to its end are left out.
void run_team_on(workers& on, unsigned lanes, void (*body)(void* context, unsigned lane),
                 void* context);

/// The same on threads made for this call alone: for a child forked after oneTBB had started, whose
/// threads stayed behind, and for builds under a thread sanitizer, which cannot see into oneTBB.
void run_team_of_own_threads(unsigned lanes, void (*body)(void* context, unsigned lane),
                             void* context);

/// The end of the lanes that other threads run, each of which says that it is in the midst of
/// `midst`.
struct lanes_end : awaited {
  void const* midst;

  explicit lanes_end(void const* of) : midst(of) {}
  bool goes_on(waiters& all) override { return !all.hold_up(midst); }
};

}  // namespace hetmap::core
