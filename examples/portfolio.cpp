// A portfolio of options priced row by row: map over several columns into several columns.
#include "kernels/black_scholes.hpp"
#include "option_book.hpp"
#include "support/agreement.hpp"
#include "support/command_line.hpp"
#include "support/contest.hpp"

#include <hetmap/hetmap.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/format.h>

namespace {

using examples::option_book;

/// One element an option of each column.
struct valuation {
  std::vector<double> price, delta, gamma, vega, theta;

  explicit valuation(std::size_t options)
      : price(options), delta(options), gamma(options), vega(options), theta(options) {}
  [[nodiscard]] auto columns() { return hetmap::columns(price, delta, gamma, vega, theta); }
  friend bool operator==(valuation const&, valuation const&) = default;
};

void price(hetmap::options const& how, option_book const& book, valuation& out) {
  hetmap::map_into(how, out.columns(), examples::greeks<>{}, book.kind, book.spot, book.strike,
                   book.rate, book.volatility, book.years);
}

void price_in_plain_loop(option_book const& book, valuation& out) {
  examples::greeks<examples::standard_functions> const greeks{};
  for (std::size_t i = 0; i != book.size(); ++i)
    std::tie(out.price[i], out.delta[i], out.gamma[i], out.vega[i], out.theta[i]) =
        greeks(book.kind[i], book.spot[i], book.strike[i], book.rate[i], book.volatility[i],
               book.years[i]);
}

examples::difference compare(valuation const& a, valuation const& b, double each) {
  examples::difference d;
  d.add(a.price, b.price, each);
  d.add(a.delta, b.delta, each);
  d.add(a.gamma, b.gamma, each);
  d.add(a.vega, b.vega, each);
  d.add(a.theta, b.theta, each);
  return d;
}

void write_valuation(std::string const& path, valuation const& v) {
  std::string text = "price,delta,gamma,vega,theta\n";
  for (std::size_t i = 0; i != v.price.size(); ++i)
    fmt::format_to(std::back_inserter(text), "{:.6f},{:.6f},{:.6g},{:.6f},{:.6f}\n", v.price[i],
                   v.delta[i], v.gamma[i], v.vega[i], v.theta[i]);
  examples::write_text(path, text);
}

double sum(std::vector<double> const& column) {
  return std::accumulate(column.begin(), column.end(), 0.0);
}

}  // namespace

int main(int argc, char** argv) {
  std::string input = HETMAP_EXAMPLES_DATA "/options.csv";
  std::string output = "prices.csv";
  std::size_t generate = 0;
  std::uint64_t seed = 1;
  std::string save_options;
  bool no_output = false;
  examples::common_options common;

  CLI::App app{
      "Prices European options after Black and Scholes, with delta, gamma, vega (per percentage "
      "point) and theta (per day).",
      "portfolio"};
  auto* const from_file =
      app.add_option("--input", input,
                     "CSV file with the columns kind (call or put), spot, strike, rate, "
                     "volatility, years")
          ->capture_default_str();
  app.add_option("--generate", generate, "Make up so many options and read none")
      ->check(CLI::Range(1, 100'000'000))
      ->excludes(from_file);
  app.add_option("--seed", seed, "Which options are made up")->capture_default_str();
  app.add_option("--save-options", save_options, "Write the options themselves to this CSV file")
      ->type_name("FILE");
  app.add_option("--output", output, "The CSV file of prices to write")->capture_default_str();
  app.add_flag("--no-output", no_output, "Write no file of prices");
  examples::add_common_options(app, common);

  return examples::run_program(app, argc, argv, [&] {
    option_book const book =
        generate != 0 ? examples::make_options(generate, seed) : examples::read_options(input);
    if (book.size() == 0) throw std::runtime_error(fmt::format("'{}' holds no options", input));
    if (!save_options.empty()) examples::write_options(save_options, book);

    valuation values(book.size());
    {
      hetmap::terminal_bar bar{"pricing"};
      price({.backend = common.backend, .progress = bar.callback()}, book, values);
    }
    fmt::print(
        "{} options; one of each is worth {:.2f}, with a delta of {:.2f}, a vega of {:.2f} "
        "and a theta of {:.2f}\n",
        book.size(), sum(values.price), sum(values.delta), sum(values.vega), sum(values.theta));
    if (!no_output) {
      write_valuation(output, values);
      fmt::print("wrote {}\n", output);
    }

    if (common.repetitions == 0) return;
    valuation out(book.size());
    auto const here = examples::backends_here([&](hetmap::backend b) {
      static_cast<void>(hetmap::explain({.backend = b}, examples::greeks<>{}, book.kind, book.spot,
                                        book.strike, book.rate, book.volatility, book.years));
    });
    price_in_plain_loop(book, out);
    examples::check_agreement(here, valuation(out),
                              [&](hetmap::options const& how) {
                                valuation result(book.size());
                                price(how, book, result);
                                return result;
                              },
                              compare,
                              {.each = 1e-9,
                               .share_beyond = 0,
                               .in_words = "1e-9, of the value where that is above 1",
                               .same_functions = false});

    // A kind and five numbers in, five numbers out.
    examples::contest race("portfolio", book.size(),
                           book.size() * (sizeof(examples::option_kind) + 10 * sizeof(double)));
    race.add("plain loop", [&] { price_in_plain_loop(book, out); });
    for (hetmap::backend const b : here)
      race.add(fmt::format("hetmap {}", hetmap::name(b)),
               [&, b] { price({.backend = b}, book, out); });
    examples::run_contest(race, common);
  });
}
