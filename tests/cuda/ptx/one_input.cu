// expect: 1 copy a tile
#include <hetmap/gpu_kernel.cuh>
struct axpb {
  float a, b;
  HETMAP_FN float operator()(float x) const { return a * x + b; }
};
HETMAP_GPU_KERNEL(float(float), axpb);
