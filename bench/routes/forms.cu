// What hetmap-bench routes runs on a GPU.
#include "gpu_kernels.hpp"

#include <hetmap/gpu_kernel.cuh>

using namespace bench::routes;

HETMAP_GPU_KERNEL(float(float), axpb_float);
HETMAP_GPU_KERNEL(float(float), gauss_float);
HETMAP_GPU_KERNEL(float(float), logistic200_float);
HETMAP_GPU_KERNEL(float(float, float, float), black_scholes_float);
HETMAP_GPU_KERNEL(double(double, double), power_double);
HETMAP_GPU_KERNEL(std::uint32_t(std::uint32_t), collatz_uint32);

HETMAP_GPU_KERNEL(float(std::int32_t), of_index<axpb_float, float>);
HETMAP_GPU_KERNEL(float(std::int32_t), of_index<gauss_float, float>);
HETMAP_GPU_KERNEL(float(std::int32_t), of_index<logistic200_float, float>);
using black_scholes_of_index = of_index<black_scholes_float, float, float, float>;
HETMAP_GPU_KERNEL(float(std::int32_t), black_scholes_of_index);
using power_of_index = of_index<power_double, double, double>;
HETMAP_GPU_KERNEL(double(std::int32_t), power_of_index);
HETMAP_GPU_KERNEL(std::uint32_t(std::int32_t), of_index<collatz_uint32, std::uint32_t>);
