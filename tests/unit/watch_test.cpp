// The watch: who is asked to give back, and who is not.
#include "cpu/watch.hpp"

#include "base/rates.hpp"
#include "cpu/pace.hpp"
#include "support/sanitizers.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace {

using namespace std::chrono_literals;
using hetmap::core::watched_claim;

bool is_asked() {
  watched_claim const claim;
  auto const before = claim.seen();
  return support::soon([&] { return claim.seen() != before; });
}

TEST(Watch, AsksAClaimThatGoesOnAndOn) { EXPECT_TRUE(is_asked()); }

TEST(Watch, AsksAgainAndAgain) {
  watched_claim const claim;
  for (int k = 0; k != 3; ++k) {
    auto const before = claim.seen();
    EXPECT_TRUE(support::soon([&] { return claim.seen() != before; }));
  }
}

TEST(Watch, AsksAfterItHasSlept) {
  EXPECT_TRUE(is_asked());
  EXPECT_TRUE(support::soon([] { return hetmap::core::watch_is_awake == 0; }));
  EXPECT_TRUE(is_asked());
}

TEST(Watch, AsksTheOuterClaimThoughInnerOnesAreQuick) {
  watched_claim const outer;
  auto const before = outer.seen();
  EXPECT_TRUE(support::soon([&] {
    watched_claim const inner;
    return outer.seen() != before;
  }));
}

TEST(Watch, LeavesQuickClaimsAlone) {
  auto const end = std::chrono::steady_clock::now() + 20ms;
  unsigned asked = 0, claims = 0;
  while (std::chrono::steady_clock::now() < end) {
    watched_claim const claim;
    auto const before = claim.seen();
    ++claims;
    asked += claim.seen() != before;
  }
  EXPECT_LT(asked, 20u);  // each time that this thread was interrupted just there
  EXPECT_GT(claims, asked);
}

TEST(Watch, ClaimsNestDeeperThanItLooks) {
  watched_claim const a, b, c, d, e, f;
  EXPECT_EQ(e.word(), f.word());
  EXPECT_NE(a.word(), b.word());
}

TEST(Watch, ThreadsThatHaveEndedLeaveTheirPlaceToOthers) {
  hetmap::core::recall const* words[2];
  for (auto& word : words) std::thread([&] { word = watched_claim().word(); }).join();
  EXPECT_EQ(words[0], words[1]);
}

TEST(Watch, AForkedChildHasOneToo) {
  if (support::thread_sanitizer) GTEST_SKIP() << "a child of several threads may start none";
  EXPECT_TRUE(is_asked());
  pid_t const child = fork();
  if (child == 0) _exit(is_asked() ? 0 : 1);
  int how = -1;
  ASSERT_EQ(waitpid(child, &how, 0), child);
  EXPECT_EQ(how, 0);
}

TEST(Retries, AreSlowIfMostAreInSeveralClaims) {
  using hetmap::core::retries;
  retries cheap, interrupted, slow;
  for (int k = 0; k != 10; ++k) {
    cheap.add({1, 100ns});
    interrupted.add({1, k == 5 ? 4ms : 100ns});
    slow.add({1, 20ms});
  }
  EXPECT_FALSE(cheap.are_slow());
  EXPECT_FALSE(interrupted.are_slow());
  EXPECT_TRUE(slow.are_slow());
}

TEST(Rates, AreCorrectedAtOnceByElementsThatAreSlow) {
  hetmap::detail::rate r;
  for (int k = 0; k != 20; ++k) r.learn(100'000, 100us);
  r.correct(3, 60ms);
  EXPECT_DOUBLE_EQ(r.element_nanoseconds(), 20e6);
  r.learn(100'000, 100us);
  EXPECT_LT(r.element_nanoseconds(), 1000);
}

}  // namespace
