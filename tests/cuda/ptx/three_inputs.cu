// expect: 3 copies a tile
#include <hetmap/gpu_kernel.cuh>
struct three {
  HETMAP_FN float operator()(float a, float b, float c) const { return a * b + c; }
};
HETMAP_GPU_KERNEL(float(float, float, float), three);
