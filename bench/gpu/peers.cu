// The peers: Thrust as people write it, a kernel written by hand, CUB's transform.
#include "cases.hpp"

#include <cuda_runtime_api.h>

#include <thrust/copy.h>
#include <thrust/device_ptr.h>
#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/zip_iterator.h>
#include <thrust/transform.h>
#include <thrust/zip_function.h>
#include <cub/device/device_transform.cuh>

#include <stdexcept>
#include <utility>

namespace bench::gpu {
namespace {

void check(cudaError_t e) {
  if (e != cudaSuccess) throw std::runtime_error(cudaGetErrorString(e));
}

template <class Kernel, class T, class... In>
__global__ void one_each(Kernel f, std::size_t n, T* out, In const*... in) {
  std::size_t const step = static_cast<std::size_t>(gridDim.x) * blockDim.x;
  for (std::size_t i = blockIdx.x * static_cast<std::size_t>(blockDim.x) + threadIdx.x; i < n;
       i += step)
    out[i] = f(in[i]...);
}
template <class Kernel>
__global__ void one_each_index(Kernel f, std::size_t n, float* out) {
  std::size_t const i = blockIdx.x * static_cast<std::size_t>(blockDim.x) + threadIdx.x;
  if (i < n) out[i] = f(static_cast<std::int32_t>(i));
}

template <class Kernel, std::size_t Inputs>
class calls {
 public:
  using T = typename Kernel::value;

  static void thrust_resident(operands const& o) {
    transform(o.elements, static_cast<T*>(o.out), o.in);
  }
  /// Without the synchronisation at its end, in a stream: what hetmap's call is compared with.
  static void thrust_stream(operands const& o) {
    auto const policy = thrust::cuda::par_nosync.on(static_cast<cudaStream_t>(o.stream));
    with_inputs([&](auto... k) {
      if constexpr (Inputs == 1) {
        auto const in = static_cast<T const*>(o.in[0]);
        thrust::transform(policy, in, in + o.elements, static_cast<T*>(o.out), Kernel{});
      } else {
        auto const in = thrust::make_zip_iterator(static_cast<T const*>(o.in[k])...);
        thrust::transform(policy, in, in + static_cast<std::ptrdiff_t>(o.elements),
                          static_cast<T*>(o.out), thrust::make_zip_function(Kernel{}));
      }
    });
  }
  static void by_hand(operands const& o) {
    auto const blocks = static_cast<unsigned>((o.elements + 255) / 256);
    with_inputs([&](auto... k) {
      one_each<<<blocks, 256, 0, static_cast<cudaStream_t>(o.stream)>>>(
          Kernel{}, o.elements, static_cast<T*>(o.out), static_cast<T const*>(o.in[k])...);
    });
    check(cudaStreamSynchronize(static_cast<cudaStream_t>(o.stream)));
  }
  static void cub_transform(operands const& o) {
    with_inputs([&](auto... k) {
      check(cub::DeviceTransform::Transform(
          cuda::std::make_tuple(static_cast<T const*>(o.in[k])...), static_cast<T*>(o.out),
          static_cast<std::int64_t>(o.elements), Kernel{}, static_cast<cudaStream_t>(o.stream)));
    });
    check(cudaStreamSynchronize(static_cast<cudaStream_t>(o.stream)));
  }

  /// Vectors made for the call: what a first program looks like.
  static void copy_transform_copy(operands const& o) {
    with_inputs([&](auto... k) {
      thrust::device_vector<T> in[] = {thrust::device_vector<T>(
          static_cast<T const*>(o.in[k]), static_cast<T const*>(o.in[k]) + o.elements)...};
      thrust::device_vector<T> out(o.elements);
      std::array<void const*, most_inputs> const from{thrust::raw_pointer_cast(in[k].data())...};
      transform(o.elements, thrust::raw_pointer_cast(out.data()), from);
      thrust::copy(out.begin(), out.end(), static_cast<T*>(o.out));
    });
  }
  /// Memory of the device that is there already.
  static void copy_transform_copy_into(operands const& o) {
    std::array<void const*, most_inputs> from{};
    for (std::size_t k = 0; k != Inputs; ++k) {
      check(cudaMemcpy(o.device_in[k], o.in[k], o.elements * sizeof(T), cudaMemcpyHostToDevice));
      from[k] = o.device_in[k];
    }
    transform(o.elements, static_cast<T*>(o.device_out), from);
    check(cudaMemcpy(o.out, o.device_out, o.elements * sizeof(T), cudaMemcpyDeviceToHost));
  }

  static void add(std::vector<contender>& all, std::string_view case_name) {
    all.push_back({case_name, "thrust", false, thrust_resident});
    all.push_back({case_name, "thrust-stream", false, thrust_stream});
    all.push_back({case_name, "by-hand", false, by_hand});
    all.push_back({case_name, "cub-transform", false, cub_transform});
    all.push_back({case_name, "thrust-copies", true, copy_transform_copy});
    all.push_back({case_name, "thrust-copies-into", true, copy_transform_copy_into});
  }

 private:
  template <class Act>
  static void with_inputs(Act act) {
    [&]<std::size_t... K>(std::index_sequence<K...>) {
      act(K...);
    }(std::make_index_sequence<Inputs>());
  }
  static void transform(std::size_t n, T* out, std::array<void const*, most_inputs> const& from) {
    auto const to = thrust::device_pointer_cast(out);
    with_inputs([&](auto... k) {
      if constexpr (Inputs == 1) {
        auto const in = thrust::device_pointer_cast(static_cast<T const*>(from[0]));
        thrust::transform(in, in + n, to, Kernel{});
      } else {
        auto const in = thrust::make_zip_iterator(
            thrust::device_pointer_cast(static_cast<T const*>(from[k]))...);
        thrust::transform(in, in + static_cast<std::ptrdiff_t>(n), to,
                          thrust::make_zip_function(Kernel{}));
      }
    });
  }
};

void thrust_generated(operands const& o) {
  thrust::counting_iterator<std::int32_t> const first(0);
  thrust::transform(thrust::device, first, first + static_cast<std::int32_t>(o.elements),
                    static_cast<float*>(o.out), from_index{});
}
void generated_by_hand(operands const& o) {
  one_each_index<<<static_cast<unsigned>((o.elements + 255) / 256), 256, 0,
                   static_cast<cudaStream_t>(o.stream)>>>(from_index{}, o.elements,
                                                          static_cast<float*>(o.out));
  check(cudaStreamSynchronize(static_cast<cudaStream_t>(o.stream)));
}

}  // namespace

std::vector<contender> peer_contenders() {
  std::vector<contender> all;
  add_column_cases<calls>(all);
  all.push_back({"from_index", "thrust", false, thrust_generated});
  all.push_back({"from_index", "by-hand", false, generated_by_hand});
  return all;
}

}  // namespace bench::gpu
