// Tests on a real GPU, and maps to hold them against.
#pragma once

#include "device_memory.hpp"
#include "kernels.hpp"

#include <hetmap/hetmap.hpp>

#include <gtest/gtest.h>

#include <cuda_runtime_api.h>

#include <cstdint>
#include <string>
#include <vector>

namespace cuda_tests {

using namespace cuda_kernels;
using support::on_device;
using support::pinned;

hetmap::options const on_gpu{.backend = hetmap::backend::gpu};
hetmap::options const on_cpu{.backend = hetmap::backend::cpu};

/// Around the sizes of a vector, of a block, of what Thrust gets (8192) and of a slot of the ring.
std::vector<std::size_t> const edge_sizes{0,    1,    15,    16,     17,      127,     128,
                                          129,  255,  256,   257,    4095,    4096,    8191,
                                          8192, 8193, 65537, 100000, 2097151, 2097153, 5000001};

class CudaMap : public testing::Test {
 protected:
  void SetUp() override {
    if (std::string const why = support::no_gpu_here(); !why.empty())
      GTEST_SKIP() << "no GPU here: " << why;
    ASSERT_EQ(cudaGetDevice(&device_before_), cudaSuccess);
  }
  void TearDown() override {
    if (IsSkipped()) return;
    int now = -1;
    EXPECT_EQ(cudaGetDevice(&now), cudaSuccess);
    EXPECT_EQ(now, device_before_) << "the caller's current device";
    EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess) << "an error was left pending";
  }

  static std::vector<std::int32_t> numbers(std::size_t n) {
    std::vector<std::int32_t> v(n);
    for (std::size_t i = 0; i != n; ++i) v[i] = static_cast<std::int32_t>(i * 2654435761u >> 3);
    return v;
  }

 private:
  int device_before_ = -1;
};

/// The elements that differ, the first of them named.
template <class A, class B>
testing::AssertionResult same(A const& got, B const& expected) {
  if (std::size(got) != std::size(expected))
    return testing::AssertionFailure()
           << std::size(got) << " elements, not " << std::size(expected);
  for (std::size_t i = 0; i != std::size(got); ++i)
    if (!(got[i] == expected[i])) return testing::AssertionFailure() << "first at element " << i;
  return testing::AssertionSuccess();
}

}  // namespace cuda_tests
