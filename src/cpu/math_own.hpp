// Exponentials, logarithms, powers and sines that are quicker or closer than libmvec's, for vectors
// of any width.
//
// Compiled once for each instruction set (math_own_*.cpp), without contraction of sums, so that the
// bits of an instruction set are the same whoever compiles.
#pragma once

#include "math_lanes.hpp"
#include "math_own_terms.hpp"

#include <type_traits>

namespace hetmap::core {
namespace {

// -- exponentials

/// An exponential as 2^n (1 + more).
template <class V>
struct exponential {
  V n, more;
};

/// Of x + rest, for |x| < 1500.
template <auto const& terms, class V>
HETMAP_LANES exponential<V> exponential_of(V x, V rest) {
  V const n = mul_add(x, log2_e, all<V>(whole)) - whole;
  V const r = mul_add(n, -ln2_1, x) + mul_add(n, -ln2_2, rest);  // the first product is exact
  return {n, mul_add(r * r, polynomial<terms>(r), r)};
}

template <class V>
HETMAP_LANES V exp_of(V x) {
  // Beyond these the scaling overflows and underflows as it should.
  V const limited = at_least(-746, at_most(710, x));
  V const n = mul_add(limited, log2_e, all<V>(whole)) - whole;
  V r = mul_add(n, -ln2_1, limited);
  r = mul_add(n, -ln2_2, r);
  return scaled<V>(mul_add(r * r, polynomial<exp_terms>(r), r) + 1, n);
}

// -- logarithms

/// A positive number as 2^n (1 + f), with 1 + f between the roots of 1/2 and 2.
template <class V>
struct logarithm_parts {
  V n, f;
};

template <class V>
HETMAP_LANES logarithm_parts<V> parts_of(V x) {
  auto const subnormal = x < 0x1p-1022;
  V const normal = subnormal ? x * 0x1p54 : x;
  constexpr auto bits_of_root = __builtin_bit_cast(unsigned long long, sqrt_half);
  constexpr auto bits_of_one = __builtin_bit_cast(unsigned long long, 1.0);
  auto const moved = bits_of(normal) + (bits_of_one - bits_of_root);
  V const biased = of_bits<V>(moved >> 52 | __builtin_bit_cast(unsigned long long, 0x1p52));
  V const zero{};
  V const n = biased - (0x1p52 + 1023) - (subnormal ? all<V>(54) : zero);
  return {n, of_bits<V>((moved & ((1ull << 52) - 1)) + bits_of_root) - 1};
}

/// ln(x) for 0 < x < infinity.
template <auto const& terms, class V>
HETMAP_LANES V positive_log_of(V x) {
  logarithm_parts<V> const p = parts_of(x);
  // ln(1 + f) = f - (h - s (h + s^2 (terms))), s = f / (2 + f), h = f^2 / 2.
  V const s = p.f / (p.f + 2), z = s * s, h = p.f * p.f * 0.5;
  V const high = p.n * ln2_1 + p.f;  // the product is exact
  V const rest = p.f - (high - p.n * ln2_1);
  V const bent = mul_add(s, mul_add(z, polynomial<terms>(z), h), p.n * ln2_2) - h;
  return high + (rest + bent);
}

template <class V>
HETMAP_LANES V log_of(V x) {
  V const y = positive_log_of<log_terms>(x);
  auto const ordinary = (x > 0) & (x < __builtin_inf());
  if (every(ordinary)) return y;
  V const zero{};
  V const other = x == 0 ? all<V>(-__builtin_inf()) : (x < 0 ? zero / zero : x);
  return ordinary ? y : other;
}

// -- powers: e^(y ln x), with ln x as a sum of two numbers

template <class V>
struct pair_of {
  V high, rest;
};

/// ln(x) to some 68 bits, for 0 < x < infinity.
template <class V>
HETMAP_LANES pair_of<V> long_log_of(V x) {
  logarithm_parts<V> const p = parts_of(x);
  // ln(1 + f) = 2 (s + s z / 3 + ...), s = f / (2 + f), z = s^2.
  V const below = p.f + 2, below_rest = p.f - (below - 2);
  V const inverse = 1 / below;
  V const s = p.f * inverse;
  V const s_rest = inverse * -(product_rest(s, below, p.f) + s * below_rest);
  V const z = s * s;
  V const z_rest = mul_add(s + s, s_rest, product_rest(s, s, z));
  V const bent = z * polynomial<pow_terms>(z);
  V const c = bent + third_1;
  V const c_rest = (bent - (c - third_1)) + third_2;
  V const u = z * c;
  V const u_rest = product_rest(z, c, u) + mul_add(z, c_rest, z_rest * c);
  V const v = s * u;
  V const v_rest = product_rest(s, u, v) + mul_add(s, u_rest, s_rest * u);

  V const whole_part = p.n * ln2_1;  // exact
  V const s2 = s + s, v2 = v + v;
  V const first = whole_part + s2, first_rest = s2 - (first - whole_part);
  V const second = first + v2, second_rest = v2 - (second - first);
  V const rest = mul_add(p.n, ln2_2, (first_rest + second_rest) + 2 * (s_rest + v_rest));
  V const high = second + rest;
  return {high, rest - (high - second)};
}

/// What a power of a negative number is multiplied with.
template <class V>
HETMAP_LANES V sign_of_power(V y) {
  auto const rounded = [](V v) {
    V const a = absolute(v);
    return a < 0x1p52 ? (a + 0x1p52) - 0x1p52 : a;
  };
  V const a = absolute(y), zero{};
  V const of_whole = rounded(a * 0.5) == a * 0.5 ? all<V>(1) : all<V>(-1);
  return rounded(a) == a ? of_whole : zero / zero;
}

template <class V>
HETMAP_LANES V pow_of(V x, V y) {
  pair_of<V> const logarithm = long_log_of(absolute(x));
  V const limited = at_least(-0x1p65, at_most(0x1p65, y));
  V const product = limited * logarithm.high;
  V const rest = mul_add(limited, logarithm.rest, product_rest(limited, logarithm.high, product));
  V const zero{};
  exponential<V> const e = exponential_of<exp_terms, V>(at_least(-800, at_most(800, product)),
                                                        absolute(product) < 800 ? rest : zero);
  V power = scaled<V>(1 + e.more, e.n);
  if (any(x < 0)) power = x < 0 ? power * sign_of_power(y) : power;
  V const a = absolute(x);
  auto const ordinary = (a > 0) & (a < __builtin_inf()) & (absolute(y) < __builtin_inf());
  if (every(ordinary)) return power;
  return lane_by_lane(
      ordinary, power, [](double v, double w) { return __builtin_pow(v, w); }, x, y);
}

// -- sines: of x = (pi / 2) n + r, |r| <= pi / 4

/// Beyond this the C library's are called, lane by lane.
inline constexpr double largest_angle = 0x1p40;

/// The sine of a + (pi / 2) `ahead`, for 0 <= a <= largest_angle; with its sign changed by that of
/// `sign`.
template <class V>
HETMAP_LANES V sine_of(V a, unsigned long long ahead, V sign) {
  V const rounded = mul_add(a, two_over_pi, all<V>(whole));
  V const n = rounded - whole;
  V r = mul_add(n, -half_pi_1, a);  // exact
  r = mul_add(n, -half_pi_2, r);
  r = mul_add(n, -half_pi_3, r);
  // The sine is r + r z (terms), the cosine 1 + z (others), z = r^2.
  auto const quadrant = bits_of(rounded) + ahead;
  V const z = r * r;
  V const first = where_negative(of_bits<V>(quadrant << 63), all<V>(1), r);
  V const y = mul_add(first * z, one_of_two<sine_terms>(z, quadrant << 1), first);
  return with_sign_of(y, of_bits<V>(quadrant << 62 ^ bits_of(sign)));
}

template <class V>
HETMAP_LANES V sin_of(V x) {
  V const a = absolute(x);
  V const y = sine_of(a, 0, x);
  auto const near = a <= largest_angle;
  if (every(near)) return y;
  return lane_by_lane(
      near, y, [](double lane) { return __builtin_sin(lane); }, x);
}
template <class V>
HETMAP_LANES V cos_of(V x) {
  V const a = absolute(x);
  V const y = sine_of(a, 1, V{});
  auto const near = a <= largest_angle;
  if (every(near)) return y;
  return lane_by_lane(
      near, y, [](double lane) { return __builtin_cos(lane); }, x);
}

}  // namespace
}  // namespace hetmap::core
