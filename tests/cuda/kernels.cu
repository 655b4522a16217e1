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

HETMAP_GPU_REDUCE(std::int32_t(std::int32_t, std::int32_t), std::plus<>);
HETMAP_GPU_REDUCE(std::int64_t(std::int64_t, std::int64_t), std::plus<>);
HETMAP_GPU_REDUCE(float(float, float), std::plus<>);
HETMAP_GPU_REDUCE(matrix(matrix, matrix), product);
HETMAP_GPU_REDUCE(std::int64_t(std::int64_t, std::int64_t), picky_sum);
HETMAP_GPU_REDUCE(vec3(vec3, vec3), vec3_sum);
