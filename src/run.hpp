// What calls and streams have in common.
#pragma once

#include <hetmap/detail/chunk.hpp>
#include <hetmap/plan.hpp>

namespace hetmap::core {

/// The clone of an element loop that this plan runs.
///
/// Throws:   option_error where .reproducible cannot be kept.
[[nodiscard]] detail::chunk_function code_for(detail::kernel_code const& code, plan const& how,
                                              char const* verb);

}  // namespace hetmap::core
