// Pools that are used by several threads, by their own work, and beside one another.
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

class NestedPoolOf : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(N, NestedPoolOf, testing::Values(1u, 2u, 4u, 9u),
                         [](auto const& of) { return std::to_string(of.param); });

TEST(Pool, EightThreadsMapOnOneAndAllAreRight) {
  hetmap::pool pool{{.workers = 3}};
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> callers;
    for (int c = 0; c != 8; ++c)
      callers.emplace_back([&, c] {
        for (int round = 0; round != 30; ++round) {
          std::size_t const n = static_cast<std::size_t>(round * 37 + c);
          auto const y = pool.map([&](int i) { return i * c; }, support::indices(n));
          for (std::size_t i = 0; i != n; ++i) wrong += y[i] != static_cast<int>(i) * c;
        }
      });
  }
  EXPECT_EQ(wrong, 0);
}

TEST_P(NestedPoolOf, MapsNestThreeDeepWithoutNewThreads) {
  hetmap::pool pool{{.workers = GetParam()}};
  std::mutex guard;
  std::set<std::thread::id> threads;
  auto const leaf = [&](int i) {
    std::lock_guard const lock(guard);
    threads.insert(std::this_thread::get_id());
    return i;
  };
  auto const sum = [](auto const& v) { return std::accumulate(v.begin(), v.end(), 0); };
  auto const inner = [&](int) { return sum(pool.map(leaf, support::indices(5))); };
  auto const middle = [&](int) { return sum(pool.map(inner, support::indices(5))); };
  for (int round = 0; round != 20; ++round)
    EXPECT_EQ(sum(pool.map(middle, support::indices(5))), 5 * 5 * 10);
  EXPECT_LE(threads.size(), std::size_t{GetParam()});
}

// The first worker waits in a nested call, whose other half the second worker holds back, while the
// queue is full of other work: none of it may run on the first meanwhile.
TEST(Pool, AWorkerWaitingInANestedCallRunsNothingElse) {
  hetmap::pool pool{{.workers = 2}};
  for (int round = 0; round != 50; ++round) {
    std::atomic<bool> in_nested{false};
    std::atomic<int> foreign{0};
    std::thread::id outer;
    std::vector<hetmap::future<void>> others;
    auto nesting = pool.submit([&] {
      outer = std::this_thread::get_id();
      for (int k = 0; k != 20; ++k)
        others.push_back(
            pool.submit([&] { foreign += in_nested && std::this_thread::get_id() == outer; }));
      in_nested = true;
      pool.map(
          {.chunk_size = 1}, [](int) { std::this_thread::yield(); }, support::indices(20));
      in_nested = false;
    });
    nesting.get();
    for (auto& h : others) h.get();
    EXPECT_EQ(foreign, 0);
  }
}

TEST(Pool, AWorkerThatWaitsForWorkInItsOwnQueueRunsIt) {
  hetmap::pool pool{{.workers = 1}};
  std::function<int(int)> const depth = [&](int d) -> int {
    return d == 0 ? 0 : 1 + pool.submit(depth, d - 1).get();
  };
  EXPECT_EQ(pool.submit(depth, 50).get(), 50);
  auto const by_wait = pool.submit([&] {
    std::vector<hetmap::future<int>> parts;
    for (int i = 0; i != 10; ++i) parts.push_back(pool.submit([i] { return i; }));
    int sum = 0;
    for (auto& done : hetmap::as_completed(parts)) sum += done.get();
    sum += pool.submit([] { return 1; }).then([](int one) { return one + 1; }).get();
    return sum;
  });
  EXPECT_EQ(by_wait.get(), 47);
}

TEST(Pool, OthersPoolsAndTheFreeVerbsGoOnBesideALargeOne) {
  hetmap::pool large{{.workers = 64}};
  hetmap::pool small{{.workers = 2}};
  std::atomic<bool> stop{false};
  std::vector<hetmap::future<void>> busy;
  for (int i = 0; i != 64; ++i)
    busy.push_back(large.submit([&] {
      while (!stop) std::this_thread::sleep_for(1ms);
    }));
  auto const y = small.map([](int i) { return 2 * i; }, support::indices(100));
  auto const z = hetmap::map([](int i) { return 2 * i; }, support::indices(100));
  EXPECT_EQ(y, z);
  stop = true;
  for (auto& h : busy) h.get();
}

}  // namespace
