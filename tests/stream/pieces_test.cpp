// A chunk that lanes share: under any schedule every element is taken once, and none is lost.
#include "pipeline/pieces.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <vector>

namespace {

using hetmap::core::pieces;
using hetmap::core::range;

constexpr std::size_t no_limit = static_cast<std::size_t>(-1);

TEST(Pieces, UnderAnyScheduleEveryElementIsComputedOnce) {
  for (unsigned seed = 0; seed != 500; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    auto const pick = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
    std::size_t const lanes = 1 + pick(9);
    std::size_t const begin = pick(100), end = begin + 1 + pick(3000);
    pieces rest(lanes);
    std::vector<int> computed(end);
    std::vector<range> under_way;
    for (int chunk = 0; chunk != 3; ++chunk) {
      rest.fill({begin, end});
      std::fill(computed.begin(), computed.end(), 0);
      while (rest.any(no_limit) || !under_way.empty()) {
        ASSERT_EQ(rest.running(), under_way.size());
        if (under_way.size() != lanes && rest.any(no_limit) && pick(2) == 0) {
          std::size_t const left = rest.left();
          under_way.push_back(rest.claim(1 + pick(200), no_limit));
          ASSERT_FALSE(under_way.back().empty());
          ASSERT_EQ(rest.left() + under_way.back().size(), left);
        } else if (!under_way.empty()) {
          auto const which =
              under_way.begin() + static_cast<std::ptrdiff_t>(pick(under_way.size()));
          range const piece = *which;
          under_way.erase(which);
          // Most pieces end early, often at once.
          std::size_t const to = pick(3) == 0 ? piece.end : piece.begin + pick(piece.size() + 1);
          for (std::size_t i = piece.begin; i != to; ++i) ++computed[i];
          rest.finish(piece, to);
        }
      }
      for (std::size_t i = begin; i != end; ++i) ASSERT_EQ(computed[i], 1) << i;
      EXPECT_TRUE(rest.missing().empty());
    }
  }
}

TEST(Pieces, ComeFromTheFrontInTheSizeThatIsWanted) {
  pieces rest(2);
  rest.fill({10, 100});
  EXPECT_EQ(rest.claim(20, no_limit), (range{10, 30}));
  EXPECT_EQ(rest.claim(20, no_limit), (range{30, 50}));
  rest.finish({10, 30}, 15);
  EXPECT_EQ(rest.claim(100, no_limit), (range{15, 30})) << "what was given up goes first";
  rest.finish({30, 50}, 31);
  EXPECT_EQ(rest.left(), 69u) << "and joins what lies behind it";
  EXPECT_EQ(rest.claim(100, no_limit), (range{31, 100}));
}

TEST(Pieces, EndBeforeALimitAndKnowWhatIsMissing) {
  pieces rest(2);
  rest.fill({0, 100});
  EXPECT_EQ(rest.claim(80, 50), (range{0, 50}));
  EXPECT_FALSE(rest.any(50));
  EXPECT_TRUE(rest.any(51));
  rest.finish({0, 50}, 20);
  EXPECT_FALSE(rest.any(20));
  ASSERT_EQ(rest.missing().size(), 1u);
  EXPECT_EQ(rest.missing()[0], (range{20, 100}));
}

}  // namespace
