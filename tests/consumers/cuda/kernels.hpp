// A kernel that a file for nvcc and a file for the host compiler both map.
#pragma once

#include <hetmap/kernel.hpp>
#include <hetmap/math.hpp>

struct decay {
  float rate;
  HETMAP_FN float operator()(float v) const { return hetmap::math::exp(-rate * v) * v * v + 1; }
};

// The same map, compiled by either compiler.
void map_from_nvcc(float* out, float const* in, unsigned long n);
void map_from_host_compiler(float* out, float const* in, unsigned long n);

// factor * v, by a lambda that nvcc compiles for the GPU as well.
void map_extended_lambda(float* out, float const* in, unsigned long n, float factor);
