#include "base/ledger.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

using hetmap::core::ledger;
using hetmap::core::range;

std::vector<range> claim_all(ledger& account, unsigned lane, std::size_t wanted) {
  std::vector<range> claims;
  for (range r = account.claim(lane, wanted); !r.empty(); r = account.claim(lane, wanted)) {
    claims.push_back(r);
    account.finish(lane, r);
  }
  return claims;
}

TEST(Ledger, OneLaneGetsEveryIndexOnceAndInOrder) {
  for (std::size_t const count : {0u, 1u, 63u, 64u, 65u, 1000u, 4096u}) {
    for (std::size_t const granule : {1u, 7u, 64u, 5000u}) {
      SCOPED_TRACE(testing::Message() << count << " elements, granule " << granule);
      ledger account(count, granule, 1);
      std::size_t next = 0;
      for (range const& r : claim_all(account, 0, 100)) {
        EXPECT_EQ(r.begin, next);
        EXPECT_EQ(r.begin % granule, 0u);
        EXPECT_TRUE(r.end % granule == 0 || r.end == count);
        next = r.end;
      }
      EXPECT_EQ(next, count);
      EXPECT_EQ(account.done(), count);
    }
  }
}

TEST(Ledger, LargeClaimsEndAtBlocksWhereSmallGranulesAllowIt) {
  ledger account(10'000, 1, 1);
  auto const claims = claim_all(account, 0, 100);
  for (range const& r : claims)
    EXPECT_TRUE(r.end == 10'000 || r.end % 64 == 0) << r.begin << ".." << r.end;
  EXPECT_GT(claims.size(), 50u);
}

TEST(Ledger, ALaneThatRanOutTakesTheBackHalfOfTheFullestOther) {
  ledger account(100, 1, 2);  // regions 0..50 and 50..100
  ASSERT_EQ(account.claim(0, 50), (range{0, 50}));
  EXPECT_EQ(account.claim(0, 1), (range{75, 76}));
  EXPECT_EQ(account.claim(1, 1), (range{50, 51}));
}

TEST(Ledger, ClaimsFromTheBackTakeWholeGranulesOfTheFullestRegion) {
  ledger account(100, 10, 3, 2);  // regions 0..50 and 50..100; lane 2 has none
  ASSERT_EQ(account.claim(1, 10), (range{50, 60}));
  EXPECT_EQ(account.claim_back(2, 25), (range{30, 50}));
  EXPECT_EQ(account.claim_back(2, 1), (range{90, 100}));
  EXPECT_EQ(account.claim_back(2, 1000), (range{0, 30})) << "no more than the region has";
  EXPECT_EQ(account.claim_back(2, 0), (range{80, 90})) << "at least a granule";
  EXPECT_EQ(account.claim(0, 10), (range{70, 80})) << "nothing became the region of lane 2";
  EXPECT_EQ(account.claim_back(2, 1000), (range{60, 70}));
  EXPECT_TRUE(account.claim_back(2, 1000).empty());
  EXPECT_FALSE(account.any_left());
}

TEST(Ledger, ClaimsFromTheBackEndAtTheCountAndBeginAtBlocks) {
  ledger account(10'001, 1, 1);
  range const last = account.claim_back(0, 1000);
  EXPECT_EQ(last, (range{9024, 10'001}));  // 9001 would be its begin but for the block of 64
  EXPECT_EQ(account.claim_back(0, 10), (range{9014, 9024})) << "a block does not fit";
  ledger uneven(103, 10, 1);
  EXPECT_EQ(uneven.claim_back(0, 20), (range{90, 103}));
}

TEST(Ledger, ClaimsFromTheBackAndTheFrontMeet) {
  ledger account(1000, 1, 2, 1);
  std::size_t front = 0;
  std::size_t back = 1000;
  for (;;) {
    range const a = account.claim(0, 30);
    if (a.empty()) break;
    EXPECT_EQ(a.begin, front);
    front = a.end;
    range const b = account.claim_back(1, 70);
    if (b.empty()) break;
    EXPECT_EQ(b.end, back);
    back = b.begin;
  }
  EXPECT_EQ(front, back);
}

TEST(Ledger, ClaimsFromTheBackStayBelowAFailure) {
  ledger account(100, 10, 2, 1);
  range const low = account.claim(0, 60);
  ASSERT_EQ(low, (range{0, 60}));
  account.give_back({10, 60});
  range const high = account.claim_back(1, 10);
  ASSERT_EQ(high, (range{90, 100}));
  account.fail(0, {60, 90}, 75, std::make_exception_ptr(1));
  EXPECT_EQ(account.claim_back(1, 10), (range{70, 80})) << "75 is in it, 80..90 is not wanted";
  account.fail(0, {0, 10}, 70, std::make_exception_ptr(1));
  EXPECT_EQ(account.claim_back(1, 100), (range{60, 70}));
  EXPECT_TRUE(account.claim_back(1, 100).empty()) << "what lay above the failure went";
  account.close();
  EXPECT_TRUE(account.claim_back(1, 1).empty());
}

TEST(Ledger, FinalRangesAreJoinedAndInOrder) {
  ledger account(100, 10, 2);
  range const a = account.claim(0, 10);
  range const b = account.claim(0, 10);
  range const c = account.claim(1, 10);
  account.finish(0, a);
  account.finish(0, b);
  account.finish(1, c);
  EXPECT_EQ(account.finals(), (std::vector<range>{{0, 20}, {50, 60}}));
  EXPECT_EQ(account.done(), 30u);
}

TEST(Ledger, AFailureClosesWhatLiesAboveItAndNothingBelow) {
  ledger account(100, 1, 2);
  range const high = account.claim(1, 10);
  ASSERT_EQ(high, (range{50, 60}));
  account.fail(1, high, 57, std::make_exception_ptr(std::runtime_error("high")));
  EXPECT_TRUE(account.claim(1, 1).begin < 57)
      << "below the failure there is work left to help with";
  std::size_t below = 0;
  for (range const& r : claim_all(account, 0, 7)) {
    EXPECT_LT(r.begin, 57u);
    below += r.size();
  }
  EXPECT_EQ(below, 49u);  // 0..50, less the one that lane 1 took
  EXPECT_EQ(account.failed_at(), 57u);
}

TEST(Ledger, TheLowestFailureIsReportedWhateverTheOrderInTime) {
  ledger account(100, 50, 2);
  range const low = account.claim(0, 50);
  range const high = account.claim(1, 50);
  account.fail(1, high, 60, std::make_exception_ptr(std::runtime_error("first in time")));
  account.fail(0, low, 20, std::make_exception_ptr(std::runtime_error("first in order")));
  EXPECT_EQ(account.failed_at(), 20u);
  EXPECT_EQ(account.finals(), (std::vector<range>{{0, 20}, {50, 60}}));
  try {
    std::rethrow_exception(account.take_failure());
  } catch (std::runtime_error const& e) {
    EXPECT_STREQ(e.what(), "first in order");
  }
  EXPECT_EQ(account.take_failure(), nullptr);
}

TEST(Ledger, ALaterFailureAboveTheLowestDoesNotReopenAnything) {
  ledger account(100, 10, 2);
  range const low = account.claim(0, 10);
  range const high = account.claim(1, 10);
  account.fail(0, low, 0, std::make_exception_ptr(1));
  account.fail(1, high, 55, std::make_exception_ptr(2));
  EXPECT_TRUE(account.claim(0, 10).empty());
  EXPECT_TRUE(account.claim(1, 10).empty());
}

TEST(Ledger, ClosingRefusesFurtherClaimsAndKeepsTheFailuresThatCome) {
  ledger account(100, 1, 1);
  range const r = account.claim(0, 10);
  account.close();
  EXPECT_TRUE(account.claim(0, 1).empty());
  account.fail(0, r, 3, std::make_exception_ptr(7));
  EXPECT_EQ(account.failed_at(), 3u);
  EXPECT_TRUE(account.claim(0, 1).empty());
}

TEST(Ledger, AnInterruptionIsReportedOnlyWhereNoElementFailed) {
  ledger calm(10, 1, 1);
  calm.interrupt(std::make_exception_ptr(1));
  EXPECT_TRUE(calm.claim(0, 1).empty());
  EXPECT_THROW(std::rethrow_exception(calm.take_failure()), int);

  ledger failed(10, 1, 1);
  range const r = failed.claim(0, 1);
  failed.interrupt(std::make_exception_ptr(1));
  failed.fail(0, r, 0, std::make_exception_ptr('c'));
  EXPECT_THROW(std::rethrow_exception(failed.take_failure()), char);
}

TEST(Ledger, CountsBeyondTheWordDoubleTheGranule) {
  std::size_t const count = std::size_t{1} << 40;
  ledger account(count, 1, 2);
  range const r = account.claim(0, 1);
  EXPECT_EQ(r.begin, 0u);
  EXPECT_EQ(r.end, 512u);  // 2^40 / 512 is the first count of granules below 2^32 - 1
  EXPECT_EQ(account.claim(1, 1).begin, count / 2);
}

/// Four lanes on threads of their own take all there is, by claim(account, lane, random).
template <class Claim>
void expect_each_index_once(unsigned owners, Claim claim) {
  for (unsigned seed = 0; seed != 20; ++seed) {
    std::size_t const count = 20'011;
    unsigned const lanes = 4;
    ledger account(count, seed % 2 == 0 ? 1 : 7, lanes, owners);
    std::vector<unsigned char> seen(count);  // each byte is written by the one lane that has it
    {
      std::vector<std::jthread> threads;
      for (unsigned lane = 0; lane != lanes; ++lane)
        threads.emplace_back([&, lane] {
          std::minstd_rand random(seed * lanes + lane + 1);
          for (;;) {
            range const r = claim(account, lane, random());
            if (r.empty()) break;
            for (std::size_t i = r.begin; i != r.end; ++i) ++seen[i];
            account.finish(lane, r);
          }
        });
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 1), static_cast<std::ptrdiff_t>(count));
    EXPECT_EQ(account.finals(), (std::vector<range>{{0, count}}));
  }
}

TEST(Ledger, ManyLanesHandEveryIndexOutOnce) {
  expect_each_index_once(0, [](ledger& account, unsigned lane, std::size_t random) {
    return account.claim(lane, 1 + random % (lane == 0 ? 3 : 200));
  });
}

TEST(Ledger, LanesAtTheFrontAndTheBackHandEveryIndexOutOnce) {
  expect_each_index_once(2, [](ledger& account, unsigned lane, std::size_t random) {
    std::size_t const wanted = 1 + random % 200;
    return lane < 2 ? account.claim(lane, wanted) : account.claim_back(lane, wanted);
  });
}

TEST(Ledger, EveryIndexBelowTheLowestFailureIsDoneUnderRandomFailures) {
  for (unsigned seed = 1; seed != 40; ++seed) {
    std::size_t const count = 3'000;
    unsigned const lanes = 3;
    ledger account(count, 1, lanes);
    {
      std::vector<std::jthread> threads;
      for (unsigned lane = 0; lane != lanes; ++lane)
        threads.emplace_back([&, lane] {
          std::minstd_rand random(seed * lanes + lane);
          for (;;) {
            range const r = account.claim(lane, 1 + random() % 20);
            if (r.empty()) break;
            std::size_t const at = r.begin + random() % r.size();
            if (random() % 50 == 0)
              account.fail(lane, r, at, std::make_exception_ptr(at));
            else
              account.finish(lane, r);
          }
        });
    }
    auto const finals = account.finals();
    std::size_t const lowest = account.failed_at();
    if (lowest == 0) continue;
    ASSERT_FALSE(finals.empty());
    EXPECT_EQ(finals.front().begin, 0u);
    EXPECT_EQ(finals.front().end, lowest) << "seed " << seed;
  }
}

TEST(Ledger, HandsOutWhatWasGivenBackInUnits) {
  ledger account(1000, 64, 4, 1);
  range const claimed = account.claim(0, 1024);
  EXPECT_EQ(claimed, (range{0, 1000}));
  EXPECT_FALSE(account.any_left());
  account.finish(0, {0, 130});
  account.give_back({130, 1000});
  EXPECT_TRUE(account.any_left());
  EXPECT_TRUE(account.claim(1, 64).empty());
  EXPECT_EQ(account.claim_returned(0, 1, 1), (range{130, 131}));
  EXPECT_EQ(account.claim_returned(0, 10, 4), (range{131, 139}));
  account.fail(0, {130, 131}, 130, std::make_exception_ptr(1));
  EXPECT_TRUE(account.claim_returned(0, 1, 1).empty());
  EXPECT_FALSE(account.any_returned());
}

TEST(Ledger, HoldsAllButWhatIsGivenBack) {
  ledger account(100, 1, 3);
  account.hold_all();
  EXPECT_FALSE(account.any_left());
  account.give_back({});
  account.give_back({40, 42});
  EXPECT_TRUE(account.claim(0, 10).empty());
  EXPECT_EQ(account.claim_returned(0, 10, 1), (range{40, 41}));
  EXPECT_EQ(account.claim_returned(1, 10, 1), (range{41, 42}));
  EXPECT_FALSE(account.any_left());
}

TEST(Ledger, ALaneMayLeaveWhatWasGivenBackAboveAFailure) {
  // Also where it has no memory to claim it with: it would ask for ever.
  ledger account(100, 1, 1);
  range const all = account.claim(0, 100);
  account.give_back({60, 100});
  EXPECT_TRUE(account.any_returned());
  account.fail(0, {0, 60}, 30, std::make_exception_ptr(1));
  EXPECT_EQ(all, (range{0, 100}));
  EXPECT_FALSE(account.any_returned());
  EXPECT_FALSE(account.any_left());

  ledger closed(100, 1, 1);
  closed.give_back(closed.claim(0, 100));
  closed.close();
  EXPECT_FALSE(closed.any_returned());
}

TEST(Ledger, LeavesOthersTheirShareOfWhatWasGivenBack) {
  ledger account(1000, 1, 4);
  account.hold_all();
  account.give_back({0, 1000});
  EXPECT_EQ(account.claim_returned(0, 1000, 1), (range{0, 125}));
  EXPECT_EQ(account.claim_returned(1, 1000, 50), (range{125, 225}));
  EXPECT_EQ(account.claim_returned(2, 1000, 500), (range{225, 725}));
}

}  // namespace
