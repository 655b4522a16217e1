// The shape of a ring of slots: how many elements travel at a time, and through which memory. Pure
// functions over plain data.
#pragma once

#include <cstddef>
#include <vector>

namespace hetmap::core {

/// How a column gets to the device, or from it.
enum class travel : unsigned char {
  none,    ///< it is there, or it is generated there
  direct,  ///< copied by the device between its memory and the caller's, which is pinned
  staged,  ///< by way of a slot's pinned memory
  within,  ///< made in a slot's device memory, and used up there
};

/// One column of a call.
struct ring_column {
  travel how = travel::staged;
  std::size_t bytes = 0;          ///< size, in bytes, of one element
  std::size_t every = 1;          ///< elements of the call that share one
  std::size_t device_offset = 0;  ///< in a slot's device memory; travel::none: not used
  std::size_t pinned_offset = 0;  ///< in a slot's pinned memory; travel::staged only
};

struct ring_shape {
  std::size_t elements = 0;      ///< of one slot at most
  std::size_t slots = 0;         ///< that take turns
  std::size_t pinned_bytes = 0;  ///< of one slot
  std::size_t device_bytes = 0;  ///< of one slot
  std::vector<ring_column> columns;

  /// All that the ring holds, in bytes, on either side.
  [[nodiscard]] std::size_t all_pinned_bytes() const noexcept { return slots * pinned_bytes; }
  [[nodiscard]] std::size_t all_device_bytes() const noexcept { return slots * device_bytes; }
};

/// Size, in bytes, that the largest travelling column has in a slot: long beside the latency of a
/// copy (10 us at 50 GB/s are 0.5 MB), small beside any device's memory.
inline constexpr std::size_t slot_column_bytes = std::size_t{8} << 20;

/// The same where no column travels and results are folded in the slot: long beside the two
/// launches and the copy of a slot (about 15 us, in which a GPU moves some 30 MB).
inline constexpr std::size_t resident_column_bytes = std::size_t{32} << 20;

/// One slot being filled, one on its way in, one computed, one on its way out.
inline constexpr std::size_t ring_slots = 4;

/// Alignment, in bytes, of a column in a slot: what device memory is aligned to.
inline constexpr std::size_t slot_alignment = 256;

/// The ring for a call of `count` elements. `columns` need `how` and `bytes`.
///
/// wanted: elements of a slot; 0: as many as slot_column_bytes allow. Rounded down to a multiple of
///         `granule`, at least one.
[[nodiscard]] ring_shape make_ring(std::vector<ring_column> columns, std::size_t count,
                                   std::size_t granule, std::size_t wanted, std::size_t most);

}  // namespace hetmap::core
