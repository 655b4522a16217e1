// The functions that are measured, written once for all contenders. Math says where exp and its kin
// come from: <cmath> for the peers, hetmap::math for hetmap, long double for the reference.
//
// Market constants are exact in binary, so that the reference, which computes in a wider type,
// works on the same numbers.
#pragma once

#include <hetmap/kernel.hpp>

#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <tuple>

namespace bench {

/// What a program without hetmap writes.
struct standard_math {
  static constexpr bool scalar = true;

  template <class T>
  static HETMAP_FN T exp(T x) {
    return std::exp(x);
  }
  template <class T>
  static HETMAP_FN T log(T x) {
    return std::log(x);
  }
  template <class T>
  static HETMAP_FN T sqrt(T x) {
    return std::sqrt(x);
  }
  template <class T>
  static HETMAP_FN T erfc(T x) {
    return std::erfc(x);
  }
  template <class T>
  static HETMAP_FN T sin(T x) {
    return std::sin(x);
  }
  template <class T>
  static HETMAP_FN T cos(T x) {
    return std::cos(x);
  }
  template <class T>
  static HETMAP_FN T pow(T x, T y) {
    return std::pow(x, y);
  }
  template <class T>
  static HETMAP_FN T rint(T x) {
    return std::rint(x);
  }
};

// A kernel with `constants` can be called with these as its state (call.hpp): `of` takes them
// before the elements.

template <class T, class Math>
struct axpb {
  using value = T;
  static constexpr T a = T(2.5), b = T(1);
  static constexpr auto constants() { return std::array{a, b}; }
  static HETMAP_FN T of(T factor, T summand, T x) { return factor * x + summand; }
  HETMAP_FN T operator()(T x) const { return of(a, b, x); }
};

template <class T, class Math>
struct gauss {
  using value = T;
  static constexpr T a = T(1);
  static constexpr auto constants() { return std::array{a}; }
  static HETMAP_FN T of(T factor, T x) { return Math::exp(-factor * x * x); }
  HETMAP_FN T operator()(T x) const { return Math::exp(-x * x); }
};

/// exp(x) where x is positive, 0 elsewhere.
///
/// Without vector functions a branch is the faster one, since it spares half of the calls; with
/// -ffast-math GCC makes a selection of it. hetmap has both sides computed.
template <class T, class Math>
struct relu_exp {
  using value = T;
  HETMAP_FN T operator()(T x) const {
    if constexpr (Math::scalar)
      return x > T(0) ? Math::exp(x) : T(0);
    else
      return hetmap::select(x > T(0), Math::exp(x), T(0));
  }
};

/// 200 steps of a chaotic map: arithmetic without memory. The order of the factors leaves nothing
/// to contract, so that everybody without -ffast-math computes the same bits.
template <class T, class Math>
struct logistic200 {
  using value = T;
  static constexpr T growth = T(3.7);
  static constexpr auto constants() { return std::array{growth}; }
  static HETMAP_FN T of(T r, T x) {
    for (int step = 0; step != 200; ++step) x = r * x * (T(1) - x);
    return x;
  }
  HETMAP_FN T operator()(T x) const { return of(growth, x); }
};

/// What European options have in common.
template <class T, class Math>
struct option_terms {
  static constexpr T usual_rate = T(0.03125);
  static constexpr T usual_volatility = T(0.25);

  T root_years, spread, d1, d2, discount;

  HETMAP_FN option_terms(T rate, T volatility, T spot, T strike, T years)
      : root_years(Math::sqrt(years)),
        spread(volatility * root_years),
        d1((Math::log(spot / strike) + (rate + volatility * volatility / 2) * years) / spread),
        d2(d1 - spread),
        discount(Math::exp(-rate * years)) {}

  /// The normal distribution, by erfc.
  static HETMAP_FN T normal(T d) { return T(0.5) * Math::erfc(d * T(-0.70710678118654752440L)); }
};

/// The price of a European call.
template <class T, class Math>
struct black_scholes {
  using value = T;
  using terms = option_terms<T, Math>;
  static constexpr auto constants() {
    return std::array{terms::usual_rate, terms::usual_volatility};
  }
  static HETMAP_FN T of(T rate, T volatility, T spot, T strike, T years) {
    terms const o(rate, volatility, spot, strike, years);
    return spot * o.normal(o.d1) - strike * o.discount * o.normal(o.d2);
  }
  HETMAP_FN T operator()(T spot, T strike, T years) const {
    return of(terms::usual_rate, terms::usual_volatility, spot, strike, years);
  }
};

/// Price, delta, gamma, vega and theta of a European call.
template <class T, class Math>
struct greeks {
  using value = T;
  HETMAP_FN std::tuple<T, T, T, T, T> operator()(T spot, T strike, T years) const {
    using terms = option_terms<T, Math>;
    T const rate = terms::usual_rate;
    T const volatility = terms::usual_volatility;
    terms const o(rate, volatility, spot, strike, years);
    T const upper = o.normal(o.d1);
    T const owed = strike * o.discount * o.normal(o.d2);
    T const density = T(0.39894228040143267794L) * Math::exp(T(-0.5) * o.d1 * o.d1);
    T const per_root = density / o.root_years;
    return {spot * upper - owed, upper, per_root / (spot * volatility),
            spot * density * o.root_years, -spot * per_root * (volatility / 2) - rate * owed};
  }
};

// -- what memory limits: the kernels of BabelStream ---------------------------------------------

template <class T, class Math>
struct copy {
  HETMAP_FN T operator()(T x) const { return x; }
};
template <class T, class Math>
struct mul {
  static constexpr auto constants() { return std::array{T(0.4)}; }
  static HETMAP_FN T of(T factor, T x) { return factor * x; }
  HETMAP_FN T operator()(T x) const { return of(T(0.4), x); }
};
template <class T, class Math>
struct add {
  HETMAP_FN T operator()(T x, T y) const { return x + y; }
};
template <class T, class Math>
struct triad {
  static constexpr auto constants() { return std::array{T(0.4)}; }
  static HETMAP_FN T of(T factor, T x, T y) { return x + factor * y; }
  HETMAP_FN T operator()(T x, T y) const { return of(T(0.4), x, y); }
};
template <class T, class Math>
struct nstream {
  static constexpr auto constants() { return std::array{T(0.4)}; }
  static HETMAP_FN T of(T factor, T x, T y, T z) { return x + (y + factor * z); }
  HETMAP_FN T operator()(T x, T y, T z) const { return of(T(0.4), x, y, z); }
};

// -- folds: what is made of the elements, joined by `reduced_by` ----------------------------------

using plus = std::plus<>;
struct larger {
  template <class T>
  HETMAP_FN T operator()(T x, T y) const {
    return x < y ? y : x;
  }
};

template <class T, class Math>
struct sum {
  using reduced_by = plus;
  HETMAP_FN T operator()(T x) const { return x; }
};
template <class T, class Math>
struct max {
  using reduced_by = larger;
  HETMAP_FN T operator()(T x) const { return x; }
};
template <class T, class Math>
struct sum_of_squares {
  using reduced_by = plus;
  HETMAP_FN T operator()(T x) const { return x * x; }
};
template <class T, class Math>
struct dot {
  using reduced_by = plus;
  HETMAP_FN T operator()(T x, T y) const { return x * y; }
};

// -- elements of other kinds ----------------------------------------------------------------------

/// An element of several numbers.
template <class T, std::size_t N>
struct packed {
  using value_type = T;
  T at[N];
};

/// 2 * x + 1 of each number: exact for what the inputs are, or rounded once, with FMA or without.
template <class E, class Math>
struct scale {
  static constexpr bool exact = true;
  HETMAP_FN E operator()(E x) const { return E(2 * x + 1); }
};
template <class T, std::size_t N, class Math>
struct scale<packed<T, N>, Math> {
  static constexpr bool exact = true;
  HETMAP_FN packed<T, N> operator()(packed<T, N> const& x) const {
    packed<T, N> result;
    for (std::size_t k = 0; k != N; ++k) result.at[k] = 2 * x.at[k] + 1;
    return result;
  }
};

template <class From, class To>
struct convert {
  static constexpr bool exact = true;
  HETMAP_FN To operator()(From x) const { return static_cast<To>(x); }
};

/// [-1, 1) to a signed byte.
template <class T, class Math>
struct quantise {
  static constexpr bool exact = true;
  HETMAP_FN std::int8_t operator()(T x) const {
    T const wide = x * T(127);
    T const kept = wide < T(-127) ? T(-127) : wide > T(127) ? T(127) : wide;
    return static_cast<std::int8_t>(static_cast<int>(Math::rint(kept)));
  }
};

/// Element i of a table that is captured by pointer.
template <class T, class Math>
struct gather {
  static constexpr bool exact = true;
  using aside = T;
  static auto over(T const* table) {
    return [table](std::uint32_t i) { return table[i]; };
  }
};

/// By its formula: operator* asks for infinities and calls a function for them.
template <class C, class Math>
struct complex_multiply {
  HETMAP_FN C operator()(C x, C y) const {
    return {x.real() * y.real() - x.imag() * y.imag(), x.real() * y.imag() + x.imag() * y.real()};
  }
};
template <class C, class Math>
struct complex_operator {
  HETMAP_FN C operator()(C x, C y) const { return x * y; }
};

template <class V, class Math>
struct normalise {
  HETMAP_FN V operator()(V const& v) const {
    auto const length = Math::sqrt(v.at[0] * v.at[0] + v.at[1] * v.at[1] + v.at[2] * v.at[2]);
    return {{v.at[0] / length, v.at[1] / length, v.at[2] / length}};
  }
};

/// Steps until a number becomes 1, or 1000 of them: how many depends on the number, so neighbours
/// cost differently and no vector computes them together.
template <class T, class Math>
struct collatz {
  static constexpr bool exact = true;
  HETMAP_FN T operator()(T start) const {
    std::uint64_t x = std::uint64_t{start} + 1;
    T steps = 0;
    while (x != 1 && steps != 1000) {
      x = x % 2 == 0 ? x / 2 : 3 * x + 1;
      ++steps;
    }
    return steps;
  }
};

// -- functions of one double ----------------------------------------------------------------------

template <class T, class Math>
struct exponential {
  HETMAP_FN T operator()(T x) const { return Math::exp(x); }
};
template <class T, class Math>
struct logarithm {
  HETMAP_FN T operator()(T x) const { return Math::log(x); }
};
template <class T, class Math>
struct error_function {
  HETMAP_FN T operator()(T x) const { return Math::erfc(x); }
};
template <class T, class Math>
struct sine_and_cosine {
  HETMAP_FN std::tuple<T, T> operator()(T x) const { return {Math::sin(x), Math::cos(x)}; }
};
template <class T, class Math>
struct power {
  HETMAP_FN T operator()(T x, T y) const { return Math::pow(x, y); }
};

}  // namespace bench
