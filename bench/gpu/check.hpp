// Errors of CUDA's, as exceptions.
#pragma once

#include <cuda_runtime_api.h>

#include <source_location>
#include <stdexcept>
#include <string>

namespace bench::gpu {

/// Throws std::runtime_error, naming the line, unless e is cudaSuccess.
inline void check(cudaError_t e, std::source_location here = std::source_location::current()) {
  if (e == cudaSuccess) return;
  std::string what(here.file_name());
  what.append(":").append(std::to_string(here.line())).append(": ").append(cudaGetErrorString(e));
  throw std::runtime_error(what);
}

}  // namespace bench::gpu
