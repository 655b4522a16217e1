// Streams whose chunks a pool computes, and what becomes of them when it closes.
#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <atomic>
#include <chrono>
#include <numeric>
#include <optional>
#include <ranges>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;

struct square {
  long operator()(long i) const { return i * i; }
};

TEST(PoolStreams, GiveWhatAMapGivesAndNeverRunOnTheCaller) {
  for (unsigned const workers : {1u, 3u}) {
    hetmap::pool pool(workers);
    auto const caller = std::this_thread::get_id();
    std::atomic<bool> on_caller{false};
    auto const f = [&](long i) {
      if (std::this_thread::get_id() == caller) on_caller = true;
      return i * i;
    };
    for (auto const where : {hetmap::backend::inherit, hetmap::backend::serial}) {
      long expected = 0;
      for (long const v : pool.imap({.backend = where}, f, std::views::iota(0L, 20'000L))) {
        ASSERT_EQ(v, expected * expected);
        ++expected;
      }
      EXPECT_EQ(expected, 20'000);
    }
    EXPECT_FALSE(on_caller);
  }
}

TEST(PoolStreams, EveryVerb) {
  hetmap::pool pool(2);
  std::vector<std::pair<int, int>> const rows{{1, 2}, {3, 4}, {5, 6}};
  auto const product = [](int a, int b) { return a * b; };
  auto const sum = [](auto&& stream) {
    long total = 0;
    for (auto const& v : stream) total += v;
    return total;
  };
  EXPECT_EQ(sum(pool.imap_unordered(square(), std::views::iota(0L, 1000L))), 332833500);
  EXPECT_EQ(sum(pool.istarmap(product, rows)), 44);
  EXPECT_EQ(sum(pool.istarmap_unordered({.chunk_size = 1}, product, rows)), 44);
  int failures = 0;
  for (auto const& one : pool.imap(
           {.errors = hetmap::collect}, [](int i) { return i % 2 != 0 ? throw i : i; },
           std::views::iota(0, 10)))
    failures += one.has_value() ? 0 : 1;
  EXPECT_EQ(failures, 5);
}

/// Reads until closed_error; how many results came before it.
template <class Stream>
std::size_t read_to_the_close(Stream& stream) {
  std::size_t got = 0;
  try {
    while (stream.next(30s)) ++got;
  } catch (hetmap::closed_error const&) {
    return got;
  }
  ADD_FAILURE() << "ended in silence after " << got;
  return got;
}

TEST(PoolStreams, CloseKeepsWhatIsThereAndSaysThatThereIsNoMore) {
  hetmap::pool pool(2);
  auto stream = pool.imap({.chunk_size = 10, .window = 4}, square(), std::views::iota(0L));
  ASSERT_EQ(stream.next(30s), 0);
  pool.close();
  pool.join();
  EXPECT_THROW(static_cast<void>(pool.imap(square(), std::views::iota(0L))), hetmap::closed_error);
  std::size_t const more = read_to_the_close(stream);
  EXPECT_GE(more, 9u);
  EXPECT_LE(more, 39u);
}

TEST(PoolStreams, MayOutliveThePool) {
  std::optional<hetmap::pool> pool(2u);
  auto stream = pool->imap({.chunk_size = 10, .window = 4}, square(), std::views::iota(0L));
  ASSERT_EQ(stream.next(30s), 0);
  pool.reset();
  EXPECT_LE(read_to_the_close(stream), 39u);
}

TEST(PoolStreams, TerminateLeavesNobodyWaiting) {
  hetmap::pool pool(2);
  std::atomic<bool> running{false};
  auto stream = pool.imap(
      {.chunk_size = 1, .window = 2},
      [&](long i) {
        running = true;
        std::this_thread::sleep_for(2ms);
        return i;
      },
      std::views::iota(0L));
  std::thread reader([&] { read_to_the_close(stream); });
  while (!running) std::this_thread::yield();
  pool.terminate();
  reader.join();
}

TEST(PoolStreams, InsideAFunctionOfTheSamePool) {
  hetmap::pool pool(1);
  auto const inner = [&](long n) {
    long total = 0;
    for (long const v : pool.imap(square(), std::views::iota(0L, n))) total += v;
    return total;
  };
  auto const sums = pool.map(inner, std::vector<long>{0, 1, 10, 1000});
  EXPECT_EQ(sums[2], 285);
  EXPECT_EQ(sums[3], 332833500);
}

TEST(PoolStreams, ClosedAtRandomMomentsEndInOrder) {
  for (int round = 0; round != 200; ++round) {
    hetmap::pool pool(2);
    auto stream = pool.imap({.chunk_size = 1, .window = 3}, square(), std::views::iota(0L));
    std::thread closer([&] {
      if (round % 2 != 0) std::this_thread::sleep_for(std::chrono::microseconds(round));
      pool.close();
    });
    long expected = 0;
    try {
      while (auto const v = stream.next(30s)) {
        ASSERT_EQ(*v, expected * expected);
        ++expected;
      }
      ADD_FAILURE() << "ended in silence";
    } catch (hetmap::closed_error const&) {
    }
    closer.join();
  }
}

}  // namespace
