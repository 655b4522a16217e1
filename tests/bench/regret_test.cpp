// The regret of automatic choice, of made-up times.
#include "../../bench/routes/regret.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace {

using namespace bench::routes;

TEST(Regret, MedianIsTheMiddleOrTheMeanOfBoth) {
  EXPECT_EQ(median({3}), 3);
  EXPECT_EQ(median({9, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 100, 2}), 3);
}

TEST(Regret, IsTheRatioToTheFastestWhereAllRoundsAreAlike) {
  std::array const fixed{round_times(8, 20.0), round_times(8, 10.0), round_times(8, 30.0)};
  EXPECT_EQ(fastest_of(fixed), 1u);
  EXPECT_DOUBLE_EQ(regret(round_times(8, 12.0), fixed), 1.2);
  EXPECT_DOUBLE_EQ(regret(round_times(8, 5.0), fixed), 0.5);
}

TEST(Regret, OneDisturbedRoundOfAHalfDoesNotShow) {
  std::array const fixed{round_times{10, 10, 10, 10, 10, 10}};
  EXPECT_DOUBLE_EQ(regret({11, 11, 900, 11, 11, 900}, fixed), 1.1);
}

// Two contenders that swap places from round to round are equal: whichever is chosen by one half of
// the rounds is the slower one in the other.
TEST(Regret, IsScoredOnRoundsThatDidNotChoose) {
  std::array const fixed{round_times{10, 20, 10, 20}, round_times{20, 10, 20, 10}};
  EXPECT_DOUBLE_EQ(regret({10, 10, 10, 10}, fixed), 0.5);
  EXPECT_DOUBLE_EQ(regret({20, 20, 20, 20}, fixed), 1.0);
}

TEST(Regret, JoinsBothHalvesByTheirGeometricMean) {
  std::array const fixed{round_times(4, 10.0)};
  EXPECT_DOUBLE_EQ(regret({20, 10, 20, 10}, fixed), std::sqrt(2.0));
}

TEST(Regret, OfAnOddNumberOfRoundsUsesThemAll) {
  std::array const fixed{round_times(5, 10.0)};
  EXPECT_DOUBLE_EQ(regret({10, 40, 10, 40, 10}, fixed), 2.0);
}

TEST(Spread, SaysWhichOneIsTheWorst) {
  std::vector<double> const values{1.0, 1.5, 1.2};
  spread const s = spread_of(values);
  EXPECT_EQ(s.count, 3u);
  EXPECT_EQ(s.median, 1.2);
  EXPECT_EQ(s.worst, 1.5);
  EXPECT_EQ(s.worst_one, 1u);
  EXPECT_EQ(spread_of({}).count, 0u);
}

TEST(HalfDecades, EndAtTheHighest) {
  using sizes = std::vector<std::size_t>;
  EXPECT_EQ(half_decades(1, 1), (sizes{1}));
  EXPECT_EQ(half_decades(1, 100), (sizes{1, 3, 10, 30, 100}));
  EXPECT_EQ(half_decades(2, 128), (sizes{3, 10, 30, 100, 128}));
  EXPECT_EQ(half_decades(1, std::size_t{1} << 27).size(), 18u);
}

}  // namespace
