// Callbacks that wait, and pools that are joined, terminated or destroyed while work waits for
// work.
#include "support/no_hang.hpp"
#include "support/sizes.hpp"
#include "support/waiting.hpp"
#include "waiting_fixture.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace pool_tests;
using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

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
