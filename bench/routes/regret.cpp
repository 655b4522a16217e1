#include "regret.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace bench::routes {
namespace {

/// The median of the rounds of one half: the even ones or the odd ones.
double median_of_half(round_times const& rounds, std::size_t half) {
  std::vector<double> chosen;
  for (std::size_t k = half; k < rounds.size(); k += 2) chosen.push_back(rounds[k]);
  return median(std::move(chosen));
}

template <class Time>
std::size_t index_of_fastest(std::span<round_times const> fixed, Time time) {
  std::size_t best = 0;
  for (std::size_t k = 1; k != fixed.size(); ++k)
    if (time(fixed[k]) < time(fixed[best])) best = k;
  return best;
}

}  // namespace

double median(std::vector<double> values) {
  std::ranges::sort(values);
  std::size_t const half = values.size() / 2;
  return values.size() % 2 != 0 ? values[half] : 0.5 * (values[half - 1] + values[half]);
}

std::size_t fastest_of(std::span<round_times const> fixed) {
  return index_of_fastest(fixed, [](round_times const& rounds) { return median(rounds); });
}

double regret(round_times const& candidate, std::span<round_times const> fixed) {
  std::array<double, 2> ratio{};
  for (std::size_t choosing = 0; choosing != 2; ++choosing) {
    std::size_t const best = index_of_fastest(
        fixed, [&](round_times const& rounds) { return median_of_half(rounds, choosing); });
    std::size_t const scoring = 1 - choosing;
    ratio[choosing] = median_of_half(candidate, scoring) / median_of_half(fixed[best], scoring);
  }
  return std::sqrt(ratio[0] * ratio[1]);
}

spread spread_of(std::span<double const> values) {
  if (values.empty()) return {};
  auto const worst = std::ranges::max_element(values);
  return {.count = values.size(),
          .median = median({values.begin(), values.end()}),
          .worst = *worst,
          .worst_one = static_cast<std::size_t>(worst - values.begin())};
}

std::vector<std::size_t> half_decades(std::size_t lowest, std::size_t highest) {
  std::vector<std::size_t> found;
  for (std::size_t ten = 1; ten <= highest; ten *= 10) {
    for (std::size_t const n : {ten, 3 * ten})
      if (n >= lowest && n < highest) found.push_back(n);
    if (ten > highest / 10) break;
  }
  found.push_back(highest);
  return found;
}

}  // namespace bench::routes
