// From a kernel and a signature to launches: what HETMAP_GPU_KERNEL makes of them. Seen by nvcc
// only.
#pragma once

#include <hetmap/detail/cuda/fail_on_device.cuh>
#include <hetmap/detail/data/element.hpp>
#include <hetmap/detail/seam/gpu_form.hpp>

#include <cuda_runtime_api.h>

#include <thrust/execution_policy.h>
#include <thrust/iterator/zip_iterator.h>
#include <thrust/system/system_error.h>
#include <thrust/transform.h>
#include <thrust/tuple.h>
#include <thrust/zip_function.h>
#include <cuda/functional>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <tuple>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

// -- what belongs to one file ------------------------------------------------------------------

namespace {

/// Part of the type of everything below that is instantiated for a kernel. The linker must not
/// merge it with another file's, whose kernels count failures elsewhere and may have been compiled
/// with other flags.
struct this_file {};

constexpr unsigned most_counted_devices = 64;
constexpr unsigned words_a_line = 16;  // each device writes to lines of its own

/// One counter per device, in pinned memory; null before the first launch. Never freed: device code
/// may outlive whatever could free it.
inline std::atomic<unsigned long long*>& failure_counters() {
  static std::atomic<unsigned long long*> counters{nullptr};
  return counters;
}

inline std::uint64_t count_failures() noexcept {
  unsigned long long const* const counters = failure_counters().load(std::memory_order_acquire);
  if (counters == nullptr) return 0;
  std::uint64_t sum = 0;
  for (unsigned d = 0; d != most_counted_devices; ++d)
    sum += *const_cast<unsigned long long const volatile*>(counters + d * words_a_line);
  return sum;
}

/// Gives this file's kernels, on the current device, a counter for failures. Returns which device
/// that is.
inline cudaError_t prepare_this_file(int& device) noexcept {
  static std::atomic<std::uint64_t> prepared{0};  // devices, by bit
  static std::mutex guard;
  if (cudaError_t const e = cudaGetDevice(&device); e != cudaSuccess) return e;
  if (device >= static_cast<int>(most_counted_devices)) return cudaErrorInvalidDevice;
  std::uint64_t const bit = std::uint64_t{1} << device;
  if ((prepared.load(std::memory_order_acquire) & bit) != 0) return cudaSuccess;

  std::lock_guard const lock(guard);
  unsigned long long* counters = failure_counters().load(std::memory_order_relaxed);
  if (counters == nullptr) {
    constexpr std::size_t bytes = most_counted_devices * words_a_line * sizeof(unsigned long long);
    cudaError_t const e = cudaHostAlloc(reinterpret_cast<void**>(&counters), bytes,
                                        cudaHostAllocPortable | cudaHostAllocMapped);
    if (e != cudaSuccess) return e;
    std::memset(counters, 0, bytes);
    failure_counters().store(counters, std::memory_order_release);
  }
  // In a CUDA stream of its own: no other work is waited for.
  unsigned long long* const mine = counters + static_cast<unsigned>(device) * words_a_line;
  cudaStream_t stream = nullptr;
  cudaError_t e = cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  if (e != cudaSuccess) return e;
  e = cudaMemcpyToSymbolAsync(failures_of_this_file, &mine, sizeof mine, 0, cudaMemcpyHostToDevice,
                              stream);
  if (e == cudaSuccess) e = cudaStreamSynchronize(stream);
  cudaStreamDestroy(stream);
  if (e == cudaSuccess) prepared.fetch_or(bit, std::memory_order_release);
  return e;
}

}  // namespace

// -- columns -----------------------------------------------------------------------------------

/// The columns that a result R goes to: one, or the elements of a tuple.
template <class R>
struct result_columns {
  static constexpr bool spread = false;
  static constexpr unsigned count = 1;
  template <std::size_t>
  using type = R;
};
template <class R>
  requires requires { std::tuple_size<R>::value; }
struct result_columns<R> {
  static constexpr bool spread = true;
  static constexpr unsigned count = std::tuple_size<R>::value;
  template <std::size_t I>
  using type = std::tuple_element_t<I, R>;
};

/// Element I of a tuple result, as element() finds it on the host.
template <std::size_t I, class Row>
__device__ __forceinline__ decltype(auto) result_element(Row const& row) {
  if constexpr (is_standard_row<Row>) {
    return std::get<I>(row);
  } else if constexpr (is_own_row<Row>) {
    return hetmap::get<I>(row);
  } else if constexpr (requires { row.template get<I>(); }) {
    return row.template get<I>();
  } else {
    using std::get;
    return get<I>(row);
  }
}

/// Element i of an input: from memory, or generated.
template <class T>
__device__ __forceinline__ T read_column(gpu_column const& from, unsigned i) {
  if constexpr (std::is_integral_v<T>)
    if (from.base == nullptr) return static_cast<T>(from.first + static_cast<std::int64_t>(i));
  return static_cast<T const*>(from.base)[i];
}

/// The functor of a launch, in the memory that its bytes were copied to.
template <class F>
class functor_copy {
 public:
  explicit functor_copy(void const* from) { std::memcpy(bytes_, from, sizeof(F)); }
  [[nodiscard]] F const& get() const { return *std::launder(reinterpret_cast<F const*>(bytes_)); }

 private:
  alignas(F) unsigned char bytes_[sizeof(F)];
};

// -- one element a thread ----------------------------------------------------------------------

/// Runs work(i) for every i below work.count and names the first element that fails.
template <class Work>
__global__ void __launch_bounds__(exact_rows* exact_columns) one_element_each(Work work) {
  begin_exact_block(work.failure);
  unsigned const i = exact_index();
  if (i < work.count) work(i);
}

/// Enqueues that. Reports only this launch's error, whatever error is pending.
template <class Work>
cudaError_t launch_one_each(Work const& work, cudaStream_t stream) noexcept {
  constexpr unsigned elements = exact_rows * exact_columns;
  void* arguments[] = {const_cast<void*>(static_cast<void const*>(std::addressof(work)))};
  return cudaLaunchKernel(reinterpret_cast<void const*>(&one_element_each<Work>),
                          dim3((work.count + elements - 1) / elements),
                          dim3(exact_columns, exact_rows), arguments, 0, stream);
}

/// Whether fail() is anywhere in the kernel that runs such work on this device.
template <class Work>
bool may_fail(int device) noexcept {
  static std::atomic<std::uint64_t> known{0}, never{0};  // devices, by bit
  std::uint64_t const bit = std::uint64_t{1} << device;
  if ((known.load(std::memory_order_acquire) & bit) == 0) {
    cudaFuncAttributes kernel{};
    if (cudaFuncGetAttributes(&kernel, reinterpret_cast<void const*>(&one_element_each<Work>)) !=
        cudaSuccess) {
      static_cast<void>(cudaGetLastError());
      return true;
    }
    if (kernel.sharedSizeBytes < failing_bytes) never.fetch_or(bit, std::memory_order_relaxed);
    known.fetch_or(bit, std::memory_order_release);
  }
  return (never.load(std::memory_order_relaxed) & bit) == 0;
}

// -- maps --------------------------------------------------------------------------------------

/// Thrust remembers for good how many elements a block should take from the first launch of an
/// instantiation, and chooses too few if that one was small (CCCL 3.0.1). So it sees no launch with
/// fewer elements than this.
inline constexpr std::size_t fewest_for_thrust = 8192;

/// f with its arguments proclaimed copyable, which the kernel that copies in bulk requires. CCCL
/// before 2.8 (CUDA 12.9) has no way to say it.
template <class F>
auto with_copyable_arguments(F const& f) {
#if CCCL_VERSION >= 2008000
  return ::cuda::proclaim_copyable_arguments(f);
#else
  return f;
#endif
}

template <class File, class F, class Signature>
struct map_form;

template <class File, class F, class R, class... A>
struct map_form<File, F, R(A...)> {
  using out = result_columns<R>;
  using outputs = std::make_index_sequence<out::count>;
  using inputs = std::index_sequence_for<A...>;

  static constexpr form_kind kind = form_kind::map;
  static constexpr unsigned output_count = out::count;
  static constexpr unsigned input_count = sizeof...(A);

  template <class Indices>
  struct column_sizes;
  template <std::size_t... O>
  struct column_sizes<std::index_sequence<O...>> {
    static constexpr std::size_t bytes[] = {sizeof(typename out::template type<O>)...,
                                            sizeof(A)...};
    static constexpr std::size_t alignments[] = {alignof(typename out::template type<O>)...,
                                                 alignof(A)...};
  };
  static constexpr std::size_t const* element_bytes = column_sizes<outputs>::bytes;
  static constexpr std::size_t const* element_alignments = column_sizes<outputs>::alignments;

  /// f as Thrust calls it: a tuple of results is one of Thrust's own.
  struct for_thrust {
    F f;

    __device__ auto operator()(A const&... a) const {
      if constexpr (out::spread)
        return spread(f(a...), outputs());
      else
        return R(f(a...));
    }
    template <std::size_t... O>
    static __device__ auto spread(R const& r, std::index_sequence<O...>) {
      return ::thrust::tuple<typename out::template type<O>...>(detail::result_element<O>(r)...);
    }
  };

  /// One element for one_element_each().
  struct element {
    F f;
    gpu_column columns[out::count + sizeof...(A)];
    unsigned count;
    unsigned long long* failure;

    __device__ __forceinline__ void operator()(unsigned i) const {
      compute(i, outputs(), inputs());
    }
    template <std::size_t... O, std::size_t... I>
    __device__ __forceinline__ void compute(unsigned i, std::index_sequence<O...>,
                                            std::index_sequence<I...>) const {
      R const r = f(read_column<A>(columns[out::count + I], i)...);
      if constexpr (out::spread) {
        (static_cast<void>(static_cast<typename out::template type<O>*>(columns[O].base)[i] =
                               detail::result_element<O>(r)),
         ...);
      } else {
        static_cast<R*>(columns[0].base)[i] = r;
      }
    }
  };

  static int launch(gpu_launch const& work) noexcept {
    // A pending error would be taken for this launch's.
    static_cast<void>(cudaGetLastError());
    int device = 0;
    cudaError_t e = prepare_this_file(device);
    if (e == cudaSuccess) {
      bool alone = work.count < fewest_for_thrust;
      for (unsigned k = 0; k != sizeof...(A); ++k)
        alone |= work.columns[out::count + k].base == nullptr;
      alone = alone || (work.exact && may_fail<element>(device));
      // Thrust also remembers for good that its first launch failed, for example for lack of memory
      // to load its kernel. Nothing was launched then, and our kernel may still work.
      if (alone || transform(work, outputs(), inputs()) != cudaSuccess) {
        static_cast<void>(cudaGetLastError());
        e = one_each(work);
      }
    }
    if (e != cudaSuccess) static_cast<void>(cudaGetLastError());
    return static_cast<int>(e);
  }

 private:
  static cudaError_t one_each(gpu_launch const& work) noexcept {
    functor_copy<F> const f(work.functor);
    element call{f.get(),
                 {},
                 static_cast<unsigned>(work.count),
                 reinterpret_cast<unsigned long long*>(work.failure)};
    for (std::size_t k = 0; k != out::count + sizeof...(A); ++k) call.columns[k] = work.columns[k];
    return detail::launch_one_each(call, static_cast<cudaStream_t>(work.stream));
  }

  // The order of the wrappers selects the kernel that copies in bulk: copyable arguments inside,
  // the zip outside (tests/cuda reads it off the PTX).
  template <std::size_t... O, std::size_t... I>
  static cudaError_t transform(gpu_launch const& work, std::index_sequence<O...>,
                               std::index_sequence<I...>) noexcept {
    try {
      functor_copy<F> const f(work.functor);
      auto const call = detail::with_copyable_arguments(for_thrust{f.get()});
      auto const policy = ::thrust::cuda::par_nosync.on(static_cast<cudaStream_t>(work.stream));
      auto const n = static_cast<std::ptrdiff_t>(work.count);
      auto const to = [&] {
        if constexpr (out::spread)
          return ::thrust::make_zip_iterator(
              static_cast<typename out::template type<O>*>(work.columns[O].base)...);
        else
          return static_cast<R*>(work.columns[0].base);
      }();
      if constexpr (sizeof...(A) == 1) {
        using T = std::tuple_element_t<0, std::tuple<A...>>;
        auto const from = static_cast<T const*>(work.columns[out::count].base);
        ::thrust::transform(policy, from, from + n, to, call);
      } else {
        auto const from = ::thrust::make_zip_iterator(
            static_cast<A const*>(work.columns[out::count + I].base)...);
        ::thrust::transform(policy, from, from + n, to, ::thrust::make_zip_function(call));
      }
      return cudaSuccess;
    } catch (::thrust::system_error const& e) {
      return static_cast<cudaError_t>(e.code().value());
    } catch (std::bad_alloc const&) {
      return cudaErrorMemoryAllocation;
    } catch (...) {
      return cudaErrorNotSupported;
    }
  }
};

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
