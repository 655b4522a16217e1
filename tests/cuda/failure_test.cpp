// What fails on a real GPU: elements, users' kernels, memory. Skips where there is none.
#include "device_memory.hpp"
#include "gpu_fixture.hpp"
#include "kernels.hpp"

#include <hetmap/hetmap.hpp>

#include <gtest/gtest.h>

#include <cuda_runtime_api.h>

#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace {

using namespace cuda_tests;
using namespace cuda_kernels;
using support::on_device;
using support::pinned;

// -- failures --

TEST_F(CudaMap, FailsAtTheElementThatALoopWouldHaveMetFirst) {
  for (std::size_t const n : {std::size_t{1000}, std::size_t{100000}, std::size_t{6'000'000}}) {
    SCOPED_TRACE(n);
    std::vector<std::int64_t> in(n);
    std::iota(in.begin(), in.end(), 0);
    auto const first = static_cast<std::int64_t>(n / 2 + 3);
    try {
      hetmap::map(on_gpu, fails_from{first, 7}, in);
      FAIL() << "nothing was thrown";
    } catch (hetmap::kernel_error const& e) {
      EXPECT_EQ(e.code(), static_cast<int>(first % 1000));
      EXPECT_EQ(hetmap::failed_index(), static_cast<std::size_t>(first));
    }
    // In place on the device there is nothing left to look at again.
    on_device<std::int64_t> const resident(in);
    try {
      hetmap::map_into(resident.span(), fails_from{first, 7}, resident.span());
      FAIL() << "nothing was thrown";
    } catch (hetmap::kernel_error const& e) {
      EXPECT_EQ(e.code(), static_cast<int>(first % 1000));
    }
    EXPECT_EQ(hetmap::map(on_gpu, fails_from{static_cast<std::int64_t>(n), 7}, in)[n - 1],
              static_cast<std::int64_t>(2 * (n - 1)));
  }
}

TEST_F(CudaMap, FailInAKernelOfTheUsersEndsItsThreadAndThatIsAll) {
  std::vector<std::int64_t> in(512);
  std::iota(in.begin(), in.end(), 0);
  // Before and after hetmap has launched anything from that file; shapes like its own among them.
  for (int round = 0; round != 2; ++round) {
    for (auto const [x, y, z] : {std::array{512u, 1u, 1u}, std::array{128u, 2u, 1u},
                                 std::array{64u, 2u, 4u}, std::array{8u, 8u, 8u}}) {
      on_device<std::int64_t> const data(in);
      ASSERT_EQ(run_without_hetmap(x, y, z, fails_from{1, 2}, data.data()), 0);
      auto const got = data.host();
      for (std::size_t i = 0; i != x * y * z; ++i)
        ASSERT_EQ(got[i], i % 2 == 0 ? 2 * in[i] : in[i]) << i;
    }
    EXPECT_EQ(hetmap::map(on_gpu, fails_from{1000, 1}, in)[511], 1022);
    EXPECT_THROW(hetmap::map(on_gpu, fails_from{77, 3}, in), hetmap::kernel_error);
    EXPECT_EQ(hetmap::failed_index(), 77u);
  }
}

// -- 56 --

TEST_F(CudaMap, SucceedsWithLittleDeviceMemoryLeft) {
  std::size_t free_bytes = 0, total = 0;
  support::check(cudaMemGetInfo(&free_bytes, &total));
  std::size_t const left = std::size_t{1} << 30;
  if (free_bytes < 2 * left) GTEST_SKIP() << "less than 2 GiB are free";
  hetmap::release_cached_memory();
  support::check(cudaMemGetInfo(&free_bytes, &total));
  // In pieces: one allocation of nearly everything may be refused.
  std::vector<std::unique_ptr<on_device<char>>> filler;
  std::size_t const piece = std::size_t{1} << 30;
  for (std::size_t taken = 0; taken + piece + left <= free_bytes; taken += piece)
    filler.push_back(std::make_unique<on_device<char>>(piece));
  std::size_t const n = (std::size_t{2} << 30) / sizeof(std::int32_t);
  std::vector<std::int32_t> in(n, 5), out(n);
  hetmap::map_into(on_gpu, out, triple{}, in);
  EXPECT_EQ(out[0], 16);
  EXPECT_EQ(out[n / 2 + 1], 16);
  EXPECT_EQ(out[n - 1], 16);
  // With next to nothing left it still works, or says so.
  hetmap::release_cached_memory();
  try {
    for (std::size_t const bytes :
         {std::size_t{256} << 20, std::size_t{16} << 20, std::size_t{1} << 20})
      for (int k = 0; k != 64; ++k) filler.push_back(std::make_unique<on_device<char>>(bytes));
  } catch (std::bad_alloc const&) {
  }
  std::span<std::int32_t> const small(in.data(), 10'000'000);
  std::span<std::int32_t> const to(out.data(), small.size());
  try {
    hetmap::map_into(on_gpu, to, triple{}, small);
    EXPECT_EQ(to.back(), 16);
  } catch (hetmap::device_error const& e) {
    EXPECT_NE(std::string(e.what()).find("memory"), std::string::npos) << e.what();
  }
  hetmap::map_into(to, triple{}, small);
  EXPECT_EQ(to.back(), 16);
}

}  // namespace
