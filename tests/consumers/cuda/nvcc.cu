// A file of the user's for nvcc: the headers compile there, the kernel runs on the CPU from the
// host side of the file, the same kernel is device code and has its GPU form.
#include "kernels.hpp"

#include <hetmap/gpu_kernel.cuh>
#include <hetmap/hetmap.hpp>

#include <span>

HETMAP_GPU_KERNEL(float(float), decay);

__global__ void on_device(float* out, float const* in, decay f) {
  out[threadIdx.x] = hetmap::select(in[threadIdx.x] < 0, 0.0f, f(in[threadIdx.x]));
}

void map_from_nvcc(float* out, float const* in, unsigned long n) {
  hetmap::map_into({.backend = hetmap::backend::cpu}, std::span(out, n), decay{0.5f},
                   std::span(in, n));
}

void map_extended_lambda(float* out, float const* in, unsigned long n, float factor) {
  hetmap::map_into(
      {.backend = hetmap::backend::cpu}, std::span(out, n),
      [factor] __host__ __device__(float v) { return factor * v; }, std::span(in, n));
}
