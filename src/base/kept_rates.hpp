// What was learned of kernels, as data and text that another process takes up.
#pragma once

#include "size_costs.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hetmap::core {

/// What is known of one kernel: nanoseconds an element, negative where nothing is.
struct kept_rate {
  /// On one worker; on the GPU with data that travels, and with data that lies there.
  std::array<double, 3> elements{-1, -1, -1};
  /// Of whole calls of one size, in the order of each_cost(): three on the CPU, three with a GPU.
  using costs = std::array<double, 6>;
  std::array<costs, size_bins> sizes;

  kept_rate() noexcept {
    for (costs& size : sizes) size.fill(-1);
  }
  void forget_gpu() noexcept {
    elements[1] = elements[2] = -1;
    for (costs& size : sizes) size[3] = size[4] = size[5] = -1;
  }
  [[nodiscard]] bool knows_gpu() const noexcept;

  friend bool operator==(kept_rate const&, kept_rate const&) = default;
};

/// act(index in kept_rate::costs, recent_cost) for all that is known of one size.
template <class Costs, class GpuCosts, class Act>
void each_cost(Costs& size, GpuCosts& on_gpu, Act act) {
  act(0, size.by(way::alone));
  act(1, size.by(way::hot));
  act(2, size.by(way::team));
  act(3, on_gpu.travelling);
  act(4, on_gpu.resident);
  act(5, on_gpu.both);
}

struct kept_kernel {
  std::string name{};
  kept_rate values{};
};

/// The rates of one process, and whose they are: those of another machine, build or GPU say nothing
/// here.
struct kept_rates {
  std::string machine{};
  std::string build{};
  std::string gpu{};  ///< empty: none was met
  std::vector<kept_kernel> kernels{};
};

[[nodiscard]] std::string rates_text(kept_rates const& rates);

/// What parsing a text came to.
struct parsed_rates {
  kept_rates rates{};
  std::string error{};  ///< why it is none, in words; empty if it is one
};

/// Texts that are cut off or changed anywhere are none.
[[nodiscard]] parsed_rates parse_rates(std::string_view text);

/// Larger texts, in bytes, are no rates.
inline constexpr std::size_t largest_rates = std::size_t{4} << 20;

}  // namespace hetmap::core
