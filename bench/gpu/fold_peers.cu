// The peers of map_reduce: Thrust as people write it, CUB's reduction.
#include "cases.hpp"
#include "check.hpp"

#include <cuda_runtime_api.h>

#include <thrust/device_ptr.h>
#include <thrust/device_vector.h>
#include <thrust/execution_policy.h>
#include <thrust/functional.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/transform_reduce.h>
#include <cub/device/device_reduce.cuh>

namespace bench::gpu {
namespace {

float const* first_column(void const* data) { return static_cast<float const*>(data); }

float sum_of_squares(float const* on_device, std::size_t n) {
  auto const first = thrust::device_pointer_cast(on_device);
  return thrust::transform_reduce(first, first + static_cast<std::ptrdiff_t>(n), square{}, 0.0f,
                                  thrust::plus<float>());
}

void thrust_resident(operands const& o) {
  *o.value = sum_of_squares(first_column(o.in[0]), o.elements);
}
void thrust_generated(operands const& o) {
  thrust::counting_iterator<std::int32_t> const first(0);
  *o.value =
      thrust::transform_reduce(thrust::device, first, first + static_cast<std::int32_t>(o.elements),
                               square_of_index{}, 0.0f, thrust::plus<float>());
}

/// Vectors made for the call: what a first program looks like.
void copy_and_reduce(operands const& o) {
  thrust::device_vector<float> const in(first_column(o.in[0]), first_column(o.in[0]) + o.elements);
  *o.value = thrust::transform_reduce(in.begin(), in.end(), square{}, 0.0f, thrust::plus<float>());
}
/// Memory of the device that is there already.
void copy_and_reduce_into(operands const& o) {
  check(cudaMemcpy(o.device_in[0], o.in[0], o.elements * sizeof(float), cudaMemcpyHostToDevice));
  *o.value = sum_of_squares(first_column(o.device_in[0]), o.elements);
}

/// CUB's temporary storage and its result, on the device and kept for the next call.
struct cub_storage {
  void* temporary = nullptr;
  std::size_t bytes = 0;
  float* sum = nullptr;
};

template <class Kernel, class Iterator>
void cub_sum(operands const& o, Iterator in) {
  static cub_storage kept;  // not given back: the program ends soon after
  auto const stream = static_cast<cudaStream_t>(o.stream);
  auto const n = static_cast<std::int64_t>(o.elements);
  auto const reduce = [&](void* temporary, std::size_t& bytes) {
    check(cub::DeviceReduce::TransformReduce(temporary, bytes, in, kept.sum, n,
                                             cuda::std::plus<float>(), Kernel{}, 0.0f, stream));
  };
  if (kept.sum == nullptr) check(cudaMalloc(&kept.sum, sizeof(float)));
  std::size_t bytes = 0;
  reduce(nullptr, bytes);
  if (bytes > kept.bytes) {
    check(cudaFree(kept.temporary));
    kept.temporary = nullptr;
    kept.bytes = 0;
    check(cudaMalloc(&kept.temporary, bytes));
    kept.bytes = bytes;
  }
  reduce(kept.temporary, kept.bytes);
  check(cudaMemcpyAsync(o.value, kept.sum, sizeof(float), cudaMemcpyDeviceToHost, stream));
  check(cudaStreamSynchronize(stream));
}
void cub_resident(operands const& o) { cub_sum<square>(o, first_column(o.in[0])); }
void cub_generated(operands const& o) {
  cub_sum<square_of_index>(o, thrust::counting_iterator<std::int32_t>(0));
}

}  // namespace

std::vector<contender> fold_peers() {
  return {{"sum_of_squares", "thrust", input::device, thrust_resident},
          {"sum_of_squares", "cub-reduce", input::device, cub_resident},
          {"sum_of_squares", "thrust", input::generated, thrust_generated},
          {"sum_of_squares", "cub-reduce", input::generated, cub_generated},
          {"sum_of_squares", "thrust-copies", input::host, copy_and_reduce},
          {"sum_of_squares", "thrust-copies-into", input::host, copy_and_reduce_into}};
}

}  // namespace bench::gpu
