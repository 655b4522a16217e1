// The middle of measurements, which a few that were interrupted do not move.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace hetmap::core {

/// 0 of none.
[[nodiscard]] inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace hetmap::core
