// imap_unordered: everything once, nobody waits for a slow element, indices on request.
#include "inputs.hpp"
#include "support/backends.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/imap.hpp>

#include <algorithm>
#include <functional>
#include <latch>
#include <ranges>
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

}  // namespace
