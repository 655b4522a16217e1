// Streams inside streams, many at once, and in other threads than those that made them.
#include "inputs.hpp"

#include <gtest/gtest.h>
#include <hetmap/imap.hpp>
#include <hetmap/map.hpp>
#include <hetmap/topology.hpp>

#include <ranges>
#include <thread>
#include <vector>

namespace {

using stream_tests::counting_input;

long sum_below(long n, int depth) {
  auto const f = [depth](long i) { return depth == 0 ? i : sum_below(i, depth - 1); };
  long sum = 0;
  for (long const v :
       hetmap::imap({.chunk_size = 2, .window = 3}, f, counting_input(static_cast<std::size_t>(n))))
    sum += v;
  return sum;
}

TEST(NestedStreams, CompleteAtAnyDepth) {
  EXPECT_EQ(sum_below(40, 0), 780);
  EXPECT_EQ(sum_below(40, 1), 9880);  // 40 choose 3
  EXPECT_EQ(sum_below(20, 2), 4845);  // 20 choose 4
  EXPECT_EQ(sum_below(14, 3), 2002);  // 14 choose 5
}

TEST(NestedStreams, InsideAMapAndAMapInside) {
  auto const sums = hetmap::map([](long n) { return sum_below(n, 0); }, std::vector(100, 40L));
  for (long const s : sums) EXPECT_EQ(s, 780);
  long total = 0;
  for (long const v : hetmap::imap(
           {.chunk_size = 1},
           [](long n) {
             auto const y = hetmap::map([](long i) { return i; }, std::views::iota(0L, n));
             return y.empty() ? 0 : y.back();
           },
           std::views::iota(0L, 100L)))
    total += v;
  EXPECT_EQ(total, 98 * 99 / 2);
}

TEST(NestedStreams, ManyThreadsEachWithItsOwn) {
  std::vector<std::jthread> threads;
  for (int t = 0; t != 8; ++t)
    threads.emplace_back([] {
      for (int k = 0; k != 20; ++k) EXPECT_EQ(sum_below(40, 0), 780);
    });
}

TEST(NestedStreams, MayBeTakenByAnotherThread) {
  auto s = hetmap::imap(
      {.chunk_size = 3}, [](long i) { return i; }, std::views::iota(0L, 100L));
  EXPECT_EQ(s.next(), 0);
  long sum = 0;
  std::jthread([&, mine = std::move(s)]() mutable {
    for (long const v : mine) sum += v;
  }).join();
  EXPECT_EQ(sum, 4950);
}

}  // namespace
