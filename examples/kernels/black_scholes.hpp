// European options after Black and Scholes (1973): the price and how it moves.
#pragma once

#include <hetmap/kernel.hpp>
#include <hetmap/math.hpp>

#include <cmath>
#include <cstdint>
#include <tuple>

namespace examples {

/// 1 for a call, -1 for a put: the two share their formulas but for this sign.
using option_kind = std::int8_t;
inline constexpr option_kind call_option = 1;
inline constexpr option_kind put_option = -1;

/// Where a kernel's functions come from: the standard library, as in any loop, or hetmap::math,
/// which vectorises.
struct standard_functions {
  HETMAP_FN static double exp(double x) { return std::exp(x); }
  HETMAP_FN static double log(double x) { return std::log(x); }
  HETMAP_FN static double sqrt(double x) { return std::sqrt(x); }
  HETMAP_FN static double erfc(double x) { return std::erfc(x); }
};
struct vector_functions {
  HETMAP_FN static double exp(double x) { return hetmap::math::exp(x); }
  HETMAP_FN static double log(double x) { return hetmap::math::log(x); }
  HETMAP_FN static double sqrt(double x) { return hetmap::math::sqrt(x); }
  HETMAP_FN static double erfc(double x) { return hetmap::math::erfc(x); }
};

/// price, delta, gamma, vega (per percentage point of volatility) and theta (per calendar day) of
/// one European option without dividends.
///
/// Requires: spot, strike, volatility (per square root of a year) and years above 0; the rate is
/// per year, compounded continuously.
template <class Functions = vector_functions>
struct greeks {
  HETMAP_FN std::tuple<double, double, double, double, double> operator()(
      option_kind kind, double spot, double strike, double rate, double volatility,
      double years) const {
    double const sign = kind;
    double const root = Functions::sqrt(years);
    double const spread = volatility * root;
    double const d1 =
        (Functions::log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / spread;
    double const d2 = d1 - spread;
    double const discounted = strike * Functions::exp(-rate * years);
    double const n1 = normal_below(sign * d1);
    double const n2 = normal_below(sign * d2);
    double const density = 0.3989422804014327 * Functions::exp(-0.5 * d1 * d1);  // 1 / sqrt(2 pi)
    double const decay =
        -spot * density * volatility / (2.0 * root) - sign * rate * discounted * n2;
    return {sign * (spot * n1 - discounted * n2), sign * n1, density / (spot * spread),
            spot * density * root / 100.0, decay / 365.0};
  }

 private:
  /// Share of a standard normal distribution below x.
  HETMAP_FN static double normal_below(double x) {
    return 0.5 * Functions::erfc(-0.7071067811865476 * x);  // 1 / sqrt(2)
  }
};

}  // namespace examples
