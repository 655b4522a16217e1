// How many calls of the function run at once: as many as there are workers and elements, whatever
// the verb, the input and the options are.
#include "support/calls.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <list>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;

/// Calls that wait until so many of them run at once, but not for ever.
class meeting {
 public:
  explicit meeting(std::size_t wanted) : wanted_(static_cast<int>(wanted)) {}

  void attend() {
    support::concurrency_meter::call const here(meter_);
    if (!support::soon([&] { return meter_.peak() >= wanted_ || given_up_.load(); }))
      given_up_ = true;
  }
  [[nodiscard]] std::size_t most() const { return static_cast<std::size_t>(meter_.peak()); }

 private:
  support::concurrency_meter meter_;
  int wanted_;
  std::atomic<bool> given_up_{false};
};

/// Cheap below `cheap`.
struct attends {
  meeting* of;
  long cheap = 0;

  long operator()(long i) const {
    if (i >= cheap) of->attend();
    return i;
  }
};

/// Calls body with the numbers below n as every kind of input; `as` says what element i is.
template <class As, class Body>
void with_each_input(long n, As as, Body const& body) {
  using element = decltype(as(0L));
  auto const view = std::views::iota(0L, n) | std::views::transform(as);
  std::vector<element> array;
  for (long i = 0; i != n; ++i) array.push_back(as(i));
  body("array", array);
  body("random access view", view);
  std::list<element> list(array.begin(), array.end());
  body("list", list);
  auto forward = std::views::iota(0L, n) | std::views::filter([](long) { return true; }) |
                 std::views::transform(as);
  body("forward view", forward);
  auto filtered = list | std::views::filter([](element const&) { return true; });
  body("filtered list", filtered);
  auto input = hetmap::generate([i = 0L, n, as]() mutable {
    return i != n ? std::optional<element>(as(i++)) : std::nullopt;
  });
  body("single-pass", input);
}

enum class taken { by_one, in_chunks, into_a_sink };

/// Takes all of it: how many came.
template <class Stream>
long take_all(Stream stream, taken how) {
  long n = 0;
  switch (how) {
    case taken::by_one:
      while (stream.next()) ++n;
      break;
    case taken::in_chunks:
      for (auto const chunk : stream.chunks()) n += static_cast<long>(chunk.size());
      break;
    case taken::into_a_sink:
      static_cast<void>(std::move(stream) |
                        hetmap::each([&](auto span) { n += static_cast<long>(span.size()); }));
  }
  return n;
}

hetmap::pool& eight() {
  static hetmap::pool pool(8);
  return pool;
}

struct one_case {
  hetmap::options how;
  std::size_t lanes;
  long n;
  taken by;
  long cheap = 0;
};

/// Every verb over every input; `pool`: the verbs of eight().
void check(one_case const& c, bool pool) {
  hetmap::options const& how = c.how;
  std::size_t wanted = std::min(c.lanes, static_cast<std::size_t>(c.n - c.cheap));
  if (how.window && how.chunk_size) wanted = std::min(wanted, *how.window * *how.chunk_size);
  auto const expect = [&](char const* verb, char const* input, auto const& run) {
    meeting all(wanted);
    long const got = run(attends{&all, c.cheap});
    EXPECT_EQ(got, c.n) << verb << ", " << input;
    EXPECT_GE(all.most(), wanted) << verb << ", " << input;
    EXPECT_LE(all.most(), c.lanes) << verb << ", " << input;
  };
  with_each_input(
      c.n, [](long i) { return i; },
      [&](char const* input, auto&& in) {
        expect("imap", input, [&](attends f) {
          return pool ? take_all(eight().imap(how, f, in), c.by)
                      : take_all(hetmap::imap(how, f, in), c.by);
        });
      });
  with_each_input(
      c.n, [](long i) { return i; },
      [&](char const* input, auto&& in) {
        expect("imap_unordered", input, [&](attends f) {
          return pool ? take_all(eight().imap_unordered(how, f, in), c.by)
                      : take_all(hetmap::imap_unordered(how, f, in), c.by);
        });
      });
  auto const row = [](long i) { return std::tuple(i); };
  with_each_input(c.n, row, [&](char const* input, auto&& in) {
    expect("istarmap", input, [&](attends f) {
      return pool ? take_all(eight().istarmap(how, f, in), c.by)
                  : take_all(hetmap::istarmap(how, f, in), c.by);
    });
  });
  with_each_input(c.n, row, [&](char const* input, auto&& in) {
    expect("istarmap_unordered", input, [&](attends f) {
      return pool ? take_all(eight().istarmap_unordered(how, f, in), c.by)
                  : take_all(hetmap::istarmap_unordered(how, f, in), c.by);
    });
  });
}

/// On a pool and, with four workers of their own, free.
void check(hetmap::options how, std::initializer_list<long> counts, taken by, long cheap = 0) {
  for (long const n : counts) {
    SCOPED_TRACE(std::to_string(n) + " elements, " + std::to_string(cheap) + " cheap, window " +
                 std::to_string(how.window.value_or(0)) + ", chunk_size " +
                 std::to_string(how.chunk_size.value_or(0)));
    check({how, 8, n + cheap, by, cheap}, true);
    how.workers = 4;
    check({how, 4, n + cheap, by, cheap}, false);
    how.workers = std::nullopt;
  }
}

TEST(CallsAtOnce, AsManyAsWorkersAndElements) {
  check({}, {1, 2, 3, 4, 5, 7, 8, 9, 20, 40}, taken::by_one);
  check({}, {2, 9, 24}, taken::in_chunks);
  check({}, {2, 9, 24}, taken::into_a_sink);
}

TEST(CallsAtOnce, WhateverWindowAndChunksAreAskedFor) {
  for (std::size_t const window : {0U, 1U, 3U, 16U, 1000U})
    for (std::size_t const chunk : {0U, 1U, 3U, 1000U}) {
      hetmap::options how;
      if (window != 0) how.window = window;
      if (chunk != 0) how.chunk_size = chunk;
      check(how, {1, 9, 24}, taken::by_one);
    }
}

TEST(CallsAtOnce, AlsoAfterManyThatWereCheap) {
  check({}, {1, 8, 40}, taken::in_chunks, 30'000);
  check({.chunk_size = 20'000}, {8}, taken::in_chunks, 30'000);
  // Nor does it matter what earlier streams of this function have cost.
  check({}, {8, 9}, taken::by_one);
}

/// Cheap but for the elements from..to, which sleep.
struct slow_between {
  support::concurrency_meter* meter;
  long from, to;

  long operator()(long i) const {
    if (i < from || i >= to) return i;
    support::concurrency_meter::call const here(*meter);
    std::this_thread::sleep_for(2ms);
    return i;
  }
};

TEST(CallsAtOnce, LanesThatRestTakePiecesOfAChunkThatTurnsOutSlow) {
  for (hetmap::options const& how : {hetmap::options{}, {.window = 1}, {.chunk_size = 100'000}}) {
    SCOPED_TRACE(how.chunk_size.value_or(0));
    for (bool const ordered : {true, false})
      with_each_input(
          100'000, [](long i) { return i; },
          [&](char const* input, auto&& in) {
            support::concurrency_meter meter;
            slow_between const f{&meter, 50'000, 50'300};
            long const n = ordered ? take_all(eight().imap(how, f, in), taken::in_chunks)
                                   : take_all(eight().imap_unordered(how, f, in), taken::in_chunks);
            EXPECT_EQ(n, 100'000) << input;
            EXPECT_GE(meter.peak(), 4) << input << ", ordered: " << ordered;
          });
  }
}

TEST(CallsAtOnce, WindowAndChunkSizeAreWhatWasAskedFor) {
  auto const f = [](long i) { return i; };
  for (long const n : {0L, 1L, 5L, 200L, 1'000'000L}) {
    auto const in = std::views::iota(0L, n);
    for (std::size_t const window : {1U, 16U, 300U})
      for (std::size_t const chunk : {1U, 7U, 64U}) {
        auto const s = hetmap::imap({.chunk_size = chunk, .window = window}, f, in);
        EXPECT_EQ(s.window(), window) << n;
        EXPECT_EQ(s.chunk_elements(), chunk) << n;
        EXPECT_EQ(eight().imap_unordered({.window = window}, f, in).window(), window) << n;
        EXPECT_EQ(eight().imap({.chunk_size = chunk}, f, in).chunk_elements(), chunk) << n;
      }
  }
}

TEST(CallsAtOnce, ByDefaultNoWorkerGoesWithoutASlotOrAShare) {
  auto const f = [](long i) { return i; };
  for (std::size_t const n : {1u, 2u, 7u, 8u, 9u, 30u, 1000u, 100'000'000u}) {
    auto const s = eight().imap(f, std::views::iota(0L, static_cast<long>(n)));
    EXPECT_GE(s.window(), std::min<std::size_t>(n, 8)) << n;
    EXPECT_LE(s.window(), n) << "no slot that could not be used";
    EXPECT_LE(s.chunk_elements(), std::max<std::size_t>(1, n / 8)) << n;
    EXPECT_GE(s.chunk_elements(), 1u);
  }
}

}  // namespace
