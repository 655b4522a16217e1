// From an operation to launches that reduce: what HETMAP_GPU_REDUCE makes of it. Seen by nvcc only.
#pragma once

#include <hetmap/detail/gpu_launch.cuh>

#include <cub/block/block_load.cuh>
#include <cub/block/block_reduce.cuh>

#include <algorithm>
#include <cstddef>
#include <type_traits>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

inline constexpr unsigned reduce_threads = 256;
inline constexpr unsigned most_partials = 4096;

/// Consecutive elements that a thread reduces before it talks to others.
template <class T>
inline constexpr unsigned reduce_items =
    static_cast<unsigned>(std::clamp<std::size_t>(64 / sizeof(T), 1, 16));
template <class T>
inline constexpr std::size_t reduce_tile = reduce_threads * reduce_items<T>;

/// How `count` elements are cut into pieces of whole tiles, one a block. From the count alone, so
/// that a sum has the same bits on every GPU.
struct reduce_cut {
  std::size_t piece;  ///< elements
  unsigned pieces;
};
constexpr reduce_cut cut_for_reduce(std::size_t count, std::size_t tile) {
  std::size_t const tiles = (count + tile - 1) / tile;
  std::size_t const tiles_a_piece = (tiles + most_partials - 1) / most_partials;
  std::size_t const piece = tiles_a_piece * tile;
  return {piece, static_cast<unsigned>((count + piece - 1) / piece)};
}

/// out[b] = the elements of piece b, from the left to the right. The operation need not be
/// commutative: threads hold consecutive elements, and CUB's raking reduction keeps their order.
template <class File, class Op, class T>
__global__ void __launch_bounds__(reduce_threads)
    reduce_pieces(T* out, T const* in, std::size_t count, std::size_t piece, Op op) {
  constexpr unsigned items = reduce_items<T>;
  using load = ::cub::BlockLoad<T, reduce_threads, items, ::cub::BLOCK_LOAD_WARP_TRANSPOSE>;
  using reduce = ::cub::BlockReduce<T, reduce_threads, ::cub::BLOCK_REDUCE_RAKING>;
  __shared__ union {
    typename load::TempStorage load;
    typename reduce::TempStorage reduce;
  } shared;

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
    int const first = static_cast<int>(threadIdx.x * items);
    for (unsigned k = 1; k != items; ++k)
      if (first + static_cast<int>(k) < here) values[0] = op(values[0], values[k]);
    int const threads = (here + static_cast<int>(items) - 1) / static_cast<int>(items);
    T const tile = reduce(shared.reduce).Reduce(values[0], in_order, threads);
    if (threadIdx.x == 0) total = at == begin ? tile : in_order(total, tile);
    __syncthreads();
  }
  if (threadIdx.x == 0) out[blockIdx.x] = total;
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
  static_assert(std::is_default_constructible_v<T> && sizeof(T) <= 256,
                "what a GPU reduces is default constructible and has 256 bytes at most");

  static constexpr form_kind kind = form_kind::reduce;
  static constexpr unsigned output_count = 1;
  static constexpr unsigned input_count = 1;
  static constexpr std::size_t element_bytes[] = {sizeof(T), sizeof(T)};

  static constexpr reduce_cut cut(std::size_t count) {
    return cut_for_reduce(count, reduce_tile<T>);
  }
  static std::size_t scratch_bytes(std::size_t count) noexcept {
    return cut(count).pieces * sizeof(T);
  }

  /// Every piece by a block of its own, then their results by one block.
  static int launch(gpu_launch const& work) noexcept {
    static_cast<void>(cudaGetLastError());
    cudaError_t e = prepare_this_file();
    if (e == cudaSuccess) {
      functor_copy<Op> const op(work.functor);
      auto const stream = static_cast<cudaStream_t>(work.stream);
      auto const [piece, pieces] = cut(work.count);
      T* const out = static_cast<T*>(work.columns[0].base);
      T const* const in = static_cast<T const*>(work.columns[1].base);
      T* const partial = pieces == 1 ? out : static_cast<T*>(work.scratch);
      e = enqueue(partial, in, work.count, piece, pieces, op.get(), stream);
      if (e == cudaSuccess && pieces != 1)
        e = enqueue(out, partial, pieces, pieces, 1, op.get(), stream);
    }
    if (e != cudaSuccess) static_cast<void>(cudaGetLastError());
    return static_cast<int>(e);
  }

 private:
  static cudaError_t enqueue(T* out, T const* in, std::size_t count, std::size_t piece,
                             unsigned pieces, Op const& op, cudaStream_t stream) noexcept {
    void* arguments[] = {&out, &in, &count, &piece,
                         const_cast<void*>(static_cast<void const*>(&op))};
    return cudaLaunchKernel(reinterpret_cast<void const*>(&reduce_pieces<File, Op, T>),
                            dim3(pieces), dim3(reduce_threads), arguments, 0, stream);
  }
};

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
