// Functions that vectorise in the loops of a map, and give an element the same bits in a SIMD lane,
// in a remainder and in a single call.
//
// They have the names and special values of the functions of <cmath>, for float and double; some
// more serve pricing and statistics. errno is not set. Errors, in units in the last place, are in
// docs/math.md.
//
// Under GCC on x86-64 with glibc 2.35 or newer the loops call vector versions; under Clang, and on
// other systems, they call the scalar ones: the same answers, without the speed.
// Cost: outside a map one call costs as much as a whole vector, about 10 ns; there std:: is faster.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/seam/math_list.hpp>
#include <hetmap/kernel.hpp>
#include <hetmap/tuple.hpp>

#ifdef __CUDACC__
#include <cmath>
#endif

#include <hetmap/detail/macros_aside.hpp>

#if defined __GNUC__ && !defined __clang__ && !defined __CUDACC__
#define HETMAP_MATH_FORM __attribute__((__simd__("notinbranch"), __const__, __noplt__))
#else
#define HETMAP_MATH_FORM __attribute__((__const__))
#endif

extern "C" {
#define HETMAP_DECLARE(name)                                          \
  HETMAP_API HETMAP_MATH_FORM float hetmap_##name##f(float) noexcept; \
  HETMAP_API HETMAP_MATH_FORM double hetmap_##name(double) noexcept;
HETMAP_MATH_UNARY(HETMAP_DECLARE)
HETMAP_MATH_STATISTICS(HETMAP_DECLARE)
HETMAP_DECLARE(sqrt)
#undef HETMAP_DECLARE
#define HETMAP_DECLARE(name)                                                 \
  HETMAP_API HETMAP_MATH_FORM float hetmap_##name##f(float, float) noexcept; \
  HETMAP_API HETMAP_MATH_FORM double hetmap_##name(double, double) noexcept;
HETMAP_MATH_BINARY(HETMAP_DECLARE)
#undef HETMAP_DECLARE
}

namespace hetmap {
inline namespace HETMAP_ABI {
namespace math {
inline namespace HETMAP_TAG {

#ifdef __CUDA_ARCH__
#define HETMAP_MATH_CALL(name, cudas, ...) return ::cudas(__VA_ARGS__)
#else
#define HETMAP_MATH_CALL(name, cudas, ...) return hetmap_##name(__VA_ARGS__)
#endif

#define HETMAP_DEFINE_AS(name, cudas)                                                     \
  [[nodiscard]] HETMAP_FN float name(float x) { HETMAP_MATH_CALL(name##f, cudas##f, x); } \
  [[nodiscard]] HETMAP_FN double name(double x) { HETMAP_MATH_CALL(name, cudas, x); }
#define HETMAP_DEFINE(name) HETMAP_DEFINE_AS(name, name)
HETMAP_MATH_UNARY(HETMAP_DEFINE)
HETMAP_DEFINE(sqrt)
/// The inverses of erf and erfc: infinite at the ends of their range, not a number outside.
HETMAP_DEFINE(erfinv)
HETMAP_DEFINE(erfcinv)
/// The distribution function of the standard normal distribution, erfc(-x / sqrt(2)) / 2 to full
/// relative precision on both sides.
HETMAP_DEFINE_AS(cdfnorm, normcdf)
/// Its inverse, the quantile function: infinite at 0 and 1, not a number outside.
HETMAP_DEFINE_AS(cdfnorminv, normcdfinv)
#undef HETMAP_DEFINE_AS
#undef HETMAP_DEFINE
#define HETMAP_DEFINE(name)                              \
  [[nodiscard]] HETMAP_FN float name(float x, float y) { \
    HETMAP_MATH_CALL(name##f, name##f, x, y);            \
  }                                                      \
  [[nodiscard]] HETMAP_FN double name(double x, double y) { HETMAP_MATH_CALL(name, name, x, y); }
HETMAP_MATH_BINARY(HETMAP_DEFINE)
#undef HETMAP_DEFINE
#undef HETMAP_MATH_CALL

// -- exact functions, written so that GCC vectorises them: rint has a vector form at every level
// above baseline, floor, ceil, trunc and round have none (-ftrapping-math).

[[nodiscard]] HETMAP_FN constexpr float fabs(float x) { return __builtin_fabsf(x); }
[[nodiscard]] HETMAP_FN constexpr double fabs(double x) { return __builtin_fabs(x); }
[[nodiscard]] HETMAP_FN constexpr float copysign(float x, float sign) {
  return __builtin_copysignf(x, sign);
}
[[nodiscard]] HETMAP_FN constexpr double copysign(double x, double sign) {
  return __builtin_copysign(x, sign);
}
/// x * y + z, rounded once. Cost: one instruction from avx2 up, a function call below that.
[[nodiscard]] HETMAP_FN float fma(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
[[nodiscard]] HETMAP_FN double fma(double x, double y, double z) { return __builtin_fma(x, y, z); }
/// To the nearest integer, halves to even.
[[nodiscard]] HETMAP_FN float rint(float x) { return __builtin_rintf(x); }
[[nodiscard]] HETMAP_FN double rint(double x) { return __builtin_rint(x); }

template <class T>
concept real = std::is_same_v<T, float> || std::is_same_v<T, double>;

/// sin(x) and cos(x), in this order, with the same bits: for structured bindings, or for several
/// outputs as columns(sines, cosines).
/// Cost: on the CPU that of both calls; on the GPU one argument reduction serves both.
template <real T>
[[nodiscard]] HETMAP_FN hetmap::tuple<T, T> sincos(T x) {
#ifdef __CUDA_ARCH__
  T sine, cosine;
  if constexpr (sizeof(T) == sizeof(float))
    ::sincosf(x, &sine, &cosine);
  else
    ::sincos(x, &sine, &cosine);
  return {sine, cosine};
#else
  return {math::sin(x), math::cos(x)};
#endif
}

template <real T>
[[nodiscard]] HETMAP_FN T floor(T x) {
  T const r = math::rint(x);
  return math::copysign(r - hetmap::select(r > x, T(1), T(0)), x);
}
template <real T>
[[nodiscard]] HETMAP_FN T ceil(T x) {
  T const r = math::rint(x);
  return math::copysign(r + hetmap::select(r < x, T(1), T(0)), x);
}
template <real T>
[[nodiscard]] HETMAP_FN T trunc(T x) {
  T const a = math::fabs(x);
  T const r = math::rint(a);
  return math::copysign(r - hetmap::select(r > a, T(1), T(0)), x);
}
/// To the nearest integer, halves away from zero.
template <real T>
[[nodiscard]] HETMAP_FN T round(T x) {
  T const a = math::fabs(x);
  T const r = math::rint(a);
  return math::copysign(r + hetmap::select(a - r >= T(0.5), T(1), T(0)), x);
}
/// The smaller; the other if one is not a number.
template <real T>
[[nodiscard]] HETMAP_FN constexpr T min(T x, T y) {
  return hetmap::select((x < y) | (y != y), x, y);
}
/// The larger; the other if one is not a number.
template <real T>
[[nodiscard]] HETMAP_FN constexpr T max(T x, T y) {
  return hetmap::select((x > y) | (y != y), x, y);
}

}  // namespace HETMAP_TAG
}  // namespace math
}  // namespace HETMAP_ABI
}  // namespace hetmap

#undef HETMAP_MATH_FORM

#include <hetmap/detail/macros_back.hpp>
