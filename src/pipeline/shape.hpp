// The shape of a stream: how large its chunks are, how many there are at once, what they take. Pure
// functions over plain data.
#pragma once

#include <hetmap/detail/seam/pipeline.hpp>

#include <cstddef>

namespace hetmap::core {

struct stream_shape {
  std::size_t window = 1;        ///< chunks
  std::size_t chunk = 1;         ///< elements, at most
  std::size_t slot_bytes = 0;    ///< size, in bytes, of a slot's buffers
  std::size_t memory_bound = 0;  ///< bytes
};

/// What each chunk that is on its way through a device takes there, and of pinned memory beside its
/// slot. No columns: there is no device.
struct device_demand {
  std::size_t element_bytes = 0;
  std::size_t columns = 0;  ///< each aligned to slot_alignment
  std::size_t widest = 0;   ///< size, in bytes, of an element of the widest
};

/// What a block of the general allocator may take beyond what was asked for, in bytes.
inline constexpr std::size_t block_overhead = 64;

[[nodiscard]] inline std::size_t rounded_up(std::size_t bytes, std::size_t alignment) noexcept {
  return (bytes + alignment - 1) / alignment * alignment;
}

/// Elements that chunks have at least, so that each lane can have one though there are few chunks.
[[nodiscard]] inline std::size_t elements_for(unsigned lanes, std::size_t window) noexcept {
  return (lanes - 1) / window + 1;
}

/// Alignment, in bytes, of a slot's buffers.
[[nodiscard]] std::size_t slot_alignment_of(detail::stream_job const& work) noexcept;

/// Size, in bytes, of the buffers of a slot.
[[nodiscard]] std::size_t slot_bytes(detail::stream_job const& work, std::size_t elements) noexcept;

/// Window and chunk for the elements of this job: what the call asks for, else as large as is good
/// and as small as max_bytes needs.
///
/// fixed_bytes: what the stream holds beside its slots.
/// Throws:   option_error if it would take more than max_bytes.
[[nodiscard]] stream_shape shape_for(detail::stream_job const& work, detail::settings const& how,
                                     unsigned lanes, std::size_t fixed_bytes,
                                     device_demand const& gpu = {});

}  // namespace hetmap::core
