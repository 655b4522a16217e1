// How many calls make one sample.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace bench {

struct repetition {
  std::size_t calls = 1;
  std::chrono::nanoseconds took{0};  ///< by a sample of that many
};

/// As many calls as take `long_enough`, so that the clock (25 ns) disappears. time(calls) makes
/// that many calls and returns how long they took together.
template <class Time>
repetition calls_per_sample(std::chrono::nanoseconds long_enough, Time time) {
  repetition found{.calls = 1, .took = time(std::size_t{1})};
  while (found.took < long_enough) {
    std::size_t const most = found.calls * 16;
    found.calls =
        found.took.count() <= 0
            ? most
            : std::min(most, found.calls * static_cast<std::size_t>(long_enough / found.took) +
                                 found.calls);
    found.took = time(found.calls);
  }
  return found;
}

}  // namespace bench
