// Work that waits for work: of its own pool, of other pools, through maps and streams. Whatever can
// be done is done, what could never end throws, and nothing hangs.
#include "support/waiting.hpp"
#include "support/no_hang.hpp"
#include "support/sizes.hpp"
#include "waiting_fixture.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <iterator>
#include <latch>
#include <list>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

using namespace pool_tests;

INSTANTIATE_TEST_SUITE_P(N, WaitingOn, testing::Values(1u, 2u, 3u),
                         [](auto const& of) { return std::to_string(of.param); });
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

// -- one's own pool --------------------------------------------------------------------------

TEST_F(Waiting, OfAPoolsOnlyWorkerRunsWhatItWaitsForHoweverItWaits) {
  for (auto const& way : ways_to_wait()) {
    hetmap::pool pool(1u);
    auto const began = clock::now();
    EXPECT_EQ(pool.submit([&] { return way(pool.submit([] { return 7; })); }).get(), 7);
    EXPECT_EQ(pool.submit([&] {
                    return way(pool.map_async([](int i) { return i; }, support::indices(5))
                                   .then([](auto const& y) { return sum(y); }));
                  })
                  .get(),
              10);
    EXPECT_LT(clock::now() - began, 60s) << "it sat out its limit";
  }
}

TEST_F(Waiting, WithALimitRunsNothingElseAndBeginsNothingAfterTheLimit) {
  hetmap::pool pool(1u);
  std::atomic<int> ran{0};
  pool.submit([&] {
        auto const other = pool.submit([&] { ran += 100; });
        std::vector<hetmap::future<void>> mine;
        for (int i = 0; i != 20; ++i)
          mine.push_back(pool.submit([&] { ++ran, std::this_thread::sleep_for(20ms); }));
        auto const split = hetmap::wait(mine, hetmap::return_when::all_completed, 50ms);
        EXPECT_GE(split.done.size(), 1u);
        EXPECT_GE(split.not_done.size(), 1u);
        EXPECT_FALSE(other.ready());
        int const before = ran;
        EXPECT_LT(before, 100);
        // No time or less only looks.
        EXPECT_FALSE(mine.back().wait(0s));
        EXPECT_FALSE(mine.back().wait(-1s));
        EXPECT_THROW(mine.back().get(0s), hetmap::timeout_error);
        EXPECT_EQ(ran, before);
      })
      .get();
}

TEST_F(Waiting, ForOneselfThrowsOrEndsWithItsLimit) {
  hetmap::pool pool(2u);
  std::optional<hetmap::future<int>> self;
  auto const alone = [&](auto wait) {
    std::latch known(1);
    self = pool.submit([&] { return known.wait(), wait(*self), 1; });
    known.count_down();
    self->get();
  };
  EXPECT_THROW(alone([](auto const& f) { f.get(); }), std::logic_error);
  EXPECT_THROW(alone([](auto const& f) { f.wait(); }), std::logic_error);
  EXPECT_THROW(alone([](auto const& f) { f.then([](int) {}).wait(); }), std::logic_error);
  EXPECT_THROW(alone([](auto const& f) { static_cast<void>(hetmap::wait(std::vector{f})); }),
               std::logic_error);
  EXPECT_NO_THROW(alone([](auto const& f) { EXPECT_FALSE(f.wait(10ms)); }));
  EXPECT_THROW(alone([](auto const& f) { f.get(10ms); }), hetmap::timeout_error);
}

TEST_F(Waiting, ForEachOtherThrowsInOneAndServesTheOther) {
  for (int round = 0; round != 50; ++round) {
    hetmap::pool a(1u), b(1u);
    std::optional<hetmap::future<int>> first, second;
    std::latch known(1);
    std::atomic<int> thrown{0};
    auto const other = [&](auto& of) {
      known.wait();
      try {
        return of->get() + 1;
      } catch (std::logic_error const&) {
        return ++thrown, 10;
      }
    };
    first = a.submit([&] { return other(second); });
    second = b.submit([&] { return other(first); });
    known.count_down();
    EXPECT_EQ(first->get() + second->get(), 21);
    EXPECT_EQ(thrown, 1);
  }
}

// -- through other pools ---------------------------------------------------------------------

TEST_P(WaitingOn, TwoPoolsThatWaitForEachOtherEnds) {
  for (auto const& way : ways_to_wait()) {
    auto const innermost = [&] { return 7; };
    auto const inner = [&] { return way(a.submit(innermost)); };
    auto const outer = [&] { return way(b.submit(inner)); };
    std::vector<hetmap::future<int>> all;
    for (unsigned k = 0; k != 2 * GetParam(); ++k) all.push_back(a.submit(outer));
    for (auto const& f : all) EXPECT_EQ(f.get(), 7);
  }
}

TEST_P(WaitingOn, AChainOfThreePoolsThatComesBackEnds) {
  std::function<int(int)> const go = [&](int left) -> int {
    if (left == 0) return 0;
    hetmap::pool& next = left % 3 == 0 ? a : left % 3 == 1 ? b : c;
    return 1 + next.submit(go, left - 1).get();
  };
  std::vector<hetmap::future<int>> all;
  for (unsigned k = 0; k != 2 * GetParam(); ++k) all.push_back(c.submit(go, 12));
  for (auto const& f : all) EXPECT_EQ(f.get(), 12);
}

TEST_P(WaitingOn, MapsNestedAcrossPoolsEnd) {
  auto const inner = [&](int i) {
    return sum(a.map([i](int j) { return i * j; }, support::indices(3)));
  };
  auto const middle = [&](int i) {
    return sum(b.map(inner, support::indices(static_cast<std::size_t>(i))));
  };
  for (int round = 0; round != 20; ++round) {
    EXPECT_EQ(sum(a.map(middle, support::indices(4))), 3 * (0 + 1) + 3 * (0 + 1 + 2));
    EXPECT_EQ(a.map_async(middle, support::indices(3)).get().size(), 3u);
    EXPECT_EQ(a.map_reduce(middle, std::plus<>(), 0, support::indices(4)), 12);
    EXPECT_EQ(sum(a.map(middle, std::list<int>{3, 3})), 18);
    EXPECT_EQ(sum(a.starmap([&](int i, int) { return middle(i); },
                            std::vector<std::pair<int, int>>{{3, 1}, {2, 1}})),
              12);
  }
}

TEST_P(WaitingOn, WorkQueuedBehindWhoWaitsOnBothSidesEnds) {
  // Neither waits for the other's function, each for the other's thread.
  std::latch both(static_cast<std::ptrdiff_t>(2 * GetParam()));
  std::vector<hetmap::future<int>> all;
  auto const waits_for = [&](hetmap::pool& other) {
    return [&] {
      both.arrive_and_wait();
      return other.submit([] { return 1; }).get();
    };
  };
  for (unsigned k = 0; k != GetParam(); ++k) {
    all.push_back(a.submit(waits_for(b)));
    all.push_back(b.submit(waits_for(a)));
  }
  for (auto const& f : all) EXPECT_EQ(f.get(), 1);
}

TEST_F(Waiting, WhatRunsOutOfTurnIsWhatIsWaitedForAndNothingElse) {
  hetmap::pool a(1u), b(1u);
  bool waiting = false;  // one call of a at a time reads or writes it
  int foreign = 0;
  std::latch begun(1), queued(1);
  auto const outer = a.submit([&] {
    begun.count_down();
    queued.wait();
    waiting = true;
    int const got = b.submit([&] { return a.submit([] { return 7; }).get(); }).get();
    waiting = false;
    return got;
  });
  begun.wait();
  std::vector<hetmap::future<void>> others;
  for (int k = 0; k != 20; ++k) others.push_back(a.submit([&] { foreign += waiting; }));
  queued.count_down();
  EXPECT_EQ(outer.get(), 7);
  for (auto const& f : others) f.get();
  EXPECT_EQ(foreign, 0);
}

TEST_F(Waiting, ThreadsThatStandInAreFewAndGoneAfterwards) {
  hetmap::pool a(1u), b(1u);
  std::function<int(int)> const go = [&](int left) -> int {
    return left == 0 ? 0 : 1 + (left % 2 == 0 ? a : b).submit(go, left - 1).get();
  };
  EXPECT_EQ(a.submit(go, 3).get(), 3);
  auto const before = threads_now();
  std::ptrdiff_t most = 0;
  std::function<int(int)> const counting = [&](int left) -> int {
    if (left == 0) return most = threads_now(), 0;
    return 1 + (left % 2 == 0 ? a : b).submit(counting, left - 1).get();
  };
  EXPECT_EQ(a.submit(counting, 20).get(), 20);
  EXPECT_LE(most - before, 20);
  EXPECT_TRUE(support::soon([&] { return threads_now() <= before; }));
  for (int round = 0; round != 200; ++round) ASSERT_EQ(a.submit(go, 4).get(), 4);
  EXPECT_TRUE(support::soon([&] { return threads_now() <= before; }));
}

TEST_F(Waiting, NestedMoreDeeplyThanThereMayBeThreadsThrows) {
  hetmap::pool a(1u), b(1u);
  std::function<int(int)> const go = [&](int left) -> int {
    return left == 0 ? 0 : 1 + (left % 2 == 0 ? a : b).submit(go, left - 1).get();
  };
  EXPECT_THROW(a.submit(go, 2000).get(), std::system_error);
  EXPECT_EQ(a.submit(go, 10).get(), 10);
  // What lies deeper may still be under way, and uses both.
  a.close();
  b.close();
  a.join();
  b.join();
}

TEST_F(Waiting, AThreadThatStandsInIsInitialised) {
  static thread_local bool initialised = false;
  std::atomic<int> calls{0};
  hetmap::pool a({.workers = 1u, .initializer = [&] { initialised = true, ++calls; }});
  hetmap::pool b(1u);
  EXPECT_TRUE(a.submit([&] {
                 return b.submit([&] { return a.submit([] { return initialised; }).get(); }).get();
               }).get());
  EXPECT_EQ(calls, 2);
}

TEST_P(WaitingOn, AnInitializerMayWaitForAPoolWhoseWorkWaitsForItsOwn) {
  hetmap::pool* mine = nullptr;
  std::latch made(1);
  hetmap::pool pool(
      {.workers = GetParam(), .initializer = [&] { made.wait(), b.submit([] {}).get(); }});
  mine = &pool;
  auto const f = b.submit([&] { return mine->submit([] { return 7; }).get(); });
  made.count_down();
  EXPECT_EQ(f.get(), 7);
}

// -- through the free verbs ------------------------------------------------------------------

TEST_P(WaitingOn, AFreeMapWhoseFunctionUsesThePoolThatCalledItEnds) {
  auto const inner = [](int j) { return j; };
  auto const by_submit = [&](int i) { return a.submit([i] { return i; }).get(); };
  auto const by_map = [&](int i) { return i + sum(a.map(inner, support::indices(2))) - 1; };
  auto const by_wait = [&](int i) {
    auto f = a.submit([i] { return i; });
    return f.wait(90s) ? f.get() : -1;
  };
  auto const around = [&](int i) {
    return b.submit([&, i] { return a.submit([i] { return i; }).get(); }).get();
  };
  for (std::function<int(int)> const& f :
       std::vector<std::function<int(int)>>{by_submit, by_map, by_wait, around})
    for (int round = 0; round != 10; ++round) {
      std::vector<hetmap::future<int>> all;
      for (unsigned k = 0; k != 2 * GetParam(); ++k)
        all.push_back(a.submit([&] { return sum(hetmap::map(f, support::indices(20))); }));
      for (auto const& h : all) EXPECT_EQ(h.get(), 190);
      EXPECT_EQ(a.submit([&] {
                   return hetmap::map_reduce(f, std::plus<>(), 0, support::indices(20));
                 }).get(),
                190);
      EXPECT_EQ(a.submit([&] { return sum(hetmap::map(f, std::list<int>(10, 1))); }).get(), 10);
    }
}

struct now_and_then {
  hetmap::pool* pool;
  std::atomic<int>* slow;
  int operator()(int i) const {
    return slow->load() != 0 ? pool->submit([i] { return i + 1; }).get() : i + 1;
  }
};

TEST_P(WaitingOn, AFunctionKnownAsCheapThatBeginsToWaitEnds) {
  std::atomic<int> slow{0};
  now_and_then const f{&a, &slow};
  auto const x = support::indices(20000);
  a.submit([&] {
     for (int round = 0; round != 300; ++round) hetmap::map(f, x);  // short calls, often
     slow = 1;
     auto const few = support::indices(300);
     for (int round = 0; round != 20; ++round) EXPECT_EQ(hetmap::map(f, few)[7], 8);
   }).get();
}

TEST_P(WaitingOn, AStreamWhoseFunctionOrInputUsesThePoolThatReadsItEnds) {
  auto const through_a = [&](int i) { return a.submit([i] { return i; }).get(); };
  auto const same = [](int i) { return i; };
  auto const all = [](auto&& stream) {
    int got = 0;
    for (int v : stream) got += v;
    return got;
  };
  auto const count = [&](int& i) {
    return hetmap::generate([&]() -> std::optional<int> {
      if (i == 20) return std::nullopt;
      return through_a(i++);
    });
  };
  std::vector<hetmap::future<int>> sums;
  for (unsigned k = 0; k != 2 * GetParam(); ++k) {
    sums.push_back(a.submit([&] { return all(hetmap::imap(through_a, support::indices(20))); }));
    sums.push_back(
        a.submit([&] { return all(hetmap::imap_unordered(through_a, support::indices(20))); }));
    sums.push_back(a.submit([&] { return all(b.imap(through_a, support::indices(20))); }));
    sums.push_back(a.submit([&] { return all(a.imap(through_a, support::indices(20))); }));
    sums.push_back(a.submit([&] {
      int i = 0;
      return all(hetmap::imap(same, count(i)));
    }));
    sums.push_back(a.submit([&] {
      int i = 0;
      return all(b.imap(same, count(i)));
    }));
  }
  for (auto const& f : sums) EXPECT_EQ(f.get(), 190);
}

TEST_P(WaitingOn, AnInputThatWaitsForThePoolThatReadsItEnds) {
  auto const input = [&](int& i) {
    return hetmap::generate([&]() -> std::optional<int> {
      if (i == 20) return std::nullopt;
      return b.submit([&] { return a.submit([&] { return i++; }).get(); }).get();
    });
  };
  auto const same = [](int i) { return i; };
  int i = 0, j = 0;
  EXPECT_EQ(sum(a.map(same, input(i))), 190);
  EXPECT_EQ(a.submit([&] { return sum(a.map(same, input(j))); }).get(), 190);
}

}  // namespace
