// What a GPU and the link to it are measured at.
#pragma once

#include "../device.hpp"

#include <hetmap/profile.hpp>

namespace hetmap::core {

/// Measures `gpu` by the time of its clock (clock.hpp). A kernel's launch is measured as a copy
/// within the device, which is one, so nothing has to be compiled for it.
///
/// Requires: a device that find_device() or all_devices() gave.
/// Returns:  the first fault, after which `values` say nothing. A lost device is marked.
/// Throws:   std::bad_alloc.
[[nodiscard]] status measure_gpu(device& gpu, gpu_values& values);

}  // namespace hetmap::core
