// map_reduce on a real GPU, held against serial folds. Skips where there is none.
#include "device_memory.hpp"
#include "kernels.hpp"
#include "support/sizes.hpp"

#include <hetmap/hetmap.hpp>

#include <gtest/gtest.h>

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <ranges>
#include <string>
#include <vector>

namespace {

using namespace cuda_kernels;
using support::on_device;
using support::pinned;

hetmap::options const on_gpu{.backend = hetmap::backend::gpu};

/// Around the sizes of a tile and of a piece, and above that of a slot.
std::vector<std::size_t> const edge_sizes{0,    1,     2,     255,   256,   257,    4095,   4096,
                                          4097, 16383, 16384, 16385, 65537, 100000, 5000001};

class CudaFold : public testing::Test {
 protected:
  void SetUp() override {
    if (std::string const why = support::no_gpu_here(); !why.empty())
      GTEST_SKIP() << "no GPU here: " << why;
  }
  void TearDown() override {
    if (!IsSkipped()) {
      EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess) << "an error was left pending";
    }
  }
};

TEST_F(CudaFold, OfIntegersIsTheSerialFoldAtEverySize) {
  for (std::size_t const n : edge_sizes) {
    SCOPED_TRACE(n);
    std::vector<std::int32_t> x(n);
    std::int32_t expected = 7, plain = 0;
    for (std::size_t i = 0; i != n; ++i) {
      x[i] = static_cast<std::int32_t>(i % 100);
      expected += triple{}(x[i]);
      plain += x[i];
    }
    EXPECT_EQ(hetmap::map_reduce(on_gpu, triple{}, std::plus<>(), 7, x), expected);
    EXPECT_EQ(hetmap::map_reduce(on_gpu, std::identity{}, std::plus<>(), 0, x), plain);
    auto const generated = std::views::iota(0, static_cast<std::int32_t>(n % 20'000));
    std::int32_t of_generated = 0;
    for (std::int32_t const v : generated) of_generated += triple{}(v);
    EXPECT_EQ(hetmap::map_reduce(on_gpu, triple{}, std::plus<>(), 0, generated), of_generated);
    if (n == 0) continue;
    on_device<std::int32_t> const resident(x);
    EXPECT_EQ(hetmap::map_reduce(triple{}, std::plus<>(), 7, resident.span()), expected);
  }
}

TEST_F(CudaFold, KeepsTheOrderOfTheOperands) {
  for (std::size_t const n : edge_sizes) {
    SCOPED_TRACE(n);
    auto const x = support::indices<std::int64_t>(n);
    matrix expected{2, 1, 1, 1};
    for (auto const i : x) expected = product{}(expected, matrix_of{}(i));
    EXPECT_EQ(hetmap::map_reduce(on_gpu, matrix_of{}, product{}, matrix{2, 1, 1, 1}, x), expected);
  }
}

TEST_F(CudaFold, OfElementsOfOddSizes) {
  std::vector<vec3> const x(100'003, vec3{1, 2, 4});
  vec3 const sum = hetmap::map_reduce(on_gpu, std::identity{}, vec3_sum{}, vec3{0, 0, 0}, x);
  EXPECT_EQ(sum.x, 100'003);
  EXPECT_EQ(sum.y, 200'006);
  EXPECT_EQ(sum.z, 400'012);
}

TEST_F(CudaFold, HasTheSameBitsWhereverDataLiesAndHoweverItIsCut) {
  std::size_t const n = 3'000'017;
  std::vector<float> x(n);
  for (std::size_t i = 0; i != n; ++i) x[i] = 1e-3f * static_cast<float>(i * 7919 % 10007);
  auto const bits = [](float v) {
    std::uint32_t b;
    std::memcpy(&b, &v, sizeof b);
    return b;
  };
  float const first = hetmap::map_reduce(on_gpu, bell{}, std::plus<>(), 0.0f, x);
  double exact = 0;
  for (float const v : x) exact += bell{}(v);
  EXPECT_NEAR(first, exact, 1e-4 * exact);
  for (int round = 0; round != 20; ++round)
    EXPECT_EQ(bits(hetmap::map_reduce(on_gpu, bell{}, std::plus<>(), 0.0f, x)), bits(first));
  for (std::size_t const chunk : {std::size_t{1000}, std::size_t{100'000}, 2 * n}) {
    auto how = on_gpu;
    how.chunk_size = chunk;
    EXPECT_EQ(bits(hetmap::map_reduce(how, bell{}, std::plus<>(), 0.0f, x)), bits(first)) << chunk;
  }
  on_device<float> const resident(x);
  EXPECT_EQ(bits(hetmap::map_reduce(bell{}, std::plus<>(), 0.0f, resident.span())), bits(first));
  hetmap::array<float> const array(x);
  EXPECT_EQ(bits(hetmap::map_reduce(on_gpu, bell{}, std::plus<>(), 0.0f, array)), bits(first));
  pinned<float> const direct(n);
  std::copy(x.begin(), x.end(), direct.data());
  EXPECT_EQ(bits(hetmap::map_reduce(on_gpu, bell{}, std::plus<>(), 0.0f, direct)), bits(first));
}

TEST_F(CudaFold, FailsWhereTheLoopWouldHaveFailedFirst) {
  auto const x = support::indices<std::int64_t>(1'000'000);
  for (std::int64_t const first : {std::int64_t{0}, std::int64_t{77'777}, std::int64_t{999'999}})
    try {
      static_cast<void>(
          hetmap::map_reduce(on_gpu, fails_from{first, 1000}, std::plus<>(), std::int64_t{0}, x));
      ADD_FAILURE() << "nothing was thrown";
    } catch (hetmap::kernel_error const& e) {
      EXPECT_EQ(e.code(), static_cast<int>(first % 1000));
      EXPECT_EQ(hetmap::failed_index(), static_cast<std::size_t>(first));
    }
}

TEST_F(CudaFold, AFailingOperationIsKnownByItsPiece) {
  auto x = support::indices<std::int64_t>(200'000);
  for (auto& v : x) v += 1'000'000'000'000;  // no sum is one of them
  for (std::size_t const first : {std::size_t{5}, std::size_t{100'000}}) try {
      static_cast<void>(
          hetmap::map_reduce(on_gpu, std::identity{}, picky_sum{x[first]}, std::int64_t{0}, x));
      ADD_FAILURE() << "nothing was thrown";
    } catch (hetmap::kernel_error const& e) {
      EXPECT_EQ(e.code(), 42);
      EXPECT_EQ(hetmap::failed_index(), first / 16384 * 16384);
    }
}

}  // namespace
