// expect: 2 copies a tile
#include <hetmap/gpu_kernel.cuh>
struct minmax {
  HETMAP_FN hetmap::tuple<float, float> operator()(float a, float b) const {
    return {a < b ? a : b, a < b ? b : a};
  }
};
HETMAP_GPU_KERNEL(hetmap::tuple<float, float>(float, float), minmax);
