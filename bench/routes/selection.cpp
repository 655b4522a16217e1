#include "selection.hpp"

#include "regret.hpp"

#include <algorithm>
#include <regex>
#include <stdexcept>

#include <fmt/format.h>

namespace bench::routes {
namespace {

constexpr std::size_t most_elements = std::size_t{1} << 30;  // indices are std::int32_t

}  // namespace

std::size_t size_from(std::string const& text) {
  static std::regex const form(R"((2\^)?([1-9]\d{0,9}))");
  std::smatch parts;
  if (std::regex_match(text, parts, form)) {
    std::size_t const number = std::stoull(parts[2]);
    if (!parts[1].matched && number <= most_elements) return number;
    if (parts[1].matched && number <= 30) return std::size_t{1} << number;
  }
  throw std::invalid_argument(fmt::format(
      "--sizes: '{}' is no number of elements from 1 to 2^30, such as 4096 or 2^12", text));
}

std::vector<std::size_t> sizes_of(settings const& asked) {
  if (asked.sizes.empty() && asked.quick) return {1, 100, 10'000, 1'000'000};
  if (asked.sizes.empty()) return half_decades(1, std::size_t{1} << 27);
  std::vector<std::size_t> found;
  for (auto const& text : asked.sizes) found.push_back(size_from(text));
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  return found;
}

std::vector<kernel> kernels_of(settings const& asked) {
  std::vector<std::string> patterns = asked.kernels;
  if (patterns.empty() && asked.quick) patterns = {"axpb", "gauss", "gather", "collatz", "sum"};
  std::vector<kernel> const all = kernels();
  if (patterns.empty()) return all;
  std::vector<kernel> found;
  for (auto const& pattern : patterns) {
    std::regex form;
    try {
      form = std::regex(pattern);
    } catch (std::regex_error const& error) {
      throw std::invalid_argument(fmt::format("--kernels: '{}': {}", pattern, error.what()));
    }
    bool any = false;
    for (auto const& k : all)
      if (std::regex_match(k.what->name, form)) {
        any = true;
        if (std::ranges::find(found, k.what, &kernel::what) == found.end()) found.push_back(k);
      }
    if (!any)
      throw std::invalid_argument(
          fmt::format("--kernels: there is no kernel {}; --list names them", pattern));
  }
  return found;
}

std::vector<residency> memories_of(settings const& asked) {
  if (asked.memories.empty())
    return {residency::page_aligned, residency::std_vector, residency::array, residency::generated};
  std::vector<residency> found;
  for (auto const& text : asked.memories) found.push_back(residency_from(text));
  return found;
}

}  // namespace bench::routes
