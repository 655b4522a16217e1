// Runs one job on the CPU: lanes claim from the ledger until nothing is left.
#pragma once

#include "../base/ledger.hpp"
#include "../base/reporter.hpp"
#include "ending.hpp"
#include "pace.hpp"
#include "workers.hpp"

#include <hetmap/detail/seam/job.hpp>
#include <hetmap/plan.hpp>

namespace hetmap::core {

/// What a call's elements cost.
struct call_effort {
  effort told{};    ///< efforts::told, of those that were claimed once
  retries again{};  ///< of those that somebody had claimed and given back
};

/// Runs `work` by `how` and returns when every lane has come to rest; what failed is in the ledger.
/// Begins with the plan's workers; when claims take far longer than was predicted, all the lanes
/// that the ledger has are used (docs/design.md, Cost that changes).
///
/// chunk_size:  of every claim, as asked for; 0: as fits.
/// on:          the workers that run it; null for the team.
/// Throws:      std::bad_alloc, before anything has run.
call_effort execute_on_cpu(detail::job const& work, detail::chunk_function code, plan const& how,
                           std::size_t chunk_size, ledger& account, reporter& reports, workers* on,
                           ending& early);

}  // namespace hetmap::core
