// How a pool ends: closed, joined, terminated, destroyed, forked away from.
#include "support/sanitizers.hpp"
#include "support/sizes.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/pool.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <exception>
#include <latch>
#include <list>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

TEST(Pool, CloseLetsSubmittedWorkFinishAndRefusesMore) {
  hetmap::pool pool{{.workers = 2}};
  std::vector<hetmap::future<int>> futures;
  std::latch release(1);
  for (int i = 0; i != 20; ++i)
    futures.push_back(pool.submit([&, i] { return release.wait(), i; }));
  auto later = futures[3].then([](int i) { return -i; });
  pool.close();
  pool.close();
  EXPECT_THROW(static_cast<void>(pool.submit([] {})), hetmap::closed_error);
  EXPECT_THROW(pool.map([](int i) { return i; }, support::indices(3)), hetmap::closed_error);
  EXPECT_THROW(static_cast<void>(pool.map_async([](int i) { return i; }, support::indices(3))),
               hetmap::closed_error);
  release.count_down();
  pool.join();
  pool.join();
  for (int i = 0; i != 20; ++i) EXPECT_EQ(futures[static_cast<std::size_t>(i)].get(), i);
  EXPECT_EQ(later.get(), -3);
}

TEST(Pool, ACallThatRunsWhenItIsClosedGoesOnBatchesAndNestedMapsIncluded) {
  hetmap::pool pool{{.workers = 2}};
  std::list<int> const many(1000, 1);  // a list goes in batches: new lanes after close()
  std::latch started(1), closed(1);
  std::jthread const caller([&] {
    auto const y = pool.map(
        [&](int i) {
          if (!started.try_wait()) started.count_down();
          closed.wait();
          return pool.map([](int k) { return k; }, support::indices(3))[2] + i;
        },
        std::list<int>(1));
    EXPECT_EQ(y[0], 2);
    EXPECT_THROW(pool.map([](int i) { return i; }, many), hetmap::closed_error);
  });
  started.wait();
  pool.close();
  closed.count_down();
  pool.join();
}

TEST(Pool, JoinBeforeCloseIsRefused) {
  hetmap::pool pool{{.workers = 1}};
  EXPECT_THROW(pool.join(), std::logic_error);
  auto self = pool.submit([&] {
    pool.close();
    pool.join();
  });
  EXPECT_THROW(self.get(), std::logic_error);
}

TEST(Pool, TerminateCancelsWhatIsQueuedAndLetsRunningCallsFinish) {
  hetmap::pool pool{{.workers = 2}};
  std::atomic<int> began{0}, ended{0};
  std::vector<hetmap::future<void>> futures;
  for (int i = 0; i != 10000; ++i)
    futures.push_back(pool.submit([&] {
      ++began;
      std::this_thread::sleep_for(100ms);
      ++ended;
    }));
  std::exception_ptr waited;
  std::jthread waiter([&] {
    try {
      futures.back().get();
    } catch (...) {
      waited = std::current_exception();
    }
  });
  support::soon([&] { return began >= 2; });
  auto const start = clock::now();
  pool.terminate();
  EXPECT_LT(clock::now() - start, 10s);
  EXPECT_EQ(began, ended);
  EXPECT_LT(began, 1000);
  waiter.join();
  EXPECT_THROW(std::rethrow_exception(waited), hetmap::cancelled_error);
  int cancelled = 0;
  for (auto& h : futures) {
    EXPECT_TRUE(h.ready());
    cancelled += h.cancelled();
  }
  EXPECT_EQ(cancelled, 10000 - began);
  EXPECT_THROW(static_cast<void>(pool.submit([] {})), hetmap::closed_error);
  pool.terminate();
}

TEST(Pool, TerminateStopsAMapBetweenTwoElements) {
  hetmap::pool pool{{.workers = 2}};
  std::atomic<int> calls{0};
  std::atomic<bool> threw{false};
  std::jthread caller([&] {
    try {
      pool.map(
          {.chunk_size = 1}, [&](int) { ++calls, std::this_thread::sleep_for(5ms); },
          support::indices(100000));
    } catch (hetmap::cancelled_error const& e) {
      threw = e.total() == 100000 && e.done() < 100000;
    }
  });
  support::soon([&] { return calls > 3; });
  pool.terminate();
  caller.join();
  EXPECT_TRUE(threw);
}

TEST(Pool, AWorkerMayTerminateItsPool) {
  hetmap::pool pool{{.workers = 2}};
  std::vector<hetmap::future<void>> futures;
  std::latch queued(1);
  auto killer = pool.submit([&] {
    queued.wait();
    pool.terminate();
  });
  for (int i = 0; i != 100; ++i)
    futures.push_back(pool.submit([&] { std::this_thread::sleep_for(20ms); }));
  queued.count_down();
  killer.get();
  for (auto& h : futures) h.wait();
  EXPECT_TRUE(futures.back().cancelled());
}

TEST(Pool, ItsDestructorIsCloseAndJoin) {
  std::atomic<int> done{0};
  hetmap::future<int> kept;
  {
    hetmap::pool pool{{.workers = 2}};
    for (int i = 0; i != 100; ++i) static_cast<void>(pool.submit([&] { ++done; }));
    kept = pool.submit([] { return 7; });
  }
  EXPECT_EQ(done, 100);
  EXPECT_EQ(kept.get(), 7) << "a future outlives its pool";
}

TEST(Pool, ItsOwnWorkMayDestroyIt) {
  auto pool = std::make_unique<hetmap::pool>(2u);
  auto& p = *pool;
  auto last = p.submit([pool = std::move(pool)]() mutable { pool.reset(); });
  last.get();
}

TEST(Pool, AForkedChildGetsADefaultPoolOfItsOwnAndNoHangFromOthers) {
  if (support::thread_sanitizer) GTEST_SKIP() << "no forks with threads under this sanitizer";
  hetmap::pool mine{{.workers = 2}};
  EXPECT_EQ(hetmap::default_pool().submit([] { return 1; }).get(), 1);
  EXPECT_EQ(mine.submit([] { return 1; }).get(), 1);
  pid_t const child = fork();
  if (child == 0) {
    int answer = 1;
    try {
      static_cast<void>(mine.submit([] {}));
    } catch (hetmap::broken_pool_error const&) {
      answer = 0;
    }
    answer += hetmap::default_pool().map([](int i) { return i; }, support::indices(100))[42] - 42;
    _exit(answer);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(mine.submit([] { return 2; }).get(), 2);
}

}  // namespace
