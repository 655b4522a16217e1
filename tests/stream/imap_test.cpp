// imap equals the serial transform: any source, any size, any chunk, any way of taking it.
#include "inputs.hpp"
#include "support/backends.hpp"
#include "support/bits.hpp"
#include "support/calls.hpp"
#include "support/kernels.hpp"
#include "support/sizes.hpp"
#include "support/tracked.hpp"

#include <gtest/gtest.h>
#include <hetmap/imap.hpp>
#include <hetmap/map.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <forward_list>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using stream_tests::counting_input;

class ImapContract : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, ImapContract, support::each_backend(), support::backend_name);

struct triple {
  HETMAP_FN long operator()(long v) const { return 3 * v + 1; }
};

template <class Stream>
auto all_of(Stream&& s) {
  std::vector<typename std::remove_cvref_t<Stream>::value_type> out;
  for (auto& v : s) out.push_back(std::move(v));
  return out;
}
template <class Stream>
auto all_by_chunks(Stream&& s) {
  std::vector<typename std::remove_cvref_t<Stream>::value_type> out;
  for (auto const block : std::forward<Stream>(s).chunks()) {
    EXPECT_EQ(block.first_index(), out.size());
    EXPECT_FALSE(block.empty());
    out.insert(out.end(), block.begin(), block.end());
  }
  return out;
}
template <class Stream>
auto all_by_next(Stream&& s) {
  std::vector<typename std::remove_cvref_t<Stream>::value_type> out;
  while (auto v = s.next()) out.push_back(*std::move(v));
  EXPECT_FALSE(s.next()) << "the end stays the end";
  return out;
}

TEST_P(ImapContract, EqualsTheSerialTransformAtEverySizeAndChunk) {
  for (std::size_t const n : support::edge_sizes()) {
    auto const x = support::indices<long>(n);
    std::vector<long> expected(n);
    std::ranges::transform(x, expected.begin(), triple{});
    for (auto const chunk : support::chunk_sizes(n)) {
      if (chunk == 1u && n > 4096) continue;
      SCOPED_TRACE(testing::Message() << n << " elements, chunks of " << chunk.value_or(0));
      hetmap::options const how{.backend = GetParam(), .chunk_size = chunk};
      EXPECT_EQ(all_by_chunks(hetmap::imap(how, triple{}, x)), expected);
      EXPECT_EQ(all_of(hetmap::imap(how, triple{}, x)), expected);
      EXPECT_EQ(all_by_next(hetmap::imap(how, triple{}, counting_input(n))), expected);
    }
  }
}

TEST_P(ImapContract, ReadsEveryKindOfRange) {
  std::vector<long> const expected{1, 4, 7, 10, 13};
  auto const check = [&](auto&&... in) {
    EXPECT_EQ(all_of(hetmap::imap(here(), triple{}, std::forward<decltype(in)>(in)...)), expected);
  };
  std::vector<long> const array{0, 1, 2, 3, 4};
  long const plain[] = {0, 1, 2, 3, 4};
  check(array);
  check(plain);
  check(std::vector<long>{0, 1, 2, 3, 4});
  check(std::deque<long>{0, 1, 2, 3, 4});
  check(std::list<long>{0, 1, 2, 3, 4});
  check(std::forward_list<long>{0, 1, 2, 3, 4});
  check(std::views::iota(0L, 5L));
  check(array | std::views::transform([](long v) { return v; }));
  check(std::views::iota(0L, 9L) | std::views::filter([](long v) { return v < 5; }));
  check(std::views::iota(0L) | std::views::take(5));
  std::istringstream text("0 1 2 3 4");
  check(std::views::istream<long>(text));
  counting_input input(5);
  check(input);
  std::list<long> kept{0, 1, 2, 3, 4};
  check(kept);
  EXPECT_EQ(kept.size(), 5u);
}

TEST_P(ImapContract, SeveralRangesMeetAndTheShortestEnds) {
  auto const sum = [](long a, long b) { return 10 * a + b; };
  std::vector<long> const x{1, 2, 3};
  EXPECT_EQ(all_of(hetmap::imap(here(), sum, x, std::list<long>{5, 6, 7, 8})),
            (std::vector<long>{15, 26, 37}));
  EXPECT_EQ(all_of(hetmap::imap(here(), sum, counting_input(), x)), (std::vector<long>{1, 12, 23}));
  EXPECT_EQ(all_of(hetmap::imap(here(), sum, std::views::iota(0L), counting_input(2))),
            (std::vector<long>{0, 11}));
  EXPECT_TRUE(all_of(hetmap::imap(here(), sum, x, std::vector<long>{})).empty());
}

TEST_P(ImapContract, StarmapTakesRows) {
  auto const f = [](long a, long b) { return a * a + b * b; };
  std::vector<std::pair<long, long>> const rows{{1, 2}, {3, 4}};
  EXPECT_EQ(all_of(hetmap::istarmap(here(), f, rows)), (std::vector<long>{5, 25}));
  auto const made = std::views::iota(0L, 1000L) |
                    std::views::transform([](long i) { return std::tuple(i, i + 1); });
  auto const got = all_of(hetmap::istarmap(here(), f, made));
  ASSERT_EQ(got.size(), 1000u);
  long i = 0;
  for (long const v : got) {
    EXPECT_EQ(v, i * i + (i + 1) * (i + 1));
    ++i;
  }
  EXPECT_EQ(all_of(hetmap::istarmap(here(), f, std::list<std::array<long, 2>>{{1, 1}})),
            (std::vector<long>{2}));
}

TEST_P(ImapContract, GivesTheBitsOfMap) {
  std::vector<double> x(10007);
  for (std::size_t i = 0; i != x.size(); ++i) x[i] = 1e-3 * static_cast<double>(i) - 2;
  auto const f = [](double v) { return hetmap::math::exp(-v * v) + v * v * v; };
  auto const expected = hetmap::map(here(), f, x);
  for (std::size_t const chunk : support::sizes({1, 63, 64, 1000, 100000}))
    EXPECT_TRUE(support::equal_bits(
        all_by_chunks(hetmap::imap({.backend = GetParam(), .chunk_size = chunk}, f, x)), expected));
  EXPECT_TRUE(support::equal_bits(
      all_of(hetmap::imap(here(), f, std::list<double>(x.begin(), x.end()))), expected));
  hetmap::options const exactly{.backend = GetParam(), .reproducible = true};
  EXPECT_TRUE(support::equal_bits(all_of(hetmap::imap(exactly, f, x)), hetmap::map(exactly, f, x)));
}

TEST_P(ImapContract, CallsOnceAnElement) {
  support::call_counter calls(5000);
  auto const f = [&](std::size_t i) {
    calls.count(i);
    return i;
  };
  auto s = hetmap::imap(here(), f, std::views::iota(std::size_t{0}, std::size_t{5000}));
  EXPECT_EQ(calls.total(), 0u) << "nothing before the first result is asked for";
  EXPECT_EQ(all_of(s).size(), 5000u);
  EXPECT_TRUE(calls.once_each());
}

TEST_P(ImapContract, TakesAnyFunctionAndResult) {
  auto const owned = all_of(hetmap::imap(
      here(), [p = std::make_unique<int>(2)](int v) { return std::make_unique<int>(*p * v); },
      std::vector{1, 2, 3}));
  ASSERT_EQ(owned.size(), 3u);
  EXPECT_EQ(*owned[2], 6);
  EXPECT_EQ(all_of(hetmap::imap(here(), &std::string::size, std::vector<std::string>{"a", "bcd"})),
            (std::vector<std::size_t>{1, 3}));
  EXPECT_EQ(all_of(hetmap::imap(
                here(), [](int v) { return v % 2 == 0; }, std::vector{1, 2, 4})),
            (std::vector<bool>{false, true, true}));
  EXPECT_EQ(all_of(hetmap::imap(
                here(), *+[](int v) { return v + 1; }, std::vector{1})),
            std::vector{2});
  auto moved = hetmap::imap(
      here(), [](std::unique_ptr<int> p) { return *p; },
      [] {
        std::vector<std::unique_ptr<int>> v;
        v.push_back(std::make_unique<int>(7));
        return v;
      }() |
          std::views::transform([](std::unique_ptr<int>& p) { return std::move(p); }));
  EXPECT_EQ(all_of(moved), std::vector{7});
}

TEST_P(ImapContract, BorrowsLvaluesAndOwnsTheRest) {
  hetmap::stream<long> s = hetmap::imap(here(), triple{}, std::vector<long>{0, 1});
  hetmap::stream<long> moved = std::move(s);
  EXPECT_EQ(all_of(moved), (std::vector<long>{1, 4}));

  struct stateful {
    std::atomic<int> calls{0};
    long operator()(long v) {
      ++calls;
      return v;
    }
  } f;
  EXPECT_EQ(all_of(hetmap::imap(here(), f, std::views::iota(0L, 100L))).size(), 100u);
  EXPECT_EQ(f.calls, 100);
}

TEST_P(ImapContract, WaysOfTakingMix) {
  auto s =
      hetmap::imap({.backend = GetParam(), .chunk_size = 10}, triple{}, std::views::iota(0L, 100L));
  long expected = 0;
  EXPECT_EQ(s.next(), 3 * expected++ + 1);
  for (long const v : s) {
    EXPECT_EQ(v, 3 * expected++ + 1);
    if (expected == 25) break;
  }
  EXPECT_EQ(s.next(), 3 * expected++ + 1);
  for (auto const block : s.chunks()) {
    EXPECT_EQ(block.first_index(), static_cast<std::size_t>(expected));
    for (long const v : block) EXPECT_EQ(v, 3 * expected++ + 1);
    if (expected >= 50) break;
  }
  for (auto const [i, v] : s.indexed()) {
    EXPECT_EQ(i, static_cast<std::size_t>(expected));
    EXPECT_EQ(v, 3 * expected++ + 1);
  }
  EXPECT_EQ(expected, 100);
  EXPECT_TRUE(s.begin() == s.end());
}

TEST_P(ImapContract, WorksWithTheStandardsViews) {
  long sum = 0;
  for (long const v : hetmap::imap(here(), triple{}, std::views::iota(0L)) |
                          std::views::filter([](long w) { return w % 2 == 0; }) |
                          std::views::take(3))
    sum += v;
  EXPECT_EQ(sum, 4 + 10 + 16);
}

TEST_P(ImapContract, NothingSurvivesTheStream) {
  struct in_tag;
  struct out_tag;
  using in = support::tracked<in_tag>;
  using out = support::tracked<out_tag>;
  {
    auto s = hetmap::imap(
        {.backend = GetParam(), .chunk_size = 3, .window = 4},
        [](in const& v) { return out(v.value); },
        std::views::iota(0) | std::views::filter([](int) { return true; }) |
            std::views::transform([](int i) { return in(i); }));
    for (int i = 0; i != 50; ++i) EXPECT_EQ(s.next()->value, i);
    EXPECT_LE(out::alive, 12 + 1);
  }
  EXPECT_EQ(in::alive, 0);
  EXPECT_EQ(out::alive, 0);
}

TEST_P(ImapContract, AnIteratorMayOutliveItsStream) {
  std::optional s(hetmap::imap(here(), triple{}, std::views::iota(0L)));
  auto it = s->begin();
  ++it;
  EXPECT_EQ(*it, 4);
  s.reset();
}

TEST_P(ImapContract, CheapFunctionsOverLongInputsStayRight) {
  constexpr long n = 4'000'000;
  long expected = 0, sum = 0;
  for (auto const block : hetmap::imap(here(), triple{}, std::views::iota(0L, n)).chunks()) {
    ASSERT_EQ(block.first_index(), static_cast<std::size_t>(expected));
    ASSERT_EQ(block.front(), 3 * expected + 1);
    expected += static_cast<long>(block.size());
    for (long const v : block) sum += v;
  }
  EXPECT_EQ(sum, 3 * (n * (n - 1) / 2) + n);
  sum = 0;
  for (long const v : hetmap::imap_unordered(here(), triple{}, std::views::iota(0L, n))) sum += v;
  EXPECT_EQ(sum, 3 * (n * (n - 1) / 2) + n);
}

TEST_P(ImapContract, SaysWhatItWillUse) {
  auto s = hetmap::imap({.backend = GetParam(), .chunk_size = 10, .window = 5}, triple{},
                        std::views::iota(0L));
  EXPECT_EQ(s.window(), 5u);
  EXPECT_EQ(s.chunk_elements(), 10u);
  EXPECT_FALSE(s.total());
  EXPECT_GE(s.workers(), 1u);
  EXPECT_EQ(hetmap::imap(here(), triple{}, std::vector<long>(7)).total(), 7u);
}

template <class F, class... In>
concept can_imap = requires(F f, In... in) { hetmap::imap(f, in...); };
template <class F, class Rows>
concept can_istarmap = requires(F f, Rows rows) { hetmap::istarmap(f, rows); };

TEST(Imap, WrongCallsAreIllFormedUnderRequires) {
  using numbers = std::vector<long>;
  static_assert(can_imap<triple, numbers>);
  static_assert(!can_imap<triple, numbers, numbers>);
  static_assert(!can_imap<triple, std::vector<std::string>>);
  static_assert(!can_imap<void (*)(long), numbers>, "a stream of nothing");
  static_assert(can_istarmap<triple, std::vector<std::tuple<long>>>);
  static_assert(!can_istarmap<triple, std::vector<std::tuple<long, long>>>);
  static_assert(!can_istarmap<triple, numbers>);
  static_assert(!std::copy_constructible<hetmap::stream<long>>);
  static_assert(std::ranges::input_range<hetmap::stream<long>>);
  static_assert(std::ranges::input_range<hetmap::stream<std::unique_ptr<int>>>);
  static_assert(std::ranges::input_range<hetmap::stream_chunks<double>>);
  static_assert(std::ranges::input_range<hetmap::stream_with_indices<double>>);
}

}  // namespace
