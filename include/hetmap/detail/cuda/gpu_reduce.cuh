// From an operation to launches that reduce: what HETMAP_GPU_REDUCE makes of it. Seen by nvcc only.
#pragma once

#include <hetmap/detail/cuda/gpu_launch.cuh>

#include <cub/block/block_load.cuh>
#include <cub/block/block_reduce.cuh>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <type_traits>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Blocks of two rows, so that a failing operation names its piece (fail_on_device.cuh).
inline constexpr unsigned reduce_threads = exact_rows * exact_columns;
static_assert(reduce_threads == fold_threads);

/// Consecutive elements that a thread reduces before it communicates with others.
template <class T>
inline constexpr unsigned reduce_items =
    static_cast<unsigned>(std::clamp<std::size_t>(64 / sizeof(T), 1, 16));
template <class T>
inline constexpr std::size_t reduce_tile = reduce_threads * reduce_items<T>;

/// out[b] = the elements of piece b, joined from left to right. The operation need not be
/// commutative: threads hold consecutive elements, and CUB's raking reduction keeps their order.
template <class File, class Op, class T>
__global__ void __launch_bounds__(reduce_threads)
    reduce_pieces(T* out, T const* in, std::size_t count, std::size_t piece,
                  unsigned long long* failure, Op op) {
  constexpr unsigned items = reduce_items<T>;
  using load =
      ::cub::BlockLoad<T, exact_columns, items, ::cub::BLOCK_LOAD_WARP_TRANSPOSE, exact_rows>;
  using reduce = ::cub::BlockReduce<T, exact_columns, ::cub::BLOCK_REDUCE_RAKING, exact_rows>;
  __shared__ union {
    typename load::TempStorage load;
    typename reduce::TempStorage reduce;
  } shared;

  unsigned const thread = threadIdx.y * exact_columns + threadIdx.x;
  begin_exact_block(failure);

  std::size_t const begin = blockIdx.x * piece;
  std::size_t const end = begin + piece < count ? begin + piece : count;
  auto const in_order = [&](T const& a, T const& b) -> T { return op(a, b); };
  T total{};  // of thread 0, from the first tile on
  for (std::size_t at = begin; at < end; at += reduce_tile<T>) {
    std::size_t const left = end - at;
    int const here = static_cast<int>(left < reduce_tile<T> ? left : reduce_tile<T>);
    T values[items];
    if (here == static_cast<int>(reduce_tile<T>))
      load(shared.load).Load(in + at, values);
    else
      load(shared.load).Load(in + at, values, here);
    __syncthreads();
    int const first = static_cast<int>(thread * items);
    for (unsigned k = 1; k != items; ++k)
      if (first + static_cast<int>(k) < here) values[0] = op(values[0], values[k]);
    int const threads = (here + static_cast<int>(items) - 1) / static_cast<int>(items);
    T const tile = reduce(shared.reduce).Reduce(values[0], in_order, threads);
    if (thread == 0) total = at == begin ? tile : in_order(total, tile);
    __syncthreads();
  }
  if (thread == 0) out[blockIdx.x] = total;
}

template <class File, class Op, class Signature>
struct reduce_form {
  static_assert(
      sizeof(Op) == 0,
      "the operation of a reduction takes two of what it returns: (double(double, double), "
      "operation)");
};
template <class File, class Op, class T>
struct reduce_form<File, Op, T(T, T)> {
  // Above that, a block's elements do not fit into the shared memory that every GPU has.
  static_assert(std::is_default_constructible_v<T> && sizeof(T) <= 128,
                "what a GPU reduces is default constructible and has 128 bytes at most");

  static constexpr form_kind kind = form_kind::reduce;
  static constexpr unsigned output_count = 1;
  static constexpr unsigned input_count = 1;
  static constexpr std::size_t element_bytes[] = {sizeof(T), sizeof(T)};
  static constexpr std::size_t element_alignments[] = {alignof(T), alignof(T)};

  /// One block per piece.
  static int launch(gpu_launch const& work) noexcept {
    static_cast<void>(cudaGetLastError());
    int device = 0;
    cudaError_t e = prepare_this_file(device);
    if (e == cudaSuccess) {
      functor_copy<Op> const op(work.functor);
      T* out = static_cast<T*>(work.columns[0].base);
      T const* in = static_cast<T const*>(work.columns[1].base);
      std::size_t count = work.count;
      std::size_t piece = work.piece;
      auto* failure = reinterpret_cast<unsigned long long*>(work.failure);
      void* arguments[] = {
          &out,   &in,      &count,
          &piece, &failure, const_cast<void*>(static_cast<void const*>(std::addressof(op.get())))};
      auto const blocks = static_cast<unsigned>((count + piece - 1) / piece);
      e = cudaLaunchKernel(reinterpret_cast<void const*>(&reduce_pieces<File, Op, T>), dim3(blocks),
                           dim3(exact_columns, exact_rows), arguments, 0,
                           static_cast<cudaStream_t>(work.stream));
    }
    if (e != cudaSuccess) static_cast<void>(cudaGetLastError());
    return static_cast<int>(e);
  }
};

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
