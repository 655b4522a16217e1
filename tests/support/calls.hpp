// Counts the calls of a function, index by index, and how many run at once.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <vector>

namespace support {

class call_counter {
 public:
  explicit call_counter(std::size_t n) : calls_(n) {}

  void count(std::size_t i) {
    if (i < calls_.size())
      calls_[i].fetch_add(1, std::memory_order_relaxed);
    else
      outside_.fetch_add(1, std::memory_order_relaxed);
  }

  [[nodiscard]] unsigned of(std::size_t i) const { return calls_[i].load(); }
  [[nodiscard]] std::size_t total() const {
    std::size_t sum = outside_.load();
    for (auto const& c : calls_) sum += c.load();
    return sum;
  }
  /// Whether each of begin..end was called exactly once.
  [[nodiscard]] bool once_each(std::size_t begin, std::size_t end) const {
    return std::all_of(calls_.begin() + static_cast<std::ptrdiff_t>(begin),
                       calls_.begin() + static_cast<std::ptrdiff_t>(end),
                       [](auto const& c) { return c.load() == 1; });
  }
  /// Whether every index of the range was called exactly once and no other was.
  [[nodiscard]] bool once_each() const {
    return outside_.load() == 0 && once_each(0, calls_.size());
  }
  [[nodiscard]] bool at_most_once_each() const {
    return outside_.load() == 0 &&
           std::all_of(calls_.begin(), calls_.end(), [](auto const& c) { return c.load() <= 1; });
  }

 private:
  std::vector<std::atomic<unsigned>> calls_;
  std::atomic<std::size_t> outside_{0};
};

/// How many calls run now, and the most that ever did at once.
class concurrency_meter {
 public:
  /// Alive while a call runs.
  class call {
   public:
    explicit call(concurrency_meter& m) : meter_(m) {
      int const now = ++meter_.running_;
      int seen = meter_.peak_.load();
      while (now > seen && !meter_.peak_.compare_exchange_weak(seen, now)) {
      }
    }
    ~call() { --meter_.running_; }
    call(call const&) = delete;
    call& operator=(call const&) = delete;

   private:
    concurrency_meter& meter_;
  };

  [[nodiscard]] int running() const { return running_.load(); }
  [[nodiscard]] int peak() const { return peak_.load(); }

 private:
  std::atomic<int> running_{0};
  std::atomic<int> peak_{0};
};

}  // namespace support
