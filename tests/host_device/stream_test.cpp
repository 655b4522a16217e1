// Streams on a pretended GPU: where chunks come from, what they hold, in which order they arrive.
#include "gpu_streams.hpp"
#include "stream/inputs.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <list>
#include <numeric>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using namespace host_kernels;
using hetmap::backend;
using stream_tests::counting_input;

hetmap::options const on_gpu{.backend = backend::gpu};

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

}  // namespace
