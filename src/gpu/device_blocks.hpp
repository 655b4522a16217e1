// Memory of arrays on devices: kept when an array gives it back, since taking and freeing it waits
// for the whole device.
#pragma once

#include "../device.hpp"
#include "unwaited.hpp"

#include <cstddef>

namespace hetmap::core {

/// A block of at least so many bytes. What is kept of the device is given up where it is short of
/// memory otherwise.
status take_device_block(device& gpu, std::size_t bytes, void*& block) noexcept;

/// Requires: nothing that is enqueued uses it but `readers`; nobody else gets it before they have
/// completed. On a lost device it is leaked.
void give_back_device_block(device& gpu, std::size_t bytes, void* block,
                            unwaited_launches readers = {}) noexcept;

/// Frees all blocks that are kept and that no launch reads any more.
void release_device_blocks() noexcept;

/// Gives up all memory of all devices that is kept and not lent: these blocks and the rings of
/// calls.
void release_device_memory() noexcept;

}  // namespace hetmap::core
