// Futures line by line: what future.hpp says of handles that are empty, moved, cancelled, late, and
// what failed_index() says after whatever a pool or a future throws.
#include "support/no_hang.hpp"
#include "support/sizes.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <latch>
#include <limits>
#include <list>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

class Future : public testing::Test {
 protected:
  support::no_hang guard{100};
  hetmap::pool pool{{.workers = 2}};
};

TEST_F(Future, ThatIsEmptySaysSoWhateverItIsAsked) {
  auto moved_from = pool.submit([] { return 1; });
  auto const other = std::move(moved_from);
  auto taken = pool.submit([] { return 1; });
  EXPECT_EQ(std::move(taken).get(), 1);
  hetmap::future<int> const made;
  for (hetmap::future<int> const* f :
       std::initializer_list<hetmap::future<int> const*>{&made, &moved_from, &taken}) {
    EXPECT_FALSE(f->valid());
    EXPECT_THROW(f->get(), std::logic_error);
    EXPECT_THROW(f->get(1s), std::logic_error);
    EXPECT_THROW(hetmap::future<int>(*f).get(), std::logic_error);
    EXPECT_THROW(hetmap::future<int>(*f).get(1s), std::logic_error);
    EXPECT_THROW(f->wait(), std::logic_error);
    EXPECT_THROW(f->wait(1s), std::logic_error);
    EXPECT_THROW(static_cast<void>(f->ready()), std::logic_error);
    EXPECT_THROW(static_cast<void>(f->successful()), std::logic_error);
    EXPECT_THROW(static_cast<void>(f->exception()), std::logic_error);
    EXPECT_THROW(f->cancel(), std::logic_error);
    EXPECT_THROW(static_cast<void>(f->cancelled()), std::logic_error);
    EXPECT_THROW(f->on_done([](auto const&) {}), std::logic_error);
    EXPECT_THROW(f->on_value([](int) {}), std::logic_error);
    EXPECT_THROW(f->on_error([](std::exception_ptr const&) {}), std::logic_error);
    EXPECT_THROW(static_cast<void>(f->then([](int) {})), std::logic_error);
    EXPECT_EQ(*f, made);
  }
  EXPECT_TRUE(hetmap::wait(std::vector<hetmap::future<int>>(3)).done.empty());
  for (auto const& none : hetmap::as_completed(std::vector<hetmap::future<int>>(3)))
    FAIL() << none.valid();
  EXPECT_EQ(other.get(), 1);
}

TEST_F(Future, MovesSwapsAndAssignsToItself) {
  auto a = pool.submit([] { return 1; });
  auto b = pool.submit([] { return 2; });
  auto& same = a;
  a = std::move(same);
  EXPECT_EQ(a.get(), 1);
  a = same;
  EXPECT_EQ(a.get(), 1);
  std::swap(a, b);
  EXPECT_EQ(a.get(), 2);
  EXPECT_EQ(b.get(), 1);
  b = std::move(a);
  EXPECT_EQ(b.get(), 2);
  EXPECT_FALSE(a.valid());
  a = pool.submit([] { return 3; });
  EXPECT_EQ(a.get(), 3);
  auto const handle = a;
  EXPECT_EQ(handle, a);
  EXPECT_NE(handle, b);
}

TEST_F(Future, CancelledSaysTrueHoweverOftenAndFromWhereverItIsCancelled) {
  for (int round = 0; round != 500; ++round) {
    hetmap::pool one(1u);
    std::latch started(1), go(1);
    auto const running = one.submit([&] { started.count_down(), go.wait(); });
    started.wait();
    std::atomic<int> runs{0}, said_true{0};
    auto const pending = one.submit([&] { ++runs; });
    auto const follows = pending.then([&] { ++runs; });
    {
      std::vector<std::jthread> threads;
      for (int k = 0; k != 3; ++k) threads.emplace_back([&] { said_true += pending.cancel(); });
    }
    EXPECT_EQ(said_true, 3);
    EXPECT_TRUE(pending.cancel());
    EXPECT_TRUE(pending.cancelled());
    EXPECT_TRUE(follows.cancel()) << "what follows was cancelled with it";
    EXPECT_FALSE(running.cancel());
    go.count_down();
    running.get();
    EXPECT_FALSE(running.cancel());
    one.close();
    one.join();
    EXPECT_EQ(runs, 0);
  }
}

TEST_F(Future, OfATerminatedPoolIsCancelledAndOfABrokenOneIsNot) {
  hetmap::pool one(1u);
  std::latch started(1), go(1);
  auto const running = one.submit([&] { started.count_down(), go.wait(); });
  started.wait();
  auto const queued = one.submit([] {});
  std::jthread const end([&] { one.terminate(); });
  queued.wait();
  EXPECT_TRUE(queued.cancelled());
  EXPECT_TRUE(queued.cancel());
  EXPECT_THROW(queued.get(), hetmap::cancelled_error);
  go.count_down();
  running.get();

  hetmap::pool broken({.workers = 1u, .initializer = [] { throw 1; }});
  try {
    auto const f = broken.submit([] {});
    EXPECT_THROW(f.get(), hetmap::broken_pool_error);
    EXPECT_FALSE(f.cancelled());
    EXPECT_FALSE(f.cancel());
    EXPECT_FALSE(f.successful());
  } catch (hetmap::broken_pool_error const&) {
    // It was quicker.
  }
}

TEST_F(Future, TakesEveryLimit) {
  std::latch go(1);
  auto const f = pool.submit([&] { return go.wait(), 1; });
  using seconds = std::chrono::duration<double>;
  double const nan = std::numeric_limits<double>::quiet_NaN();
  double const inf = std::numeric_limits<double>::infinity();
  for (hetmap::time_limit const none :
       {hetmap::time_limit(0s), hetmap::time_limit(-1s), hetmap::time_limit(-1h * 1000000),
        hetmap::time_limit(std::chrono::nanoseconds::min()), hetmap::time_limit(seconds(nan)),
        hetmap::time_limit(seconds(-inf)),
        hetmap::time_limit(std::chrono::duration<float>(-0.f))}) {
    EXPECT_FALSE(f.wait(none));
    EXPECT_THROW(f.get(none), hetmap::timeout_error);
    EXPECT_EQ(hetmap::wait(std::vector{f}, hetmap::return_when::all_completed, none).done.size(),
              0u);
    EXPECT_THROW(for (auto const& done
                      : hetmap::as_completed(std::vector{f}, none)) done.get();
                 , hetmap::timeout_error);
  }
  std::jthread const later([&] { std::this_thread::sleep_for(30ms), go.count_down(); });
  std::vector<std::jthread> threads;
  for (hetmap::time_limit const long_one :
       {hetmap::time_limit(std::chrono::hours::max()),
        hetmap::time_limit(std::chrono::nanoseconds::max()), hetmap::time_limit(seconds(inf)),
        hetmap::time_limit(std::chrono::duration<float>(1e30f)),
        hetmap::time_limit(std::chrono::duration<std::int64_t, std::ratio<31556952>>::max())})
    threads.emplace_back([&, long_one] {
      EXPECT_EQ(f.get(long_one), 1);
      EXPECT_TRUE(f.wait(long_one));
      EXPECT_EQ(
          hetmap::wait(std::vector{f}, hetmap::return_when::all_completed, long_one).done.size(),
          1u);
      for (auto const& done : hetmap::as_completed(std::vector{f}, long_one))
        EXPECT_EQ(done.get(), 1);
      EXPECT_EQ(pool.map(
                    {.deadline = long_one}, [](int i) { return i; }, support::indices(5))[4],
                4);
    });
  threads.clear();
  EXPECT_THROW(pool.map(
                   {.deadline = seconds(nan)}, [](int i) { return i; }, support::indices(5)),
               hetmap::timeout_error);
}

// -- as_completed, moved ---------------------------------------------------------------------

std::array<hetmap::future<int>, 3> three(hetmap::pool& pool) {
  return {pool.submit([] { return 1; }), pool.submit([] { return 20; }),
          pool.submit([] { return 300; })};
}
int sum_of(auto&& completed) {
  int sum = 0;
  for (auto const& done : completed) sum += done.get();
  return sum;
}

TEST_F(Future, CompletionsCanBeMovedAndPipedIntoViews) {
  auto first = hetmap::as_completed(three(pool));
  auto second = std::move(first);
  EXPECT_EQ(sum_of(first), 0) << "moved from, it is empty";
  EXPECT_EQ(sum_of(second), 321);
  second = hetmap::as_completed(three(pool));
  auto& same = second;
  second = std::move(same);
  auto third = hetmap::as_completed(three(pool));
  std::swap(second, third);
  EXPECT_EQ(sum_of(second) + sum_of(third), 642);
  int sum = 0;
  for (int v : hetmap::as_completed(three(pool)) |
                   std::views::transform([](hetmap::future<int>& f) { return f.get(); }) |
                   std::views::filter([](int i) { return i != 20; }))
    sum += v;
  EXPECT_EQ(sum, 301);

  auto begun = hetmap::as_completed(three(pool));
  auto at = begun.begin();
  sum = (*at).get();
  auto elsewhere = std::make_unique<decltype(begun)>(std::move(begun));
  for (++at; at != std::default_sentinel; ++at) sum += (*at).get();
  EXPECT_EQ(sum, 321) << "iterators go with it";
  auto moved_at = std::move(at);
  EXPECT_EQ(moved_at, std::default_sentinel);
}

TEST_F(Future, CompletionsOfAnLvalueAreItsElements) {
  auto const all = three(pool);
  std::list<hetmap::future<int>> some(all.begin(), all.end());
  auto completed = hetmap::as_completed(some);
  auto const moved = std::make_unique<decltype(completed)>(std::move(completed));
  std::size_t met = 0;
  for (auto& done : *moved)
    for (auto& f : some) met += std::addressof(done) == std::addressof(f);
  EXPECT_EQ(met, 3u);
}

// -- failed_index() --------------------------------------------------------------------------

struct copy_throws {
  bool armed = true;
  copy_throws() = default;
  copy_throws(copy_throws const& other) : armed(other.armed) {
    if (armed) throw std::domain_error("copied");
  }
  int operator()() const { return 1; }
  int operator()(int) const { return 1; }
};

TEST_F(Future, WhateverIsThrownFailedIndexIsThatCallsOrNothing) {
  auto const x = support::indices(100);
  auto const failing = [](int i) { return i == 31 ? throw i : i; };
  auto const index_after = [&](auto call) {
    EXPECT_THROW(hetmap::map(failing, x), int);
    EXPECT_EQ(hetmap::failed_index(), 31u);
    EXPECT_ANY_THROW(call());
    return hetmap::failed_index();
  };
  auto const nothing = std::optional<std::size_t>();
  auto const submitted = pool.submit([]() -> int { throw 1; });
  auto const inner = pool.submit([&] {
    try {
      hetmap::map(failing, x);
    } catch (int) {
      // Its own affair.
    }
    throw std::domain_error("another");
  });
  auto const mapped = pool.map_async(failing, x);
  auto const value = pool.submit([] { return copy_throws(); });
  auto const other = value;
  auto const cancelled = pool.submit([] { return 1; });
  static_cast<void>(cancelled.cancel());
  copy_throws const fragile;
  std::latch go(1);
  auto const late = pool.submit([&] { return go.wait(), 1; });

  EXPECT_EQ(index_after([&] { submitted.get(); }), nothing);
  EXPECT_EQ(index_after([&] { inner.get(); }), nothing);
  EXPECT_EQ(index_after([&] { submitted.then([](int) {}).get(); }), nothing);
  EXPECT_EQ(index_after([&] { static_cast<void>(mapped.get()); }), 31u);
  EXPECT_EQ(index_after([&] { mapped.then([](auto const&) {}).get(); }), 31u);
  EXPECT_EQ(index_after([&] { static_cast<void>(hetmap::future(value).get()); }), nothing);
  EXPECT_EQ(index_after([&] { static_cast<void>(pool.submit(fragile)); }), nothing);
  EXPECT_EQ(index_after([&] { static_cast<void>(pool.map_async(fragile, x)); }), nothing);
  EXPECT_EQ(index_after([&] { static_cast<void>(late.then(fragile)); }), nothing);
  EXPECT_EQ(index_after([&] { late.get(1ms); }), nothing);
  EXPECT_EQ(index_after([&] { static_cast<void>(late.successful()); }), nothing);
  // Where memory runs out, or the range of futures throws.
  std::vector<hetmap::future<int>> const ones(3, late);
  auto const broken = ones | std::views::transform([](auto const& one) { return throw 1, one; });
  EXPECT_EQ(index_after([&] { static_cast<void>(hetmap::wait(broken)); }), nothing);
  EXPECT_EQ(index_after([&] { static_cast<void>(hetmap::as_completed(broken)); }), nothing);
  EXPECT_EQ(index_after([&] { sum_of(hetmap::as_completed(std::vector{late}, 1ms)); }), nothing);
  EXPECT_EQ(index_after([&] {
              auto const f = pool.submit([&] { return late.get(0s); });
              f.get();
            }),
            nothing);
  go.count_down();

  EXPECT_EQ(index_after([&] { pool.join(); }), nothing) << "before close()";
  EXPECT_EQ(index_after([&] { pool.submit([&] { pool.close(), pool.join(); }).get(); }), nothing);
  EXPECT_EQ(index_after([&] {
              auto const f = pool.submit([] {});
              f.get();
            }),
            nothing)
      << "closed";
  EXPECT_EQ(index_after([&] { pool.map([](int i) { return i; }, x); }), nothing);
  EXPECT_EQ(index_after([&] { hetmap::pool none(0u); }), nothing);
  EXPECT_EQ(index_after([&] { hetmap::pool none({.backend = hetmap::backend::gpu}); }), nothing);
  EXPECT_EQ(index_after([&] { static_cast<void>(hetmap::backend_from_name("abacus")); }), nothing);
}

// -- when nothing is left of a future --

std::atomic<int> alive{0};

struct counted_alive {
  counted_alive() { ++alive; }
  counted_alive(counted_alive const&) { ++alive; }
  ~counted_alive() { --alive; }
};

/// What is the user's has gone when the last handle has, whatever the worker is still doing.
TEST_F(Future, NothingOfItOutlivesItsLastHandle) {
  constexpr int rounds = 3000;
  for (int round = 0; round != rounds; ++round) {
    pool.submit([c = counted_alive()] { return c; }).wait();
    ASSERT_EQ(alive, 0) << "round " << round;
  }
  for (int round = 0; round != rounds; ++round) {
    try {
      pool.submit([]() -> int { throw counted_alive(); }).get();
    } catch (counted_alive const&) {
    }
    ASSERT_EQ(alive, 0) << "round " << round;
  }
  for (int round = 0; round != rounds; ++round) {
    pool.submit([] { return counted_alive(); })
        .then([c = counted_alive()](counted_alive const& v) { return v; })
        .wait();
    ASSERT_EQ(alive, 0) << "round " << round;
  }
  for (int round = 0; round != rounds; ++round) {
    auto last = pool.submit([] {});
    {
      auto cancelled = pool.submit([c = counted_alive()] { return c; });
      if (!cancelled.cancel()) cancelled.wait();
    }
    ASSERT_EQ(alive, 0) << "round " << round;
    last.wait();
  }
}

}  // namespace
