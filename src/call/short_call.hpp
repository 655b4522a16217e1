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

}  // namespace hetmap::core
