// hetmap::math where libmvec is missing: the scalar functions of <cmath>, the library's own where
// it has none, and vector forms that the
// compiler makes of them where it calls such forms at all.
#include <hetmap/math.hpp>

#include "math_own.hpp"
#include "math_own_distributions.hpp"

#include <cmath>

#define UNARY(name)                                                 \
  float hetmap_##name##f(float x) noexcept { return ::name##f(x); } \
  double hetmap_##name(double x) noexcept { return ::name(x); }
#define BINARY(name)                                                            \
  float hetmap_##name##f(float x, float y) noexcept { return ::name##f(x, y); } \
  double hetmap_##name(double x, double y) noexcept { return ::name(x, y); }

#define OWN(name)                                                                       \
  float hetmap_##name##f(float x) noexcept {                                            \
    return static_cast<float>(hetmap::core::short_##name##_of(static_cast<double>(x))); \
  }                                                                                     \
  double hetmap_##name(double x) noexcept { return hetmap::core::name##_of(x); }

HETMAP_MATH_UNARY(UNARY)
UNARY(sqrt)
HETMAP_MATH_STATISTICS(OWN)
HETMAP_MATH_BINARY(BINARY)
