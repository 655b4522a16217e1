// GPU memory that hetmap does not own. map_into (map.hpp) and map_reduce (reduce.hpp) map it, and
// say what that promises.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/map.hpp>
#include <hetmap/reduce.hpp>

#include <cstddef>
#include <optional>
#include <tuple>
#include <type_traits>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// GPU memory that hetmap does not own: from Thrust, CuPy, PyTorch or cudaMalloc; managed memory as
/// well. Only GPUs map it.
///
/// Requires: the elements lie in one allocation of the GPU that runs the call (.device), aligned to
///           T, and stay there until the call, or what it enqueued, is over. A span of no elements
///           may begin anywhere.
/// Throws:   every call checks each of its spans before it launches anything: memory_error if one
///           is null, not aligned, in host memory (pageable or pinned), freed, or ends outside the
///           GPU's memory; device_unavailable if it is another GPU's; overlap_error. The GPU
///           remains usable. What cannot be checked is an error as in any kernel and mostly costs
///           the process the GPU (device_error): an end in another allocation, memory that is freed
///           while in use, or was freed and is in use again, a CUDA stream that was destroyed, what
///           pointers in f point to.
/// Cost:     asking CUDA about the first and the last element of each span.
template <class T>
struct device_span {
  using value_type = std::remove_cv_t<T>;

  T* data = nullptr;
  std::size_t size = 0;
  /// Of an output: the CUDA stream (a cudaStream_t) of that GPU that the map is enqueued in.
  /// Without one the map runs in one of hetmap's CUDA streams and is waited for. An input may name
  /// the same CUDA stream and no other.
  std::optional<void*> stream = {};
};

namespace detail {

template <class... T>
struct device_columns {
  std::tuple<device_span<T>...> spans;
};

}  // namespace detail

inline namespace HETMAP_TAG {

/// GPU memory as the outputs of a function that returns a tuple: map_into(columns(low, high), f,
/// in). The map is enqueued in the CUDA stream that they name, one at most.
template <class... T>
  requires(sizeof...(T) > 0)
[[nodiscard]] detail::device_columns<T...> columns(device_span<T> const&... out) {
  return {{out...}};
}

}  // namespace HETMAP_TAG
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>

#include <hetmap/detail/verb/device_span_call.hpp>
