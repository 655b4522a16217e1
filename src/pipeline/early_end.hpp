// Whether a stream ends before its input does: its stop condition, or nobody takes what is left.
#pragma once

#include <hetmap/options.hpp>

#include <atomic>
#include <exception>
#include <mutex>

namespace hetmap::core {

/// Any thread, at any time.
class early_end {
 public:
  /// asked:    null for none. Requires: it stays.
  explicit early_end(stop_condition const* asked) noexcept : asked_(asked) {}

  /// Asks the stop condition, which may be the user's code; what it throws is the consumer's to
  /// have.
  void look() noexcept {
    if (asked_ == nullptr) return;
    try {
      if (!asked_->stop_requested()) return;
    } catch (...) {
      std::lock_guard const lock(guard_);
      if (!failure_) failure_ = std::current_exception();
    }
    abandoned_ = stopped_ = true;
  }

  void abandon() noexcept { abandoned_ = true; }
  /// Nobody will take what is not done yet.
  [[nodiscard]] bool abandoned() const noexcept { return abandoned_.load(); }

  /// By the stop condition.
  [[nodiscard]] bool stopped() const noexcept { return stopped_.load(); }
  /// What asking it threw, if it did.
  [[nodiscard]] std::exception_ptr failure() noexcept {
    std::lock_guard const lock(guard_);
    return failure_;
  }

 private:
  stop_condition const* const asked_;
  std::atomic<bool> abandoned_{false};
  std::atomic<bool> stopped_{false};
  std::mutex guard_;
  std::exception_ptr failure_;
};

}  // namespace hetmap::core
