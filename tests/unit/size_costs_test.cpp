// What calls of one size took, and which way the next one goes: without a clock.
#include "base/size_costs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <random>

namespace {

using hetmap::core::recent_cost;
using hetmap::core::size_costs;
using hetmap::core::way;
using std::chrono::nanoseconds;
using choice = size_costs::choice;

double after(std::initializer_list<int> calls) {
  recent_cost cost;
  for (int const ns : calls) cost.learn(1, nanoseconds(ns));
  return cost.nanoseconds();
}

TEST(RecentCost, NothingIsKnownAtFirst) {
  EXPECT_LT(after({}), 0);
  recent_cost cost;
  cost.learn(0, nanoseconds(5));
  EXPECT_LT(cost.nanoseconds(), 0) << "nor after an empty call";
}

TEST(RecentCost, AFirstCallIsOnlyAnUpperBound) {
  EXPECT_EQ(after({900}), 900);
  EXPECT_EQ(after({900, 10}), 10);
  EXPECT_EQ(after({900, 10, 12}), 12);
  recent_cost cost;
  cost.learn(1, nanoseconds(900));
  EXPECT_FALSE(cost.is_settled());
  cost.learn(1, nanoseconds(10));
  EXPECT_TRUE(cost.is_settled());
}

TEST(RecentCost, OneSpikeChangesNothing) {
  EXPECT_EQ(after({10, 10, 10, 5000}), 10);
  EXPECT_EQ(after({10, 10, 10, 5000, 10}), 10);
  EXPECT_EQ(after({10, 10, 10, 0}), 10);
}

TEST(RecentCost, ARealChangeIsBelievedAtTheSecond) {
  EXPECT_EQ(after({10, 10, 10, 40, 40}), 40) << "it can rise";
  EXPECT_EQ(after({10, 10, 10, 3, 3}), 3) << "and fall";
}

/// A kernel, calls of one size of it, and what is believed before any was measured.
struct world {
  double alone;
  double shared;
  double believed_alone;
  double believed_shared;
  double noise = 0;  ///< share of each measurement
};

/// Calls as short_call.cpp makes them.
class caller {
 public:
  static constexpr std::size_t elements = 1000;

  void run(world const& w, int calls) {
    for (int k = 0; k != calls; ++k) call(w);
  }
  double spent = 0;
  int alone = 0;
  int shared = 0;
  int timed = 0;
  size_costs size;

 private:
  void call(world const& w) {
    bool const is_timed = size.sample_now();
    choice const next = size.next();
    bool const shares =
        next == choice::predicted ? w.believed_shared < w.believed_alone : next == choice::shared;
    double const seconds =
        (shares ? w.shared : w.alone) * (1 + w.noise * std::abs(normal_(random_)));
    spent += seconds;
    ++(shares ? shared : alone);
    if (!is_timed) return;
    ++timed;
    way const taken = shares ? way::hot : way::alone;
    size.learn(taken, elements, nanoseconds(std::llround(seconds * 1e9)));
    size.timed(taken, true, w.believed_alone, w.believed_shared, elements);
  }

  std::mt19937 random_{42};
  std::normal_distribution<double> normal_;
};

constexpr double us = 1e-6;

TEST(SizeCosts, TheFirstCallsAndThenOneIn64AreTimed) {
  size_costs size;
  int timed = 0;
  for (int k = 0; k != 16 + 640; ++k)
    if (size.sample_now()) {
      ++timed;
      size.timed(way::alone, false, us, us, 1000);
    }
  EXPECT_EQ(timed, 16 + 10);
}

TEST(SizeCosts, AreBriefWhereTwiceTheElementsAreAndTheFirstCallAloneSaysNothing) {
  size_costs size;
  for (bool const settled : {false, true}) {
    size.learn(way::alone, 1000, std::chrono::microseconds(1));
    size.judge_brief(1000, 2.1 * us);
    EXPECT_EQ(size.is_brief(), settled);
  }
  size.judge_brief(1000, 1.9 * us);
  EXPECT_FALSE(size.is_brief());
}

TEST(SizeCosts, WrongBeliefsAreFoundOut) {
  for (world const& w :
       {world{
            .alone = 8 * us, .shared = 5 * us, .believed_alone = 8 * us, .believed_shared = 9 * us},
        world{.alone = 5 * us,
        .shared = 8 * us,
        .believed_alone = 9 * us,
        .believed_shared = 8 * us}}) {
    caller c;
    c.run(w, 20'000);
    double const best = std::min(w.alone, w.shared) * 20'000;
    EXPECT_LT(c.spent, 1.01 * best);
    EXPECT_EQ(c.size.next(), w.alone < w.shared ? choice::alone : choice::shared);
    EXPECT_LT(c.timed, 600);
  }
}

TEST(SizeCosts, NoiseDoesNotMoveThem) {
  world const w{.alone = 8 * us,
                .shared = 5 * us,
                .believed_alone = 8 * us,
                .believed_shared = 5 * us,
                .noise = 0.3};
  caller c;
  c.run(w, 100'000);
  EXPECT_GT(c.shared, 99'000);
}

TEST(SizeCosts, AKernelThatChangesIsFollowed) {
  world w{.alone = 8 * us, .shared = 5 * us, .believed_alone = 8 * us, .believed_shared = 5 * us};
  caller c;
  c.run(w, 5000);
  ASSERT_EQ(c.size.next(), choice::shared);
  w.shared = 11 * us;  // what it is shared with has become slow
  c.run(w, 1000);
  EXPECT_EQ(c.size.next(), choice::alone);
  w.shared = 5 * us;
  c.run(w, 70'000);
  EXPECT_EQ(c.size.next(), choice::shared) << "and back, by a trial";
}

TEST(SizeCosts, WhatWouldTakeFarLongerIsNotTried) {
  world const w{
      .alone = 80 * us, .shared = 10 * us, .believed_alone = 80 * us, .believed_shared = 10 * us};
  caller c;
  c.run(w, 50'000);
  EXPECT_EQ(c.alone, 0);
}

TEST(SizeCosts, NearATieTheyStay) {
  world w{
      .alone = 5.05 * us, .shared = 5 * us, .believed_alone = 6 * us, .believed_shared = 5 * us};
  caller c;
  c.run(w, 3000);
  ASSERT_EQ(c.size.next(), choice::shared);
  w.alone = 4.95 * us;
  c.run(w, 200'000);
  EXPECT_LT(c.alone, 100) << "trials, no change";
}

TEST(SizeCosts, ATrialThatNobodyComesToIsGivenUp) {
  size_costs size;
  int shared_asked = 0;
  for (int k = 0; k != 1000; ++k) {
    bool const timed = size.sample_now();
    if (size.next() == choice::shared) ++shared_asked;
    if (!timed) continue;
    size.learn(way::alone, 1000, nanoseconds(3000));  // the team sleeps
    size.timed(way::alone, true, 3 * us, 3.2 * us, 1000);
  }
  EXPECT_GT(shared_asked, 0);
  EXPECT_LT(shared_asked, 80);
}

TEST(SizeCosts, PlansDoubtNowAndThen) {
  size_costs size;
  int without_alone = 0, without_team = 0;
  for (int k = 0; k != 256; ++k) {
    size.learn(way::alone, 1000, nanoseconds(3000));
    size.learn(way::team, 1000, nanoseconds(2000));
  }
  for (int k = 0; k != 256; ++k) {
    auto const known = size.for_plan();
    without_alone += known.alone < 0 ? 1 : 0;
    without_team += known.team < 0 ? 1 : 0;
    size.learn(way::team, 1000, nanoseconds(2000));
  }
  EXPECT_EQ(without_alone, 2);
  EXPECT_EQ(without_team, 2);
}

}  // namespace
