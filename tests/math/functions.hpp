// The functions of hetmap::math as kernels, each with its name.
#pragma once

#include <hetmap/hetmap.hpp>
#include <hetmap/math.hpp>

#define UNARY_KERNEL(function)                     \
  struct function##_kernel {                       \
    static constexpr char const* name = #function; \
    template <class T>                             \
    HETMAP_FN T operator()(T x) const {            \
      return hetmap::math::function(x);            \
    }                                              \
  };
#define BINARY_KERNEL(function)                    \
  struct function##_kernel {                       \
    static constexpr char const* name = #function; \
    template <class T>                             \
    HETMAP_FN T operator()(T x, T y) const {       \
      return hetmap::math::function(x, y);         \
    }                                              \
  };

HETMAP_MATH_UNARY(UNARY_KERNEL)
HETMAP_MATH_BINARY(BINARY_KERNEL)
HETMAP_MATH_STATISTICS(UNARY_KERNEL)
UNARY_KERNEL(sqrt)
UNARY_KERNEL(floor)
UNARY_KERNEL(ceil)
UNARY_KERNEL(trunc)
UNARY_KERNEL(round)
UNARY_KERNEL(rint)
UNARY_KERNEL(fabs)
