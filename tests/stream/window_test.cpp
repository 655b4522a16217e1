// The window by itself: every schedule of pulls, computations and deliveries keeps its promises.
#include "pipeline/window.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <random>
#include <vector>

namespace {

using hetmap::core::window;

/// A run of a window by a seeded schedule: lanes that pull and finish in any order, a consumer that
/// takes and gives back at any time.
class schedule {
 public:
  schedule(unsigned seed, std::size_t slots, bool ordered, std::size_t n, std::size_t fails_at)
      : random_(seed), chunks_(slots, ordered), ordered_(ordered), n_(n), fails_at_(fails_at) {}

  void run() {
    for (std::size_t steps = 0; !over(); ++steps) {
      ASSERT_LT(steps, 100000u) << "no progress";
      step();
      ASSERT_LE(under_way_.size() + (pulling_ ? 1 : 0) + (held_ ? 1 : 0), chunks_.size());
      ASSERT_LE(pulled_ - given_back_, chunks_.size() * largest_chunk);
    }
  }

  /// Which elements were delivered, in their order.
  [[nodiscard]] std::vector<std::size_t> const& delivered() const { return delivered_; }

 private:
  static constexpr std::size_t largest_chunk = 5;

  [[nodiscard]] std::size_t pick(std::size_t n) { return random_() % n; }
  [[nodiscard]] bool over() const { return chunks_.finished() && !held_; }

  void step() {
    switch (pick(4)) {
      case 0:
        if (chunks_.can_pull()) {
          EXPECT_FALSE(pulling_);
          pulling_ = chunks_.pull();
          EXPECT_EQ(chunks_.begin(*pulling_), pulled_);
        }
        break;
      case 1:
        if (pulling_) {
          std::size_t const wanted = 1 + pick(largest_chunk);
          std::size_t const count = std::min(wanted, n_ - pulled_);
          chunks_.pulled(*pulling_, count, count < wanted);
          pulled_ += count;
          if (count != 0) under_way_.push_back(*pulling_);
          pulling_.reset();
        }
        break;
      case 2:
        if (!under_way_.empty()) {
          std::size_t const which = pick(under_way_.size());
          std::size_t const slot = under_way_[which];
          under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(which));
          std::size_t const begin = chunks_.begin(slot);
          if (begin <= fails_at_ && fails_at_ < begin + chunks_.count(slot))
            chunks_.end_at(fails_at_);
          chunks_.computed(slot);
        }
        break;
      default:
        if (held_) {
          given_back_ = std::max(given_back_, chunks_.begin(*held_) + chunks_.count(*held_));
          chunks_.give_back();
          held_.reset();
        } else if (chunks_.ready()) {
          held_ = chunks_.hold();
          EXPECT_GT(chunks_.count(*held_), 0u);
          for (std::size_t i = 0; i != chunks_.count(*held_); ++i)
            delivered_.push_back(chunks_.begin(*held_) + i);
        }
    }
    if (!ordered_) given_back_ = std::max(given_back_, pulled_ - std::min(pulled_, in_slots()));
  }

  [[nodiscard]] std::size_t in_slots() const { return chunks_.size() * largest_chunk; }

  std::mt19937 random_;
  window chunks_;
  bool ordered_;
  std::size_t n_;
  std::size_t fails_at_;
  std::optional<std::size_t> pulling_;
  std::optional<std::size_t> held_;
  std::vector<std::size_t> under_way_;
  std::vector<std::size_t> delivered_;
  std::size_t pulled_ = 0;
  std::size_t given_back_ = 0;
};

std::vector<std::size_t> first(std::size_t n) {
  std::vector<std::size_t> out(n);
  for (std::size_t i = 0; i != n; ++i) out[i] = i;
  return out;
}

TEST(Window, DeliversEverythingInOrderUnderAnySchedule) {
  for (unsigned seed = 0; seed != 300; ++seed) {
    SCOPED_TRACE(seed);
    schedule s(seed, 1 + seed % 7, true, seed % 90, 1000);
    s.run();
    EXPECT_EQ(s.delivered(), first(seed % 90));
  }
}

TEST(Window, DeliversEverythingOnceWhenOrderDoesNotMatter) {
  for (unsigned seed = 0; seed != 300; ++seed) {
    SCOPED_TRACE(seed);
    schedule s(seed, 1 + seed % 7, false, seed % 90, 1000);
    s.run();
    auto got = s.delivered();
    std::sort(got.begin(), got.end());
    EXPECT_EQ(got, first(seed % 90));
  }
}

TEST(Window, DeliversExactlyWhatIsBeforeAFailureOfTheInput) {
  for (unsigned seed = 0; seed != 300; ++seed) {
    SCOPED_TRACE(seed);
    std::size_t const at = seed % 61;
    schedule s(seed, 1 + seed % 7, true, 61 + seed % 20, at);
    s.run();
    EXPECT_EQ(s.delivered(), first(at));
  }
}

TEST(Window, AFailureEndsAnUnorderedWindowToo) {
  for (unsigned seed = 0; seed != 300; ++seed) {
    SCOPED_TRACE(seed);
    std::size_t const at = seed % 61;
    schedule s(seed, 1 + seed % 7, false, 61 + seed % 20, at);
    s.run();
    auto got = s.delivered();
    std::sort(got.begin(), got.end());
    ASSERT_GE(got.size(), at);
    got.resize(at);
    EXPECT_EQ(got, first(at));
  }
}

TEST(Window, StartsWhereItIsTold) {
  window w(2, true);
  w.start_at(1000);
  std::size_t const a = w.pull();
  EXPECT_EQ(w.begin(a), 1000u);
  EXPECT_FALSE(w.can_pull()) << "one pull at a time";
  w.pulled(a, 10, false);
  EXPECT_EQ(w.next_index(), 1010u);
}

TEST(Window, ClosedItDeliversWhatWasPulled) {
  window w(3, true);
  std::size_t const a = w.pull();
  w.pulled(a, 4, false);
  std::size_t const b = w.pull();
  w.close();
  EXPECT_FALSE(w.can_pull());
  w.pulled(b, 2, false);
  EXPECT_FALSE(w.finished());
  w.computed(b);
  EXPECT_FALSE(w.ready()) << "chunk 0 comes first";
  w.computed(a);
  EXPECT_EQ(w.hold(), a);
  w.give_back();
  EXPECT_EQ(w.hold(), b);
  w.give_back();
  EXPECT_TRUE(w.finished());
  EXPECT_FALSE(w.ended()) << "the input had more";
}

TEST(Window, TakesTheSlotThatWasUsedLast) {
  window w(4, true);
  for (int i = 0; i != 3; ++i) {
    std::size_t const a = w.pull();
    EXPECT_EQ(a, 0u);
    w.pulled(a, 1, false);
    w.computed(a);
    EXPECT_EQ(w.hold(), a);
    w.give_back();
  }
}

}  // namespace
