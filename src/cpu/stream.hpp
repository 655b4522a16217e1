// Results that go past the caches: for outputs that would only push something else out of them.
#pragma once

#include "../base/profile.hpp"

#include <hetmap/detail/seam/job.hpp>
#include <hetmap/topology.hpp>

#include <cstddef>

namespace hetmap::core {

/// Copies whole cache lines without reading those of `to` first.
///
/// Requires: both are 64-byte aligned; finish_stream() before anybody else looks at `to`.
using stream_function = void (*)(void* to, void const* from, std::size_t lines);

/// The copy for that level; null where there is none (other processors, sanitized builds, whose
/// instruments do not see such stores).
[[nodiscard]] stream_function stream_for(isa level) noexcept;

/// Orders what was streamed before everything that follows.
void finish_stream() noexcept;

/// Outputs, and columns in all, of a call whose results can be streamed.
inline constexpr unsigned most_streamed_outputs = 8;
inline constexpr unsigned most_streamed_columns = 32;

/// Whether results are such that they can be streamed.
[[nodiscard]] bool can_be_streamed(detail::job const& work) noexcept;

/// How the elements of such a call go through the caches.
struct tiling {
  /// Of the largest output, computed at a time: what is read stays in the first-level cache, and a
  /// call of the loop costs little beside it (docs/design.md, Stores, for what was measured).
  std::size_t bytes = 1024;
  /// Inputs are asked for so many tiles before their turn. The processor does that by itself, but
  /// only within a page.
  std::size_t tiles_ahead = 6;
};

/// What the profile says of it.
[[nodiscard]] inline tiling tiling_of(cpu_values const& cpu) noexcept {
  return {static_cast<std::size_t>(cpu.tile_bytes), static_cast<std::size_t>(cpu.tiles_ahead)};
}

/// Elements computed at a time, of so many bytes in the largest output and in all of them.
[[nodiscard]] std::size_t tile_elements(std::size_t largest_bytes, std::size_t all_bytes,
                                        tiling const& how = {}) noexcept;

/// Elements from one at `address` on, each of so many bytes, to the next that begins at a line; 0
/// if there is none or it is this one.
[[nodiscard]] std::size_t elements_to_line(std::size_t address, std::size_t bytes) noexcept;

/// Runs `code` over the chunk with its results computed aside, a few hundred bytes at a time, and
/// copied out past the caches: whole lines of each output, but for the first and the last one.
/// What had been computed when `code` threw, or stopped, is copied out too.
///
/// Requires: can_be_streamed(work); stream_for(level) is not null.
void run_streamed(detail::job const& work, detail::chunk_function code, isa level,
                  detail::chunk& all, tiling const& how = {});

}  // namespace hetmap::core
