// How far automatic choice is from the best fixed one: pure functions of measured times.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace bench::routes {

/// The times of one contender, in nanoseconds, a round each: samples with the same index were taken
/// in the same round.
using round_times = std::vector<double>;

/// The middle one, or the mean of both. Requires: values is not empty.
[[nodiscard]] double median(std::vector<double> values);

/// Which of these took the least time, by the median of all rounds. Requires: at least one.
[[nodiscard]] std::size_t fastest_of(std::span<round_times const> fixed);

/// Time of `candidate` over that of the fastest of `fixed`.
///
/// The fastest one is chosen by the even rounds and both are scored on the odd ones, then the other
/// way round; the result is the geometric mean of both ratios. Choosing and scoring on the same
/// rounds would reward the luckiest of equal contenders.
///
/// Requires: at least one fixed contender, the same number of rounds for everybody, two or more.
[[nodiscard]] double regret(round_times const& candidate, std::span<round_times const> fixed);

struct spread {
  std::size_t count = 0;
  double median = 0;
  double worst = 0;           ///< the largest one
  std::size_t worst_one = 0;  ///< its index
};
/// All zero if there are no values.
[[nodiscard]] spread spread_of(std::span<double const> values);

/// 1, 3, 10, 30 and so on: the powers of ten and their threefolds in [lowest, highest], and
/// highest. Requires: 1 <= lowest <= highest.
[[nodiscard]] std::vector<std::size_t> half_decades(std::size_t lowest, std::size_t highest);

}  // namespace bench::routes
