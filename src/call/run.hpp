// What calls and streams have in common.
#pragma once

#include "../base/ledger.hpp"
#include "../base/reporter.hpp"
#include "../cpu/pool_core.hpp"
#include "../gpu/route.hpp"
#include "call_record.hpp"

#include <hetmap/detail/seam/job.hpp>
#include <hetmap/plan.hpp>

#include <chrono>
#include <cstddef>
#include <optional>

namespace hetmap::core {

/// The backend that a call asks for: its own choice, else its pool's, else `otherwise`.
[[nodiscard]] inline backend backend_of(detail::settings const& how, backend otherwise) {
  backend const pools = how.pool != nullptr ? how.pool->where() : backend::inherit;
  backend const asked = how.backend != backend::inherit ? how.backend : pools;
  return asked != backend::inherit ? asked : otherwise;
}

/// The backend that a call asks for: its own choice, else its pool's, else HETMAP_BACKEND's.
///
/// Throws:   option_error if the variable names no backend.
[[nodiscard]] inline backend backend_of(detail::settings const& how) {
  backend const asked = backend_of(how, backend::inherit);
  return asked != backend::inherit ? asked : default_backend();
}

/// The clone of an element loop that this plan runs.
///
/// Throws:   option_error where .reproducible cannot be kept.
[[nodiscard]] detail::chunk_function code_for(detail::kernel_code const& code, plan const& how,
                                              char const* verb);

/// A call's plan, and what it takes to follow it.
struct routed_plan {
  plan chosen;
  gpu_route route;
  unsigned most_workers = 1;  ///< when the work turns out to be more than was predicted
};

/// in_words: say in full what is missing for a GPU, which takes time. is_whole: `work` is the whole
/// call and not a batch of it.
///
/// Throws:   device_unavailable if a backend that was asked for by name is not there.
[[nodiscard]] routed_plan decide(detail::job const& work, detail::settings const& how,
                                 bool in_words, bool is_whole = true);

/// Runs what `account` has been given back by a short call that was not short, by all workers that
/// the call may have, and ends the call as it has to end: what is in the account by then, results
/// and failures, is part of it.
///
/// began:    when the call did, if anybody knows.
/// Throws:   as detail::run.
void run_rest(detail::job const& work, detail::settings const& how, isa level, ledger& account,
              std::optional<std::chrono::steady_clock::time_point> began);

/// Runs `work` as a part of a call that has `first` elements before it.
///
/// told:     is told all of it but the end of a call that succeeds.
/// Throws:   as detail::run.
void run_part(detail::job const& work, detail::settings const& how, std::size_t first,
              std::size_t total, reporter& reports, call_record& told);

}  // namespace hetmap::core
