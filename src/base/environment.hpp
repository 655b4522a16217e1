// The environment variables, each read once a process.
#pragma once

#include "profile.hpp"

#include <hetmap/options.hpp>
#include <hetmap/topology.hpp>

#include <atomic>
#include <string_view>

namespace hetmap::core {

/// What every call prints to standard error when it has ended, by HETMAP_EXPLAIN: 0: nothing; 1:
/// its decision in a line; 2: the whole plan as well.
///
/// Throws:   option_error if the variable is anything else.
[[nodiscard]] unsigned explain_level();

/// What the variables come to, and what short calls go by, in one cache line.
struct alignas(64) environment {
  thresholds limits;
  unsigned explain;  ///< level
  backend where;
  isa level;
};
static_assert(sizeof(environment) == 64);

extern constinit std::atomic<environment const*> found_environment;
environment const* find_environment() noexcept;
/// After another profile has been put in use. Short calls go on by the old one where there is no
/// memory for that.
void renew_environment() noexcept;

/// The same in one look, for calls too short for three. Null where a variable holds nonsense, which
/// the functions that need it report.
[[nodiscard]] inline environment const* known_environment() noexcept {
  environment const* const found = found_environment.load(std::memory_order_acquire);
  return found != nullptr ? found : find_environment();
}

/// The level that `forced` names, or the highest of this processor if it is empty.
///
/// Throws:   option_error if it names no level, or one above `highest`.
[[nodiscard]] isa level_from(std::string_view forced, isa highest);

/// The highest level that the processor and the operating system offer.
[[nodiscard]] isa highest_level() noexcept;

}  // namespace hetmap::core
