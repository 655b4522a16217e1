// Calls of a kernel that nothing is known of.
#pragma once

#include "../base/environment.hpp"

#include <hetmap/detail/seam/job.hpp>

namespace hetmap::core {

/// A call whose cost nobody knows, if it is small: the calling thread begins, and nobody is woken
/// for what may be over within a microsecond (docs/design.md, First calls).
///
/// Requires: it asks for nothing but what short calls serve.
/// Returns:  whether that was done; nothing has been done otherwise.
/// Throws:   what the failing element with the lowest index threw.
bool run_unknown(detail::job const& work, detail::settings const& how, environment const& around);

}  // namespace hetmap::core
