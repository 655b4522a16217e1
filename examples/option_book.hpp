// A portfolio of options as columns: read, written, or made up.
#pragma once

#include "kernels/black_scholes.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace examples {

/// One element an option of each column.
struct option_book {
  std::vector<option_kind> kind;
  std::vector<double> spot;        ///< price of the underlying
  std::vector<double> strike;      ///< in the same currency
  std::vector<double> rate;        ///< per year, compounded continuously
  std::vector<double> volatility;  ///< per square root of a year
  std::vector<double> years;       ///< until expiry

  [[nodiscard]] std::size_t size() const { return spot.size(); }
  void reserve(std::size_t options);
  void add(option_kind k, double s, double x, double r, double v, double t);
};

/// Reads a CSV file with the columns kind (call or put), spot, strike, rate, volatility, years.
///
/// Throws:   std::runtime_error naming the file, the line and what is wrong with it.
[[nodiscard]] option_book read_options(std::string const& path);

/// Writes such a file. Throws: std::runtime_error if it could not be written.
void write_options(std::string const& path, option_book const& book);

/// Calls and puts on a handful of underlyings, at the strikes and expiries that exchanges list
/// around their prices, with a volatility smile and a rate that depends on the term. The same
/// numbers for the same seed.
[[nodiscard]] option_book make_options(std::size_t count, std::uint64_t seed);

}  // namespace examples
