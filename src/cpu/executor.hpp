// Runs one job on the CPU: lanes claim from the ledger until nothing is left.
#pragma once

#include "../ledger.hpp"
#include "../reporter.hpp"

#include <hetmap/detail/chunk.hpp>
#include <hetmap/plan.hpp>

#include <chrono>
#include <stop_token>

namespace hetmap::core {

/// Runs `work` by `how` and returns when every lane has come to rest; what failed is in the ledger.
///
/// stop:     null for none.
/// Returns:  the time that lanes spent inside the job's function, added up.
std::chrono::nanoseconds execute_on_cpu(detail::job const& work, detail::chunk_function code,
                                        plan const& how, ledger& account, reporter& reports,
                                        std::stop_token const* stop);

}  // namespace hetmap::core
