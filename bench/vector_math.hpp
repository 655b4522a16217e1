// The functions that hetmap's kernels are made of: vector functions on the CPU, CUDA's own on the
// GPU.
#pragma once

#include <hetmap/math.hpp>

namespace bench {

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
  template <class T>
  static HETMAP_FN T sin(T x) {
    return hetmap::math::sin(x);
  }
  template <class T>
  static HETMAP_FN T cos(T x) {
    return hetmap::math::cos(x);
  }
  template <class T>
  static HETMAP_FN T pow(T x, T y) {
    return hetmap::math::pow(x, y);
  }
  template <class T>
  static HETMAP_FN T rint(T x) {
    return hetmap::math::rint(x);
  }
};

}  // namespace bench
