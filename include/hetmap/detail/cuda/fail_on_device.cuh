// The device side of hetmap::fail. Seen by nvcc only.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/seam/gpu_form.hpp>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Where the kernels of this file count their calls of fail() on this device: pinned memory, set
/// before the first launch. Each file has its own variable, since device code is linked per file.
[[maybe_unused]] static __device__ unsigned long long* failures_of_this_file = nullptr;

/// Launches that name the failing element have blocks of two rows and one element per thread; those
/// of Thrust have one row. That is how fail_on_device() tells them apart: the kernel that calls it
/// knows neither.
inline constexpr unsigned exact_rows = 2;
inline constexpr unsigned exact_columns = 128;

/// The element of the calling thread, in such a launch.
__device__ __forceinline__ unsigned exact_index() {
  return (blockIdx.x * exact_rows + threadIdx.y) * exact_columns + threadIdx.x;
}

/// What the threads of a block share in such a launch.
struct exact_block {
  /// Of the launch: a block's shared memory holds what blocks of other kernels have left there.
  unsigned long long grid;
  unsigned long long* failure;  ///< its failure word; null: nobody will read it
};
__device__ __forceinline__ exact_block& this_exact_block() {
  __shared__ exact_block here;
  return here;
}

/// A number that no two launches of a context share.
__device__ __forceinline__ unsigned long long this_grid() {
  unsigned long long grid;
  asm("mov.u64 %0, %%gridid;" : "=l"(grid));
  return grid;
}

/// All threads of a block call it before any element can fail.
__device__ __forceinline__ void begin_exact_block(unsigned long long* failure) {
  if (threadIdx.x == 0 && threadIdx.y == 0) this_exact_block() = {this_grid(), failure};
  __syncthreads();
}

/// Shared memory that only kernels have in which fail() can be reached: this many bytes tell them
/// from others (may_fail), whose few bytes are rounded up to 128.
inline constexpr unsigned failing_bytes = 256;
__device__ __forceinline__ void mark_as_failing() {
  __shared__ unsigned mark[failing_bytes / sizeof(unsigned)];
  atomicOr(mark, 1u);
}

/// Ends the calling thread, and records that an element has failed. Only this device writes to
/// those words while the launch runs, so device-scope atomics suffice; system-scope ones need a bus
/// that supports them. In a kernel that is not hetmap's, of whatever shape, only the thread ends.
///
/// The kernels that call this, Thrust's among them, have no barrier after an element.
[[noreturn]] __device__ __forceinline__ void fail_on_device(int code) {
  mark_as_failing();
  if (blockDim.y == exact_rows && this_exact_block().grid == this_grid() &&
      this_exact_block().failure != nullptr)
    atomicMin(this_exact_block().failure,
              (static_cast<unsigned long long>(exact_index()) << 32) | static_cast<unsigned>(code));
  if (failures_of_this_file != nullptr) atomicAdd(failures_of_this_file, 1ull);
  asm volatile("exit;");
  __builtin_unreachable();
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
