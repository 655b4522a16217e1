// The device side of hetmap::fail. Seen by nvcc only.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/gpu_form.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Where the kernels of this file count their calls of fail() on this device: pinned memory, set
/// before the first launch. A variable of each file, since device code is linked a file at a time.
[[maybe_unused]] static __device__ unsigned long long* failures_of_this_file = nullptr;

/// Launches that name the failing element have blocks of two rows and one element a thread; those
/// of Thrust have one row. That is how fail_on_device() tells them apart: it is called by a kernel
/// that knows of neither.
inline constexpr unsigned exact_rows = 2;
inline constexpr unsigned exact_columns = 128;

/// The element of the calling thread, in such a launch.
__device__ __forceinline__ unsigned exact_index() {
  return (blockIdx.x * exact_rows + threadIdx.y) * exact_columns + threadIdx.x;
}

/// The failure word of such a launch.
__device__ __forceinline__ unsigned long long*& exact_failure_word() {
  __shared__ unsigned long long* word;
  return word;
}

/// Ends the calling thread, and says that an element has failed. Only this device writes to those
/// words while the launch runs, so its own atomics do; those of the whole system need a bus that
/// has them.
[[noreturn]] __device__ __forceinline__ void fail_on_device(int code) {
  // A kernel that hetmap did not launch.
  if (failures_of_this_file == nullptr) __trap();
  if (blockDim.y == exact_rows)
    atomicMin(exact_failure_word(),
              (static_cast<unsigned long long>(exact_index()) << 32) | static_cast<unsigned>(code));
  atomicAdd(failures_of_this_file, 1ull);
  asm volatile("exit;");
  __builtin_unreachable();
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
