// expect: 2 failing much
// expect: 2 safe little
#include <hetmap/gpu_kernel.cuh>
struct axpb_safe {
  float a, b;
  HETMAP_FN float operator()(float x) const { return a * x + b; }
};
struct in_vain_safe {
  HETMAP_FN int operator()(int x) const {
    if (x * 0 != 0) hetmap::fail(1);
    return x;
  }
};
struct root_failing {
  HETMAP_FN float operator()(float x) const {
    if (x < 0) hetmap::fail(1);
    return x;
  }
};
__device__ __noinline__ int checked(int x) {
  if (x == 7) hetmap::fail(x);
  return x;
}
struct far_away_failing {
  HETMAP_FN int operator()(int x) const {
#ifdef __CUDA_ARCH__
    return checked(x);
#else
    return x;
#endif
  }
};
HETMAP_GPU_KERNEL(float(float), axpb_safe);
HETMAP_GPU_KERNEL(int(int), in_vain_safe);
HETMAP_GPU_KERNEL(float(float), root_failing);
HETMAP_GPU_KERNEL(int(int), far_away_failing);
