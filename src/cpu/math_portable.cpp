// hetmap::math where libmvec is missing: the scalar functions of <cmath>, and vector forms that the
// compiler makes of them where it calls such forms at all.
#include <hetmap/math.hpp>

#include <cmath>

#define UNARY(name)                                                 \
  float hetmap_##name##f(float x) noexcept { return ::name##f(x); } \
  double hetmap_##name(double x) noexcept { return ::name(x); }
#define BINARY(name)                                                            \
  float hetmap_##name##f(float x, float y) noexcept { return ::name##f(x, y); } \
  double hetmap_##name(double x, double y) noexcept { return ::name(x, y); }

HETMAP_MATH_UNARY(UNARY)
UNARY(sqrt)
HETMAP_MATH_BINARY(BINARY)
