// A file of the user's for nvcc: the headers compile there, the kernel runs on the CPU from the
// host side of the file, and the same kernel is device code.
#include "kernels.hpp"

#include <hetmap/hetmap.hpp>

#include <span>

__global__ void on_device(float* out, float const* in, decay f) {
  out[threadIdx.x] = hetmap::select(in[threadIdx.x] < 0, 0.0f, f(in[threadIdx.x]));
}

void map_from_nvcc(float* out, float const* in, unsigned long n) {
  hetmap::map_into({.backend = hetmap::backend::cpu}, std::span(out, n), decay{0.5f},
                   std::span(in, n));
}
