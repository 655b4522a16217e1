// Callbacks that end the pool whose work they are told of: served, or refused, never a hang.
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/pool.hpp>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

/// What a callback does to the pool: everything that ends it.
void end_it(hetmap::pool& pool, std::atomic<int>& refusals) {
  pool.close();
  try {
    pool.join();
  } catch (std::logic_error const&) {
    ++refusals;
  }
  pool.terminate();
}

/// A function that waits for its stop token, with a callback registered there.
template <class Told>
struct waits_for_stop {
  Told told;
  std::latch& started;

  void operator()(int, std::stop_token const& stop) const {
    std::stop_callback const callback(stop, told);
    started.count_down();
    while (!stop.stop_requested()) std::this_thread::yield();
    // The destructor of the callback waits until that has returned.
  }
};

/// Calls of a map wait for their stop token, whose callback ends the pool; stop(pool) requests it.
void end_from_a_stop(hetmap::options how, auto&& stop) {
  hetmap::pool pool{2u};
  std::atomic<int> refusals{0};
  auto const told = [&] { end_it(pool, refusals); };
  std::latch started(2);
  waits_for_stop<decltype(told)> const f{told, started};
  how.chunk_size = 1;
  auto const h = pool.map_async(how, f, support::indices(100));
  started.wait();
  stop(pool);
  EXPECT_THROW(h.get(), hetmap::cancelled_error);
  EXPECT_GE(refusals, 1);
}

TEST(PoolCallbacks, OfAStopMayEndThePoolThatTerminateEnds) {
  end_from_a_stop({}, [](hetmap::pool& pool) { pool.terminate(); });
}

TEST(PoolCallbacks, OfAStopMayEndThePoolWhenTheCallerStops) {
  std::stop_source source;
  end_from_a_stop({.stop = source.get_token()}, [&](hetmap::pool&) { source.request_stop(); });
}

TEST(PoolCallbacks, OfAStopMayEndThePoolWhenADeadlinePasses) {
  hetmap::pool pool{2u};
  std::atomic<int> refusals{0};
  auto const told = [&] { end_it(pool, refusals); };
  std::latch started(2);
  waits_for_stop<decltype(told)> const f{told, started};
  EXPECT_ANY_THROW(pool.map({.chunk_size = 1, .deadline = 100ms}, f, support::indices(100)));
  EXPECT_GE(refusals, 1);
}

TEST(PoolCallbacks, OfAStopMayMapOnThePoolAndIsRefused) {
  hetmap::pool pool{2u};
  std::atomic<int> refused{0};
  auto const told = [&] {
    try {
      pool.map([](int, std::stop_token const&) {}, support::indices(3));
    } catch (hetmap::closed_error const&) {
      ++refused;
    }
  };
  std::latch started(1);
  auto const h = pool.submit(waits_for_stop<decltype(told)>{told, started}, 1);
  started.wait();
  pool.terminate();
  EXPECT_EQ(refused, 1);
  EXPECT_NO_THROW(h.get());
}

/// A worker waits for what follows `first`; the callback before that ends the pool.
void end_from_a_callback(auto&& finish) {
  hetmap::pool pool{1u};
  std::atomic<int> refusals{0};
  std::latch started(1), go(1);
  std::optional<hetmap::future<int>> second;
  auto const waiting = pool.submit([&] {
    started.count_down();
    go.wait();
    // No time only looks: the worker does not run it itself.
    while (!second->wait(0s)) std::this_thread::yield();
  });
  started.wait();
  auto const first = pool.submit([] { return 1; });
  first.on_done([&](auto const&) { end_it(pool, refusals); });
  second = first.then([](int v) { return v + 1; });
  go.count_down();
  finish(pool, first);
  EXPECT_THROW(second->get(), hetmap::cancelled_error);
  EXPECT_NO_THROW(waiting.get());
  EXPECT_EQ(refusals, 1);
  EXPECT_THROW(static_cast<void>(pool.submit([] {})), hetmap::closed_error);
  pool.join();
}

TEST(PoolCallbacks, OfAFutureMayEndThePoolThatTerminateEnds) {
  end_from_a_callback([](hetmap::pool& pool, auto const&) { pool.terminate(); });
}

TEST(PoolCallbacks, OfAFutureMayEndThePoolWhenItIsCancelled) {
  end_from_a_callback([](hetmap::pool&, auto const& first) { EXPECT_TRUE(first.cancel()); });
}

TEST(PoolCallbacks, OfAFutureMayEndThePoolOnAWorker) {
  for (int round = 0; round != 100; ++round) {
    hetmap::pool pool{2u};
    std::atomic<int> refusals{0};
    std::vector<hetmap::future<int>> all;
    try {
      for (int i = 0; i != 20; ++i) {
        all.push_back(pool.submit([i] { return i; }));
        if (i == 0) all.back().on_done([&](auto const&) { end_it(pool, refusals); });
      }
    } catch (hetmap::closed_error const&) {
      // It was quicker.
    }
    for (auto const& h : all) h.wait();
    EXPECT_LE(refusals, 1);
  }
}

TEST(PoolCallbacks, OfAFutureMayDestroyThePool) {
  auto pool = std::make_unique<hetmap::pool>(2u);
  std::latch started(1), go(1);
  auto const running = pool->submit([&] { started.count_down(), go.wait(); });
  started.wait();
  auto const blocked = pool->submit([&] { go.wait(); });
  std::vector<hetmap::future<int>> queued;
  for (int i = 0; i != 3; ++i) queued.push_back(pool->submit([i] { return i; }));
  std::atomic<bool> told{false};
  queued[2].on_done([&](auto const&) {
    pool.reset();
    told = true;
  });
  static_cast<void>(queued[2].cancel());  // here, unless a worker was quicker
  go.count_down();
  running.get();
  blocked.get();
  while (!told) std::this_thread::yield();
  for (int i = 0; i != 2; ++i) EXPECT_EQ(queued[static_cast<std::size_t>(i)].get(), i);
}

}  // namespace
