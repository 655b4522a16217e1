// Whole blocks between host and device, by way of pinned memory.
#pragma once

#include "../device.hpp"

#include <cstddef>

namespace hetmap::core {

/// Copies and returns when it is done. A lost device is marked.
status copy_to_device(device& gpu, void* to, void const* from, std::size_t bytes);
status copy_from_device(device& gpu, void* to, void const* from, std::size_t bytes);

}  // namespace hetmap::core
