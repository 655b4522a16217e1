// What the machine does at most: what cases are held against.
#pragma once

#include "cases.hpp"
#include "measuring.hpp"
#include "memory.hpp"

#include <cuda_runtime_api.h>

#include <cstddef>

namespace bench::gpu {

/// In GB/s.
struct ceilings {
  double device_copy = 0;  ///< bytes read and written
  double in = 0, out = 0;  ///< pinned
  double both = 0;         ///< bytes in and out together, as many each way
};

/// The bytes of one copy on the device, and of one between the host and the device.
struct copy_sizes {
  std::size_t device = 0;
  std::size_t host = 0;
};

/// Measures them in memory of both sides that has room for two such copies.
ceilings measure_ceilings(copy_sizes const& bytes, seconds budget, block const& device,
                          block const& pinned, block const& pageable, report& to,
                          cudaStream_t stream);

/// The least time that this case's copies between the host and the device can take.
seconds least_copy_time(case_description const& what, double column_bytes, ceilings const& c);

}  // namespace bench::gpu
