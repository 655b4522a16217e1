// How far ahead a stream runs, what it holds, and what it allocates while it runs.
#include "inputs.hpp"
#include "support/backends.hpp"
#include "support/sanitizers.hpp"
#include "support/tracked.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/imap.hpp>
#include <hetmap/memory.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <latch>
#include <new>
#include <ranges>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <malloc.h>
#include <unistd.h>

namespace {

std::atomic<long> allocations{0};
std::atomic<long> bytes_now{0};
std::atomic<long> bytes_most{0};

void* counted(std::size_t bytes, std::size_t alignment) {
  void* const p = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (p == nullptr) throw std::bad_alloc();
  ++allocations;
  long const now = bytes_now += static_cast<long>(malloc_usable_size(p));
  long most = bytes_most.load();
  while (now > most && !bytes_most.compare_exchange_weak(most, now)) {
  }
  return p;
}
void uncounted(void* p) noexcept {
  if (p != nullptr) bytes_now -= static_cast<long>(malloc_usable_size(p));
  std::free(p);
}

}  // namespace

// Replaced for the whole program: they count and do what the standard ones do.
void* operator new(std::size_t n) { return counted(n == 0 ? 1 : n, 16); }
void* operator new(std::size_t n, std::align_val_t a) {
  return counted(n == 0 ? 1 : n, static_cast<std::size_t>(a));
}
void* operator new(std::size_t n, std::nothrow_t const&) noexcept {
  try {
    return operator new(n);
  } catch (std::bad_alloc const&) {
    return nullptr;
  }
}
void operator delete(void* p) noexcept { uncounted(p); }
void operator delete(void* p, std::nothrow_t const&) noexcept { uncounted(p); }
void operator delete(void* p, std::size_t) noexcept { uncounted(p); }
void operator delete(void* p, std::align_val_t) noexcept { uncounted(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { uncounted(p); }

namespace {

using stream_tests::counting_input;

class StreamBounds : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, StreamBounds, support::each_backend(), support::backend_name);

struct same {
  HETMAP_FN long operator()(long v) const { return v; }
};

TEST_P(StreamBounds, PullsNoFurtherAheadThanTheWindow) {
  for (auto const& [window, chunk] : {std::pair<std::size_t, std::size_t>{1, 1}, {3, 5}, {8, 64}}) {
    counting_input input;
    auto s =
        hetmap::imap({.backend = GetParam(), .chunk_size = chunk, .window = window}, same{}, input);
    EXPECT_EQ(input.pulled(), 0u) << "nothing is read before it is asked for";
    for (std::size_t yielded = 0; yielded != 2000; ++yielded) {
      EXPECT_EQ(s.next(), static_cast<long>(yielded));
      // The element in hand counts as yielded.
      ASSERT_LE(input.pulled(), yielded + 1 + window * chunk);
    }
    EXPECT_FALSE(input.raced());
  }
}

TEST_P(StreamBounds, HoldsItsBoundAlsoInsideABlockedNext) {
  if (here_is(hetmap::backend::serial)) GTEST_SKIP() << "one chunk at a time, by the consumer";
  constexpr std::size_t window = 4, chunk = 3;
  counting_input input;
  std::latch release(1);
  std::function<long(long)> const f = [&](long v) {
    if (v == 0) release.wait();
    return v;
  };
  auto s = hetmap::imap(
      {.backend = GetParam(), .workers = 3, .chunk_size = chunk, .window = window}, f, input);
  std::jthread consumer([&] {
    for (long i = 0; i != 500; ++i) EXPECT_EQ(s.next(), i) << "order is kept";
  });
  EXPECT_TRUE(support::soon([&] { return input.pulled() == window * chunk; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  EXPECT_EQ(input.pulled(), window * chunk);
  release.count_down();
}

TEST_P(StreamBounds, OneByOneThroughAWindowOfOne) {
  counting_input input(10000);
  auto s = hetmap::imap({.backend = GetParam(), .workers = 8, .chunk_size = 1, .window = 1}, same{},
                        input);
  long expected = 0;
  for (long const v : s) {
    ASSERT_EQ(v, expected++);
    ASSERT_LE(input.pulled(), static_cast<std::size_t>(v) + 2);
  }
  EXPECT_EQ(expected, 10000);
}

TEST_P(StreamBounds, LiveResultsNeverExceedTheWindow) {
  struct tag;
  using result = support::tracked<tag>;
  constexpr long window = 3, chunk = 7;
  auto s = hetmap::imap(
      {.backend = GetParam(), .workers = 4, .chunk_size = chunk, .window = window},
      [](long v) { return result(static_cast<int>(v)); }, counting_input(3000));
  int expected = 0;
  while (auto r = s.next()) {
    EXPECT_EQ(r->value, expected++);
    ASSERT_LE(result::alive, window * chunk + 1);
  }
  EXPECT_EQ(expected, 3000);
}

TEST_P(StreamBounds, KeepsTheBoundInBytesThatItStates) {
  if (support::sanitized) GTEST_SKIP() << "the allocator is the sanitizer's";
  struct big {
    double values[20];
  };
  auto const f = [](long v) { return big{{static_cast<double>(v)}}; };
  // Blocks of 128 KiB and more would not be counted: they are the system's, and kept.
  for (std::size_t const max_bytes : {std::size_t{0}, std::size_t{20000}, std::size_t{100000}}) {
    hetmap::options how{.backend = GetParam()};
    if (max_bytes != 0)
      how.max_bytes = max_bytes;
    else
      how.chunk_size = 100, how.window = 3;
    static_cast<void>(hetmap::imap(how, f, counting_input(10)).next());  // what is made once
    counting_input input(20000);
    long const before = bytes_now;
    bytes_most = before;
    auto s = hetmap::imap(how, f, input);
    if (max_bytes != 0) {
      EXPECT_LE(s.memory_bound(), max_bytes);
    }
    double sum = 0;
    for (auto const& v : s) sum += v.values[0];
    EXPECT_EQ(sum, 19999.0 * 10000.0);
    EXPECT_LE(bytes_most - before, static_cast<long>(s.memory_bound()));
    EXPECT_GE(2 * (bytes_most - before), static_cast<long>(s.memory_bound())) << "no bound at all";
  }
}

TEST_P(StreamBounds, AllocatesNothingOnceItRuns) {
  auto s = hetmap::imap({.backend = GetParam(), .chunk_size = 100, .window = 5}, same{},
                        counting_input());
  auto chunks = s.chunks();
  auto it = chunks.begin();
  for (int i = 0; i != 20; ++i) ++it;
  long const before = allocations;
  for (int i = 0; i != 1000; ++i) ++it;
  EXPECT_EQ(allocations, before);
}

/// Resident memory, in bytes.
std::size_t resident() {
  std::FILE* const f = std::fopen("/proc/self/statm", "r");
  unsigned long size = 0, pages = 0;
  int const read = std::fscanf(f, "%lu %lu", &size, &pages);
  std::fclose(f);
  return read == 2 ? pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) : 0;
}

TEST_P(StreamBounds, SquaresOfTenToTheEleventhStartAtOnce) {
  struct square {
    HETMAP_FN long operator()(long v) const { return v * v; }
  };
  std::size_t const before = resident();
  auto s = hetmap::imap(here(), square{}, std::views::iota(0L, 100'000'000'000L));
  EXPECT_EQ(s.total(), 100'000'000'000u);
  EXPECT_LT(s.memory_bound(), std::size_t{64} << 20);
  long expected = 0;
  for (long const v : s) {
    ASSERT_EQ(v, expected * expected);
    if (++expected == 1'000'000) break;
  }
  if (!support::sanitized) {
    EXPECT_LT(resident(), before + (std::size_t{64} << 20));
  }
}

TEST_P(StreamBounds, IsStoppedAtRandomMoments) {
  for (unsigned k = 0; k != 350; ++k) {
    counting_input input;
    hetmap::options const how{
        .backend = GetParam(), .workers = 1 + k % 4, .chunk_size = 1 + k % 9, .window = 1 + k % 5};
    auto s =
        k % 2 == 0 ? hetmap::imap(how, same{}, input) : hetmap::imap_unordered(how, same{}, input);
    std::size_t const take = k * 7919 % 83;
    for (std::size_t i = 0; i != take; ++i) {
      auto const v = s.next();
      ASSERT_TRUE(v);
      if (k % 2 == 0) {
        ASSERT_EQ(*v, static_cast<long>(i));
      }
    }
    if (k % 3 == 0) s.close();
  }
}

}  // namespace
