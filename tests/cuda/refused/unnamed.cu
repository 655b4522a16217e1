// expect: unnamed namespace
#include <hetmap/gpu_kernel.cuh>
namespace {
struct hidden {
  HETMAP_FN double operator()(double v) const { return v; }
};
}  // namespace
HETMAP_GPU_KERNEL(double(double), hidden);
