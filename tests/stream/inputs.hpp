// Inputs for streams: endless, single-pass, watched.
#pragma once

#include <atomic>
#include <cstddef>
#include <iterator>
#include <ranges>

namespace stream_tests {

/// The numbers 0, 1, ... below `length`, single-pass and move-only, produced by being advanced.
/// Counts what was produced, notices when two threads are at it at once, and throws at `fails_at`.
class counting_input {
 public:
  struct failure {
    std::size_t at;
  };
  static constexpr std::size_t endless = static_cast<std::size_t>(-1);

  explicit counting_input(std::size_t length = endless, std::size_t fails_at = endless)
      : length_(length), fails_at_(fails_at) {}
  /// Requires: `other` has not been begun.
  counting_input(counting_input&& other) noexcept
      : length_(other.length_), fails_at_(other.fails_at_) {}
  counting_input& operator=(counting_input const&) = delete;

  /// Elements that have been produced.
  [[nodiscard]] std::size_t pulled() const { return pulled_.load(); }
  /// Whether two threads were ever inside at once.
  [[nodiscard]] bool raced() const { return raced_.load(); }

  class iterator {
   public:
    using value_type = long;
    using difference_type = std::ptrdiff_t;

    explicit iterator(counting_input* input) : input_(input) { input_->produce(0); }
    iterator(iterator&&) = default;
    iterator& operator=(iterator&&) = default;

    long operator*() const {
      entry const inside(*input_);
      return static_cast<long>(input_->now_);
    }
    iterator& operator++() {
      input_->produce(input_->now_ + 1);
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return input_->now_ == input_->length_; }

   private:
    counting_input* input_;
  };

  iterator begin() { return iterator(this); }
  static std::default_sentinel_t end() { return {}; }

 private:
  struct entry {
    explicit entry(counting_input& i) : input(i) {
      if (input.inside_.fetch_add(1) != 0) input.raced_ = true;
    }
    ~entry() { --input.inside_; }
    entry(entry const&) = delete;
    entry& operator=(entry const&) = delete;
    counting_input& input;
  };

  void produce(std::size_t i) {
    entry const inside(*this);
    if (i == fails_at_) throw failure{i};
    now_ = i;
    if (i < length_) ++pulled_;
  }

  std::size_t length_;
  std::size_t fails_at_;
  std::size_t now_ = 0;
  std::atomic<std::size_t> pulled_{0};
  std::atomic<int> inside_{0};
  std::atomic<bool> raced_{false};
};
static_assert(std::ranges::input_range<counting_input>);
static_assert(!std::ranges::forward_range<counting_input>);

}  // namespace stream_tests
