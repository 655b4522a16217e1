// What has been learned about kernels, and the only place that learns.
#pragma once

#include "kept_rates.hpp"
#include "size_costs.hpp"

#include <hetmap/detail/seam/job.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <vector>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// A mean of what one element cost in recent calls, each weighed by its elements, so that a long
/// call says more than a short one and old ones fade.
///
/// A call may raise the mean to four times itself at most: one call that was interrupted does
/// little harm, a kernel that has become slow is believed after a few. The first is an upper bound,
/// since it runs cold code: a second that was faster replaces it.
class mean_cost {
 public:
  /// Negative while nothing is known.
  [[nodiscard]] double nanoseconds() const noexcept {
    return nanoseconds_.load(std::memory_order_relaxed);
  }

  void learn(std::size_t elements, std::chrono::nanoseconds busy) noexcept;

  /// The same of elements that are known to be slow, not interrupted: what was known is wrong.
  void correct(std::size_t elements, std::chrono::nanoseconds busy) noexcept;

  /// Believes it until something is measured.
  void take_up(double nanoseconds) noexcept {
    nanoseconds_.store(nanoseconds, std::memory_order_relaxed);
  }

 private:
  std::atomic<double> nanoseconds_{-1};
  std::atomic<double> weight_{0};
  std::atomic<bool> is_first_{true};  // or nothing is known at all
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

  /// What calls of about so many elements took on the CPU, each as a whole.
  [[nodiscard]] core::size_costs& of_size(std::size_t elements) noexcept {
    return sizes_[core::bin_of(elements)];
  }
  /// Nanoseconds an element of such a call, in the calling thread; negative while nothing is known.
  [[nodiscard]] double nanoseconds_alone(core::size_costs const& size) const noexcept {
    double const known = size.by(core::way::alone).nanoseconds();
    return known >= 0 ? known : element_nanoseconds();
  }

  /// The same of calls that a GPU took part in.
  [[nodiscard]] core::gpu_size_costs& on_gpu_of_size(std::size_t elements) noexcept {
    return gpu_sizes_[core::bin_of(elements)];
  }

  /// On the GPU, with data that has to travel there or back, or with data that lies there: two
  /// different costs, since the way is the better part of the first.
  [[nodiscard]] mean_cost& on_gpu(bool travels) noexcept {
    return travels ? travelling_ : resident_;
  }

  /// A whole call took a GPU `busy`, of which the smallest call there is takes `smallest`.
  ///
  /// What calls take that are hardly longer than the smallest says nothing of elements, and a
  /// kernel's first call nothing of later ones: it may have waited for the driver to compile it.
  void learn_call_on_gpu(bool travels, std::size_t elements, std::chrono::nanoseconds busy,
                         std::chrono::nanoseconds smallest) noexcept {
    core::gpu_size_costs& size = on_gpu_of_size(elements);
    (travels ? size.travelling : size.resident).learn(elements, busy);
    bool const is_first = !met_on_gpu_[travels].exchange(true, std::memory_order_relaxed);
    if (!is_first && busy > 4 * smallest) on_gpu(travels).learn(elements, busy - smallest);
  }

  /// What is settled of all this.
  [[nodiscard]] core::kept_rate to_keep() const noexcept;
  /// Believes it, of a rate of which nothing is known.
  void take_up(core::kept_rate const& kept) noexcept;

 private:
  mean_cost worker_;
  mean_cost travelling_;
  mean_cost resident_;
  char const* kernel_ = "";
  void const* function_ = nullptr;
  std::atomic<bool> met_on_gpu_[2]{};
  core::size_costs sizes_[core::size_bins];
  core::gpu_size_costs gpu_sizes_[core::size_bins];
};

/// What another process could take up: of kernels that it can tell by their names, not of functions
/// that are called through pointers.
[[nodiscard]] std::vector<core::kept_kernel> rates_to_keep();

/// Believes it; false if something is known of that kernel.
bool take_up_rate(core::kept_kernel const& kept);

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
