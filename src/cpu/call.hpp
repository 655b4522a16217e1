// A call that has been planned and runs: what its parts are told of it, whoever they are.
#pragma once

#include "../base/call_notes.hpp"
#include "../base/ledger.hpp"
#include "../base/reporter.hpp"
#include "ending.hpp"

#include <hetmap/detail/seam/job.hpp>
#include <hetmap/options.hpp>
#include <hetmap/plan.hpp>

namespace hetmap::core {

/// Passed whole from where a call is planned to the executors, so that what one of them comes to
/// need is there already. Owns nothing.
struct call {
  detail::job const& work;
  detail::settings const& options;
  plan const& how;
  detail::chunk_function code;  ///< the CPU's element loop, at the plan's level
  ledger& account;
  reporter& reports;
  ending& early;
  call_notes& notes;

  /// The same call with its columns elsewhere.
  [[nodiscard]] call over(detail::job const& moved) const noexcept {
    return {moved, options, how, code, account, reports, early, notes};
  }
};

}  // namespace hetmap::core
