#include "kept_rates.hpp"

#include "kept_file.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

namespace hetmap::core {
namespace {

constexpr std::string_view first_line = "hetmap rates, format 1";
constexpr double most_nanoseconds = 1e15;  // eleven days an element

constexpr std::pair<char const*, std::string kept_rates::*> owners[] = {
    {"machine = ", &kept_rates::machine},
    {"build = ", &kept_rates::build},
    {"gpu = ", &kept_rates::gpu}};

bool is_known(double nanoseconds) noexcept { return nanoseconds >= 0; }

template <class Values>
bool any_known(Values const& values) noexcept {
  return std::any_of(values.begin(), values.end(), is_known);
}

void add_number(std::string& to, double value) {
  char digits[32];
  auto const end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  to.append(" ").append(digits, end);
}

template <class Values>
void add_line(std::string& to, std::string_view name, Values const& values) {
  to.append(name);
  for (double const value : values) add_number(to, is_known(value) ? value : -1);
  to += '\n';
}

/// Reads the next number of a line; nothing if there is none, or it is neither a cost nor -1.
std::optional<double> take_number(std::string_view& line) {
  if (!line.starts_with(' ')) return {};
  double value = 0;
  char const* const end = line.data() + line.size();
  auto const [rest, error] = std::from_chars(line.data() + 1, end, value);
  bool const is_cost = value >= 0 && value <= most_nanoseconds;  // nor is a NaN one
  if (error != std::errc() || !(is_cost || value == -1)) return {};
  line = {rest, static_cast<std::size_t>(end - rest)};
  return value;
}

template <std::size_t N>
bool take_numbers(std::string_view line, std::array<double, N>& to) {
  for (double& value : to) {
    auto const number = take_number(line);
    if (!number) return false;
    value = *number;
  }
  return line.empty();
}

std::string_view take_line(std::string_view& text) {
  std::size_t const end = text.find('\n');
  std::string_view const line = text.substr(0, end);
  text = end != std::string_view::npos ? text.substr(end + 1) : std::string_view();
  return line;
}

/// Takes `name` off the line if it begins so.
bool take_name(std::string_view& line, std::string_view name) {
  if (!line.starts_with(name)) return false;
  line.remove_prefix(name.size());
  return true;
}

/// One line of a kernel's.
bool take_kernel_line(std::string_view line, std::vector<kept_kernel>& kernels) {
  if (take_name(line, "kernel ")) {
    if (line.empty()) return false;
    kernels.emplace_back().name = line;
    return true;
  }
  if (kernels.empty()) return false;
  kept_rate& to = kernels.back().values;
  if (take_name(line, "element")) return take_numbers(line, to.elements);
  if (!take_name(line, "size")) return false;
  auto const bits = take_number(line);
  if (!bits || *bits < 0 || *bits >= static_cast<double>(size_bins)) return false;
  auto const bin = static_cast<std::size_t>(*bits);
  return static_cast<double>(bin) == *bits && take_numbers(line, to.sizes[bin]);
}

}  // namespace

bool kept_rate::knows_gpu() const noexcept {
  return is_known(elements[1]) || is_known(elements[2]) ||
         std::any_of(sizes.begin(), sizes.end(), [](costs const& size) {
           return is_known(size[3]) || is_known(size[4]) || is_known(size[5]);
         });
}

std::string rates_text(kept_rates const& rates) {
  std::string text(first_line);
  text += '\n';
  for (auto const& [name, owner] : owners) text.append(name).append(rates.*owner).append("\n");
  for (kept_kernel const& k : rates.kernels) {
    text.append("kernel ").append(k.name).append("\n");
    add_line(text, "element", k.values.elements);
    for (std::size_t bin = 0; bin != size_bins; ++bin)
      if (any_known(k.values.sizes[bin]))
        add_line(text, "size " + std::to_string(bin), k.values.sizes[bin]);
  }
  add_checksum(text);
  return text;
}

parsed_rates parse_rates(std::string_view text) {
  auto const refused = [](char const* why) { return parsed_rates{.error = why}; };
  if (text.size() > largest_rates) return refused("it is too large to be rates");
  if (!text.starts_with(first_line)) return refused("it does not begin as rates of this format");
  if (!take_checksum(text)) return refused("it was cut off or changed: its checksum is another");
  if (take_line(text) != first_line) return refused("it does not begin as rates of this format");
  parsed_rates out;
  for (auto const& [name, owner] : owners) {
    std::string_view line = take_line(text);
    if (!take_name(line, name)) return refused("it does not say whose it is");
    out.rates.*owner = line;
  }
  while (!text.empty())
    if (!take_kernel_line(take_line(text), out.rates.kernels))
      return refused("it holds a line that says nothing");
  return out;
}

}  // namespace hetmap::core
