// The memory that results come from, and are given back to.
//
// A fresh page costs its first writer a page fault, several times what the map itself costs. So
// blocks of 128 KiB and more are kept when a hetmap::vector gives them back, and the next result of
// about the same size takes them as they are.
#pragma once

#include <hetmap/detail/config.hpp>

#include <cstddef>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// Size, in bytes, of the blocks that are kept and not in use.
[[nodiscard]] HETMAP_API std::size_t cached_memory() noexcept;

/// Size, in bytes, that the kept blocks never exceed; the least recently used are given back to the
/// system first. By default an eighth of the machine's memory, 1 GiB at most.
[[nodiscard]] HETMAP_API std::size_t cached_memory_limit() noexcept;

/// Sets that limit, for the whole process; 0 keeps nothing.
///
/// Waits:    until what exceeds the new limit has been given back.
HETMAP_API void set_cached_memory_limit(std::size_t bytes) noexcept;

/// Gives all kept blocks back to the system, and what is kept of GPUs to these. A result that would
/// not fit otherwise does the first by itself.
HETMAP_API void release_cached_memory() noexcept;

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
