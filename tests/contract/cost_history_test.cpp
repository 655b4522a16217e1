// What a history of cheap or slow elements leads to: who shares what, how many are claimed at once.
#include "support/calls.hpp"
#include "support/sanitizers.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <atomic>
#include <chrono>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

TEST(ChangingCostOf, SlowCallsInsideASlowElement) {
  if (hetmap::physical_cores() < 2) GTEST_SKIP() << "one core";
  support::concurrency_meter meter;
  std::atomic<bool> slow{false};
  auto const inner = [&](int v) {
    if (slow) {
      support::concurrency_meter::call const running(meter);
      std::this_thread::sleep_for(10ms);
    }
    return v;
  };
  auto const outer = [&](int v) {
    int const in[] = {v, v, v, v};
    auto const out = hetmap::map(inner, in);
    return out[3];
  };
  std::vector<int> const in(6, 1);
  for (int k = 0; k != 500; ++k) static_cast<void>(hetmap::map(outer, in));
  slow = true;
  auto const out = hetmap::map(outer, in);
  EXPECT_EQ(std::accumulate(out.begin(), out.end(), 0), 6);
  EXPECT_GE(meter.peak(), 2);
}

// Whoever asks for chunks of a size gets them from one thread each, slow or not.
TEST(ChangingCostOf, AChunkOfAGivenSizeIsNotShared) {
  bool slow = false;
  std::mutex guard;
  std::set<std::thread::id> threads;
  auto const f = [&](int v) {
    if (slow) {
      std::this_thread::sleep_for(3ms);
      std::lock_guard const lock(guard);
      threads.insert(std::this_thread::get_id());
    }
    return v;
  };
  std::vector<int> const in(5);
  for (int round = 0; round != 60; ++round) {
    slow = false;
    for (int k = 0; k != 300; ++k) static_cast<void>(hetmap::map(f, in));
    slow = true;
    threads.clear();
    static_cast<void>(hetmap::map({.chunk_size = in.size()}, f, in));
    EXPECT_EQ(threads.size(), 1u);
  }
}

// Cheap elements after slow ones are not handed out one by one for ever after.
TEST(ChangingCostOf, CheapElementsAfterAHistoryOfSlowOnesAreClaimedInMany) {
  struct watched {
    bool slow = false;
    int operator()(int v) const {
      if (slow) std::this_thread::sleep_for(1ms);
      return v;
    }
  };
  std::vector<int> const few(8);
  for (int k = 0; k != 8; ++k) static_cast<void>(hetmap::map(watched{true}, few));
  EXPECT_EQ(hetmap::explain(watched{}, few).granule, 1u);
  std::vector<int> const many(1'000'000);
  std::atomic<long> looks{0};  // one before every claim
  struct never {
    std::atomic<long>* looks;
    [[nodiscard]] bool stop_requested() const { return ++*looks < 0; }
  };
  static_cast<void>(hetmap::map({.stop = never{&looks}}, watched{}, many));
  EXPECT_LT(looks, 100'000);
}

}  // namespace
