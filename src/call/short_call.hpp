// Calls too short for a plan, a ledger and a clock: all that the loop itself does not need would
// show.
#pragma once

#include <hetmap/detail/seam/job.hpp>

namespace hetmap::core {

/// Runs `work` if its learned cost says that it is short and nobody wants to stop or watch it: in
/// the calling thread, or shared with the hot team where that is awake and pays.
///
/// Returns:  false if the call is not short; nothing has been done then.
/// Throws:   what the failing element with the lowest index threw.
bool run_short(detail::job const& work, detail::settings const& how);

/// Seconds of work, on one worker, below which sharing it even with threads that are awake costs
/// more than it saves: handing it over and meeting again takes about 0.8 us (docs/design.md, Short
/// calls).
inline constexpr double shortest_shared_seconds = 2e-6;

/// Seconds of work above which oneTBB's workers are as good.
inline constexpr double longest_shared_seconds = 1e-3;

/// Seconds of work above which every lane's share comes in several parts, so that a lane that is
/// held up can be helped; it costs about 3 us.
inline constexpr double divided_seconds = 100e-6;

/// `work` in so many lanes of the hot team, each with so many parts, of whole blocks where elements
/// suffice; at most 64 parts in all. timed: whether the cost is learned.
///
/// Throws:   as run_short; every element before the failing one has been computed.
void run_shared(detail::job const& work, detail::settings const& how, unsigned lanes,
                unsigned parts_a_lane, bool timed);

}  // namespace hetmap::core
