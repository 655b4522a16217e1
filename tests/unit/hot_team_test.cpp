// Threads that stay awake between short calls: nobody waits for one that did not come.
#include "cpu/hot_team.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace {

using namespace hetmap::core;
using namespace std::chrono_literals;

constexpr std::int64_t a_while = 10'000'000;

struct calls {
  std::atomic<int> of[8]{};
  static void count(void* self, unsigned lane) { ++static_cast<calls*>(self)->of[lane]; }
};

TEST(HotTeam, ACallOfEachLaneAtMostAndOfTheFirstAlways) {
  hot_team team(3, a_while);
  for (int round = 0; round != 2000; ++round) {
    calls seen;
    static_cast<void>(team.ready(1000));
    team.run(3, &calls::count, &seen);
    ASSERT_EQ(seen.of[0], 1);
    for (int k : {1, 2}) ASSERT_LE(seen.of[k], 1);
    ASSERT_EQ(seen.of[3], 0);
  }
}

TEST(HotTeam, AMemberThatIsAwakeJoins) {
  hot_team team(1, a_while);
  bool joined = false;
  auto const until = std::chrono::steady_clock::now() + 20s;
  while (!joined && std::chrono::steady_clock::now() < until) {
    team.wake();
    struct waiting {
      std::atomic<bool> came{false};
      static void wait(void* self, unsigned lane) {
        auto& came = static_cast<waiting*>(self)->came;
        if (lane == 1) came = true;
        for (int k = 0; k != 1000 && !came; ++k) std::this_thread::yield();
      }
    } call;
    team.run(2, &waiting::wait, &call);
    joined = call.came;
  }
  EXPECT_TRUE(joined);
}

TEST(HotTeam, CallsThatComeOftenWakeItAndPausesLetItSleep) {
  // Longer than a busy machine leaves a thread alone with a core, so that this one sees the other.
  hot_team team(1, 5 * a_while);
  auto const until = std::chrono::steady_clock::now() + 25s;
  bool ready = false;
  while (!ready && std::chrono::steady_clock::now() < until) ready = team.ready(1000);
  EXPECT_TRUE(ready);
  while (team.awake() != 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(1ms);
  EXPECT_EQ(team.awake(), 0u);
  EXPECT_FALSE(team.ready(1000)) << "one call is not often";
}

TEST(HotTeam, KeepsAwayFromCallersThatMeet) {
  hot_team team(1, a_while);
  struct nested {
    hot_team& team;
    calls inner;
    bool ready_inside = true;
    static void call(void* self, unsigned lane) {
      auto& me = *static_cast<nested*>(self);
      if (lane != 0) return;
      me.team.run(2, &calls::count, &me.inner);
      me.ready_inside = me.team.ready(1000);
    }
  } outer{team, {}};
  team.wake();
  team.run(2, &nested::call, &outer);
  EXPECT_EQ(outer.inner.of[0], 1);
  EXPECT_EQ(outer.inner.of[1], 0);
  EXPECT_FALSE(outer.ready_inside);
}

TEST(HotTeam, ServesCallersAtOnce) {
  hot_team team(2, a_while);
  std::atomic<int> first_lanes{0};
  std::vector<std::thread> callers;
  for (int k = 0; k != 4; ++k)
    callers.emplace_back([&] {
      for (int round = 0; round != 500; ++round) {
        calls seen;
        static_cast<void>(team.ready(1000));
        team.run(3, &calls::count, &seen);
        first_lanes += seen.of[0];
      }
    });
  for (auto& c : callers) c.join();
  EXPECT_EQ(first_lanes, 2000);
}

}  // namespace
