// Streams on a pretended GPU: where chunks come from, what they hold, in which order they arrive.
#include "host_device.hpp"
#include "rates.hpp"
#include "stream/inputs.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <list>
#include <numeric>
#include <optional>
#include <ranges>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using namespace host_kernels;
using namespace std::chrono_literals;
using hetmap::backend;
using stream_tests::counting_input;
using support::on_virtual_device;
using support::operation;
using support::strike;

hetmap::options const on_gpu{.backend = backend::gpu};

std::vector<std::int64_t> counted(std::size_t n) {
  std::vector<std::int64_t> x(n);
  std::iota(x.begin(), x.end(), 0);
  return x;
}

class GpuStreams : public on_virtual_device {
 protected:
  /// So many numbers from 0 on in memory that the device copies from directly.
  std::span<std::int64_t> pinned_numbers(std::size_t n) {
    auto* const base = static_cast<std::int64_t*>(gpu().bytes().pin(n * sizeof(std::int64_t)));
    blocks_.push_back(base);
    std::iota(base, base + n, 0);
    return {base, n};
  }
  ~GpuStreams() override {
    for (void* const block : blocks_) gpu().bytes().unpin(block);
    hetmap::core::release_device_resources();
  }

  /// As if the CPU had been measured before.
  template <class F, class In>
  static void believe(F const& f, In const& in, double nanoseconds) {
    auto* const rate =
        hetmap::detail::rate_for<F const, decltype(hetmap::detail::source_of(in))>(f);
    rate->learn(1'000'000, std::chrono::nanoseconds(static_cast<std::int64_t>(1e6 * nanoseconds)));
  }

 private:
  std::vector<void*> blocks_;
};

/// Takes all of it, and compares with f(first), f(first + 1), ...
template <class Stream, class F>
void expect_counted(Stream stream, F const& f, std::size_t n, std::int64_t first = 0) {
  std::size_t at = 0;
  for (auto const chunk : stream.chunks()) {
    ASSERT_EQ(chunk.first_index(), at);
    ASSERT_LE(chunk.size(), stream.chunk_elements());
    for (auto const& v : chunk) {
      ASSERT_EQ(v, f(first + static_cast<std::int64_t>(at))) << at;
      ++at;
    }
  }
  EXPECT_EQ(at, n);
}

TEST_F(GpuStreams, EqualTheLoopAtEverySizeAndChunkWhereverTheInputIs) {
  for (std::size_t const n :
       std::initializer_list<std::size_t>{0, 1, 2, 63, 64, 65, 129, 4095, 4097, 50'000})
    for (std::size_t const chunk :
         {std::size_t{0}, std::size_t{1000}, std::size_t{7}, 10 * n + 1}) {
      if (chunk == 7 && n > 5000) continue;
      SCOPED_TRACE(std::to_string(n) + " elements, chunks of " + std::to_string(chunk));
      auto const x = counted(n);
      auto how = on_gpu;
      if (chunk != 0) how.chunk_size = chunk;
      auto const end = static_cast<std::int64_t>(n);
      auto const before = gpu().launches();
      expect_counted(hetmap::imap(how, triple{}, x), triple{}, n);
      expect_counted(hetmap::imap(how, triple{}, std::views::iota(std::int64_t{-5}, end - 5)),
                     triple{}, n, -5);
      expect_counted(hetmap::imap(how, triple{}, counting_input(n)), triple{}, n);
      expect_counted(hetmap::imap(how, triple{}, pinned_numbers(n)), triple{}, n);
      EXPECT_EQ(gpu().launches() != before, n != 0);
      if (HasFailure()) return;
    }
}

TEST_F(GpuStreams, CopyWhatHasToTravelAndNothingElse) {
  std::size_t const n = 100'000;
  expect_counted(hetmap::imap(on_gpu, triple{}, std::views::iota(std::int64_t{0}, std::int64_t{n})),
                 triple{}, n);
  EXPECT_EQ(gpu().bytes_in(), 0u) << "what is generated";
  EXPECT_EQ(gpu().bytes_out(), n * sizeof(std::int64_t));
  hetmap::core::release_device_resources();
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

TEST_F(GpuStreams, ReadWhatLiesInTheDevicesMemory) {
  std::size_t const n = 5000;
  auto* const base = static_cast<std::int64_t*>(gpu().bytes().allocate(n * sizeof(std::int64_t)));
  gpu().bytes().open();
  std::iota(base, base + n, 0);
  gpu().bytes().close();
  // The CPU cannot: it goes there on its own.
  for (auto const where : {backend::gpu, backend::automatic})
    expect_counted(hetmap::imap({.backend = where}, triple{}, std::span(base, n)), triple{}, n);
  EXPECT_EQ(gpu().bytes_in(), 0u);
  gpu().bytes().free(base);
}

TEST_F(GpuStreams, TakeSeveralInputsAndRows) {
  std::size_t const n = 10'007;
  std::vector<float> a(n);
  std::vector<double> c(n);
  std::vector<std::tuple<float, std::int32_t, double>> rows;
  std::vector<std::pair<std::int64_t, double>> wrong;
  for (std::size_t i = 0; i != n; ++i) {
    a[i] = static_cast<float>(i) / 3;
    c[i] = static_cast<double>(i) * 1e-3;
    rows.emplace_back(a[i], static_cast<std::int32_t>(i), c[i]);
  }
  auto how = on_gpu;
  how.chunk_size = 640;
  auto const same = [&](auto stream) {
    std::size_t i = 0;
    for (double const v : stream) {
      ASSERT_EQ(v, mixed{}(a[i], static_cast<std::int32_t>(i), c[i])) << i;
      ++i;
    }
    EXPECT_EQ(i, n);
  };
  same(hetmap::imap(how, mixed{}, a, std::views::iota(std::int32_t{0}), c));
  // One of them single-pass: it ends the stream, or another does.
  std::size_t next = 0;
  auto numbers = hetmap::generate([&] { return static_cast<std::int32_t>(next++); });
  same(hetmap::imap(how, mixed{}, a, numbers, c));
  same(hetmap::istarmap(how, mixed{}, rows));
  std::size_t row = 0;
  same(hetmap::istarmap(how, mixed{}, hetmap::generate([&] {
                          using element = std::tuple<float, std::int32_t, double>;
                          return row != n ? std::optional<element>(rows[row++]) : std::nullopt;
                        })));
  double sum = 0, expected = 0;
  for (auto const chunk : hetmap::istarmap_unordered(how, mixed{}, rows).chunks())
    for (double const v : chunk) sum += v < 1e4 ? 1 : 0;
  for (auto const& [f, i, d] : rows) expected += mixed{}(f, i, d) < 1e4 ? 1 : 0;
  EXPECT_EQ(sum, expected);
}

TEST_F(GpuStreams, UnorderedTellTheIndexOfEveryResult) {
  std::size_t const n = 1000;
  for (std::size_t const chunk : {std::size_t{1}, std::size_t{100}}) {
    auto const x = counted(n);
    std::vector<int> seen(n);
    for (auto const [i, v] :
         hetmap::imap_unordered({.backend = backend::gpu, .chunk_size = chunk}, triple{}, x)
             .indexed()) {
      ASSERT_EQ(v, triple{}(x[i]));
      ++seen[i];
    }
    EXPECT_EQ(std::ranges::count(seen, 1), static_cast<std::ptrdiff_t>(n));
  }
}

TEST_F(GpuStreams, ElementsOfAnyAlignmentFit) {
  using wide = element<256, 256>;
  support::host_form<twice<wide>, wide(wide)> const form;
  std::vector<wide> x(100);
  for (std::size_t i = 0; i != x.size(); ++i) x[i].bytes[255] = static_cast<unsigned char>(i);
  std::size_t i = 0;
  for (wide const& v : hetmap::imap({.backend = backend::gpu, .chunk_size = 3}, twice<wide>{}, x)) {
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(&v) % 256, 0u);
    ASSERT_EQ(v.bytes[255], static_cast<unsigned char>(2 * i++));
  }
}

TEST_F(GpuStreams, AFunctionMayReadAnArray) {
  hetmap::array<std::int64_t> const table(counted(500));
  gather const f{hetmap::ref(table), 500};
  std::int64_t expected = 499;
  for (std::int64_t const v : hetmap::imap({.backend = backend::gpu, .chunk_size = 64}, f,
                                           std::views::iota(std::int64_t{0}, std::int64_t{500})))
    ASSERT_EQ(v, expected--);
  EXPECT_EQ(expected, -1);
  // One that is only on the device comes back for the CPU.
  auto const there = hetmap::map(on_gpu, triple{}, table);
  gather const g{hetmap::ref(there), 500};
  for (auto const where : {backend::gpu, backend::cpu})
    EXPECT_EQ(hetmap::imap({.backend = where}, g, counted(500)).next(), triple{}(499));
}

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

TEST_F(GpuStreams, AnInputThatFailsEndsTheStreamBehindWhatCameBefore) {
  for (std::size_t const chunk : std::initializer_list<std::size_t>{1, 3, 64, 1000})
    for (std::size_t const k : std::initializer_list<std::size_t>{0, 1, 100, 999}) {
      auto s = hetmap::imap({.backend = backend::gpu, .chunk_size = chunk}, triple{},
                            counting_input(counting_input::endless, k));
      for (std::size_t i = 0; i != k; ++i)
        ASSERT_EQ(s.next(), triple{}(static_cast<std::int64_t>(i)));
      EXPECT_THROW(static_cast<void>(s.next()), counting_input::failure);
      EXPECT_EQ(hetmap::failed_index(), k);
      EXPECT_EQ(s.next(), std::nullopt);
    }
}

/// Reads on behind every failure; compares both with the loop.
template <class Stream>
void expect_failures(Stream stream, fails_from const& f, std::size_t n) {
  for (std::size_t i = 0; i != n; ++i) {
    auto const v = static_cast<std::int64_t>(i);
    if (v >= f.first && (v - f.first) % f.step == 0) {
      try {
        static_cast<void>(stream.next());
        FAIL() << i << " did not fail";
      } catch (hetmap::kernel_error const& e) {
        ASSERT_EQ(e.code(), static_cast<int>(v % 1000));
        ASSERT_EQ(hetmap::failed_index(), i);
      }
    } else {
      ASSERT_EQ(stream.next(), 2 * v);
    }
  }
  EXPECT_EQ(stream.next(), std::nullopt);
}

TEST_F(GpuStreams, AFailureTakesThePlaceOfItsResult) {
  support::host_form<tells_at_once, std::int64_t(std::int64_t), support::telling::word> const form;
  std::size_t const n = 3000;
  auto const x = counted(n);
  for (std::size_t const chunk : std::initializer_list<std::size_t>{1, 7, 64, 1000, 5000})
    for (fails_from const& f :
         {fails_from{0, 1 << 30}, {2999, 5}, {1500, 1 << 30}, {10, 97}, {64, 64}, {2900, 1}}) {
      SCOPED_TRACE(testing::Message() << chunk << " a chunk, from " << f.first << " by " << f.step);
      auto how = on_gpu;
      how.chunk_size = chunk;
      expect_failures(hetmap::imap(how, f, x), f, n);
      expect_failures(hetmap::imap(how, tells_at_once{f}, counting_input(n)), f, n);
    }
}

TEST_F(GpuStreams, ElementsThatAllFailTakeNoTimeToSpeakOf) {
  std::size_t const n = 3000;
  fails_from const f{0, 1};
  auto how = on_gpu;
  how.chunk_size = n;
  expect_failures(hetmap::imap(how, f, counted(n)), f, n);
}

TEST_F(GpuStreams, KeepTheBoundInBytesThatTheyState) {
  auto const x = counted(200'000);
  std::vector<std::pair<double, double>> const pairs(1);
  for (std::size_t const max_bytes : {std::size_t{0}, std::size_t{20'000}, std::size_t{500'000}}) {
    auto how = on_gpu;
    if (max_bytes != 0) how.max_bytes = max_bytes;
    auto const check = [&](auto stream) {
      hetmap::core::release_device_resources();
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

TEST_F(GpuStreams, CloseAndStop) {
  auto s = hetmap::imap({.backend = backend::gpu, .chunk_size = 10, .window = 4}, triple{},
                        std::views::iota(std::int64_t{0}));
  ASSERT_EQ(s.next(), triple{}(0));
  s.close();
  std::size_t got = 1;
  try {
    while (s.next()) ++got;
    FAIL() << "ended in silence";
  } catch (hetmap::closed_error const&) {
    EXPECT_LE(got, 50u);
    EXPECT_GE(got, 10u);
  }
  std::stop_source stop;
  auto t = hetmap::imap({.backend = backend::gpu, .stop = stop.get_token()}, triple{},
                        std::views::iota(std::int64_t{0}));
  ASSERT_EQ(t.next(), triple{}(0));
  stop.request_stop();
  EXPECT_THROW(while (t.next()){}, hetmap::cancelled_error);
}

TEST_F(GpuStreams, OfAPool) {
  auto const x = counted(20'000);
  hetmap::pool pool{{.workers = 2, .backend = backend::gpu}};
  expect_counted(pool.imap({.chunk_size = 300}, triple{}, x), triple{}, x.size());
  EXPECT_GT(gpu().launches(), 60u);
  // From inside a function of the pool, whose only worker then drives the device.
  hetmap::pool one(1);
  auto const sums = one.map(
      [&](std::int64_t n) {
        std::int64_t sum = 0;
        for (std::int64_t const v : one.imap({.backend = backend::gpu, .chunk_size = 10}, triple{},
                                             counting_input(static_cast<std::size_t>(n))))
          sum += v;
        return sum;
      },
      std::vector<std::int64_t>{0, 1, 1000});
  EXPECT_EQ(sums[2], 3 * 499'500 + 1000);
  auto s = pool.imap({.chunk_size = 10, .window = 4}, triple{}, std::views::iota(std::int64_t{0}));
  ASSERT_EQ(s.next(), 1);
  pool.close();
  EXPECT_THROW(while (s.next()){}, hetmap::closed_error);
}

TEST_F(GpuStreams, AreStoppedAtRandomMoments) {
  char const* const text = std::getenv("HETMAP_TEST_STOPS");
  unsigned const times = text != nullptr ? static_cast<unsigned>(std::atoi(text)) : 200;
  for (unsigned k = 0; k != times; ++k) {
    counting_input input;
    hetmap::options const how{
        .backend = backend::gpu, .chunk_size = 1 + k % 9, .window = 1 + k % 5};
    auto s = k % 2 == 0 ? hetmap::imap(how, triple{}, input)
                        : hetmap::imap_unordered(how, triple{}, input);
    for (std::size_t i = 0, take = k * 7919 % 83; i != take; ++i) {
      auto const v = s.next();
      ASSERT_TRUE(v);
      if (k % 2 == 0) {
        ASSERT_EQ(*v, triple{}(static_cast<std::int64_t>(i)));
      }
    }
    if (k % 3 == 0) s.close();
  }
}

template <class Call>
std::string refusal(Call&& call) {
  try {
    static_cast<void>(call());
  } catch (hetmap::device_unavailable const& e) {
    return e.what();
  }
  return "";
}

TEST_F(GpuStreams, SayWhatIsMissingBeforeTheInputIsTouched) {
  auto const contains = [](std::string const& text, char const* part) {
    return testing::AssertionResult(text.find(part) != std::string::npos) << text;
  };
  counting_input input;
  EXPECT_TRUE(
      contains(refusal([&] { return hetmap::imap(on_gpu, formless_for_integers{}, input); }),
               "no GPU form"));
  EXPECT_EQ(input.pulled(), 0u);
  std::list<std::int64_t> const list(10);
  EXPECT_TRUE(
      contains(refusal([&] { return hetmap::imap(on_gpu, triple{}, list); }), "neither an array"));
  EXPECT_TRUE(contains(refusal([&] {
                         return hetmap::imap({.backend = backend::gpu, .errors = hetmap::collect},
                                             triple{}, counted(10));
                       }),
                       "trivially copyable functor"));
  EXPECT_TRUE(contains(refusal([&] {
                         return hetmap::imap({.backend = backend::gpu, .reproducible = true},
                                             triple{}, counted(10));
                       }),
                       "reproducible"));
  EXPECT_TRUE(contains(refusal([&] {
                         return hetmap::imap({.backend = backend::gpu, .device = 2}, triple{},
                                             counted(10));
                       }),
                       "no GPU 2"));
  EXPECT_EQ(gpu().launches(), 0u);
}

TEST_F(GpuStreams, RunOnTheDeviceOfThatIndex) {
  support::virtual_device second({}, 1);
  support::host_form<asks_where, int(int)> const form;
  provider.reset();
  {
    support::provided_devices two({&gpu(), &second});
    auto how = on_gpu;
    how.device = 1;
    EXPECT_EQ(hetmap::imap(how, asks_where{}, std::views::iota(0)).next(), 1);
    EXPECT_EQ(gpu().launches(), 0u);
  }
  EXPECT_EQ(second.misuse(), "");
}

TEST_F(GpuStreams, GoThereOnTheirOwnOnlyWhereItIsKnownToPay) {
  costs<20> const f{};
  support::host_form<costs<20>, double(double)> const form;
  std::vector<double> const x(100'000, 1.5);
  auto const sum = [&] {
    double s = 0;
    for (double const v : hetmap::imap(f, x)) s += v;
    return s;
  };
  double const expected = 100'000 * f(1.5);
  EXPECT_EQ(sum(), expected);
  EXPECT_EQ(gpu().launches(), 0u) << "its cost is not known";
  for (int k = 0; k != 5; ++k) believe(f, x, 1000);
  EXPECT_EQ(sum(), expected);
  EXPECT_GT(gpu().launches(), 0u);
  auto* const rate =
      hetmap::detail::rate_for<costs<20> const, decltype(hetmap::detail::source_of(x))>(f);
  EXPECT_GT(rate->on_gpu(true).nanoseconds(), 0) << "and is learned";
  costs<21> const cheap{};
  support::host_form<costs<21>, double(double)> const other;
  believe(cheap, x, 0.1);
  auto const before = gpu().launches();
  for (double const v : hetmap::imap(cheap, x)) ASSERT_EQ(v, cheap(1.5));
  EXPECT_EQ(gpu().launches(), before);
}

}  // namespace
