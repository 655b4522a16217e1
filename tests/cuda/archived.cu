// A member of a static library: a form that nothing in the program refers to.
#include "kernels.hpp"

#include <hetmap/gpu_kernel.cuh>

HETMAP_GPU_KERNEL(double(double), cuda_kernels::archived);
