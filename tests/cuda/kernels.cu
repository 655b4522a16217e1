// The forms of the kernels that maps on a GPU are tested with.
#include "kernels.hpp"

#include <hetmap/gpu_kernel.cuh>

#include <functional>

using namespace cuda_kernels;

HETMAP_GPU_KERNEL(std::int32_t(std::int32_t), triple);
HETMAP_GPU_KERNEL(std::int8_t(std::int8_t), flipped);
HETMAP_GPU_KERNEL(float(float), scaled<float>);
HETMAP_GPU_KERNEL(double(double), scaled<double>);
HETMAP_GPU_KERNEL(float(float), bell);
HETMAP_GPU_KERNEL(double(float, std::int32_t, double), mixed);
HETMAP_GPU_KERNEL(hetmap::tuple<float, float>(float, float), minmax);
HETMAP_GPU_KERNEL(std::int64_t(std::int64_t), fails_from);
HETMAP_GPU_KERNEL(matrix(std::int64_t), matrix_of);

namespace cuda_kernels {
namespace {

__global__ void without_hetmap(fails_from f, std::int64_t* data) {
  unsigned const i = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  data[i] = f(data[i]);
}

}  // namespace

int run_without_hetmap(unsigned x, unsigned y, unsigned z, fails_from f, std::int64_t* data) {
  without_hetmap<<<1, dim3(x, y, z)>>>(f, data);
  if (cudaError_t const e = cudaGetLastError(); e != cudaSuccess) return e;
  return cudaDeviceSynchronize();
}

}  // namespace cuda_kernels

HETMAP_GPU_REDUCE(std::int32_t(std::int32_t, std::int32_t), std::plus<>);
HETMAP_GPU_REDUCE(std::int64_t(std::int64_t, std::int64_t), std::plus<>);
HETMAP_GPU_REDUCE(float(float, float), std::plus<>);
HETMAP_GPU_REDUCE(matrix(matrix, matrix), product);
HETMAP_GPU_REDUCE(std::int64_t(std::int64_t, std::int64_t), picky_sum);
HETMAP_GPU_REDUCE(vec3(vec3, vec3), vec3_sum);
