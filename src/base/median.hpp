// The middle of measurements, which a few that were interrupted do not move.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace hetmap::core {

/// 0 of none.
[[nodiscard]] inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// What one of `parts` of them are below: of times on a machine that does other things as well,
/// which only ever make them longer. 0 of none.
[[nodiscard]] inline double low_quantile(std::vector<double> values, std::size_t parts) {
  if (values.empty()) return 0;
  auto const at = values.begin() + static_cast<std::ptrdiff_t>(values.size() / parts);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

[[nodiscard]] inline double lower_quartile(std::vector<double> values) {
  return low_quantile(std::move(values), 4);
}

}  // namespace hetmap::core
