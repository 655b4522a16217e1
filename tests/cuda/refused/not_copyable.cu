// expect: trivially copyable: numbers and hetmap::ref instead of containers and strings
#include <hetmap/gpu_kernel.cuh>

#include <vector>
struct holder {
  std::vector<double> table;
  HETMAP_FN double operator()(double v) const { return v; }
};
HETMAP_GPU_KERNEL(double(double), holder);
