#include "ring.hpp"

#include <algorithm>
#include <utility>

namespace hetmap::core {
namespace {

constexpr std::size_t aligned(std::size_t bytes) {
  return (bytes + slot_alignment - 1) / slot_alignment * slot_alignment;
}

}  // namespace

ring_shape make_ring(std::vector<ring_column> columns, std::size_t count, std::size_t granule,
                     std::size_t wanted, std::size_t most) {
  std::size_t widest = 0;
  bool travels = false;
  for (ring_column const& c : columns) {
    if (c.how == travel::none || c.every != 1) continue;
    widest = std::max(widest, c.bytes);
    travels |= c.how != travel::within;
  }
  std::size_t const slot_bytes = travels ? slot_column_bytes : resident_column_bytes;
  std::size_t elements = wanted != 0 ? wanted : widest != 0 ? slot_bytes / widest : most;
  // A call that one slot could hold still overlaps its copies and its kernel, once copies last long
  // beside their latency.
  constexpr std::size_t worth_splitting = slot_column_bytes / 8;
  if (wanted == 0 && widest != 0 && count < elements * ring_slots &&
      count * widest > worth_splitting)
    elements = std::max(count / ring_slots + 1, worth_splitting / widest);
  elements = std::min(elements, most);
  elements =
      elements >= count ? count : std::min(std::max(elements - elements % granule, granule), count);

  ring_shape out{.elements = elements, .slots = 0, .columns = std::move(columns)};
  for (ring_column& c : out.columns) {
    if (c.how == travel::none) continue;
    c.device_offset = out.device_bytes;
    std::size_t const bytes = aligned((elements + c.every - 1) / c.every * c.bytes);
    out.device_bytes += bytes;
    if (c.how != travel::staged) continue;
    c.pinned_offset = out.pinned_bytes;
    out.pinned_bytes += bytes;
  }
  out.slots = std::clamp<std::size_t>((count + elements - 1) / elements, 1, ring_slots);
  return out;
}

}  // namespace hetmap::core
