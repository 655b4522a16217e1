// Comparing results as bits: NaNs, signed zeros and last places included.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <ranges>
#include <type_traits>

namespace support {

/// Success if both ranges have the same length and the same bytes; else names the first difference.
template <std::ranges::contiguous_range A, std::ranges::contiguous_range B>
testing::AssertionResult equal_bits(A const& a, B const& b) {
  using T = std::ranges::range_value_t<A>;
  static_assert(std::is_same_v<T, std::ranges::range_value_t<B>>);
  static_assert(std::is_trivially_copyable_v<T>);
  std::size_t const n = std::ranges::size(a);
  if (n != std::ranges::size(b))
    return testing::AssertionFailure() << n << " elements and " << std::ranges::size(b);
  for (std::size_t i = 0; i != n; ++i)
    if (std::memcmp(std::ranges::data(a) + i, std::ranges::data(b) + i, sizeof(T)) != 0)
      return testing::AssertionFailure() << "different bits at " << i << " of " << n;
  return testing::AssertionSuccess();
}

}  // namespace support
