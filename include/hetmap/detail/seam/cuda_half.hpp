// The door of the library's CUDA half. Whatever registers a GPU form calls it, so that the half is
// linked and loaded where there are forms, and only there.
#pragma once

#include <hetmap/detail/config.hpp>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// What forms for CUDA's devices name as their vendor.
inline constexpr char cuda_vendor[] = "CUDA";

/// Tells the core where CUDA's devices come from. Asks nothing of the driver.
HETMAP_API void use_cuda_devices() noexcept;

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
