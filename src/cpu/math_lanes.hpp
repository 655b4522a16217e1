// Vectors of doubles, of one lane up to eight, under the names that math_own.hpp is written in.
//
// Arithmetic, comparisons (all ones or zeros) and choices are the compiler's own on vectors.
// Included by files that are compiled for one instruction set each, hence the unnamed namespace:
// nothing here may merge with what another of them makes of it.
#pragma once

#ifdef __SSE2__
#include <immintrin.h>
#endif

#define HETMAP_LANES static inline __attribute__((always_inline, unused))

// GCC 12 warns of uninitialised values inside its own intrinsics, and of the ABI of vectors that
// are only ever inlined.
#if defined __GNUC__ && !defined __clang__
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

namespace hetmap::core {
namespace {

/// What belongs to a vector V of doubles: its bits as integers, and the same number of floats.
template <class V>
struct lanes;

template <>
struct lanes<double> {
  using integers = unsigned long long;
};
HETMAP_LANES double all(double x, double) { return x; }
HETMAP_LANES double sign_of(double x) { return __builtin_copysign(0.0, x); }
HETMAP_LANES double absolute(double x) { return __builtin_fabs(x); }
HETMAP_LANES double exclusive_or(double a, double b) {
  return __builtin_bit_cast(double, __builtin_bit_cast(unsigned long long, a) ^
                                        __builtin_bit_cast(unsigned long long, b));
}
HETMAP_LANES double square_root(double x) { return __builtin_sqrt(x); }
HETMAP_LANES bool any(bool mask) { return mask; }
HETMAP_LANES bool every(bool mask) { return mask; }
#ifdef __FP_FAST_FMA
HETMAP_LANES double fused(double a, double b, double c) { return __builtin_fma(a, b, c); }
#endif

#ifdef __SSE2__
using double2 [[gnu::vector_size(16)]] = double;
template <>
struct lanes<double2> {
  using integers [[gnu::vector_size(16)]] = unsigned long long;
};
HETMAP_LANES double2 all(double x, double2) { return _mm_set1_pd(x); }
HETMAP_LANES double2 square_root(double2 x) { return _mm_sqrt_pd(x); }
using mask2 = decltype(double2{} < double2{});
HETMAP_LANES bool any(mask2 mask) { return _mm_movemask_pd((__m128d)mask) != 0; }
HETMAP_LANES bool every(mask2 mask) { return _mm_movemask_pd((__m128d)mask) == 3; }
HETMAP_LANES double2 sign_of(double2 x) { return _mm_and_pd(_mm_set1_pd(-0.0), x); }
HETMAP_LANES double2 absolute(double2 x) { return _mm_andnot_pd(_mm_set1_pd(-0.0), x); }
HETMAP_LANES double2 exclusive_or(double2 a, double2 b) { return _mm_xor_pd(a, b); }
#endif

#ifdef __AVX2__
using double4 [[gnu::vector_size(32)]] = double;
template <>
struct lanes<double4> {
  using integers [[gnu::vector_size(32)]] = unsigned long long;
};
HETMAP_LANES double4 all(double x, double4) { return _mm256_set1_pd(x); }
HETMAP_LANES double4 square_root(double4 x) { return _mm256_sqrt_pd(x); }
HETMAP_LANES double4 fused(double4 a, double4 b, double4 c) { return _mm256_fmadd_pd(a, b, c); }
/// pair[0] or pair[1], as bit 1 of `which` says.
HETMAP_LANES double4 one_of(double const (&pair)[2], lanes<double4>::integers which, double4) {
  return _mm256_permutevar_pd(_mm256_setr_pd(pair[0], pair[1], pair[0], pair[1]), (__m256i)which);
}
using mask4 = decltype(double4{} < double4{});
HETMAP_LANES bool any(mask4 mask) { return _mm256_movemask_pd((__m256d)mask) != 0; }
HETMAP_LANES bool every(mask4 mask) { return _mm256_movemask_pd((__m256d)mask) == 15; }
/// a where `sign` is negative, else b.
HETMAP_LANES double4 where_negative(double4 sign, double4 a, double4 b) {
  return _mm256_blendv_pd(b, a, sign);
}
HETMAP_LANES double4 sign_of(double4 x) { return _mm256_and_pd(_mm256_set1_pd(-0.0), x); }
HETMAP_LANES double4 absolute(double4 x) { return _mm256_andnot_pd(_mm256_set1_pd(-0.0), x); }
HETMAP_LANES double4 exclusive_or(double4 a, double4 b) { return _mm256_xor_pd(a, b); }
#endif

#ifdef __AVX512F__
using double8 [[gnu::vector_size(64)]] = double;
template <>
struct lanes<double8> {
  using integers [[gnu::vector_size(64)]] = unsigned long long;
};
HETMAP_LANES double8 all(double x, double8) { return _mm512_set1_pd(x); }
HETMAP_LANES double8 square_root(double8 x) {
  __asm__("vsqrtpd %0, %0" : "+v"(x));  // GCC 12 warns inside the intrinsic
  return x;
}
/// table[lowest four bits of place].
HETMAP_LANES double8 look_up(double const (&table)[16], lanes<double8>::integers place) {
  return _mm512_permutex2var_pd(_mm512_load_pd(table), (__m512i)place, _mm512_load_pd(table + 8));
}
HETMAP_LANES double8 fused(double8 a, double8 b, double8 c) { return _mm512_fmadd_pd(a, b, c); }
HETMAP_LANES double8 one_of(double const (&pair)[2], lanes<double8>::integers which, double8) {
  return _mm512_permutevar_pd(
      _mm512_setr_pd(pair[0], pair[1], pair[0], pair[1], pair[0], pair[1], pair[0], pair[1]),
      (__m512i)which);
}
using mask8 = decltype(double8{} < double8{});
HETMAP_LANES bool any(mask8 mask) { return _mm512_movepi64_mask((__m512i)mask) != 0; }
HETMAP_LANES bool every(mask8 mask) { return _mm512_movepi64_mask((__m512i)mask) == 255; }
/// a where `sign` is negative, else b.
HETMAP_LANES double8 where_negative(double8 sign, double8 a, double8 b) {
  return _mm512_mask_blend_pd(_mm512_movepi64_mask((__m512i)sign), b, a);
}
HETMAP_LANES double8 sign_of(double8 x) { return _mm512_and_pd(_mm512_set1_pd(-0.0), x); }
HETMAP_LANES double8 absolute(double8 x) { return _mm512_andnot_pd(_mm512_set1_pd(-0.0), x); }
HETMAP_LANES double8 exclusive_or(double8 a, double8 b) { return _mm512_xor_pd(a, b); }
#endif

/// The same number in every lane.
template <class V>
HETMAP_LANES V all(double x) {
  return all(x, V{});
}

template <class V>
concept has_fused = requires(V x) { fused(x, x, x); };

template <class V>
concept has_tables = requires(double const (&table)[16], typename lanes<V>::integers place) {
  look_up(table, place);
};

/// a * b + c, rounded once where that is an instruction.
template <class V>
HETMAP_LANES V mul_add(V a, V b, V c) {
  if constexpr (has_fused<V>)
    return fused(a, b, c);
  else
    return a * b + c;
}
template <class V>
  requires(sizeof(V) > sizeof(double))
HETMAP_LANES V mul_add(V a, double b, V c) {
  return mul_add(a, all<V>(b), c);
}
template <class V>
  requires(sizeof(V) > sizeof(double))
HETMAP_LANES V mul_add(V a, V b, double c) {
  return mul_add(a, b, all<V>(c));
}

/// a * b - product, where `product` is a * b rounded: exact. Requires |a|, |b| < 2^900.
template <class V>
HETMAP_LANES V product_rest(V a, V b, V product) {
  if constexpr (has_fused<V>) {
    return fused(a, b, -product);
  } else {  // Dekker's: the products of halves are exact
    V const wide_a = a * 134217729.0, wide_b = b * 134217729.0;
    V const a1 = wide_a - (wide_a - a), b1 = wide_b - (wide_b - b);
    V const a2 = a - a1, b2 = b - b1;
    return ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2;
  }
}

template <class V>
HETMAP_LANES typename lanes<V>::integers bits_of(V x) {
  return __builtin_bit_cast(typename lanes<V>::integers, x);
}
template <class V>
HETMAP_LANES V of_bits(typename lanes<V>::integers bits) {
  return __builtin_bit_cast(V, bits);
}

/// x, negated where `sign` is negative.
template <class V>
HETMAP_LANES V with_sign_of(V x, V sign) {
  return exclusive_or(x, sign_of(sign));
}
/// The smaller, the larger; x where it is not a number.
template <class V>
HETMAP_LANES V at_most(double limit, V x) {
  return all<V>(limit) < x ? all<V>(limit) : x;
}
template <class V>
HETMAP_LANES V at_least(double limit, V x) {
  return all<V>(limit) > x ? all<V>(limit) : x;
}

/// x + this is a whole number, and its lowest bits are those of the fraction.
inline constexpr double whole = 0x1.8p52;

/// 2^n for whole numbers -1023 < n < 1024.
template <class V>
HETMAP_LANES V power_of_two(V n) {
  return of_bits<V>(bits_of<V>(n + (whole + 1023)) << 52);
}

/// x 2^n for whole numbers -2046 < n < 2046.
template <class V>
HETMAP_LANES V scaled(V x, V n) {
#ifdef __AVX512F__
  if constexpr (sizeof(V) == 64) return _mm512_scalef_pd(x, n);
#endif
  if (!any(absolute(n) > 1020)) return x * power_of_two(n);
  V const half = (n * 0.5 + whole) - whole;
  return x * power_of_two<V>(half) * power_of_two<V>(n - half);
}

/// The largest power of two below n.
constexpr unsigned long half_below(unsigned long n) {
  unsigned long half = 1;
  while (2 * half < n) half *= 2;
  return half;
}

template <unsigned long first, unsigned long last, class V, class Power, class Term>
HETMAP_LANES V halves_joined(Power power, Term term) {
  if constexpr (first == last) {
    return term(first);
  } else {
    constexpr unsigned long half = half_below(last - first + 1);
    return mul_add<V>(halves_joined<first + half, last, V>(power, term), power(half),
                      halves_joined<first, first + half - 1, V>(power, term));
  }
}
/// term(first) + term(first + 1) x + ... + term(last) x^(last - first), by halves (Estrin's
/// scheme). The longest chain is what a function costs where others wait for it: on Zen 4 several
/// in one loop take 0.97 of the time, alone up to 1.04
/// (bench/results/amd-epyc-2026-11-27-review.txt).
template <unsigned long first, unsigned long last, class V, class Term>
HETMAP_LANES V sum_by_halves(V x, Term term) {
  V const x2 = x * x, x4 = x2 * x2, x8 = x4 * x4, x16 = x8 * x8;
  static_assert(last - first < 32);
  auto const power = [=](unsigned long n) {
    return n == 1 ? x : n == 2 ? x2 : n == 4 ? x4 : n == 8 ? x8 : x16;
  };
  return halves_joined<first, last, V>(power, term);
}

/// The same in two chains: longer, and rounded less.
template <unsigned long first, unsigned long last, class V, class Term>
HETMAP_LANES V sum_in_chains(V x, Term term) {
  V const square = x * x;
  V near = term(last), other = term(last - 1);
  unsigned long i = last - 1;
#pragma GCC unroll 32
  for (; i >= first + 2; i -= 2) {
    near = mul_add<V>(near, square, term(i - 1));
    other = mul_add<V>(other, square, term(i - 2));
  }
  if (i == first) return mul_add<V>(near, x, other);
  return mul_add<V>(mul_add<V>(near, x, other), x, term(first));
}

/// terms[0] + terms[1] x + ...
template <auto const& terms, class V>
HETMAP_LANES V polynomial(V x) {
  return sum_by_halves<0, sizeof(terms) / sizeof(double) - 1>(
      x, [](unsigned long i) { return all<V>(terms[i]); });
}

/// terms[first] + terms[first + 1] x + ..., in two chains.
template <auto const& terms, unsigned long first = 0, class V>
HETMAP_LANES V polynomial_in_chains(V x) {
  return sum_in_chains<first, sizeof(terms) / sizeof(double) - 1>(
      x, [](unsigned long i) { return all<V>(terms[i]); });
}

/// The polynomial of terms[...][0] or of terms[...][1], as bit 1 of `which` says.
template <auto const& terms, class V>
HETMAP_LANES V one_of_two(V x, typename lanes<V>::integers which) {
  return sum_by_halves<0, sizeof(terms) / sizeof(terms[0]) - 1>(
      x, [which](unsigned long i) { return one_of(terms[i], which, V{}); });
}

/// y in the lanes of the mask, f(x...) in the others.
template <class V, class M, class F, class... X>
__attribute__((noinline, cold, unused)) V lane_by_lane(M mask, V y, F f, X... x) {
  V done = mask ? all<V>(1) : V{};
  for (unsigned long i = 0; i != sizeof(V) / sizeof(double); ++i) {
    auto const lane = [i](V& v) -> double& { return reinterpret_cast<double*>(&v)[i]; };
    if (lane(done) == 0) lane(y) = f(lane(x)...);
  }
  return y;
}

}  // namespace
}  // namespace hetmap::core
