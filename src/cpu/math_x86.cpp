// hetmap::math on x86-64: every form of every function, over glibc's libmvec and what is quicker or
// closer (math_own.hpp, math_avx512.cpp).
//
// GCC's loops call a scalar function hetmap_f through its vector forms _ZGVbN4v_hetmap_f (SSE, four
// floats or two doubles), _ZGVcN8v (AVX), _ZGVdN8v (AVX2) and _ZGVeN16v (AVX-512). Each of them,
// and the scalar function itself, uses the algorithm of math_level(): a wider one in part of its
// lanes, narrower ones side by side.
#include "math_level.hpp"

// Not math.hpp: its declarations ask the compiler to make the vector forms itself.
#include <hetmap/detail/config.hpp>
#include <hetmap/detail/seam/math_list.hpp>

#include <immintrin.h>

#define WITH_AVX2 __attribute__((target("avx2,fma")))
#define WITH_AVX512 __attribute__((target("avx2,fma,avx512f,avx512dq")))
#define WITH_AVX __attribute__((target("avx")))

// A vector function takes some 15 ns, and every jump on the way to it shows: no detour by a stub,
// and the algorithm that is asked for straight ahead.
#ifdef __clang__
#define AT_ONCE
#else
#define AT_ONCE __attribute__((noplt))
#endif

namespace {

using hetmap::core::is_math_level;
using hetmap::core::math_level;

constexpr int level_baseline = 0;
constexpr int level_avx2 = 1;
constexpr int level_avx512 = 2;

// -- lanes: the same value in all that are not asked for, so that they cost and raise nothing
// ------

// By shuffles, not by intrinsics: GCC 12 warns of uninitialised values inside the latter.
WITH_AVX inline __m256 pair(__m128 a, __m128 b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
}
WITH_AVX inline __m128 low(__m256 x) { return __builtin_shufflevector(x, x, 0, 1, 2, 3); }
WITH_AVX inline __m128 high(__m256 x) { return __builtin_shufflevector(x, x, 4, 5, 6, 7); }
WITH_AVX512 inline __m512 pair(__m256 a, __m256 b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
WITH_AVX512 inline __m256 low(__m512 x) {
  return __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7);
}
WITH_AVX512 inline __m256 high(__m512 x) {
  return __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15);
}
WITH_AVX512 inline __m512 widen(__m256 x) { return pair(x, x); }
WITH_AVX512 inline __m512 widen(__m128 x) { return pair(pair(x, x), pair(x, x)); }
WITH_AVX inline __m256d pair(__m128d a, __m128d b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3);
}
WITH_AVX inline __m128d low(__m256d x) { return __builtin_shufflevector(x, x, 0, 1); }
WITH_AVX inline __m128d high(__m256d x) { return __builtin_shufflevector(x, x, 2, 3); }
WITH_AVX512 inline __m512d pair(__m256d a, __m256d b) {
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7);
}
WITH_AVX512 inline __m256d low(__m512d x) { return __builtin_shufflevector(x, x, 0, 1, 2, 3); }
WITH_AVX512 inline __m256d high(__m512d x) { return __builtin_shufflevector(x, x, 4, 5, 6, 7); }
WITH_AVX512 inline __m512d widen(__m256d x) { return pair(x, x); }
WITH_AVX512 inline __m512d widen(__m128d x) { return pair(pair(x, x), pair(x, x)); }
inline __m128 lanes_of(float x) { return _mm_set1_ps(x); }
inline __m128d lanes_of(double x) { return _mm_set1_pd(x); }
inline float lane_0(__m128 x) { return _mm_cvtss_f32(x); }
inline double lane_0(__m128d x) { return _mm_cvtsd_f64(x); }

}  // namespace

// The forms of one function, from the three algorithms. V4, V8, V16: vectors of 128, 256, 512 bits;
// b, d, e: the algorithms, B, D, E: their symbols; P, L, H, W: parameters, their lower and upper
// halves, their widening.
#define FORMS(S, V4, V8, V16, symbol, nb, nd, ne, vs, P4, P8, P16, PS, A, L, H, W, ONE, B, D, E) \
  extern "C" {                                                                                   \
  AT_ONCE V4 symbol##_algorithm_b P4 __asm__(B);                                                 \
  AT_ONCE WITH_AVX2 V8 symbol##_algorithm_d P8 __asm__(D);                                       \
  AT_ONCE WITH_AVX512 V16 symbol##_algorithm_e P16 __asm__(E);                                   \
  HETMAP_API V4 symbol##_form_b P4 __asm__("_ZGVbN" nb vs "_hetmap_" #symbol);                   \
  WITH_AVX HETMAP_API V8 symbol##_form_c P8 __asm__("_ZGVcN" nd vs "_hetmap_" #symbol);          \
  WITH_AVX2 HETMAP_API V8 symbol##_form_d P8 __asm__("_ZGVdN" nd vs "_hetmap_" #symbol);         \
  WITH_AVX512 HETMAP_API V16 symbol##_form_e P16 __asm__("_ZGVeN" ne vs "_hetmap_" #symbol);     \
  }                                                                                              \
  namespace {                                                                                    \
  WITH_AVX512 __attribute__((noinline)) V16 symbol##_other_e P16 {                               \
    if (math_level() == level_avx512) return symbol##_algorithm_e ONE;                           \
    return pair(symbol##_form_d L, symbol##_form_d H);                                           \
  }                                                                                              \
  WITH_AVX512 __attribute__((noinline)) V8 symbol##_e_for_d P8 {                                 \
    return low(symbol##_algorithm_e W);                                                          \
  }                                                                                              \
  WITH_AVX2 __attribute__((noinline)) V8 symbol##_other_d P8 {                                   \
    int const level = math_level();                                                              \
    if (level == level_avx512) return symbol##_e_for_d ONE;                                      \
    if (level == level_avx2) return symbol##_algorithm_d ONE;                                    \
    return pair(symbol##_algorithm_b L, symbol##_algorithm_b H);                                 \
  }                                                                                              \
  WITH_AVX512 __attribute__((noinline)) V4 symbol##_e_for_b P4 {                                 \
    return low(low(symbol##_algorithm_e W));                                                     \
  }                                                                                              \
  WITH_AVX2 __attribute__((noinline)) V4 symbol##_d_for_b P4 {                                   \
    return low(symbol##_algorithm_d A(pair));                                                    \
  }                                                                                              \
  __attribute__((noinline)) V4 symbol##_other_b P4 {                                             \
    int const level = math_level();                                                              \
    if (level == level_avx512) return symbol##_e_for_b ONE;                                      \
    if (level == level_avx2) return symbol##_d_for_b ONE;                                        \
    return symbol##_algorithm_b ONE;                                                             \
  }                                                                                              \
  }                                                                                              \
  WITH_AVX512 V16 symbol##_form_e P16 {                                                          \
    return is_math_level(level_avx512) ? symbol##_algorithm_e ONE : symbol##_other_e ONE;        \
  }                                                                                              \
  WITH_AVX2 V8 symbol##_form_d P8 {                                                              \
    return is_math_level(level_avx2) ? symbol##_algorithm_d ONE : symbol##_other_d ONE;          \
  }                                                                                              \
  WITH_AVX V8 symbol##_form_c P8 { return pair(symbol##_form_b L, symbol##_form_b H); }          \
  V4 symbol##_form_b P4 {                                                                        \
    return is_math_level(level_baseline) ? symbol##_algorithm_b ONE : symbol##_other_b ONE;      \
  }                                                                                              \
  extern "C" HETMAP_API S hetmap_##symbol PS noexcept {                                          \
    return lane_0(symbol##_form_b A(lanes_of));                                                  \
  }

#define ONE_X (x)
#define ONE_XY (x, y)
#define BOTH_X(f) (BOTH_##f(x))
#define BOTH_XY(f) (BOTH_##f(x), BOTH_##f(y))
#define BOTH_pair(x) pair(x, x)
#define BOTH_lanes_of(x) lanes_of(x)

// The algorithms that are not libmvec's.
#define OWN_avx2_exp ~, "hetmap_exp_avx2"
#define OWN_avx2_log ~, "hetmap_log_avx2"
#define OWN_avx2_sin ~, "hetmap_sin_avx2"
#define OWN_avx2_cos ~, "hetmap_cos_avx2"
#define OWN_avx2_pow ~, "hetmap_pow_avx2"
#define OWN_avx512_erfc ~, "hetmap_erfc_avx512"
#define OWN_avx512_exp ~, "hetmap_exp_avx512"
#define OWN_avx512_log ~, "hetmap_log_avx512"
#define OWN_avx512_sin ~, "hetmap_sin_avx512"
#define OWN_avx512_cos ~, "hetmap_cos_avx512"
#define OWN_avx512_pow ~, "hetmap_pow_avx512"
#define OWN_avx512_expf ~, "hetmap_expf_avx512"
#define OWN_avx512_logf ~, "hetmap_logf_avx512"
#define OWN_avx512_erfcf ~, "hetmap_erfcf_avx512"
#define SECOND(ignored, second, ...) second
#define SECOND_OF(...) SECOND(__VA_ARGS__, ~)
#define OWN_OR(isa, symbol, libmvecs) SECOND_OF(OWN_##isa##_##symbol, libmvecs)

#define UNARY_FORMS(name, Bf, Df, Ef, B, D, E)                                                 \
  FORMS(float, __m128, __m256, __m512, name##f, "4", "8", "16", "v", (__m128 x), (__m256 x),   \
        (__m512 x), (float x), BOTH_X, (low(x)), (high(x)), (widen(x)), ONE_X, Bf, Df, Ef)     \
  FORMS(double, __m128d, __m256d, __m512d, name, "2", "4", "8", "v", (__m128d x), (__m256d x), \
        (__m512d x), (double x), BOTH_X, (low(x)), (high(x)), (widen(x)), ONE_X, B, D, E)
#define UNARY(name)                                                                      \
  UNARY_FORMS(name, "_ZGVbN4v_" #name "f", OWN_OR(avx2, name##f, "_ZGVdN8v_" #name "f"), \
              OWN_OR(avx512, name##f, "_ZGVeN16v_" #name "f"), "_ZGVbN2v_" #name,        \
              OWN_OR(avx2, name, "_ZGVdN4v_" #name), OWN_OR(avx512, name, "_ZGVeN8v_" #name))
#define STATISTICS(name)                                                                        \
  UNARY_FORMS(name, "hetmap_" #name "f_baseline", "hetmap_" #name "f_avx2",                     \
              "hetmap_" #name "f_avx512", "hetmap_" #name "_baseline", "hetmap_" #name "_avx2", \
              "hetmap_" #name "_avx512")
#define BINARY(name)                                                                               \
  FORMS(float, __m128, __m256, __m512, name##f, "4", "8", "16", "vv", (__m128 x, __m128 y),        \
        (__m256 x, __m256 y), (__m512 x, __m512 y), (float x, float y), BOTH_XY, (low(x), low(y)), \
        (high(x), high(y)), (widen(x), widen(y)), ONE_XY, "_ZGVbN4vv_" #name "f",                  \
        "_ZGVdN8vv_" #name "f", "_ZGVeN16vv_" #name "f")                                           \
  FORMS(double, __m128d, __m256d, __m512d, name, "2", "4", "8", "vv", (__m128d x, __m128d y),      \
        (__m256d x, __m256d y), (__m512d x, __m512d y), (double x, double y), BOTH_XY,             \
        (low(x), low(y)), (high(x), high(y)), (widen(x), widen(y)), ONE_XY, "_ZGVbN2vv_" #name,    \
        OWN_OR(avx2, name, "_ZGVdN4vv_" #name), OWN_OR(avx512, name, "_ZGVeN8vv_" #name))

HETMAP_MATH_UNARY(UNARY)
HETMAP_MATH_BINARY(BINARY)
HETMAP_MATH_STATISTICS(STATISTICS)

// The square root is exact at every width: one instruction, no algorithm to choose.
extern "C" {
HETMAP_API __m128 sqrtf_form_b(__m128 x) __asm__("_ZGVbN4v_hetmap_sqrtf");
HETMAP_API __m128d sqrt_form_b(__m128d x) __asm__("_ZGVbN2v_hetmap_sqrt");
WITH_AVX HETMAP_API __m256 sqrtf_form_c(__m256 x) __asm__("_ZGVcN8v_hetmap_sqrtf");
WITH_AVX HETMAP_API __m256d sqrt_form_c(__m256d x) __asm__("_ZGVcN4v_hetmap_sqrt");
WITH_AVX HETMAP_API __m256 sqrtf_form_d(__m256 x) __asm__("_ZGVdN8v_hetmap_sqrtf");
WITH_AVX HETMAP_API __m256d sqrt_form_d(__m256d x) __asm__("_ZGVdN4v_hetmap_sqrt");
WITH_AVX512 HETMAP_API __m512 sqrtf_form_e(__m512 x) __asm__("_ZGVeN16v_hetmap_sqrtf");
WITH_AVX512 HETMAP_API __m512d sqrt_form_e(__m512d x) __asm__("_ZGVeN8v_hetmap_sqrt");
}
__m128 sqrtf_form_b(__m128 x) { return _mm_sqrt_ps(x); }
__m128d sqrt_form_b(__m128d x) { return _mm_sqrt_pd(x); }
WITH_AVX __m256 sqrtf_form_c(__m256 x) { return _mm256_sqrt_ps(x); }
WITH_AVX __m256d sqrt_form_c(__m256d x) { return _mm256_sqrt_pd(x); }
WITH_AVX __m256 sqrtf_form_d(__m256 x) { return _mm256_sqrt_ps(x); }
WITH_AVX __m256d sqrt_form_d(__m256d x) { return _mm256_sqrt_pd(x); }
WITH_AVX512 __m512 sqrtf_form_e(__m512 x) {
  __asm__("vsqrtps %0, %0" : "+v"(x));  // GCC 12 warns inside the intrinsic
  return x;
}
WITH_AVX512 __m512d sqrt_form_e(__m512d x) {
  __asm__("vsqrtpd %0, %0" : "+v"(x));
  return x;
}
extern "C" HETMAP_API float hetmap_sqrtf(float x) noexcept {
  return lane_0(_mm_sqrt_ps(lanes_of(x)));
}
extern "C" HETMAP_API double hetmap_sqrt(double x) noexcept {
  return lane_0(_mm_sqrt_pd(lanes_of(x)));
}
