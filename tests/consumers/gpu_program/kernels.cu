#include "kernels.hpp"

#include <hetmap/gpu_kernel.cuh>

HETMAP_GPU_KERNEL(double(double), square);
