// Work that waits for work: of its own pool, of other pools, through maps, callbacks and joins.
// Whatever can be done is done, what could never end throws, and nothing hangs.
#include "support/waiting.hpp"
#include "support/no_hang.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <iterator>
#include <latch>
#include <list>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

int sum(auto const& v) { return std::accumulate(v.begin(), v.end(), 0); }

std::ptrdiff_t threads_now() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

class Waiting : public testing::Test {
 protected:
  support::no_hang guard{100};
};
class WaitingOn : public testing::TestWithParam<unsigned> {
 protected:
  support::no_hang guard{100};
  hetmap::pool a{GetParam()}, b{GetParam()}, c{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(N, WaitingOn, testing::Values(1u, 2u, 3u),
                         [](auto const& of) { return std::to_string(of.param); });

/// Every way to wait for a future, with a limit and without.
std::vector<std::function<int(hetmap::future<int>)>> ways_to_wait() {
  return {
      [](auto f) { return f.get(); },
      [](auto f) { return std::move(f).get(); },
      [](auto f) { return f.get(90s); },
      [](auto f) { return std::move(f).get(90s); },
      [](auto f) { return f.get(std::chrono::hours::max()); },
      [](auto f) { return f.wait(), f.get(0s); },
      [](auto f) { return f.wait(90s) ? f.get() : -1; },
      [](auto f) { return f.exception() == nullptr ? f.get(0s) : -1; },
      [](auto f) { return f.then([](int v) { return v; }).get(90s); },
      [](auto f) { return hetmap::wait(std::vector{f}).done.at(0).get(); },
      [](auto f) {
        return hetmap::wait(std::vector{f}, hetmap::return_when::first_completed, 90s)
            .done.at(0)
            .get();
      },
      [](auto f) {
        int got = -1;
        for (auto const& done : hetmap::as_completed(std::vector{f})) got = done.get();
        return got;
      },
      [](auto f) {
        int got = -1;
        for (auto const& done : hetmap::as_completed(std::vector{f}, 90s)) got = done.get();
        return got;
      },
  };
}

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

// -- callbacks, progress ---------------------------------------------------------------------

TEST_P(WaitingOn, CallbacksMayWaitForWorkOfAnyPool) {
  std::atomic<int> total{0};
  auto const from = [&](hetmap::pool& pool) {
    auto const f = pool.submit([] { return 1; });
    f.on_value([&](int v) {
      total += v + a.submit([] { return 1; }).get();
      total += b.submit([&] { return a.submit([] { return 1; }).get(); }).get();
      total += b.submit([] { return 1; }).then([](int w) { return w; }).get(90s);
    });
    return f;
  };
  std::vector<hetmap::future<int>> all;
  for (int k = 0; k != 20; ++k) {
    all.push_back(from(a));
    all.push_back(from(b));
  }
  for (auto const& f : all) f.get();
  while (total != 40 * 4) std::this_thread::yield();
}

TEST_P(WaitingOn, AProgressCallbackMayWaitForWorkOfAnyPool) {
  std::atomic<int> reports{0};
  auto const report = [&](hetmap::progress const&) {
    reports += b.submit([&] { return a.submit([] { return 1; }).get(); }).get();
  };
  auto const slow = [](int i) { return std::this_thread::sleep_for(10ms), i; };
  EXPECT_EQ(sum(a.map({.chunk_size = 1, .progress = report}, slow, support::indices(40))), 780);
  EXPECT_EQ(a.submit([&] {
               return sum(hetmap::map({.progress = report}, slow, support::indices(40)));
             }).get(),
            780);
  EXPECT_GE(reports, 2);
}

TEST_F(Waiting, ACallbackThatJoinsAPoolWhichWaitsForWhatFollowsItEnds) {
  for (int round = 0; round != 50; ++round) {
    hetmap::pool a(1u), b(1u);
    std::latch go(1), waits(1);
    auto const first = a.submit([&] { return go.wait(), 1; });
    std::atomic<bool> joined{false};
    first.on_value([&](int) {
      waits.wait();
      b.close();
      b.join();
      joined = true;
    });
    auto const second = first.then([](int v) { return v + 1; });
    auto const third = second.then([](int v) { return v + 1; });
    auto const waiter = b.submit([&] { return waits.count_down(), third.get(); });
    go.count_down();
    EXPECT_EQ(waiter.get(), 3);
    EXPECT_EQ(second.get(), 2);
    while (!joined) std::this_thread::yield();
  }
}

TEST_F(Waiting, ACallbackThatWaitsForWhatComesAfterItEnds) {
  hetmap::pool pool(2u);
  for (int round = 0; round != 50; ++round) {
    std::latch go(1);
    std::optional<hetmap::future<int>> second;
    std::atomic<int> got{0};
    auto const first = pool.submit([&] { return go.wait(), 1; });
    first.on_value([&](int) { got = second->get(); });
    second = first.then([](int v) { return v + 1; });
    go.count_down();
    EXPECT_EQ(second->get(), 2);
    while (got != 2) std::this_thread::yield();
  }
}

// -- ends ------------------------------------------------------------------------------------

TEST_P(WaitingOn, WorkThatJoinsAPoolWhoseWorkWaitsForItsOwnEnds) {
  for (int round = 0; round != 20; ++round) {
    std::vector<hetmap::future<int>> all;
    for (unsigned k = 0; k != GetParam(); ++k)
      all.push_back(a.submit([&] {
        hetmap::pool local(1u);
        auto const f = local.submit([&] { return a.submit([] { return 7; }).get(); });
        auto const g = local.submit([&] { return a.submit([] { return 1; }).get(); });
        local.close();
        local.join();
        return f.get() + g.get();
      }));
    all.push_back(a.submit([&] {
      hetmap::future<int> f;
      {
        hetmap::pool local(1u);
        f = local.submit([&] { return a.submit([] { return 8; }).get(); });
      }
      return f.get();
    }));
    for (auto const& f : all) EXPECT_EQ(f.get(), 8);
  }
}

TEST_F(Waiting, PoolsThatJoinEachOtherThrowInOne) {
  for (int round = 0; round != 20; ++round) {
    hetmap::pool a(1u), b(1u);
    std::latch both(2);
    std::atomic<int> thrown{0};
    auto const join = [&](hetmap::pool& other) {
      both.arrive_and_wait();
      try {
        other.close();
        other.join();
      } catch (std::logic_error const&) {
        ++thrown;
      }
    };
    auto const first = a.submit([&] { join(b); });
    auto const second = b.submit([&] { join(a); });
    first.get();
    second.get();
    EXPECT_EQ(thrown, 1);
  }
}

TEST_F(Waiting, AnInputThatJoinsThePoolWhichReadsItThrows) {
  // By itself, by way of another pool's work, or of a map there.
  for (int const way : {0, 1, 2}) {
    for (bool const streams : {false, true}) {
      SCOPED_TRACE(std::to_string(way) + std::to_string(streams));
      hetmap::pool mine(2u), other(1u);
      auto const join = [&] {
        mine.close();
        mine.join();
        return 0;
      };
      int thrown = 0;
      auto input = hetmap::generate([&, k = 0]() mutable -> std::optional<int> {
        try {
          if (k == 5 && way == 0) join();
          if (k == 5 && way == 1) other.submit(join).get();
          if (k == 5 && way == 2) other.map([&](int) { return join(); }, std::vector{0});
        } catch (std::logic_error const&) {
          ++thrown;
        }
        return k == 10 ? std::nullopt : std::optional(k++);
      });
      auto const same = [](int i) { return i; };
      if (streams) {
        int total = 0;
        auto results = mine.imap({.chunk_size = 1}, same, input);
        try {
          while (auto const v = results.next()) total += *v;
        } catch (hetmap::closed_error const&) {
          total += 30;  // nothing is read once the pool is closed
        }
        EXPECT_EQ(total, 45);
      } else {
        EXPECT_EQ(sum(mine.map(same, input)), 45);
      }
      EXPECT_EQ(thrown, 1);
      mine.join();
    }
  }
}

TEST_F(Waiting, AnInputThatTerminatesThePoolWhichReadsItEnds) {
  auto mine = std::make_unique<hetmap::pool>(2u);
  for (bool const destroys : {false, true}) {
    auto input = hetmap::generate([&, k = 0]() mutable {
      if (k == 70) destroys ? mine.reset() : mine->terminate();
      return k++;
    });
    auto& pool = *mine;
    try {
      pool.map([](int a, int b) { return a + b; }, input, std::vector<int>(1000));
    } catch (hetmap::cancelled_error const& e) {
      EXPECT_FALSE(destroys);
      EXPECT_LE(e.done(), 70u);
    } catch (hetmap::closed_error const&) {
    }
    if (!destroys) mine = std::make_unique<hetmap::pool>(2u);
  }
}

TEST_P(WaitingOn, WorkThatEndsAPoolWhichWaitsForItEnds) {
  // The destructor cannot throw: what waits for this thread is left to another.
  auto local = std::make_unique<hetmap::pool>(1u);
  std::optional<hetmap::future<int>> outer;
  std::latch known(1), waits(1);
  outer = a.submit([&] {
    known.wait();
    waits.wait();
    local.reset();
    return 7;
  });
  hetmap::future<int> const inner = local->submit([&] {
    waits.count_down();
    return outer->get();
  });
  known.count_down();
  try {
    EXPECT_EQ(inner.get(), 7);
  } catch (std::logic_error const&) {
    // Or it is told that it would never end.
  }
  EXPECT_EQ(outer->get(), 7);
}

TEST_P(WaitingOn, PoolsThatEndWhileOthersWaitForThemLeaveNobodyWaiting) {
  for (int round = 0; round != 30; ++round) {
    hetmap::pool first(GetParam()), second(GetParam());
    std::function<int(int)> const go = [&](int left) -> int {
      return left == 0 ? 0 : 1 + (left % 2 == 0 ? first : second).submit(go, left - 1).get();
    };
    std::vector<hetmap::future<int>> all;
    for (int k = 0; k != 10; ++k) all.push_back(first.submit(go, 5));
    if (round % 3 == 0) first.terminate();
    if (round % 3 == 1) second.terminate();
    if (round % 3 == 2) second.close();
    for (auto const& f : all) {
      try {
        EXPECT_EQ(f.get(), 5);
      } catch (hetmap::closed_error const&) {
      } catch (hetmap::cancelled_error const&) {
      }
    }
  }
}

TEST_P(WaitingOn, DeadlinesEndCallsThatServeOneAnother) {
  auto const inner = [&](int i) {
    return b.submit([&, i] { return a.submit([i] { return i; }).get(); }).get();
  };
  auto const slow = [&](int i) { return std::this_thread::sleep_for(20ms), inner(i); };
  EXPECT_THROW(a.map({.chunk_size = 1, .deadline = 100ms}, slow, support::indices(1000)),
               hetmap::timeout_error);
  EXPECT_EQ(sum(a.map(inner, support::indices(20))), 190);
}

}  // namespace
