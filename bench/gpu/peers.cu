// The peers of maps: Thrust as people write it, a kernel written by hand, CUB's transform.
#include "cases.hpp"
#include "check.hpp"

#include <cuda_runtime_api.h>

#include <thrust/copy.h>
#include <thrust/device_ptr.h>
#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/zip_iterator.h>
#include <thrust/transform.h>
#include <thrust/tuple.h>
#include <thrust/zip_function.h>
#if __has_include(<cub/device/device_transform.cuh>)  // since CUDA 12.9
#include <cub/device/device_transform.cuh>
#define BENCH_HAS_CUB_TRANSFORM
#endif

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

namespace bench::gpu {
namespace {

/// A kernel whose result Thrust can assign to several columns.
template <class Kernel, std::size_t Outputs>
struct for_thrust {
  template <class T>
  __host__ __device__ auto operator()(T a, T b, T c) const {
    return split(Kernel{}(a, b, c), std::make_index_sequence<Outputs>());
  }
  template <class Tuple, std::size_t... K>
  static __host__ __device__ auto split(Tuple const& t, std::index_sequence<K...>) {
    return thrust::make_tuple(std::get<K>(t)...);
  }
};
template <class Kernel>
struct for_thrust<Kernel, 1> : Kernel {};

template <class T>
struct output_columns {
  T* at[most_outputs];
};

template <class Kernel, class T, class... In>
__global__ void one_each(Kernel f, std::size_t n, T* out, In const*... in) {
  std::size_t const i = blockIdx.x * static_cast<std::size_t>(blockDim.x) + threadIdx.x;
  if (i < n) out[i] = f(in[i]...);
}
template <class Kernel, class T, class... In>
__global__ void one_row_each(Kernel f, std::size_t n, output_columns<T> out, In const*... in) {
  std::size_t const i = blockIdx.x * static_cast<std::size_t>(blockDim.x) + threadIdx.x;
  if (i >= n) return;
  auto const [a, b, c, d, e] = f(in[i]...);
  out.at[0][i] = a;
  out.at[1][i] = b;
  out.at[2][i] = c;
  out.at[3][i] = d;
  out.at[4][i] = e;
}
template <class Kernel>
__global__ void one_each_index(Kernel f, std::size_t n, float* out) {
  std::size_t const i = blockIdx.x * static_cast<std::size_t>(blockDim.x) + threadIdx.x;
  if (i < n) out[i] = f(static_cast<std::int32_t>(i));
}

template <std::size_t N, class Act>
void with_indices(Act act) {
  [&]<std::size_t... K>(std::index_sequence<K...>) {
    act(std::integral_constant<std::size_t, K>()...);
  }(std::make_index_sequence<N>());
}

template <class Kernel, std::size_t Inputs, std::size_t Outputs>
class calls {
 public:
  using T = typename Kernel::value;
  using function = for_thrust<Kernel, Outputs>;

  static void thrust_resident(operands const& o) { transform(thrust::device, o.elements, o); }
  /// Without the synchronisation at its end, in a stream: what hetmap's call is compared with.
  static void thrust_stream(operands const& o) {
    transform(thrust::cuda::par_nosync.on(static_cast<cudaStream_t>(o.stream)), o.elements, o);
  }
  static void by_hand(operands const& o) {
    auto const blocks = static_cast<unsigned>((o.elements + 255) / 256);
    auto const stream = static_cast<cudaStream_t>(o.stream);
    with_indices<Inputs>([&](auto... k) {
      if constexpr (Outputs == 1) {
        one_each<<<blocks, 256, 0, stream>>>(Kernel{}, o.elements, output(o, 0), column(o, k)...);
      } else {
        static_assert(Outputs == most_outputs);
        output_columns<T> out{};
        for (std::size_t r = 0; r != Outputs; ++r) out.at[r] = output(o, r);
        one_row_each<<<blocks, 256, 0, stream>>>(Kernel{}, o.elements, out, column(o, k)...);
      }
    });
    check(cudaGetLastError());
    check(cudaStreamSynchronize(stream));
  }
#ifdef BENCH_HAS_CUB_TRANSFORM
  static void cub_transform(operands const& o) {
    auto const stream = static_cast<cudaStream_t>(o.stream);
    with_indices<Inputs>([&](auto... k) {
      check(cub::DeviceTransform::Transform(cuda::std::make_tuple(column(o, k)...), outputs(o),
                                            static_cast<std::int64_t>(o.elements), function{},
                                            stream));
    });
    check(cudaStreamSynchronize(stream));
  }
#endif

  /// Vectors made for the call: what a first program looks like.
  static void copy_transform_copy(operands const& o) {
    with_indices<Inputs>([&](auto... k) {
      thrust::device_vector<T> const in[] = {
          thrust::device_vector<T>(column(o, k), column(o, k) + o.elements)...};
      with_indices<Outputs>([&](auto... r) {
        thrust::device_vector<T> out[] = {thrust::device_vector<T>((void(r), o.elements))...};
        operands there;
        ((there.in[k] = thrust::raw_pointer_cast(in[k].data())), ...);
        ((there.out[r] = thrust::raw_pointer_cast(out[r].data())), ...);
        transform(thrust::device, o.elements, there);
        (thrust::copy(out[r].begin(), out[r].end(), output(o, r)), ...);
      });
    });
  }
  /// Memory of the device that is there already.
  static void copy_transform_copy_into(operands const& o) {
    std::size_t const bytes = o.elements * sizeof(T);
    operands there{.out = o.device_out};
    for (std::size_t k = 0; k != Inputs; ++k) {
      check(cudaMemcpy(o.device_in[k], o.in[k], bytes, cudaMemcpyHostToDevice));
      there.in[k] = o.device_in[k];
    }
    transform(thrust::device, o.elements, there);
    for (std::size_t r = 0; r != Outputs; ++r)
      check(cudaMemcpy(o.out[r], o.device_out[r], bytes, cudaMemcpyDeviceToHost));
  }

  static void add(std::vector<contender>& all, std::string_view case_name) {
    all.push_back({case_name, "thrust", input::device, thrust_resident});
    all.push_back({case_name, "thrust-stream", input::device, thrust_stream});
    all.push_back({case_name, "by-hand", input::device, by_hand});
#ifdef BENCH_HAS_CUB_TRANSFORM
    all.push_back({case_name, "cub-transform", input::device, cub_transform});
#endif
    all.push_back({case_name, "thrust-copies", input::host, copy_transform_copy});
    all.push_back({case_name, "thrust-copies-into", input::host, copy_transform_copy_into});
  }

 private:
  static T const* column(operands const& o, std::size_t k) {
    return static_cast<T const*>(o.in[k]);
  }
  static T* output(operands const& o, std::size_t k) { return static_cast<T*>(o.out[k]); }
  /// What Thrust and CUB write to.
  static auto outputs(operands const& o) {
    if constexpr (Outputs == 1)
      return output(o, 0);
    else
      return [&]<std::size_t... R>(std::index_sequence<R...>) {
        return thrust::make_zip_iterator(output(o, R)...);
      }(std::make_index_sequence<Outputs>());
  }
  template <class Policy>
  static void transform(Policy const& policy, std::size_t n, operands const& o) {
    with_indices<Inputs>([&](auto... k) {
      auto const size = static_cast<std::ptrdiff_t>(n);
      if constexpr (Inputs == 1) {
        thrust::transform(policy, column(o, 0), column(o, 0) + size, outputs(o), function{});
      } else {
        auto const in = thrust::make_zip_iterator(column(o, k)...);
        thrust::transform(policy, in, in + size, outputs(o), thrust::make_zip_function(function{}));
      }
    });
  }
};

void thrust_generated(operands const& o) {
  thrust::counting_iterator<std::int32_t> const first(0);
  thrust::transform(thrust::device, first, first + static_cast<std::int32_t>(o.elements),
                    static_cast<float*>(o.out[0]), from_index{});
}
void generated_by_hand(operands const& o) {
  one_each_index<<<static_cast<unsigned>((o.elements + 255) / 256), 256, 0,
                   static_cast<cudaStream_t>(o.stream)>>>(from_index{}, o.elements,
                                                          static_cast<float*>(o.out[0]));
  check(cudaGetLastError());
  check(cudaStreamSynchronize(static_cast<cudaStream_t>(o.stream)));
}

}  // namespace

std::vector<contender> peer_contenders() {
  std::vector<contender> all;
  add_column_cases<calls>(all);
  all.push_back({"from_index", "thrust", input::generated, thrust_generated});
  all.push_back({"from_index", "by-hand", input::generated, generated_by_hand});
  return all;
}

}  // namespace bench::gpu
