// What calls and streams have in common.
#pragma once

#include "pool_core.hpp"

#include <hetmap/detail/chunk.hpp>
#include <hetmap/plan.hpp>

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

}  // namespace hetmap::core
