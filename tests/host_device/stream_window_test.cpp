// Streams on a pretended GPU: how far ahead of the consumer they are, and in how much memory.
#include "gpu_streams.hpp"
#include "stream/inputs.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <atomic>
#include <chrono>
#include <ranges>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace host_kernels;
using namespace std::chrono_literals;
using hetmap::backend;
using stream_tests::counting_input;
using support::operation;
using support::strike;

hetmap::options const on_gpu{.backend = backend::gpu};

TEST_F(GpuStreams, PullNoFurtherAheadThanTheWindow) {
  for (auto const& [window, chunk] :
       {std::pair<std::size_t, std::size_t>{1, 1}, {3, 5}, {8, 64}, {2, 1000}}) {
    counting_input input;
    auto s = hetmap::imap({.backend = backend::gpu, .chunk_size = chunk, .window = window},
                          triple{}, input);
    EXPECT_EQ(input.pulled(), 0u);
    for (std::size_t yielded = 0; yielded != 3000; ++yielded) {
      ASSERT_EQ(s.next(), triple{}(static_cast<std::int64_t>(yielded)));
      ASSERT_LE(input.pulled(), yielded + 1 + window * chunk);
    }
    EXPECT_FALSE(input.raced());
  }
}

TEST_F(GpuStreams, WhatWasPulledArrivesThoughTheInputWaits) {
  // The input hands out an element only when the consumer has had the one before: a chunk of the
  // stream has to come back while the next is being pulled. On a pool of one, too.
  for (unsigned const workers : {1u, 2u}) {
    hetmap::pool pool(workers);
    std::atomic<std::int64_t> had{0};
    std::int64_t next = 0;
    auto input = hetmap::generate([&] {
      while (had < next) std::this_thread::yield();
      return next++;
    });
    auto s = pool.imap({.backend = backend::gpu, .chunk_size = 1, .window = 4}, triple{}, input);
    for (std::int64_t i = 0; i != 50; ++i) {
      ASSERT_EQ(s.next(30s), triple{}(i));
      had = i + 1;
    }
    had = std::int64_t{1} << 40;
  }
}

TEST_F(GpuStreams, ATimedNextLosesNothing) {
  counting_input input(2000);
  auto s = hetmap::imap({.backend = backend::gpu, .chunk_size = 10}, triple{}, input);
  std::int64_t expected = 0;
  for (;;) {
    try {
      auto const v = s.next(0s);
      if (!v) break;
      ASSERT_EQ(*v, triple{}(expected++));
    } catch (hetmap::timeout_error const&) {
      std::this_thread::yield();
    }
  }
  EXPECT_EQ(expected, 2000);
}

TEST_F(GpuStreams, CopyWhatHasToTravelAndNothingElse) {
  std::size_t const n = 100'000;
  expect_counted(hetmap::imap(on_gpu, triple{}, std::views::iota(std::int64_t{0}, std::int64_t{n})),
                 triple{}, n);
  EXPECT_EQ(gpu().bytes_in(), 0u) << "what is generated";
  EXPECT_EQ(gpu().bytes_out(), n * sizeof(std::int64_t));
  hetmap::core::release_device_memory();
  gpu().bytes().restart_peaks();
  auto const pinned = pinned_numbers(n);
  auto const held = gpu().bytes().pinned();
  auto s =
      hetmap::imap({.backend = backend::gpu, .chunk_size = 1000, .window = 4}, triple{}, pinned);
  static_cast<void>(s.next());
  std::size_t const slots = 4 * 1000 * sizeof(std::int64_t);
  EXPECT_LT(gpu().bytes().most_pinned() - held, slots + 4096) << "results only: nothing is staged";
  auto const x = counted(n);
  auto t = hetmap::imap({.backend = backend::gpu, .chunk_size = 1000, .window = 4}, triple{}, x);
  static_cast<void>(t.next());
  EXPECT_GT(gpu().bytes().pinned() - held, 3 * slots) << "pageable memory is";
}

TEST_F(GpuStreams, KeepTheBoundInBytesThatTheyState) {
  auto const x = counted(200'000);
  std::vector<std::pair<double, double>> const pairs(1);
  for (std::size_t const max_bytes : {std::size_t{0}, std::size_t{20'000}, std::size_t{500'000}}) {
    auto how = on_gpu;
    if (max_bytes != 0) how.max_bytes = max_bytes;
    auto const check = [&](auto stream) {
      hetmap::core::release_device_memory();
      gpu().bytes().restart_peaks();
      std::size_t const bound = stream.memory_bound();
      if (max_bytes != 0) {
        EXPECT_LE(bound, max_bytes);
      }
      for (auto const chunk : stream.chunks()) ASSERT_FALSE(chunk.empty());
      std::size_t const held = gpu().bytes().most_used() + gpu().bytes().most_pinned();
      EXPECT_LE(held, bound);
      if (max_bytes != 20'000) {
        EXPECT_GE(2 * held, bound) << "no bound at all";
      }
    };
    check(hetmap::imap(how, triple{}, x));
    check(hetmap::imap(how, triple{}, counting_input(200'000)));
    check(hetmap::imap(how, triple{}, std::views::iota(std::int64_t{0}, std::int64_t{200'000})));
    check(hetmap::imap(how, mixed{}, std::vector<float>(200'000), std::views::iota(0),
                       std::vector<double>(200'000)));
  }
  EXPECT_THROW(
      static_cast<void>(hetmap::imap({.backend = backend::gpu, .max_bytes = 1000}, triple{}, x)),
      hetmap::option_error);
}

TEST_F(GpuStreams, TakeTheirMemoryOnce) {
  std::atomic<std::uint64_t> taken{0};
  gpu().strike_with([&](operation what, std::uint64_t) {
    taken += what == operation::allocate || what == operation::pin || what == operation::create;
    return strike::none;
  });
  auto const x = counted(100'000);
  auto how = on_gpu;
  how.chunk_size = 100;
  {
    auto s = hetmap::imap(how, triple{}, x);
    auto chunks = s.chunks();
    auto it = chunks.begin();
    EXPECT_GT(taken, 0u);
    taken = 0;
    for (int i = 0; i != 900; ++i) ++it;
    EXPECT_EQ(taken, 0u) << "while it runs";
  }
  static_cast<void>(hetmap::imap(how, triple{}, x).next());
  EXPECT_EQ(taken, 0u) << "by the next stream of that shape";
}

TEST_F(GpuStreams, CopiesAndKernelsOverlap) {
  // Each of the three takes 100 us a chunk; one after the other would be 300.
  start({.bytes_in_per_second = 8e9,
         .bytes_out_per_second = 8e9,
         .element_nanoseconds = 1,
         .latency_nanoseconds = 0,
         .call_nanoseconds = 10});
  auto const x = counted(100'000 * 40);
  auto how = on_gpu;
  how.chunk_size = 100'000;
  auto const before = gpu().now();
  for (auto const chunk : hetmap::imap(how, triple{}, x).chunks()) ASSERT_FALSE(chunk.empty());
  EXPECT_LT(gpu().now() - before, 40 * 190us);
}

}  // namespace
