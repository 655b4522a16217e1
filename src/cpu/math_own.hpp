// Functions that libmvec lacks, or that are quicker or closer here, for vectors of any width.
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

// -- normal distribution, complementary error function

struct cdfnorm_form {
  static constexpr double all = 1, halved = 0.5, slope = cdfnorm_slope;
  static constexpr double last = cdfnorm_last, middle = cdfnorm_middle;
  static constexpr auto& terms = cdfnorm_terms;
};
struct short_cdfnorm_form : cdfnorm_form {
  static constexpr double last = cdfnorm_last_single, middle = cdfnorm_middle_single;
  static constexpr auto& terms = cdfnorm_terms_single;
};

struct erfc_tables {
  static constexpr double all = 2, halved = 1, last = 27.3, growth = erfc_growth;
  static constexpr auto& point = erfc_point;
  static constexpr auto& at_point = erfc_at_point;
  static constexpr auto& around = erfc_around;
};
struct cdfnorm_tables {
  static constexpr double all = 1, halved = 0.5, last = cdfnorm_last, growth = cdfnorm_growth;
  static constexpr auto& point = cdfnorm_point;
  static constexpr auto& at_point = cdfnorm_at_point;
  static constexpr auto& around = cdfnorm_around;
};

/// The tail of a distribution above x: for x > 0 as e^(-halved x^2) times a polynomial about a
/// point near x.
template <class Tables, class V>
HETMAP_LANES V tail_by_tables(V x) {
  V const a = at_most(Tables::last, absolute(x));
  V const square = a * a;
  V const exponent = square * -Tables::halved;
  V const exponent_rest = product_rest(a, a, square) * -Tables::halved;
  // As 2^n (power + power_rest) (1 + more), n with four bits behind the point.
  V const rounded = mul_add(exponent, log2_e, all<V>(whole / 16));
  V const n = rounded - whole / 16;
  V const r = mul_add(n, -ln2_1, exponent) + mul_add(n, -ln2_2, exponent_rest);
  V const more = mul_add(r * r, polynomial<exp_terms_small>(r), r);
  V const power = look_up(exp2_above, bits_of(rounded));
  V const power_rest = look_up(exp2_rest, bits_of(rounded));

  auto const place = bits_of(mul_add(a, Tables::growth, all<V>(1))) >> 50;
  V const d = a - look_up(Tables::point, place);
  constexpr unsigned long last =
      std::extent_v<std::remove_reference_t<decltype(Tables::around)>> - 1;
  V const slope = sum_in_chains<0, last>(
      d, [place](unsigned long i) { return look_up(Tables::around[i], place); });
  V const at_point = look_up(Tables::at_point, place);
  V const less = mul_add(d, slope, more * mul_add(d, slope, at_point));
  V const product = power * at_point;
  V const product_less = mul_add(power_rest, at_point, product_rest(power, at_point, product));
  V const tail = scaled<V>(product + mul_add(power, less, product_less), n);
  return x < 0 ? Tables::all - tail : tail;
}

/// The same as e^(-halved x^2) p(t) / (1 + slope x), where t =
/// (x - middle) / (x + middle); what is rounded on the way to p, x^2 and the quotient is made good.
template <class Form, class V>
HETMAP_LANES V tail_of(V x) {
  V const a = at_most(Form::last, absolute(x));
  V const square = a * a;
  exponential<V> const e = exponential_of<exp_terms, V>(square * -Form::halved,
                                                        product_rest(a, a, square) * -Form::halved);
  V const steep = a * Form::slope;
  V const below = steep + 1;
  V const below_rest = (steep - (below - 1)) + product_rest<V>(a, all<V>(Form::slope), steep);
  V const sum = a + Form::middle;
  V const inverse = 1 / (sum * below);
  V const t = (a - Form::middle) * (below * inverse);
  V const inverse_below = sum * inverse;

  V const bent = t * polynomial_in_chains<Form::terms, 1>(t);
  V const above = bent + Form::terms[0];
  V const above_rest = bent - (above - Form::terms[0]);
  V const quotient = above * inverse_below;
  V const quotient_rest =
      inverse_below * ((above_rest - product_rest(quotient, below, above)) - quotient * below_rest);
  V const tail = scaled<V>(quotient + mul_add(quotient, e.more, quotient_rest), e.n);
  return x < 0 ? Form::all - tail : tail;
}

/// The same for what is to be rounded to a float.
template <class Form, class V>
HETMAP_LANES V short_tail_of(V x) {
  V const a = at_most(Form::last, absolute(x));
  exponential<V> const e = exponential_of<exp_terms_single, V>(a * a * -Form::halved, V{});
  V const below = mul_add(a, Form::slope, all<V>(1));
  V const sum = a + Form::middle;
  V const inverse = 1 / (sum * below);
  V const t = (a - Form::middle) * (below * inverse);
  V const quotient = polynomial<Form::terms>(t) * (sum * inverse);
  V const tail = mul_add(quotient, e.more, quotient) * power_of_two(e.n);
  return x < 0 ? Form::all - tail : tail;
}

template <class V>
HETMAP_LANES V cdfnorm_of(V x) {
  if constexpr (has_tables<V>)
    return tail_by_tables<cdfnorm_tables>(-x);
  else
    return tail_of<cdfnorm_form>(-x);
}
template <class V>
HETMAP_LANES V erfc_of(V x) {
  return tail_by_tables<erfc_tables>(x);
}
template <class V>
HETMAP_LANES V short_cdfnorm_of(V x) {
  return short_tail_of<short_cdfnorm_form>(-x);
}

// -- inverses of these

/// Where the error function, or twice the normal distribution function less 1, is y, given also the
/// distance `tail` of y from the nearer of 1 and -1: y plus a part of it in the middle, r plus less
/// than half of it outside, r^2 = -ln(tail) (distribution: twice that).
template <class Form, class V>
HETMAP_LANES V inverse_of(V y, V tail) {
  V const a = absolute(y);
  V const w = mul_add(-y, y, all<V>(inverse_edge));
  V const r = square_root(positive_log_of<Form::log>(tail) * -Form::square);
  V const out = r - Form::tail;
  auto const middle = tail > 0.25;
  V above = middle ? a * polynomial_in_chains<Form::above>(w)
                   : polynomial_in_chains<Form::tail_above>(out);
  V below =
      middle ? polynomial_in_chains<Form::below>(w) : polynomial_in_chains<Form::tail_below>(out);
  if constexpr (Form::has_far) {
    auto const far = r > Form::far;
    if (any(far)) {
      V const further = r - Form::far;
      above = far ? polynomial_in_chains<Form::far_above>(further) : above;
      below = far ? polynomial_in_chains<Form::far_below>(further) : below;
    }
  }
  V const larger = middle ? a : r;
  V const slope = middle ? all<V>(Form::slope) : all<V>(1);
  V const x = mul_add(larger, slope, above / below);
  auto const ordinary = tail > 0;
  if (every(ordinary)) return with_sign_of(x, y);
  V const zero{};
  V const other = tail == 0 ? all<V>(__builtin_inf()) : zero / zero;
  return with_sign_of(ordinary ? x : other, y);
}

struct erfinv_form {
  static constexpr bool has_far = true;
  static constexpr double square = 1, slope = 1;
  static constexpr double tail = erfinv_tail, far = erfinv_far;
  static constexpr auto& log = log_terms;
  static constexpr auto& above = erfinv_above;
  static constexpr auto& below = erfinv_below;
  static constexpr auto& tail_above = erfinv_tail_above;
  static constexpr auto& tail_below = erfinv_tail_below;
  static constexpr auto& far_above = erfinv_far_above;
  static constexpr auto& far_below = erfinv_far_below;
};
struct short_erfinv_form {
  static constexpr bool has_far = false;
  static constexpr double square = 1, slope = 1;
  static constexpr double tail = erfinv_tail, far = erfinv_far;
  static constexpr auto& log = log_terms_single;
  static constexpr auto& above = erfinv_above_single;
  static constexpr auto& below = erfinv_below_single;
  static constexpr auto& tail_above = erfinv_tail_above_single;
  static constexpr auto& tail_below = erfinv_tail_below_single;
};
struct cdfnorminv_form {
  static constexpr bool has_far = true;
  static constexpr double square = 2, slope = cdfnorminv_slope;
  static constexpr double tail = cdfnorminv_tail, far = cdfnorminv_far;
  static constexpr auto& log = log_terms;
  static constexpr auto& above = cdfnorminv_above;
  static constexpr auto& below = cdfnorminv_below;
  static constexpr auto& tail_above = cdfnorminv_tail_above;
  static constexpr auto& tail_below = cdfnorminv_tail_below;
  static constexpr auto& far_above = cdfnorminv_far_above;
  static constexpr auto& far_below = cdfnorminv_far_below;
};
struct short_cdfnorminv_form {
  static constexpr bool has_far = false;
  static constexpr double square = 2, slope = cdfnorminv_slope;
  static constexpr double tail = cdfnorminv_tail, far = cdfnorminv_far;
  static constexpr auto& log = log_terms_single;
  static constexpr auto& above = cdfnorminv_above_single;
  static constexpr auto& below = cdfnorminv_below_single;
  static constexpr auto& tail_above = cdfnorminv_tail_above_single;
  static constexpr auto& tail_below = cdfnorminv_tail_below_single;
};
using erfcinv_form = erfinv_form;
using short_erfcinv_form = short_erfinv_form;

template <class Form, class V>
HETMAP_LANES V erfinv_as(V x) {
  return inverse_of<Form, V>(x, 1 - absolute(x));
}
template <class Form, class V>
HETMAP_LANES V erfcinv_as(V x) {
  V const other = 2 - x;
  return inverse_of<Form, V>(1 - x, x < 1 ? x : other);
}
template <class Form, class V>
HETMAP_LANES V cdfnorminv_as(V x) {
  V const twice = x + x;
  V const other = 2 - twice;
  return inverse_of<Form, V>(twice - 1, twice < 1 ? twice : other);
}

#define HETMAP_BOTH(name)                     \
  template <class V>                          \
  HETMAP_LANES V name##_of(V x) {             \
    return name##_as<name##_form>(x);         \
  }                                           \
  template <class V>                          \
  HETMAP_LANES V short_##name##_of(V x) {     \
    return name##_as<short_##name##_form>(x); \
  }
HETMAP_BOTH(erfinv)
HETMAP_BOTH(erfcinv)
HETMAP_BOTH(cdfnorminv)
#undef HETMAP_BOTH

}  // namespace
}  // namespace hetmap::core
