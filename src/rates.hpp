// What has been learned about kernels, and the only place that learns.
#pragma once

#include <hetmap/detail/chunk.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// The cost of one element of one kernel on one worker: a mean of recent calls, each weighed by its
/// elements, so that a long call says more than a short one and old ones fade.
///
/// A call may raise the mean to four times itself at most: one call that was interrupted does
/// little harm, a kernel that has become slow is believed after a few.
class rate {
 public:
  /// Nanoseconds; negative while nothing is known.
  [[nodiscard]] double element_nanoseconds() const noexcept {
    return nanoseconds_.load(std::memory_order_relaxed);
  }

  /// `elements` took one worker `busy`.
  void learn(std::size_t elements, std::chrono::nanoseconds busy) noexcept;

  /// Whether a call too short to be timed each time shall be timed: one in 64.
  [[nodiscard]] bool sample_now() noexcept {
    // Counted without a locked instruction, which would cost as much as a small call's loop; calls
    // that race may count as one.
    unsigned const calls = calls_.load(std::memory_order_relaxed);
    calls_.store(calls + 1, std::memory_order_relaxed);
    return calls % 64 == 0;
  }

 private:
  std::atomic<double> nanoseconds_{-1};
  std::atomic<double> weight_{0};
  std::atomic<unsigned> calls_{0};
};

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
