// Turns finished elements into progress reports: one at a time, never falling, the total once.
#pragma once

#include <hetmap/progress.hpp>

#include <chrono>
#include <cstddef>
#include <mutex>

namespace hetmap::core {

class reporter {
 public:
  /// callback: null for none; total: 0 if unknown.
  reporter(progress_callback const* callback, std::size_t total)
      : callback_(callback), total_(total) {}

  /// Whether somebody is told.
  [[nodiscard]] bool wanted() const noexcept { return callback_ != nullptr; }

  /// So many more elements are final. Reports if nobody else is at it and a report is due.
  void add(std::size_t elements);
  /// So many are final no longer; nothing is reported until more are than ever.
  void take_back(std::size_t elements) noexcept;
  /// The call has succeeded: the last report, of `total` elements.
  void finish(std::size_t total);

 private:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds between_reports{100};

  void report(std::size_t done, std::size_t total);

  progress_callback const* callback_;
  std::size_t total_;
  clock::time_point const began_ = clock::now();
  std::mutex guard_;        // held while the callback runs
  std::mutex count_guard_;  // never held for long
  std::size_t done_ = 0;
  std::size_t reported_ = 0;
  clock::time_point next_ = began_ + between_reports;
};

}  // namespace hetmap::core
