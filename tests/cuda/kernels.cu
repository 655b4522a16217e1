// The forms of the kernels that maps on a GPU are tested with.
#include "kernels.hpp"

#include <hetmap/gpu_kernel.cuh>

using namespace cuda_kernels;

HETMAP_GPU_KERNEL(std::int32_t(std::int32_t), triple);
HETMAP_GPU_KERNEL(std::int8_t(std::int8_t), flipped);
HETMAP_GPU_KERNEL(float(float), scaled<float>);
HETMAP_GPU_KERNEL(double(double), scaled<double>);
HETMAP_GPU_KERNEL(float(float), bell);
HETMAP_GPU_KERNEL(double(float, std::int32_t, double), mixed);
HETMAP_GPU_KERNEL(hetmap::tuple<float, float>(float, float), minmax);
HETMAP_GPU_KERNEL(std::int64_t(std::int64_t), fails_from);
