// Runs one job on the CPU: lanes claim from the ledger until nothing is left.
#pragma once

#include "../ending.hpp"
#include "../ledger.hpp"
#include "../reporter.hpp"
#include "pace.hpp"
#include "workers.hpp"

#include <hetmap/detail/chunk.hpp>
#include <hetmap/plan.hpp>

namespace hetmap::core {

/// Runs `work` by `how` and returns when every lane has come to rest; what failed is in the ledger.
///
/// on:       the workers that run it; null for the team.
/// Returns:  what the elements cost (efforts::told).
effort execute_on_cpu(detail::job const& work, detail::chunk_function code, plan const& how,
                      ledger& account, reporter& reports, workers* on, ending& early);

}  // namespace hetmap::core
