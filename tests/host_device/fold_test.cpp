// map_reduce on a pretended GPU: what is folded there, where data lies, what fails.
#include "gpu_fold.hpp"
#include "learned.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace fold_kernels {

/// Throws on the host, where values of pieces are joined.
struct homesick_sum {
  std::int64_t operator()(std::int64_t a, std::int64_t b) const {
    if (support::virtual_device::current() < 0) throw std::domain_error("at home");
    return a + b;
  }
};

}  // namespace fold_kernels

namespace {

using namespace host_kernels;
using namespace fold_kernels;
using hetmap::backend;
using support::host_fold;

hetmap::options const on_gpu{.backend = backend::gpu};

std::vector<float> floats(std::size_t n) {
  std::vector<float> x(n);
  for (std::size_t i = 0; i != n; ++i) x[i] = 1 + 1e-3f * static_cast<float>(i * 7919 % 10007);
  return x;
}

std::uint32_t bits(float v) {
  std::uint32_t b;
  std::memcpy(&b, &v, sizeof b);
  return b;
}

std::int64_t triples(std::vector<std::int64_t> const& x, std::int64_t init) {
  for (std::int64_t const v : x) init += triple{}(v);
  return init;
}

TEST_F(GpuFold, IsTheSerialFoldAtEverySizeAndChunk) {
  for (std::size_t const n : std::initializer_list<std::size_t>{
           0, 1, 2, 63, 64, 65, piece - 1, piece, piece + 1, 65'536, 65'537, 100'000})
    for (std::size_t const chunk : {std::size_t{0}, std::size_t{1000}, std::size_t{40'000}}) {
      SCOPED_TRACE(std::to_string(n) + " elements, chunks of " + std::to_string(chunk));
      auto const x = counted(n);
      auto how = on_gpu;
      if (chunk != 0) how.chunk_size = chunk;
      auto const before = gpu().launches();
      ASSERT_EQ(hetmap::map_reduce(how, triple{}, std::plus<>(), std::int64_t{7}, x),
                triples(x, 7));
      ASSERT_EQ(gpu().launches() > before, n != 0);
    }
}

TEST_F(GpuFold, KeepsTheOrderOfTheOperands) {
  for (std::size_t const n : {std::size_t{1}, std::size_t{1000}, piece + 1, 5 * piece + 77}) {
    SCOPED_TRACE(n);
    auto const x = counted(n);
    matrix expected{2, 1, 1, 1};
    for (auto const i : x) expected = product{}(expected, matrix_of{}(i));
    for (std::size_t const chunk : {std::size_t{1}, 2 * piece, 10 * n}) {
      auto how = on_gpu;
      how.chunk_size = chunk;
      ASSERT_EQ(hetmap::map_reduce(how, matrix_of{}, product{}, matrix{2, 1, 1, 1}, x), expected);
    }
    ASSERT_EQ(hetmap::pool({.workers = 2, .backend = backend::gpu})
                  .map_reduce(matrix_of{}, product{}, matrix{2, 1, 1, 1}, x),
              expected);
  }
}

TEST_F(GpuFold, HasTheSameBitsWhereverDataLiesAndHoweverItIsCut) {
  for (std::size_t const n : {std::size_t{1000}, 4 * piece, 7 * piece + 11}) {
    SCOPED_TRACE(n);
    auto const x = floats(n);
    float const first = hetmap::map_reduce(on_gpu, wave{}, sum{}, 0.5f, x);
    double exact = 0.5;
    for (float const v : x) exact += wave{}(v);
    EXPECT_NEAR(first, exact, 1e-5 * std::abs(exact) + 1e-2);
    for (int round = 0; round != 3; ++round)
      for (std::size_t const chunk : {std::size_t{64}, piece, 3 * piece, 10 * n}) {
        auto how = on_gpu;
        how.chunk_size = chunk;
        ASSERT_EQ(bits(hetmap::map_reduce(how, wave{}, sum{}, 0.5f, x)), bits(first));
      }
    auto* const pinned = static_cast<float*>(gpu().bytes().pin(n * sizeof(float)));
    auto* const there = static_cast<float*>(gpu().bytes().allocate(n * sizeof(float)));
    std::copy(x.begin(), x.end(), pinned);
    gpu().bytes().open();
    std::copy(x.begin(), x.end(), there);
    gpu().bytes().close();
    std::span<float const> const as_span(pinned, n);
    EXPECT_EQ(bits(hetmap::map_reduce(on_gpu, wave{}, sum{}, 0.5f, as_span)), bits(first));
    hetmap::device_span<float const> const resident{there, n, {}};
    EXPECT_EQ(bits(hetmap::map_reduce(wave{}, sum{}, 0.5f, resident)), bits(first));
    hetmap::array<float> const array(x);
    EXPECT_EQ(bits(hetmap::map_reduce(on_gpu, wave{}, sum{}, 0.5f, array)), bits(first));
    gpu().bytes().unpin(pinned);
    gpu().bytes().free(there);
  }
}

TEST_F(GpuFold, HasTheSameBitsWhereMemoryIsShort) {
  auto const x = floats(20 * piece);
  float const first = hetmap::map_reduce(on_gpu, wave{}, sum{}, 0.0f, x);
  start({.capacity = std::size_t{1} << 20});  // less than half of what the ring would take
  EXPECT_EQ(bits(hetmap::map_reduce(on_gpu, wave{}, sum{}, 0.0f, x)), bits(first));
  EXPECT_LE(gpu().bytes().most_used(), std::size_t{1} << 20);
}

TEST_F(GpuFold, OnlyValuesComeBack) {
  auto const x = counted(200'000);
  static_cast<void>(hetmap::map_reduce(on_gpu, triple{}, std::plus<>(), std::int64_t{0}, x));
  EXPECT_EQ(gpu().bytes_in(), x.size() * sizeof(x[0]));
  EXPECT_EQ(gpu().bytes_out(), (x.size() + piece - 1) / piece * sizeof(x[0]));
}

TEST_F(GpuFold, NothingGeneratedTravels) {
  auto const x = std::views::iota(std::int64_t{-5}, std::int64_t{99'995});
  std::int64_t expected = 1;
  for (auto const v : x) expected += triple{}(v);
  EXPECT_EQ(hetmap::map_reduce(on_gpu, triple{}, std::plus<>(), std::int64_t{1}, x), expected);
  EXPECT_EQ(gpu().bytes_in(), 0u);
}

TEST_F(GpuFold, ResidentArraysStayWhereTheyAre) {
  auto const x = counted(100'000);
  triple f;
  using task = hetmap::detail::reduce_task<std::int64_t, std::plus<>, triple,
                                           hetmap::detail::held_source<std::int64_t>>;
  support::forget<triple, task>(f);  // what the CPU takes, which is learned below
  auto const a = hetmap::map(on_gpu, f, hetmap::array<std::int64_t>(x));
  auto const in = gpu().bytes_in(), out = gpu().bytes_out();
  std::int64_t expected = 0;
  for (auto const v : x) expected += triple{}(triple{}(v));
  // Under auto as well: the array is nowhere else.
  EXPECT_EQ(hetmap::map_reduce(triple{}, std::plus<>(), std::int64_t{0}, a), expected);
  EXPECT_EQ(gpu().bytes_in(), in);
  EXPECT_EQ(gpu().bytes_out() - out, (x.size() + piece - 1) / piece * sizeof(x[0]));
  EXPECT_FALSE(a.is_on_host());
  // The CPU brings it back, and a few of them as many.
  EXPECT_EQ(
      hetmap::map_reduce({.backend = backend::cpu}, triple{}, std::plus<>(), std::int64_t{0}, a),
      expected);
  hetmap::array<std::int64_t> const few(counted(1000));
  EXPECT_EQ(
      hetmap::map_reduce({.backend = backend::cpu}, triple{}, std::plus<>(), std::int64_t{0}, few),
      triples(counted(1000), 0));
}

TEST_F(GpuFold, OfAPoolTakesArraysAndMemoryOfTheDevice) {
  auto const x = counted(100'000);
  hetmap::array<std::int64_t> const a(x);
  hetmap::pool pool(2u);
  auto const expected = triples(x, 5);
  EXPECT_EQ(pool.map_reduce(on_gpu, triple{}, std::plus<>(), std::int64_t{5}, a), expected);
  EXPECT_TRUE(a.is_on_device());
  // Memory of the device is folded there without being told.
  auto const in = gpu().bytes_in();
  auto* const there =
      static_cast<std::int64_t*>(gpu().bytes().allocate(x.size() * sizeof(std::int64_t)));
  gpu().bytes().open();
  std::copy(x.begin(), x.end(), there);
  gpu().bytes().close();
  hetmap::device_span<std::int64_t const> const resident{there, x.size(), {}};
  EXPECT_EQ(pool.map_reduce(triple{}, std::plus<>(), std::int64_t{5}, resident), expected);
  EXPECT_EQ(gpu().bytes_in(), in);
  EXPECT_THROW(static_cast<void>(pool.map_reduce({.backend = backend::cpu}, triple{}, std::plus<>(),
                                                 std::int64_t{5}, resident)),
               hetmap::device_unavailable);
  gpu().bytes().free(there);
  hetmap::pool there_by_default({.workers = 2, .backend = backend::gpu});
  auto const before = gpu().launches();
  EXPECT_EQ(there_by_default.map_reduce(triple{}, std::plus<>(), std::int64_t{5}, a), expected);
  EXPECT_GT(gpu().launches(), before);
  pool.close();
  EXPECT_THROW(
      static_cast<void>(pool.map_reduce(triple{}, std::plus<>(), std::int64_t{5}, resident)),
      hetmap::closed_error);
}

TEST_F(GpuFold, OfTheElementsThemselvesNeedsNoKernel) {
  auto const x = counted(100'000);
  auto const expected = std::accumulate(x.begin(), x.end(), std::int64_t{3});
  auto how = on_gpu;
  how.chunk_size = 2 * piece;
  auto const before = gpu().launches();
  EXPECT_EQ(hetmap::map_reduce(how, std::identity{}, std::plus<>(), std::int64_t{3}, x), expected);
  EXPECT_EQ(gpu().launches() - before, 4u) << "one a slot";
  hetmap::array<std::int64_t> const a(x);
  EXPECT_EQ(hetmap::map_reduce(on_gpu, std::identity{}, std::plus<>(), std::int64_t{3}, a),
            expected);
}

TEST_F(GpuFold, AKernelMayReadAnArray) {
  auto const table = hetmap::map(on_gpu, triple{}, hetmap::array<std::int64_t>(counted(70'000)));
  gather const f{hetmap::ref(table), 70'000};
  auto const indices = std::views::iota(std::int64_t{0}, std::int64_t{70'000});
  auto const expected = triples(counted(70'000), 0);
  EXPECT_EQ(hetmap::map_reduce(on_gpu, f, std::plus<>(), std::int64_t{0}, indices), expected);
  EXPECT_FALSE(table.is_on_host());
  EXPECT_EQ(
      hetmap::map_reduce({.backend = backend::cpu}, f, std::plus<>(), std::int64_t{0}, indices),
      expected);
}

TEST_F(GpuFold, FailsWhereTheLoopWouldHaveFailedFirst) {
  std::size_t const n = 6 * piece;
  auto const x = counted(n);
  for (std::size_t const first :
       {std::size_t{0}, std::size_t{1}, piece - 1, piece, 3 * piece + 77, n - 1})
    for (std::size_t const chunk : {piece, 10 * n}) {
      SCOPED_TRACE(std::to_string(first) + " by " + std::to_string(chunk));
      auto how = on_gpu;
      how.chunk_size = chunk;
      auto const lowest = static_cast<std::int64_t>(first);
      try {
        static_cast<void>(
            hetmap::map_reduce(how, fails_from{lowest, 1000}, wrapping_sum{}, std::int64_t{0}, x));
        FAIL() << "nothing was thrown";
      } catch (hetmap::kernel_error const& e) {
        EXPECT_EQ(e.code(), static_cast<int>(first % 1000));
        EXPECT_EQ(hetmap::failed_index(), first);
      }
    }
}

TEST_F(GpuFold, AFailingOperationIsKnownByItsPiece) {
  std::size_t const n = 6 * piece;
  for (std::size_t const first : {std::size_t{5}, 2 * piece + 9, 6 * piece - 2}) {
    auto x = counted(n);
    for (auto& v : x) v += 1'000'000;  // no sum is one of them
    auto how = on_gpu;
    how.chunk_size = 2 * piece;
    try {
      static_cast<void>(
          hetmap::map_reduce(how, std::identity{}, picky_sum{x[first]}, std::int64_t{0}, x));
      FAIL() << "nothing was thrown";
    } catch (hetmap::kernel_error const& e) {
      EXPECT_EQ(e.code(), 42);
      EXPECT_EQ(hetmap::failed_index(), first / piece * piece);
    }
  }
}

TEST_F(GpuFold, AnOperationThatThrowsWhereValuesAreJoinedEndsTheCall) {
  host_fold<homesick_sum, std::int64_t> const form;
  EXPECT_EQ(hetmap::map_reduce(on_gpu, triple{}, std::plus<>(), std::int64_t{0}, counted(9)),
            triples(counted(9), 0));
  EXPECT_THROW(static_cast<void>(hetmap::map_reduce(on_gpu, triple{}, homesick_sum{},
                                                    std::int64_t{0}, counted(8 * piece))),
               std::domain_error);
}

TEST_F(GpuFold, ReportsAndStopsAsAMapDoes) {
  auto const x = counted(8 * piece);
  std::size_t last = 0;
  auto how = on_gpu;
  how.chunk_size = piece;
  how.progress = [&](hetmap::progress const& p) {
    EXPECT_GE(p.done, last);
    EXPECT_EQ(support::virtual_device::groups(), 0);
    last = p.done;
  };
  static_cast<void>(hetmap::map_reduce(how, triple{}, std::plus<>(), std::int64_t{0}, x));
  EXPECT_EQ(last, x.size());
  struct counting_stop {
    int* calls;
    bool stop_requested() const { return ++*calls > 3; }
  };
  int calls = 0;
  how.progress = {};
  how.stop = counting_stop{&calls};
  EXPECT_THROW(
      static_cast<void>(hetmap::map_reduce(how, triple{}, std::plus<>(), std::int64_t{0}, x)),
      hetmap::cancelled_error);
}

}  // namespace
