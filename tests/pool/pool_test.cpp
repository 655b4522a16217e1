// Pools: how many run at once, and where, and what every verb promises.
#include "support/calls.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/map.hpp>
#include <hetmap/pool.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <functional>
#include <list>
#include <mutex>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

class PoolOf : public testing::TestWithParam<unsigned> {};
INSTANTIATE_TEST_SUITE_P(N, PoolOf, testing::Values(1u, 2u, 4u, 9u),
                         [](auto const& of) { return std::to_string(of.param); });

TEST_P(PoolOf, MapsAsALoopWouldAtEverySizeAndChunk) {
  unsigned const workers = GetParam();
  hetmap::pool pool{{.workers = workers}};
  for (std::size_t const n : {0u, 1u, workers - 1, workers, workers + 1, 63u, 64u, 65u, 4097u}) {
    for (std::size_t const chunk : {std::size_t{0}, std::size_t{1}, std::size_t{7}, n + 1}) {
      SCOPED_TRACE(testing::Message() << n << " elements, chunks of " << chunk);
      auto const x = support::indices(n);
      support::call_counter calls(n);
      hetmap::options how;
      if (chunk != 0) how.chunk_size = chunk;
      auto const y = pool.map(
          how,
          [&](int i) {
            calls.count(static_cast<std::size_t>(i));
            return 3L * i;
          },
          x);
      EXPECT_TRUE(calls.once_each());
      ASSERT_EQ(y.size(), n);
      for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], 3L * static_cast<long>(i));
    }
  }
}

TEST_P(PoolOf, TheCallerNeverRunsF) {
  hetmap::pool pool{{.workers = GetParam()}};
  auto const me = std::this_thread::get_id();
  std::atomic<int> by_me{0};
  auto const f = [&](int i) { return by_me += std::this_thread::get_id() == me, i; };
  for (int round = 0; round != 20; ++round) {
    for (std::size_t const n : {1u, 10u, 1000u}) {
      static_cast<void>(pool.map(f, support::indices(n)));
      static_cast<void>(pool.map({.backend = hetmap::backend::serial}, f, support::indices(n)));
    }
    pool.submit([&] { f(0); }).get();
  }
  EXPECT_EQ(by_me, 0);
}

TEST_P(PoolOf, NoMoreThanNRunAtOnce) {
  unsigned const workers = GetParam();
  hetmap::pool pool{{.workers = workers}};
  support::concurrency_meter meter;
  auto const f = [&](int i) {
    support::concurrency_meter::call const call(meter);
    std::this_thread::sleep_for(100us);
    return i;
  };
  std::vector<hetmap::future<int>> futures;
  for (int i = 0; i != 50; ++i) futures.push_back(pool.submit(f, i));
  {
    std::vector<std::jthread> callers;
    for (int c = 0; c != 3; ++c)
      callers.emplace_back([&] { static_cast<void>(pool.map(f, support::indices(100))); });
  }
  for (auto& h : futures) h.wait();
  EXPECT_LE(meter.peak(), static_cast<int>(workers));
  support::concurrency_meter one;
  pool.map(
      {.workers = 1, .chunk_size = 1},
      [&](int) { support::concurrency_meter::call const call(one); }, support::indices(100));
  EXPECT_EQ(one.peak(), 1);
}

// Each round the cost is known better, and a barrier is met all the same.
TEST_P(PoolOf, NCallsMeetAtABarrierHoweverCheapTheyAre) {
  auto const workers = static_cast<std::ptrdiff_t>(GetParam());
  hetmap::pool pool{{.workers = GetParam()}};
  for (int round = 0; round != 100; ++round) {
    std::barrier meeting(workers);
    pool.map([&](int) { meeting.arrive_and_wait(); }, support::indices(GetParam()));
    std::vector<hetmap::future<void>> futures;
    for (std::ptrdiff_t k = 0; k != workers; ++k)
      futures.push_back(pool.submit([&] { meeting.arrive_and_wait(); }));
    for (auto& h : futures) h.get();
  }
}

TEST(Pool, MoreWorkersThanCoresSleepAtOnce) {
  hetmap::pool pool{{.workers = 24}};
  auto const began = clock::now();
  pool.map([](int) { std::this_thread::sleep_for(200ms); }, support::indices(24));
  EXPECT_LT(clock::now() - began, 24 * 200ms / 4) << "24 sleeps were not at once";
}

TEST(Pool, ZeroWorkersAndZeroChunksAreRefusedBeforeAnythingIsTouched) {
  EXPECT_THROW(hetmap::pool{{.workers = 0}}, std::invalid_argument);
  EXPECT_THROW(hetmap::pool{0u}, std::invalid_argument);
  hetmap::pool pool{2u};
  std::atomic<int> calls{0};
  auto const f = [&](int i) { return ++calls, i; };
  auto const x = support::indices(10);
  std::vector<int> out(10);
  hetmap::options const zero{.chunk_size = 0};
  EXPECT_THROW(pool.map(zero, f, x), std::invalid_argument);
  EXPECT_THROW(pool.map_into(zero, out, f, x), std::invalid_argument);
  EXPECT_THROW(static_cast<void>(pool.map_async(zero, f, x)), std::invalid_argument);
  EXPECT_THROW(pool.map({.window = 3}, f, x), hetmap::option_error);
  EXPECT_EQ(calls, 0);
}

TEST(Pool, HasThePhysicalCoresAsWorkersByDefault) {
  EXPECT_EQ(hetmap::pool().workers(), hetmap::physical_cores());
  EXPECT_EQ(hetmap::default_pool().workers(), hetmap::physical_cores());
  EXPECT_EQ(&hetmap::default_pool(), &hetmap::default_pool());
  EXPECT_EQ(hetmap::pool({.workers = 3, .name = "three"}).name(), "three");
}

TEST(Pool, ABackendThatIsNotThereIsRefusedByName) {
  EXPECT_THROW(hetmap::pool{{.backend = hetmap::backend::gpu}}, hetmap::device_unavailable);
  hetmap::pool pool{2u};
  EXPECT_THROW(pool.map(
                   {.backend = hetmap::backend::gpu}, [](int i) { return i; }, support::indices(3)),
               hetmap::device_unavailable);
}

TEST(Pool, TheCallsBackendWinsOverThePools) {
  hetmap::pool pool{{.workers = 2, .backend = hetmap::backend::serial}};
  std::mutex guard;
  std::set<std::thread::id> threads;
  auto const f = [&](int i) {
    std::lock_guard const lock(guard);
    threads.insert(std::this_thread::get_id());
    return i;
  };
  static_cast<void>(pool.map({.chunk_size = 1}, f, support::indices(200)));
  EXPECT_EQ(threads.size(), 1u);
  std::barrier both(2);
  pool.map(
      {.backend = hetmap::backend::cpu}, [&](int) { both.arrive_and_wait(); }, support::indices(2));
}

TEST(Pool, AnIdleOneSleeps) {
  hetmap::pool pool{{.workers = 8}};
  static_cast<void>(pool.map([](int i) { return i; }, support::indices(1000)));
  auto const used = [] {
    rusage r{};
    getrusage(RUSAGE_SELF, &r);
    return std::chrono::seconds(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           std::chrono::microseconds(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
  };
  std::this_thread::sleep_for(20ms);
  auto const before = used();
  std::this_thread::sleep_for(400ms);
  EXPECT_LT(used() - before, 20ms);
}

TEST(Pool, EveryVerbTakesWhatTheFreeOneTakes) {
  hetmap::pool pool{{.workers = 3}};
  std::vector<int> const x{1, 2, 3}, y{4, 5, 6};
  std::vector<std::pair<int, int>> const rows{{1, 4}, {2, 5}};
  auto const add = [](int a, int b) { return a + b; };
  auto const both = [](int a, int b) { return std::tuple(a + b, a * b); };
  EXPECT_EQ(pool.map(add, x, y), (hetmap::vector<int>{5, 7, 9}));
  EXPECT_EQ(pool.starmap(add, rows), (hetmap::vector<int>{5, 7}));
  std::vector<int> out(3), product(3);
  pool.map_into(out, add, x, y);
  EXPECT_EQ(out, (std::vector<int>{5, 7, 9}));
  pool.starmap_into({.chunk_size = 1}, out, add, rows);
  EXPECT_EQ(out[1], 7);
  pool.map_into(hetmap::columns(out, product), both, x, y);
  EXPECT_EQ(product, (std::vector<int>{4, 10, 18}));
  auto const [sums, products] = pool.map_columns(both, x, y);
  EXPECT_EQ(products[2], 18);
  EXPECT_EQ(sums[2], 9);
  pool.map_blocks([](std::span<int const> in,
                     std::span<int> to) { std::partial_sum(in.begin(), in.end(), to.begin()); },
                  out, x);
  EXPECT_EQ(out, (std::vector<int>{1, 3, 6}));
  auto const outcomes = pool.map(
      {.errors = hetmap::collect}, [](int i) { return i == 2 ? throw i : i; }, x);
  EXPECT_THROW(static_cast<void>(outcomes[1].value()), int);
  EXPECT_EQ(outcomes[2].value(), 3);
  EXPECT_EQ(pool.map_async(add, x, y).get(), (hetmap::vector<int>{5, 7, 9}));
  EXPECT_EQ(pool.starmap_async(add, rows).get(), (hetmap::vector<int>{5, 7}));
  auto const negative =
      pool.map(&std::vector<int>::size, std::vector<std::vector<int>>{{1}, {}, {1, 2}});
  EXPECT_EQ(negative[2], 2u);
  EXPECT_EQ(pool.map([](int i) { return -i; }, std::list<int>{1, 2})[1], -2);
}

TEST(Pool, TheInitializerRunsOnceAWorkerBeforeItsWork) {
  static thread_local int prepared = 0;
  std::atomic<int> runs{0};
  {
    hetmap::pool pool{{.workers = 3, .initializer = [&] {
                         ++prepared;
                         ++runs;
                       }}};
    auto const seen = pool.map([](int) { return prepared; }, support::indices(1000));
    EXPECT_TRUE(std::ranges::all_of(seen, [](int p) { return p == 1; }));
  }
  EXPECT_EQ(runs, 3);
}

TEST(Pool, AnInitializerThatThrowsBreaksItPromptly) {
  for (int round = 0; round != 100; ++round) {
    hetmap::pool pool{{.workers = 2, .initializer = [] { throw std::domain_error("no"); }}};
    try {
      for (;;) pool.submit([] {}).get();
    } catch (hetmap::broken_pool_error const& e) {
      EXPECT_THROW(std::rethrow_exception(e.cause()), std::domain_error);
      EXPECT_NE(std::string(e.what()).find("(no)"), std::string::npos) << e.what();
    }
    EXPECT_THROW(pool.map([](int i) { return i; }, support::indices(10)),
                 hetmap::broken_pool_error);
    EXPECT_THROW(static_cast<void>(pool.map_async([](int i) { return i; }, support::indices(10))),
                 hetmap::broken_pool_error);
  }
}

// As many calls at once as there are workers are a promise, whatever calls have cost before: a
// function may wait there for its neighbours.
TEST(Pool, ABarrierIsMetAfterAnyHistory) {
  for (unsigned const workers : {2u, 3u, 4u, 8u})
    for (int const history : {0, 1, 2}) {
      hetmap::pool pool{workers};
      std::optional<std::barrier<>> barrier;
      auto const meet = [&](int i) {
        if (barrier) barrier->arrive_and_wait();
        return i;
      };
      auto const few = support::indices(workers);
      auto const many = support::indices(100'000);
      auto const block = [&](std::span<int const> in, std::span<int> to) { to[0] = meet(in[0]); };
      std::vector<int> out(workers);
      auto const mapped = [&](auto const& in) { return pool.map(meet, in); };
      auto const nested = [&] { return pool.submit([&] { return mapped(few).size(); }).get(); };
      for (int k = 0; k != 20 && history != 0; ++k) static_cast<void>(mapped(many));
      for (int k = 0; k != 200 && history == 2; ++k) {
        static_cast<void>(mapped(few));
        static_cast<void>(nested());
        pool.map_blocks({.chunk_size = 1}, block, out, few);
      }
      barrier.emplace(workers);
      EXPECT_EQ(mapped(few).size(), workers);
      EXPECT_EQ(nested(), workers);  // the worker that calls, and all others
      pool.map_into(out, meet, few);
      std::list<int> const list(few.begin(), few.end());
      EXPECT_EQ(pool.map(meet, list).size(), workers);
      EXPECT_EQ(pool.map_reduce(meet, std::plus<>{}, 0, few),
                std::accumulate(few.begin(), few.end(), 0));
      pool.map_blocks({.chunk_size = 1}, block, out, few);
      EXPECT_EQ(out, few);
    }
}

}  // namespace
