// Time limits, as all that waits has them: a moment in nanoseconds of the steady clock, 0 if there
// is none.
#pragma once

#include <hetmap/options.hpp>

#include <chrono>
#include <cstdint>

namespace hetmap::core {

/// That moment; the clock's last one if there is none.
[[nodiscard]] std::chrono::steady_clock::time_point moment(std::int64_t deadline) noexcept;

}  // namespace hetmap::core
