// Runs one job on the CPU: lanes claim from the ledger until nothing is left.
#pragma once

#include "../ending.hpp"
#include "../ledger.hpp"
#include "../reporter.hpp"
#include "workers.hpp"

#include <hetmap/detail/chunk.hpp>
#include <hetmap/plan.hpp>

#include <chrono>

namespace hetmap::core {

/// Elements, and the time that lanes spent on them inside a job's function, added up.
struct effort {
  std::size_t elements = 0;
  std::chrono::nanoseconds busy{0};

  effort& operator+=(effort const& other) noexcept {
    elements += other.elements;
    busy += other.busy;
    return *this;
  }
};

/// Runs `work` by `how` and returns when every lane has come to rest; what failed is in the ledger.
///
/// on:       the workers that run it; null for the team.
/// Returns:  what the elements cost: of the claims of whole blocks if these were a quarter of the
///           elements or more, since single elements do not run at the loop's speed; else of all.
effort execute_on_cpu(detail::job const& work, detail::chunk_function code, plan const& how,
                      ledger& account, reporter& reports, workers* on, ending& early);

}  // namespace hetmap::core
