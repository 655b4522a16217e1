// What has been learned about kernels, and the only place that learns.
#pragma once

#include <hetmap/detail/seam/job.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// A mean of what one element cost in recent calls, each weighed by its elements, so that a long
/// call says more than a short one and old ones fade.
///
/// A call may raise the mean to four times itself at most: one call that was interrupted does
/// little harm, a kernel that has become slow is believed after a few.
class mean_cost {
 public:
  /// Negative while nothing is known.
  [[nodiscard]] double nanoseconds() const noexcept {
    return nanoseconds_.load(std::memory_order_relaxed);
  }

  void learn(std::size_t elements, std::chrono::nanoseconds busy) noexcept;

  /// The same of elements that are known to be slow, not interrupted: what was known is wrong.
  void correct(std::size_t elements, std::chrono::nanoseconds busy) noexcept;

 private:
  std::atomic<double> nanoseconds_{-1};
  std::atomic<double> weight_{0};
};

/// What one element of one kernel costs.
class rate {
 public:
  rate() = default;
  /// kernel: its type's name as the compiler has it, kept until the process ends. function: as of
  /// rate_of().
  rate(char const* kernel, void const* function) : kernel_(kernel), function_(function) {}

  [[nodiscard]] char const* kernel() const noexcept { return kernel_; }
  [[nodiscard]] void const* function() const noexcept { return function_; }

  /// On one worker, in nanoseconds; negative while nothing is known.
  [[nodiscard]] double element_nanoseconds() const noexcept { return worker_.nanoseconds(); }

  /// `elements` took one worker `busy`.
  void learn(std::size_t elements, std::chrono::nanoseconds busy) noexcept {
    worker_.learn(elements, busy);
  }

  /// The same, for what mean_cost::correct is for.
  void correct(std::size_t elements, std::chrono::nanoseconds busy) noexcept {
    worker_.correct(elements, busy);
  }

  /// On the GPU, with data that has to travel there or back, or with data that lies there: two
  /// different costs, since the way is the better part of the first.
  [[nodiscard]] mean_cost& on_gpu(bool travels) noexcept {
    return travels ? travelling_ : resident_;
  }

  /// Whether a call too short to be timed each time shall be timed: one in 64, and the first 16,
  /// since what is known of it then was learned of single elements.
  [[nodiscard]] bool sample_now() noexcept {
    // Counted without a locked instruction, which would cost as much as a small call's loop; calls
    // that race may count as one.
    unsigned const calls = calls_.load(std::memory_order_relaxed);
    calls_.store(calls + 1, std::memory_order_relaxed);
    return calls % 64 == 0 || calls < 16;
  }

 private:
  mean_cost worker_;
  mean_cost travelling_;
  mean_cost resident_;
  std::atomic<unsigned> calls_{0};
  char const* kernel_ = "";
  void const* function_ = nullptr;
};

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
