// The environment variables, each read once a process.
#pragma once

#include <hetmap/options.hpp>
#include <hetmap/topology.hpp>

#include <string_view>

namespace hetmap::core {

/// The backend that a call asks for: its own choice, else HETMAP_BACKEND's, else automatic.
///
/// Throws:   option_error if the variable names no backend.
[[nodiscard]] inline backend backend_of(detail::settings const& how) {
  return how.backend == backend::inherit ? default_backend() : how.backend;
}

/// HETMAP_EXPLAIN is set to 1: every call prints its decision to standard error.
[[nodiscard]] bool explain_requested();

/// The level that `forced` names, or the highest of this processor if it is empty.
///
/// Throws:   option_error if it names no level, or one above `highest`.
[[nodiscard]] isa level_from(std::string_view forced, isa highest);

/// The highest level that the processor and the operating system offer.
[[nodiscard]] isa highest_level() noexcept;

}  // namespace hetmap::core
