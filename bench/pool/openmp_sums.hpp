// What a pool's sums are measured against: loops by hand, at -O3 -march=native.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bench {

/// The sum of i * i for i below n, modulo 2^64.
[[nodiscard]] std::uint64_t openmp_squares(std::uint64_t n);
/// The sum of n floats, in whatever order -ffast-math likes.
[[nodiscard]] float openmp_sum(float const* x, std::size_t n);

}  // namespace bench
