// The CUDA half by itself: what its errors mean, what it says where there is no device.
#include "../../cuda/errors.hpp"
#include "../../cuda/probe.hpp"

#include <gtest/gtest.h>

#include <cuda_runtime_api.h>

#include <string>

namespace {

using namespace hetmap::cuda_half;
using hetmap::core::fault;

TEST(CudaErrors, TellWhatComesAfterThem) {
  EXPECT_EQ(meaning_of(cudaSuccess), fault::none);
  EXPECT_EQ(meaning_of(cudaErrorMemoryAllocation), fault::out_of_memory);
  for (cudaError_t const refused :
       {cudaErrorInvalidValue, cudaErrorInvalidConfiguration, cudaErrorLaunchOutOfResources,
        cudaErrorInvalidDevice, cudaErrorNoKernelImageForDevice})
    EXPECT_EQ(meaning_of(refused), fault::refused) << cudaGetErrorString(refused);
  // 700, 719, 226, 214 and their like: the context is dead.
  for (cudaError_t const sticky :
       {cudaErrorIllegalAddress, cudaErrorLaunchFailure, cudaErrorContained,
        cudaErrorECCUncorrectable, cudaErrorAssert, cudaErrorMisalignedAddress})
    EXPECT_EQ(meaning_of(sticky), fault::lost) << cudaGetErrorString(sticky);
}

TEST(CudaErrors, AreClearedOnceTheyAreKnown) {
  // Refused by the runtime itself, with or without a driver.
  cudaError_t const e = cudaSetDevice(-1);
  ASSERT_NE(e, cudaSuccess);
  auto const known = status_of(e);
  EXPECT_FALSE(known.ok());
  EXPECT_EQ(known.code, static_cast<int>(e));
  EXPECT_STREQ(known.text, cudaGetErrorString(e));
  int found = 0;
  if (cudaGetDeviceCount(&found) != cudaSuccess) return;  // without a driver one is always pending
  EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess);
}

TEST(CudaErrors, AreToldApart) {
  EXPECT_EQ(status_of(cudaSuccess).what, fault::none);
  EXPECT_EQ(status_of(cudaErrorMemoryAllocation).what, fault::out_of_memory);
  EXPECT_EQ(status_of(cudaErrorIllegalAddress).what, fault::lost);
}

TEST(CudaProbe, SaysWhyThereIsNoDevice) {
  cuda_devices devices;
  char const* why = nullptr;
  if (devices.count(why) != 0) GTEST_SKIP() << "this machine has a GPU";
  EXPECT_NE(std::string(why).find("CUDA"), std::string::npos);
  int found = 0;
  cudaError_t const e = cudaGetDeviceCount(&found);
  if (e == cudaSuccess) return;
  EXPECT_NE(std::string(why).find(std::to_string(static_cast<int>(e))), std::string::npos) << why;
  EXPECT_NE(std::string(why).find(cudaGetErrorString(e)), std::string::npos) << why;
}

TEST(CudaProbe, WithoutADriverEveryOperationFailsAndNothingHangs) {
  char const* why = nullptr;
  if (cuda_devices().count(why) != 0) GTEST_SKIP() << "this machine has a GPU";
  cuda_device gpu(0, "none", "none");
  void* block = &gpu;
  EXPECT_EQ(gpu.allocate(block, 1).what, fault::lost);
  EXPECT_EQ(block, nullptr);
  EXPECT_EQ(gpu.pin(block, 1).what, fault::lost);
  hetmap::core::device::stream made = &gpu;
  EXPECT_EQ(gpu.create(made).what, fault::lost);
  EXPECT_EQ(made, nullptr);
  int here = 0;
  hetmap::core::memory_range range{.begin = &here, .bytes = sizeof here};
  EXPECT_EQ(gpu.locate(&range, 1).what, fault::lost);
  gpu.free(nullptr);
  gpu.unpin(nullptr);
}

}  // namespace
