// The kernels of the benches, and what the tests need beside them.
#pragma once

#include "../../bench/kernels.hpp"

#include <hetmap/math.hpp>

namespace support {

/// Where the kernels of the benches get their functions from when hetmap runs them.
struct vector_math {
  static constexpr bool scalar = false;

  template <class T>
  static HETMAP_FN T exp(T x) {
    return hetmap::math::exp(x);
  }
  template <class T>
  static HETMAP_FN T log(T x) {
    return hetmap::math::log(x);
  }
  template <class T>
  static HETMAP_FN T sqrt(T x) {
    return hetmap::math::sqrt(x);
  }
  template <class T>
  static HETMAP_FN T erfc(T x) {
    return hetmap::math::erfc(x);
  }
};
using bench::standard_math;

/// Two products, either of which could be the one that is contracted.
template <class T>
struct cross {
  HETMAP_FN T operator()(T a, T b, T c) const { return a * b - c * a; }
};

}  // namespace support
