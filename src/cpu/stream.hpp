// Stores that go past the caches: for outputs that would only push something else out of them.
#pragma once

#include <hetmap/topology.hpp>

#include <cstddef>

namespace hetmap::core {

/// Copies `bytes` bytes without reading the lines of `to` first.
///
/// Requires: from is 64-byte aligned; finish_stream() before anybody else looks at `to`.
using stream_function = void (*)(void* to, void const* from, std::size_t bytes);

/// The copy for that level; null where there is none (other processors, sanitized builds, whose
/// instruments do not see such stores).
[[nodiscard]] stream_function stream_for(isa level) noexcept;

/// Orders what was streamed before everything that follows.
void finish_stream() noexcept;

}  // namespace hetmap::core
