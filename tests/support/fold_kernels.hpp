// Kernels and operations of reductions, in files for the host compiler and for nvcc.
#pragma once

#include <hetmap/kernel.hpp>

#include <cstdint>

namespace fold_kernels {

/// The product of 2x2 matrices modulo a prime: associative, not commutative.
struct matrix {
  std::uint64_t a, b, c, d;
  friend bool operator==(matrix const&, matrix const&) = default;
};
struct product {
  HETMAP_FN matrix operator()(matrix const& x, matrix const& y) const {
    constexpr std::uint64_t p = 1'000'003;
    return {(x.a * y.a + x.b * y.c) % p, (x.a * y.b + x.b * y.d) % p, (x.c * y.a + x.d * y.c) % p,
            (x.c * y.b + x.d * y.d) % p};
  }
};
struct matrix_of {
  HETMAP_FN matrix operator()(std::int64_t i) const {
    auto const v = static_cast<std::uint64_t>(i);
    return {v % 1009 + 1, v % 31, 3, v * v % 1013};
  }
};

/// Fails when it meets an element of that value.
struct picky_sum {
  std::int64_t forbidden;
  HETMAP_FN std::int64_t operator()(std::int64_t a, std::int64_t b) const {
    if (a == forbidden || b == forbidden) hetmap::fail(42);
    return a + b;
  }
};

/// Defined for whatever a failed element has left.
struct wrapping_sum {
  HETMAP_FN std::int64_t operator()(std::int64_t a, std::int64_t b) const {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
  }
};

}  // namespace fold_kernels
