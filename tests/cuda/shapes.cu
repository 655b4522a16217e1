// Forms for many inputs, for elements of unusual sizes and alignments, for kernels that gather.
#include "kernels.hpp"

#include <hetmap/gpu_kernel.cuh>

using namespace cuda_kernels;

HETMAP_GPU_KERNEL(std::int32_t(std::int32_t, std::int32_t, std::int32_t, std::int32_t, std::int32_t,
                               std::int32_t, std::int32_t, std::int32_t),
                  sum_of_eight);
HETMAP_GPU_KERNEL(bytes<3>(bytes<3>), each_byte_up);
HETMAP_GPU_KERNEL(bytes<12>(bytes<12>), each_byte_up);
HETMAP_GPU_KERNEL(bytes<666>(bytes<666>), each_byte_up);
HETMAP_GPU_KERNEL(aligned<64>(aligned<64>), each_byte_up);
HETMAP_GPU_KERNEL(aligned<256>(aligned<256>), each_byte_up);
HETMAP_GPU_KERNEL(double(std::int64_t), window);
