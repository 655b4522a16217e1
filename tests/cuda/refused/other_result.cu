// expect: the signature's result is not what the kernel returns
#include <hetmap/gpu_kernel.cuh>
struct square {
  HETMAP_FN double operator()(double v) const { return v * v; }
};
HETMAP_GPU_KERNEL(float(double), square);
