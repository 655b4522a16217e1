// A kernel that traps on a GPU and nowhere else.
#pragma once

#include <hetmap/kernel.hpp>

#include <cstdint>

struct trap_at {
  std::int32_t where;
  HETMAP_FN std::int32_t operator()(std::int32_t v) const {
#ifdef __CUDA_ARCH__
    if (v == where) __trap();
#endif
    return v + 1;
  }
};

struct plus_one {
  HETMAP_FN std::int32_t operator()(std::int32_t v) const { return v + 1; }
};

/// Ends the GPU's context by a kernel that is nobody's of hetmap. Returns the CUDA error.
int break_gpu();
