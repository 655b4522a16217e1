// The functions that are measured, written once for all contenders. Math says where exp and its kin
// come from: <cmath> for the peers, hetmap::math for hetmap, long double for the reference.
//
// Market constants are exact in binary, so that the reference, which computes in a wider type,
// works on the same numbers.
#pragma once

#include <hetmap/kernel.hpp>

#include <cmath>
#include <cstddef>
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
};

template <class T, class Math>
struct axpb {
  using value = T;
  HETMAP_FN T operator()(T x) const { return T(2.5) * x + T(1); }
};

template <class T, class Math>
struct gauss {
  using value = T;
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
  HETMAP_FN T operator()(T x) const {
    for (int step = 0; step != 200; ++step) x = T(3.7) * x * (T(1) - x);
    return x;
  }
};

/// What European options have in common.
template <class T, class Math>
struct option_terms {
  static constexpr T rate = T(0.03125);
  static constexpr T volatility = T(0.25);

  T root_years, spread, d1, d2, discount;

  HETMAP_FN option_terms(T spot, T strike, T years)
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
  HETMAP_FN T operator()(T spot, T strike, T years) const {
    option_terms<T, Math> const o(spot, strike, years);
    return spot * o.normal(o.d1) - strike * o.discount * o.normal(o.d2);
  }
};

/// Price, delta, gamma, vega and theta of a European call.
template <class T, class Math>
struct greeks {
  using value = T;
  HETMAP_FN std::tuple<T, T, T, T, T> operator()(T spot, T strike, T years) const {
    using terms = option_terms<T, Math>;
    terms const o(spot, strike, years);
    T const upper = o.normal(o.d1);
    T const owed = strike * o.discount * o.normal(o.d2);
    T const density = T(0.39894228040143267794L) * Math::exp(T(-0.5) * o.d1 * o.d1);
    T const per_root = density / o.root_years;
    return {spot * upper - owed, upper, per_root / (spot * terms::volatility),
            spot * density * o.root_years,
            -spot * per_root * (terms::volatility / 2) - terms::rate * owed};
  }
};

}  // namespace bench
