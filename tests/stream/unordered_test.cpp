// imap_unordered: everything once, nobody waits for a slow element, indices on request.
#include "inputs.hpp"
#include "support/backends.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/generate.hpp>
#include <hetmap/imap.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <list>
#include <memory>
#include <numeric>
#include <ranges>
#include <set>
#include <thread>
#include <tuple>
#include <vector>

namespace {

using stream_tests::counting_input;

class Unordered : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, Unordered, support::each_backend(), support::backend_name);

struct square {
  HETMAP_FN long operator()(long v) const { return v * v; }
};

TEST_P(Unordered, TheMultisetEqualsTheSerialOne) {
  for (std::size_t const chunk : support::sizes({1, 100})) {
    std::vector<long> got;
    for (long const v :
         hetmap::imap_unordered({.backend = GetParam(), .workers = 4, .chunk_size = chunk},
                                square{}, counting_input(1000)))
      got.push_back(v);
    std::ranges::sort(got);
    ASSERT_EQ(got.size(), 1000u);
    long i = 0;
    for (long const v : got) {
      EXPECT_EQ(v, i * i);
      ++i;
    }
  }
}

TEST_P(Unordered, EachResultCarriesItsIndex) {
  std::vector<int> seen(1000);
  for (auto const [i, v] :
       hetmap::imap_unordered({.backend = GetParam(), .workers = 4, .chunk_size = 7}, square{},
                              counting_input(1000))
           .indexed()) {
    EXPECT_EQ(v, static_cast<long>(i * i));
    ++seen[i];
  }
  EXPECT_EQ(std::ranges::count(seen, 1), 1000);
  std::vector<std::tuple<long>> const rows{{1}, {2}, {3}};
  for (auto const block :
       hetmap::istarmap_unordered({.backend = GetParam()}, square{}, rows).chunks())
    for (std::size_t k = 0; k != block.size(); ++k)
      EXPECT_EQ(block[k], std::get<0>(rows[block.first_index() + k]) *
                              std::get<0>(rows[block.first_index() + k]));
}

TEST_P(Unordered, ABlockedElementHoldsUpNoOther) {
  if (here_is(hetmap::backend::serial)) GTEST_SKIP() << "one at a time";
  std::latch release(1);
  std::function<long(long)> const f = [&](long i) {
    if (i == 1) release.wait();
    return i;
  };
  auto s =
      hetmap::imap_unordered({.backend = GetParam(), .workers = 4, .chunk_size = 1, .window = 10},
                             f, std::views::iota(0L, 10L));
  std::vector<long> got;
  for (int k = 0; k != 9; ++k) got.push_back(s.next().value());
  EXPECT_EQ(std::ranges::count(got, 1), 0);
  release.count_down();
  EXPECT_EQ(s.next(), 1);
  EXPECT_FALSE(s.next());
}

TEST_P(Unordered, PullsNoFurtherAheadThanTheWindow) {
  constexpr std::size_t window = 3, chunk = 4;
  counting_input input;
  auto s = hetmap::imap_unordered(
      {.backend = GetParam(), .workers = 4, .chunk_size = chunk, .window = window}, square{},
      input);
  for (std::size_t yielded = 0; yielded != 3000; ++yielded) {
    ASSERT_TRUE(s.next());
    ASSERT_LE(input.pulled(), yielded + 1 + window * chunk);
  }
  EXPECT_FALSE(input.raced());
}

TEST_P(Unordered, AFailureComesWithItsChunk) {
  auto s = hetmap::imap_unordered(
      {.backend = GetParam(), .chunk_size = 3}, [](long i) { return i == 50 ? throw i : i; },
      std::views::iota(0L, 100L));
  std::vector<long> got;
  int thrown = 0;
  for (;;) {
    try {
      auto const v = s.next();
      if (!v) break;
      got.push_back(*v);
    } catch (long const i) {
      EXPECT_EQ(i, 50);
      ++thrown;
    }
  }
  EXPECT_EQ(thrown, 1);
  EXPECT_EQ(got.size(), 99u);
}

/// What the input of an unordered stream throws at k = 100: how many results came before it, and
/// whether any was from behind.
template <class Stream>
void ends_before_100(Stream s, char const* input) {
  std::size_t got = 0;
  try {
    while (auto const v = s.next()) {
      EXPECT_LT(*v, 100) << input << ": from behind the failure";
      ++got;
    }
    ADD_FAILURE() << input << ": nothing was thrown";
  } catch (int const thrown) {
    EXPECT_EQ(thrown, 100);
    EXPECT_EQ(hetmap::failed_index(), 100u) << input;
  }
  EXPECT_EQ(got, 100u) << input;
  EXPECT_FALSE(s.next()) << input;
}

TEST_P(Unordered, NothingComesFromBehindTheFailureOfAnInputThatCannotBeIndexed) {
  auto const slow_failure = [](long i) {
    if (i != 100) return i;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    throw 100;
  };
  auto const same = [](long i) { return i; };
  for (std::size_t const chunk : support::sizes({1, 7, 64, 1000})) {
    hetmap::options const how{
        .backend = GetParam(), .workers = 4, .chunk_size = chunk, .window = 16};
    auto forward = std::views::iota(0L, 1000L) | std::views::filter([](long) { return true; }) |
                   std::views::transform(slow_failure);
    ends_before_100(hetmap::imap_unordered(how, same, forward), "forward view");
    std::list<long> list(1000);
    std::iota(list.begin(), list.end(), 0);
    auto const in_place = [&](long& i) -> long& { return slow_failure(i), i; };
    auto references = list | std::views::transform(in_place);
    ends_before_100(hetmap::imap_unordered(how, same, references), "view of a list");
    auto const second = [](long, long i) { return i; };
    ends_before_100(hetmap::imap_unordered(how, second, list, forward), "two");
    auto rows = forward | std::views::transform([](long i) { return std::tuple(i); });
    ends_before_100(hetmap::istarmap_unordered(how, same, rows), "rows");
    auto single = hetmap::generate([&, i = 0L]() mutable { return slow_failure(i++); });
    ends_before_100(hetmap::imap_unordered(how, same, single), "single-pass");
  }
}

TEST_P(Unordered, ElementsOfAForwardRangeAreReadOnceAndStayWhereTheyAre) {
  std::list<std::unique_ptr<int>> owners;
  for (int i = 0; i != 200; ++i) owners.push_back(std::make_unique<int>(i));
  std::set<void const*> seen;
  for (std::unique_ptr<int>* const at : hetmap::imap_unordered(
           {.backend = GetParam()}, [](std::unique_ptr<int>& p) { return ++*p, &p; }, owners))
    seen.insert(at);
  EXPECT_EQ(seen.size(), 200u);
  int i = 0;
  for (auto const& p : owners) {
    EXPECT_TRUE(seen.contains(&p));
    EXPECT_EQ(*p, ++i) << "called once";
  }
  std::atomic<int> reads{0};
  auto computed = owners | std::views::transform([&](std::unique_ptr<int> const& p) {
                    return ++reads, std::make_unique<int>(*p);
                  });
  int sum = 0;
  for (int const v : hetmap::imap_unordered(
           {.backend = GetParam()}, [](std::unique_ptr<int> p) { return *p; }, computed))
    sum += v;
  EXPECT_EQ(sum, 200 * 201 / 2);
  EXPECT_EQ(reads, 200);
}

}  // namespace
