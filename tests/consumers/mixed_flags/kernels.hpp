// The kernels that every unit of the mixed-flags program maps. Templates over the number type, so
// that the same text also gives the exact answer in double precision.
#pragma once

#include <hetmap/kernel.hpp>
#include <hetmap/math.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>

namespace mixed {

struct square {
  static constexpr char const* name = "square";
  static constexpr bool plain = true;
  template <class T>
  HETMAP_FN T operator()(T v) const {
    return v * v;
  }
};

struct axpb {
  static constexpr char const* name = "axpb";
  static constexpr bool plain = true;
  template <class T>
  HETMAP_FN T operator()(T v) const {
    return T(2.5) * v + T(1);
  }
};

struct polynomial {
  static constexpr char const* name = "polynomial";
  static constexpr bool plain = true;
  template <class T>
  HETMAP_FN T operator()(T v) const {
    return ((((T(0.11) * v + T(0.22)) * v + T(0.33)) * v + T(0.44)) * v + T(0.55)) * v + T(0.66);
  }
};

struct ratio {
  static constexpr char const* name = "ratio";
  static constexpr bool plain = true;
  template <class T>
  HETMAP_FN T operator()(T v) const {
    return (v * v + T(1)) / (std::sqrt(v * v + T(2)) + T(0.25) * v);
  }
};

struct gauss {
  static constexpr char const* name = "gauss";
  static constexpr bool plain = false;
  template <class T>
  HETMAP_FN T operator()(T v) const {
    // In double it is the oracle, which should not be hetmap's own.
    if constexpr (std::same_as<T, double>)
      return std::exp(-(v * v));
    else
      return hetmap::math::exp(-(v * v));
  }
};

/// Calls act(kernel, index) for every kernel.
template <class Act>
void for_each_kernel(Act&& act) {
  act(square{}, std::size_t{0});
  act(axpb{}, std::size_t{1});
  act(polynomial{}, std::size_t{2});
  act(ratio{}, std::size_t{3});
  act(gauss{}, std::size_t{4});
}
inline constexpr std::size_t kernel_count = 5;

}  // namespace mixed
