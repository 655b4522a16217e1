#include "contest.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace examples {
namespace {

/// A number with three digits and the prefix of its thousands.
std::string short_number(double value) {
  for (char const* prefix : {"", "k", "M", "G"}) {
    if (value < 999.5) return fmt::format("{:.3g} {}", value, prefix);
    value /= 1000;
  }
  return fmt::format("{:.3g} T", value);
}

std::string short_time(double nanoseconds) {
  for (char const* unit : {"ns", "us", "ms"}) {
    if (nanoseconds < 999.5) return fmt::format("{:.3g} {}", nanoseconds, unit);
    nanoseconds /= 1000;
  }
  return fmt::format("{:.3g} s", nanoseconds);
}

}  // namespace

double contest::contender::median() const {
  std::size_t const half = nanoseconds.size() / 2;
  return nanoseconds.size() % 2 != 0 ? nanoseconds[half]
                                     : 0.5 * (nanoseconds[half - 1] + nanoseconds[half]);
}

contest::contest(std::string name, std::size_t elements, std::size_t bytes)
    : name_(std::move(name)), elements_(elements), bytes_(bytes) {}

void contest::add(std::string name, std::function<void()> work) {
  contenders_.push_back({std::move(name), std::move(work), {}});
}

void contest::run(unsigned repetitions) {
  using clock = std::chrono::steady_clock;
  for (contender& c : contenders_) {
    c.nanoseconds.clear();
    c.work();
  }
  for (unsigned k = 0; k != repetitions; ++k)
    for (contender& c : contenders_) {
      auto const began = clock::now();
      c.work();
      c.nanoseconds.push_back(
          std::chrono::duration<double, std::nano>(clock::now() - began).count());
    }
  for (contender& c : contenders_) std::ranges::sort(c.nanoseconds);
}

std::string contest::table() const {
  auto text = fmt::format("{}: {} elements, {} repetitions in turn\n", name_, elements_,
                          contenders_.front().nanoseconds.size());
  auto const row = [&text](auto const&... cells) {
    fmt::format_to(std::back_inserter(text), "  {:<16} {:>12} {:>10} {:>10} {:>9}\n", cells...);
  };
  row("", "elements/s", "median", "minimum", "speedup");
  for (contender const& c : contenders_)
    row(c.name, short_number(static_cast<double>(elements_) * 1e9 / c.median()),
        short_time(c.median()), short_time(c.minimum()),
        fmt::format("{:.2f}x", contenders_.front().median() / c.median()));
#ifndef __OPTIMIZE__
  text += "  (built without optimisation: these times say nothing about an optimised program)\n";
#endif
  return text;
}

std::string contest::json() const {
  std::string text = "[";
  for (contender const& c : contenders_)
    fmt::format_to(std::back_inserter(text),
                   "{}\n  {{\"case\": \"{}\", \"elements\": {}, \"contender\": \"{}\", "
                   "\"median_ns\": {:.0f}, \"min_ns\": {:.0f}, \"bytes\": {}}}",
                   text.size() > 1 ? "," : "", name_, elements_, c.name, c.median(), c.minimum(),
                   bytes_);
  return text + "\n]\n";
}

std::string contest::csv() const {
  std::string text = "case,elements,contender,median_ns,min_ns,bytes\n";
  for (contender const& c : contenders_)
    fmt::format_to(std::back_inserter(text), "{},{},{},{:.0f},{:.0f},{}\n", name_, elements_,
                   c.name, c.median(), c.minimum(), bytes_);
  return text;
}

void write_text(std::string const& path, std::string const& text) {
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  bool const written =
      file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  // Closing is what finds a full disk, so its answer counts too.
  if ((file != nullptr && std::fclose(file) != 0) || !written)
    throw std::runtime_error(fmt::format("cannot write '{}': {}", path, std::strerror(errno)));
}

}  // namespace examples
