// Every kind of range is an input: read once an element, in order where it can only be read so, and
// never copied into something else.
#include "support/backends.hpp"
#include "support/calls.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/map.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <forward_list>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <ranges>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

class RangesContract : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, RangesContract, support::each_backend(), support::backend_name);

constexpr std::size_t sizes[] = {0, 1, 63, 64, 65, 200, 5000};

/// Maps `range`, which holds 0, 1, ..., n - 1, with an erased function: one call each, right order.
template <class Range>
void maps(hetmap::backend where, std::size_t n, Range&& range) {
  SCOPED_TRACE(n);
  support::call_counter calls(n);
  std::function<int(int)> const f = [&](int i) {
    calls.count(static_cast<std::size_t>(i));
    return 2 * i;
  };
  auto const y = hetmap::map({.backend = where}, f, std::forward<Range>(range));
  ASSERT_EQ(y.size(), n);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], 2 * static_cast<int>(i));
  EXPECT_TRUE(calls.once_each());
}

TEST_P(RangesContract, Containers) {
  for (std::size_t const n : sizes) {
    auto const x = support::indices(n);
    maps(GetParam(), n, x);
    maps(GetParam(), n, std::list<int>(x.begin(), x.end()));
    maps(GetParam(), n, std::forward_list<int>(x.begin(), x.end()));
    maps(GetParam(), n, std::deque<int>(x.begin(), x.end()));
    maps(GetParam(), n, std::span(x));
  }
}

TEST_P(RangesContract, ArraysOfFixedLength) {
  int raw[] = {0, 1, 2, 3, 4};
  maps(GetParam(), 5, raw);
  maps(GetParam(), 3, std::array{0, 1, 2});
  maps(GetParam(), 0, std::array<int, 0>{});
}

TEST_P(RangesContract, Views) {
  for (std::size_t const n : sizes) {
    int const count = static_cast<int>(n);
    auto const x = support::indices(2 * n);
    maps(GetParam(), n, std::views::iota(0, count));
    maps(GetParam(), n, x | std::views::take(count));
    maps(GetParam(), n, x | std::views::filter([=](int i) { return i < count; }));
    maps(GetParam(), n,
         std::views::iota(-count, 0) | std::views::transform([=](int i) { return i + count; }));
    maps(GetParam(), n,
         std::views::iota(1 - count, 1) | std::views::reverse |
             std::views::transform(std::negate<>{}));
  }
}

TEST_P(RangesContract, VectorOfBool) {
  for (std::size_t const n : sizes) {
    std::vector<bool> bits(n);
    for (std::size_t i = 0; i != n; ++i) bits[i] = i % 3 == 0;
    auto const y = hetmap::map(
        here(), [](bool b) { return b ? 5 : 6; }, bits);
    auto const z = hetmap::map(
        here(), [](bool b) { return !b; }, std::as_const(bits));
    ASSERT_EQ(y.size(), n);
    for (std::size_t i = 0; i != n; ++i) {
      ASSERT_EQ(y[i], i % 3 == 0 ? 5 : 6);
      ASSERT_EQ(z[i], i % 3 != 0);
    }
  }
}

TEST_P(RangesContract, Streams) {
  std::ostringstream text;
  for (int i = 0; i != 5000; ++i) text << i << ' ';
  std::istringstream in(text.str());
  maps(GetParam(), 5000, std::views::istream<int>(in));
  std::istringstream words("map folds no tents");
  auto const lengths = hetmap::map(
      here(), [](std::string& w) { return std::move(w).size(); },
      std::views::istream<std::string>(words));
  EXPECT_TRUE(std::ranges::equal(lengths, std::array<std::size_t, 4>{3, 5, 2, 5}));
}

/// A generator: single pass, no length, elements that can only be moved, iterators that can only
/// be moved, and an account of what is done to it.
class generator {
 public:
  explicit generator(int n) : n_(n) {}

  class iterator {
   public:
    using value_type = std::unique_ptr<int>;
    using difference_type = std::ptrdiff_t;
    explicit iterator(generator& g) : g_(&g) {}
    iterator(iterator&&) = default;
    iterator& operator=(iterator&&) = default;
    value_type operator*() const { return g_->read(); }
    iterator& operator++() { return g_->advance(), *this; }
    void operator++(int) { g_->advance(); }
    bool operator==(std::default_sentinel_t) const { return g_->next_ == g_->n_; }

   private:
    generator* g_;
  };

  iterator begin() {
    ++begins;
    return iterator(*this);
  }
  static std::default_sentinel_t end() { return {}; }

  int begins = 0;
  int reads = 0;
  std::set<std::thread::id> readers;

 private:
  std::unique_ptr<int> read() {
    EXPECT_EQ(reads, next_) << "read twice, or not at all";
    ++reads;
    readers.insert(std::this_thread::get_id());
    return std::make_unique<int>(next_);
  }
  void advance() {
    EXPECT_LT(next_, n_) << "advanced past the end";
    ++next_;
    readers.insert(std::this_thread::get_id());
  }

  int n_;
  int next_ = 0;
};
static_assert(std::ranges::input_range<generator> && !std::ranges::forward_range<generator>);
static_assert(!std::copyable<generator::iterator>);

TEST_P(RangesContract, AMoveOnlyGeneratorIsReadOnceInOrderByTheCaller) {
  for (std::size_t const n : sizes) {
    generator source(static_cast<int>(n));
    auto const f = [](std::unique_ptr<int> p) { return 2 * *p; };
    auto const y = hetmap::map(here(), f, source);
    ASSERT_EQ(y.size(), n);
    for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], 2 * static_cast<int>(i));
    EXPECT_EQ(source.begins, 1);
    EXPECT_EQ(source.reads, static_cast<int>(n));
    if (n != 0) {
      EXPECT_EQ(source.readers, std::set{std::this_thread::get_id()});
    }
  }
}

TEST_P(RangesContract, AGeneratorOfMoveOnlyElementsIsGivenToFAsItGaveThem) {
  auto const f = [](std::unique_ptr<int>&& p) { return std::move(p); };
  auto const y = hetmap::map(here(), f, generator(300));
  EXPECT_EQ(*y[299], 299);
}

TEST_P(RangesContract, AViewIsReadOnceAnElementAndNothingElse) {
  std::size_t const n = 5000;
  auto const x = support::indices(n);
  std::list<int> const list(x.begin(), x.end());
  support::call_counter indexed(n), forward(n);
  auto const counting = [](support::call_counter& calls) {
    return std::views::transform([&](int i) {
      calls.count(static_cast<std::size_t>(i));
      return i;
    });
  };
  maps(GetParam(), n, x | counting(indexed));
  maps(GetParam(), n, list | counting(forward));
  EXPECT_TRUE(indexed.once_each());
  EXPECT_TRUE(forward.once_each());
}

TEST_P(RangesContract, ElementsAreNotCopiedOutOfTheirRange) {
  std::size_t const n = 1000;
  std::list<std::unique_ptr<int>> list;
  for (std::size_t i = 0; i != n; ++i) list.push_back(std::make_unique<int>(static_cast<int>(i)));
  auto const address = [](std::unique_ptr<int> const& p) { return &p; };
  auto const y = hetmap::map(here(), address, list);
  std::size_t k = 0;
  for (auto const& p : list) ASSERT_EQ(y[k++], &p);
  std::deque<int> const deque(n, 1);
  auto const z = hetmap::map(
      here(), [](int const& v) { return &v; }, deque);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(z[i], &deque[i]);
}

TEST_P(RangesContract, AnInfiniteRangeEndsWithAFiniteOne) {
  std::vector<std::string> const words(500, "w");
  std::function<std::string(std::string const&, int)> const number =
      [](std::string const& w, int i) { return w + std::to_string(i); };
  auto const y = hetmap::map(here(), number, words, std::views::iota(0));
  ASSERT_EQ(y.size(), 500u);
  EXPECT_EQ(y[499], "w499");
  std::forward_list<std::string> const unsized(300, "u");
  auto const z = hetmap::map(here(), number, unsized, std::views::iota(7));
  ASSERT_EQ(z.size(), 300u);
  EXPECT_EQ(z[299], "u306");
}

template <class... In>
constexpr bool can_map = requires(In&... in) { hetmap::map([](auto&&...) { return 0; }, in...); };

TEST(RangesContract, OnlyRangesThatEndAreAccepted) {
  using endless = decltype(std::views::iota(0));
  static_assert(!can_map<endless>);
  static_assert(!can_map<endless, endless>);
  static_assert(can_map<endless, std::vector<int>>);
  static_assert(!can_map<int>);
  static_assert(!can_map<std::vector<int>, int>);
  static_assert(!can_map<>);
}

TEST_P(RangesContract, WideAndNarrowIndexTypesWork) {
  std::function<long(long)> const f = [](long i) { return i + 1; };
  long const far = 3'000'000'000'000;
  auto const y = hetmap::map(here(), f, std::views::iota(far, far + 200));
  EXPECT_EQ(y[199], far + 200);
  EXPECT_EQ(hetmap::map(here(), f, std::views::iota(short{0}, short{300}))[299], 300);
  EXPECT_EQ(hetmap::map(here(), f, std::views::iota(0u, 300u))[299], 300);
  EXPECT_EQ(hetmap::map(here(), f, std::views::iota(-5, 5))[0], -4);
}

TEST_P(RangesContract, UnsizedInputsFillAnOutputAndNoMore) {
  std::function<int(int)> const f = [](int i) { return 2 * i; };
  std::forward_list<int> x;
  for (int i = 999; i >= 0; --i) x.push_front(i);
  std::vector<int> out(1003, -1);
  hetmap::map_into(here(), out, f, x);
  EXPECT_EQ(out[999], 1998);
  EXPECT_EQ(std::count(out.begin(), out.end(), -1), 3);
  std::vector<int> exact(1000), small(999);
  hetmap::map_into(here(), exact, f, x);
  EXPECT_EQ(exact[999], 1998);
  EXPECT_THROW(hetmap::map_into(here(), small, f, x), hetmap::size_error);
  EXPECT_EQ(small[998], 1996);
  // It may be the shortest of several, whatever the others say of their lengths.
  std::function<int(int, int)> const sum = [](int a, int b) { return a + b; };
  auto const longer = support::indices(5000);
  hetmap::map_into(here(), exact, sum, longer, x);
  EXPECT_EQ(exact[999], 1998);
  EXPECT_THROW(hetmap::map_into(here(), small, sum, longer, x), hetmap::size_error);
}

TEST_P(RangesContract, AForwardRangeIsWalkedByTheCallerAndReadByTheWorkers) {
  std::list<int> const held(1000, 1);
  std::atomic<int> elsewhere{0};
  auto walked = held | std::views::filter([&, caller = std::this_thread::get_id()](int) {
                  if (std::this_thread::get_id() != caller) ++elsewhere;
                  return true;
                });
  std::function<int(int)> const f = [](int v) {
    std::this_thread::sleep_for(std::chrono::microseconds(10));
    return v;
  };
  EXPECT_EQ(hetmap::map(here(), f, walked).size(), 1000u);
  EXPECT_EQ(elsewhere, 0);
}

}  // namespace
