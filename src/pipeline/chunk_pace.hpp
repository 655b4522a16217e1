// How large the next chunk of a stream is to be, by what those before it took.
#pragma once

#include "../cpu/pace.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>

namespace hetmap::core {

/// How many elements to take next, so that they take about `seconds`: from `first` up, by what
/// those before them took. It falls at once, since the next may be as slow, and rises eightfold a
/// step. Lanes that race lose one another's finding.
class chunk_pace {
 public:
  chunk_pace(double element_nanoseconds, std::size_t first, std::size_t most, double seconds)
      : seconds_(seconds), most_(most) {
    double const fitting = element_nanoseconds > 0
                               ? 1e9 * seconds / element_nanoseconds
                               : static_cast<double>(element_nanoseconds < 0 ? first : most);
    elements_ = static_cast<std::size_t>(std::clamp(fitting, 1.0, static_cast<double>(most)));
  }

  [[nodiscard]] std::size_t next() const noexcept {
    return in_blocks(elements_.load(std::memory_order_relaxed));
  }

  void took(effort const& spent) noexcept {
    std::size_t const now = elements_.load(std::memory_order_relaxed);
    double const taken = std::max(1e-9 * static_cast<double>(spent.busy.count()), 1e-9);
    double const fitting = static_cast<double>(spent.elements) * seconds_ / taken;
    double const most = static_cast<double>(std::min(most_, now * 8));
    elements_.store(static_cast<std::size_t>(std::clamp(fitting, 1.0, most)),
                    std::memory_order_relaxed);
  }

  /// Whole blocks, if it is one or more.
  [[nodiscard]] static std::size_t in_blocks(std::size_t n) noexcept {
    return n < detail::block_elements ? n : n / detail::block_elements * detail::block_elements;
  }

 private:
  double const seconds_;
  std::size_t const most_;
  std::atomic<std::size_t> elements_;
};

}  // namespace hetmap::core
