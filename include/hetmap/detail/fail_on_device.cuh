// The device side of hetmap::fail. Seen by nvcc only.
#pragma once

#include <hetmap/detail/config.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Counts the calls of fail() by the kernels of this file: pinned memory that is set before the
/// first launch. A variable of each file, since device code is linked a file at a time.
static __device__ unsigned long long* failures_of_this_file = nullptr;

/// Ends the calling thread, and says that an element has failed.
[[noreturn]] __device__ __forceinline__ void fail_on_device(int) {
  if (failures_of_this_file == nullptr) __trap();
  atomicAdd_system(failures_of_this_file, 1ull);
  asm volatile("exit;");
  __builtin_unreachable();
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
