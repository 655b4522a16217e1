// A kernel that breaks the GPU's context. By itself: such a context stays broken.
#include "trap.hpp"

#include <hetmap/gpu_kernel.cuh>

HETMAP_GPU_KERNEL(std::int32_t(std::int32_t), trap_at);
HETMAP_GPU_KERNEL(std::int32_t(std::int32_t), plus_one);

namespace {

__global__ void write_nowhere() { *reinterpret_cast<int volatile*>(16) = 1; }

}  // namespace

int break_gpu() {
  write_nowhere<<<1, 1>>>();
  return cudaDeviceSynchronize();
}
