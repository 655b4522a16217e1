// Runs one job on the CPU: lanes claim from the ledger until nothing is left.
#pragma once

#include "../ledger.hpp"
#include "../reporter.hpp"
#include "workers.hpp"

#include <hetmap/detail/chunk.hpp>
#include <hetmap/plan.hpp>
#include <hetmap/stop.hpp>

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

/// What ends a call before its elements are done; looked at between claims.
struct ending {
  enum class cause : unsigned char { none, stop, deadline, pool };

  stop_condition const* stop = nullptr;  ///< null for none
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  detail::pool_core const* pool = nullptr;  ///< null for none
  detail::stop_hub* hub = nullptr;          ///< told of it; null for none

  [[nodiscard]] bool possible() const noexcept {
    return stop != nullptr || pool != nullptr ||
           deadline != std::chrono::steady_clock::time_point::max();
  }
  [[nodiscard]] cause due() const;
};

/// Runs `work` by `how` and returns when every lane has come to rest; what failed is in the ledger.
///
/// on:       the workers that run it; null for the team.
/// ended:    set to what ended it early, if anything did.
/// Returns:  what the elements cost: of the claims of whole blocks if these were a quarter of the
///           elements or more, since single elements do not run at the loop's speed; else of all.
effort execute_on_cpu(detail::job const& work, detail::chunk_function code, plan const& how,
                      ledger& account, reporter& reports, workers* on, ending const& early,
                      ending::cause& ended);

}  // namespace hetmap::core
