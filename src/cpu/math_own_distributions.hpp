// The normal distribution, the error functions and their inverses, which libmvec lacks, for vectors
// of any width; compiled as math_own.hpp is.
#pragma once

#include "math_lanes.hpp"
#include "math_own.hpp"
#include "math_own_distributions_terms.hpp"

namespace hetmap::core {
namespace {

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
