#include "option_book.hpp"

#include "support/contest.hpp"
#include "support/csv_reader.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <random>
#include <string_view>

#include <fmt/format.h>

namespace examples {

void option_book::reserve(std::size_t options) {
  kind.reserve(options);
  for (auto* column : {&spot, &strike, &rate, &volatility, &years}) column->reserve(options);
}

void option_book::add(option_kind k, double s, double x, double r, double v, double t) {
  kind.push_back(k);
  spot.push_back(s);
  strike.push_back(x);
  rate.push_back(r);
  volatility.push_back(v);
  years.push_back(t);
}

option_book read_options(std::string const& path) {
  csv_reader file(path, {"kind", "spot", "strike", "rate", "volatility", "years"});
  option_book book;
  while (file.next()) {
    std::string_view const kind = file.text(0);
    if (kind != "call" && kind != "put") file.refuse(0, "call or put");
    book.add(kind == "call" ? call_option : put_option, file.positive_number(1),
             file.positive_number(2), file.number(3), file.positive_number(4),
             file.positive_number(5));
  }
  return book;
}

void write_options(std::string const& path, option_book const& book) {
  std::string text = "kind,spot,strike,rate,volatility,years\n";
  for (std::size_t i = 0; i != book.size(); ++i)
    fmt::format_to(std::back_inserter(text), "{},{},{},{},{},{}\n",
                   book.kind[i] == call_option ? "call" : "put", book.spot[i], book.strike[i],
                   book.rate[i], book.volatility[i], book.years[i]);
  write_text(path, text);
}

option_book make_options(std::size_t count, std::uint64_t seed) {
  struct underlying {
    double price;
    double step;  // between listed strikes
    double volatility;
  };
  static constexpr underlying underlyings[] = {
      {41.85, 1, 0.38}, {68.4, 2.5, 0.29},  {97.15, 2.5, 0.24}, {132.6, 5, 0.33},
      {214.3, 5, 0.21}, {388.75, 10, 0.45}, {1104.5, 25, 0.27}, {4512.2, 50, 0.16}};
  static constexpr int expiry_days[] = {7, 14, 30, 61, 91, 182, 365, 730};

  // The distributions of <random> differ between standard libraries; the generator does not.
  std::mt19937_64 generator(seed);
  auto const uniform = [&] { return static_cast<double>(generator() >> 11) * 0x1p-53; };
  auto const one_of = [&](auto const& list) -> auto const& {
    return list[static_cast<std::size_t>(uniform() * static_cast<double>(std::size(list)))];
  };
  // Four decimals are what a listing would show.
  auto const rounded = [](double v) { return std::round(v * 1e4) / 1e4; };

  option_book book;
  book.reserve(count);
  for (std::size_t i = 0; i != count; ++i) {
    underlying const& u = one_of(underlyings);
    double const years = rounded(one_of(expiry_days) / 365.0);
    // Strikes are listed as far out as the price may plausibly get; most trade near it.
    double const reach = 2 * u.volatility * std::sqrt(years) + 0.02;
    double const moneyness = reach * (uniform() + uniform() - 1);
    double const strike =
        std::max(u.step, u.step * std::round(u.price * std::exp(moneyness) / u.step));
    double const skew = std::log(strike / u.price) / std::sqrt(years + 0.1);
    double const volatility = std::max(
        0.05, u.volatility * (1 - 0.25 * skew + 0.6 * skew * skew) * (0.97 + 0.06 * uniform()));
    double const rate = 0.021 + 0.006 * (1 - std::exp(-years));
    book.add(uniform() < 0.55 ? call_option : put_option, u.price, strike, rounded(rate),
             rounded(volatility), years);
  }
  return book;
}

}  // namespace examples
