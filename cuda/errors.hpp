// What CUDA's error codes mean to the core.
#pragma once

#include "../src/device.hpp"

#include <cuda_runtime_api.h>

namespace hetmap::cuda_half {

/// What this code means for what comes after it. A pure function: codes that it does not know are
/// taken for refusals.
[[nodiscard]] core::fault meaning_of(cudaError_t code) noexcept;

/// The status of an operation that returned this code. Clears it where it is pending, so that
/// nobody else's check finds it.
[[nodiscard]] core::status status_of(cudaError_t code) noexcept;

}  // namespace hetmap::cuda_half
