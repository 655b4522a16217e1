// The memory that results are taken from and given back to.
//
// A fresh page costs its first writer a page fault, several times the cost of the map itself. So
// blocks of 128 KiB and more are kept when a hetmap::vector gives them back, and the next result of
// about the same size reuses them as they are.
//
// The first result of a size waits for its pages: all workers touch them as they fill it, in pages
// of 2 MiB if the system provides them (transparent huge pages: "always" or "madvise"). On two
// cores of an Intel Xeon 10^7 doubles then take 10.5 to 12.7 ms, 23 to 24 ms in pages of 4 KiB, and
// 2 to 3 ms from the second time on; touching one byte of each of these pages with all workers
// takes 7 to 9.3 ms and 22 to 23 ms (bench-first-touch). If the host of a virtual machine has yet
// to find the memory, it takes ten times as long, whoever touches it.
#pragma once

#include <hetmap/detail/config.hpp>

#include <cstddef>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// Size, in bytes, of the kept blocks that are not in use.
[[nodiscard]] HETMAP_API std::size_t cached_memory() noexcept;

/// Size, in bytes, that the kept blocks never exceed; the least recently used are given back to the
/// system first. By default an eighth of the machine's memory, 1 GiB at most.
[[nodiscard]] HETMAP_API std::size_t cached_memory_limit() noexcept;

/// Sets that limit for the whole process; 0 keeps nothing.
///
/// Waits:    until what exceeds the new limit has been given back.
HETMAP_API void set_cached_memory_limit(std::size_t bytes) noexcept;

/// Gives all kept blocks back to the system, and kept GPU memory back to the GPUs. A result that
/// would not fit otherwise does the former by itself.
HETMAP_API void release_cached_memory() noexcept;

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
