// hetmap's forms of the cases.
#include "cases.hpp"

#include <hetmap/gpu_kernel.cuh>

#include <functional>
#include <tuple>

using namespace bench::gpu;

HETMAP_GPU_KERNEL(float(float), axpb_float);
HETMAP_GPU_KERNEL(double(double), axpb_double);
HETMAP_GPU_KERNEL(float(float), gauss_float);
HETMAP_GPU_KERNEL(std::int8_t(std::int8_t), axpb_int8);
HETMAP_GPU_KERNEL(vec3(vec3), axpb_float3);
HETMAP_GPU_KERNEL(float(float, float, float), fused);
HETMAP_GPU_KERNEL(float(float, float, float), black_scholes_float);
HETMAP_GPU_KERNEL(double(double, double, double), black_scholes_double);
HETMAP_GPU_KERNEL(std::tuple<float, float, float, float, float>(float, float, float), greeks_float);
HETMAP_GPU_KERNEL(float(float), relu_exp_float);
HETMAP_GPU_KERNEL(float(float), logistic200_float);
HETMAP_GPU_KERNEL(float(std::int32_t), from_index);
HETMAP_GPU_KERNEL(float(float), square);
HETMAP_GPU_KERNEL(float(std::int32_t), square_of_index);
HETMAP_GPU_REDUCE(float(float, float), std::plus<>);
