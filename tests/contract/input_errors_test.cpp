// An input that throws: at begin, at any element, while it is read by the caller or by a worker.
#include "support/backends.hpp"
#include "support/calls.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/map.hpp>

#include <algorithm>
#include <functional>
#include <iterator>
#include <list>
#include <ranges>
#include <string>
#include <vector>

namespace {

class InputErrorsContract : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, InputErrorsContract, support::each_backend(), support::backend_name);

struct input_error {
  std::size_t index;
};

constexpr std::size_t n = 1000;
constexpr std::size_t places[] = {0, 1, 63, 64, 65, n / 2, n - 1};

/// Maps `input`, which fails at `at`, and expects that failure, the calls before it, and a right
/// map afterwards.
template <class Input>
void fails_at(hetmap::backend where, std::size_t at, Input&& input) {
  SCOPED_TRACE(at);
  support::call_counter calls(n);
  std::function<int(int)> const f = [&](int i) {
    calls.count(static_cast<std::size_t>(i));
    return i;
  };
  try {
    hetmap::map({.backend = where}, f, input);
    ADD_FAILURE() << "nothing was thrown";
  } catch (input_error const& e) {
    EXPECT_EQ(e.index, at);
    EXPECT_EQ(hetmap::failed_index(), at);
  }
  EXPECT_TRUE(calls.once_each(0, at));
  EXPECT_TRUE(calls.at_most_once_each());
  EXPECT_EQ(hetmap::map({.backend = where}, f, std::vector{4, 5, 6})[2], 6);
}

auto throwing_at(std::size_t at) {
  return [at](int i) { return static_cast<std::size_t>(i) == at ? throw input_error{at} : i; };
}

TEST_P(InputErrorsContract, ARandomAccessViewThrows) {
  for (std::size_t const at : places)
    fails_at(GetParam(), at,
             std::views::iota(0, static_cast<int>(n)) | std::views::transform(throwing_at(at)));
}

TEST_P(InputErrorsContract, AForwardViewThrows) {
  auto const x = support::indices(n);
  std::list<int> const values(x.begin(), x.end());
  for (std::size_t const at : places)
    fails_at(GetParam(), at, values | std::views::transform(throwing_at(at)));
}

/// A single-pass range of 0, 1, ... that throws at element `at`, in the step of your choice.
class failing_source {
 public:
  enum class step : unsigned char { begin, read, advance };

  failing_source(std::size_t at, step when) : at_(at), when_(when) {}

  class iterator {
   public:
    using value_type = int;
    using difference_type = std::ptrdiff_t;

    explicit iterator(failing_source* source) : source_(source) {}
    iterator(iterator&&) = default;
    iterator& operator=(iterator&&) = default;

    int operator*() const {
      source_->check(step::read, source_->next_);
      return static_cast<int>(source_->next_);
    }
    iterator& operator++() {
      source_->check(step::advance, source_->next_ + 1);
      ++source_->next_;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return source_->next_ == n; }

   private:
    failing_source* source_;
  };

  iterator begin() {
    check(step::begin, 0);
    return iterator(this);
  }
  static std::default_sentinel_t end() { return {}; }

 private:
  void check(step now, std::size_t index) const {
    if (now == when_ && index == at_) throw input_error{index};
  }

  std::size_t at_;
  step when_;
  std::size_t next_ = 0;
};
static_assert(std::ranges::input_range<failing_source>);
static_assert(!std::ranges::forward_range<failing_source>);

TEST_P(InputErrorsContract, ASinglePassRangeThrowsWhenRead) {
  for (std::size_t const at : places)
    fails_at(GetParam(), at, failing_source(at, failing_source::step::read));
}

TEST_P(InputErrorsContract, ASinglePassRangeThrowsWhenAdvanced) {
  for (std::size_t const at : places)
    if (at != 0) fails_at(GetParam(), at, failing_source(at, failing_source::step::advance));
}

TEST_P(InputErrorsContract, BeginThrows) {
  std::function<int(int)> const f = [](int i) { return i; };
  failing_source source(0, failing_source::step::begin);
  EXPECT_THROW(hetmap::map(here(), f, source), input_error);
  EXPECT_EQ(hetmap::map(here(), f, std::vector{4, 5, 6})[2], 6);
}

TEST_P(InputErrorsContract, TheLowestOfSeveralInputsFailuresWins) {
  auto const count = std::views::iota(0, static_cast<int>(n));
  std::function<int(int, int)> const f = [](int a, int b) { return a + b; };
  for (auto const& [first, second] :
       {std::pair<std::size_t, std::size_t>{70, 900}, {900, 70}, {999, 0}, {64, 64}}) {
    EXPECT_THROW(hetmap::map(here(), f, count | std::views::transform(throwing_at(first)),
                             count | std::views::transform(throwing_at(second))),
                 input_error);
    EXPECT_EQ(hetmap::failed_index(), std::min(first, second));
  }
}

TEST_P(InputErrorsContract, AFailingFunctionBeforeAFailingInputWins) {
  std::function<int(int)> const f = [](int i) { return i == 600 ? throw std::string("f") : i; };
  EXPECT_THROW(hetmap::map(here(), f, failing_source(700, failing_source::step::read)),
               std::string);
  EXPECT_EQ(hetmap::failed_index(), 600u);
  EXPECT_THROW(hetmap::map(here(), f, failing_source(500, failing_source::step::read)),
               input_error);
  EXPECT_EQ(hetmap::failed_index(), 500u);
}

TEST_P(InputErrorsContract, WhatWasWrittenBeforeTheFailureIsFinal) {
  std::vector<int> out(n, -1);
  std::function<int(int)> const f = [](int i) { return 3 * i; };
  EXPECT_THROW(hetmap::map_into(here(), out, f, failing_source(700, failing_source::step::read)),
               input_error);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(out[i], i < 700 ? 3 * static_cast<int>(i) : -1);
}

}  // namespace
