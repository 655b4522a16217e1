#include "shape.hpp"

#include "../base/error.hpp"
#include "../gpu/ring.hpp"
#include "slot.hpp"

#include <hetmap/error.hpp>

#include <algorithm>
#include <string>

namespace hetmap::core {
namespace {

using namespace detail;

/// Size, in bytes, of a chunk's inputs and outputs together: they fit a second-level cache beside
/// the chunk that is being consumed (docs/design.md, Streams, for what was measured).
constexpr std::size_t chunk_bytes = std::size_t{512} << 10;

/// Size, in bytes, of what a stream may hold, unless the call says otherwise.
constexpr std::size_t default_max_bytes = std::size_t{32} << 20;

/// Chunks ahead, unless the call says otherwise: enough for every worker to compute two while the
/// consumer is at two others; many where chunks are small.
constexpr std::size_t window_bytes = std::size_t{4} << 20;
constexpr std::size_t most_chunks_ahead = 256;

/// Size, in bytes, of a chunk's widest column on its way through a device: long beside the latency
/// of a copy, as in the ring of maps, but there is more of it here. As many chunks wait to be
/// consumed as are on their way.
constexpr std::size_t device_column_bytes = std::size_t{1} << 20;
constexpr std::size_t device_chunks_ahead = 2 * ring_slots;

constexpr std::size_t buffer_alignment = 64;

/// What a slot takes beside its buffers: its state here and in the window, and two blocks.
std::size_t slot_overhead(stream_job const& work, unsigned lanes) {
  return sizeof(slot) + (1 + work.inputs) * sizeof(column) + 8 * sizeof(std::size_t) +
         pieces::bytes(lanes) + 3 * block_overhead;
}

/// More bytes than any process can address: what is computed with them would overflow.
constexpr std::size_t most_bytes = std::size_t{1} << 48;

[[noreturn]] void refuse_memory(settings const& how, std::size_t needed) {
  clear_failed_index();
  std::string text(how.verb);
  if (needed >= most_bytes)
    text.append(": no machine has the ");
  else
    text.append(": .max_bytes = ")
        .append(std::to_string(how.max_bytes))
        .append(" is less than the ");
  text.append(std::to_string(needed)).append(" bytes that ");
  throw option_error(text.append(how.window != 0 || how.chunk_size != 0
                                     ? ".window and .chunk_size ask for"
                                     : "one element needs"));
}

}  // namespace

std::size_t slot_alignment_of(stream_job const& work) noexcept {
  std::size_t most = buffer_alignment;
  for (unsigned k = 0; k != 1 + work.inputs; ++k) most = std::max(most, work.stages[k].alignment);
  return most;
}

std::size_t slot_bytes(stream_job const& work, std::size_t elements) noexcept {
  std::size_t bytes = 0;
  for (unsigned k = 0; k != 1 + work.inputs; ++k)
    bytes += rounded_up(elements * work.stages[k].bytes, slot_alignment_of(work));
  return bytes;
}

namespace {

/// What a stream's slots take, for any window and chunk.
class slot_memory {
 public:
  slot_memory(stream_job const& work, unsigned lanes, std::size_t fixed_bytes,
              device_demand const& gpu)
      : gpu_(gpu),
        fixed_bytes_(static_cast<double>(fixed_bytes)),
        slot_bytes_(static_cast<double>((1 + work.inputs) * slot_alignment_of(work) +
                                        slot_overhead(work, lanes))) {
    for (unsigned k = 0; k != 1 + work.inputs; ++k) element_bytes_ += work.stages[k].bytes;
  }

  /// Of one slot, on the host.
  [[nodiscard]] std::size_t element_bytes() const { return element_bytes_; }
  /// An element of every slot, on whichever side.
  [[nodiscard]] double element_takes(std::size_t window) const {
    return static_cast<double>(window) * static_cast<double>(element_bytes_) +
           in_flight(window) * static_cast<double>(gpu_.element_bytes);
  }
  [[nodiscard]] std::size_t bound(std::size_t window, std::size_t chunk) const {
    double const exact = static_cast<double>(chunk) * element_takes(window) +
                         static_cast<double>(window) * slot_bytes_ +
                         in_flight(window) * static_cast<double>(gpu_.columns * slot_alignment) +
                         fixed_bytes_;
    return exact < 0x1p63 ? static_cast<std::size_t>(exact) : std::size_t{1} << 63;
  }

 private:
  [[nodiscard]] double in_flight(std::size_t window) const {
    return static_cast<double>(gpu_.columns != 0 ? std::min(window, ring_slots) : 0);
  }

  device_demand const& gpu_;
  double fixed_bytes_;
  double slot_bytes_;  // besides its elements
  std::size_t element_bytes_ = 0;
};

}  // namespace

stream_shape shape_for(stream_job const& work, settings const& how, unsigned lanes,
                       std::size_t fixed_bytes, device_demand const& gpu) {
  bool const on_device = gpu.columns != 0;
  slot_memory const memory(work, lanes, fixed_bytes, gpu);
  auto const bound = [&](std::size_t window, std::size_t chunk) {
    return memory.bound(window, chunk);
  };
  std::size_t const touched = memory.element_bytes() + work.bytes_read;
  std::size_t const budget = how.max_bytes != 0 ? how.max_bytes : default_max_bytes;
  // Of an input that knows its length, no chunk takes more than a worker's share, but where few
  // chunks are asked for so much that each worker has an element. Chunks may be as small as that,
  // and the caller's size and window are kept where there is memory for them.
  std::size_t const total = std::max<std::size_t>(1, work.total);
  std::size_t const share =
      std::max(total / lanes, how.window != 0 ? elements_for(lanes, how.window) : 1);
  std::size_t const good_chunk =
      std::min(on_device ? device_column_bytes / gpu.widest
                         : std::min(chunk_bytes / std::max<std::size_t>(1, touched), share),
               total);
  std::size_t const busy = on_device ? ring_slots : std::size_t{lanes};
  stream_shape s;
  // Chunks that the input can have.
  auto const most_chunks = [&] {
    return how.chunk_size != 0 ? total / s.chunk + (total % s.chunk != 0) : total;
  };
  s.chunk = how.chunk_size != 0 ? how.chunk_size : std::max<std::size_t>(1, good_chunk);
  s.window = how.window != 0 ? how.window : std::min(busy + 1, total);
  if (bound(s.window, s.chunk) > budget) {
    s.chunk = std::min(s.chunk, total);
    s.window = std::min(s.window, most_chunks());
  }
  if (how.window == 0)
    s.window =
        std::min(on_device ? device_chunks_ahead
                           : std::clamp<std::size_t>(window_bytes / bound(1, s.chunk),
                                                     4 * std::size_t{lanes}, most_chunks_ahead),
                 most_chunks());
  // What does not fit gives way: first the window down to one chunk a worker (or as many as the
  // device takes) and one to consume, then the chunk, then the rest of the window.
  std::size_t const least_window = how.window != 0 ? s.window : busy + 1;
  if (how.window == 0)
    while (s.window > least_window && bound(s.window, s.chunk) > budget) --s.window;
  if (how.chunk_size == 0 && bound(s.window, s.chunk) > budget) {
    std::size_t const spent = bound(s.window, 0) + 1;
    double const room = budget > spent ? static_cast<double>(budget - spent) : 0;
    s.chunk =
        std::max<std::size_t>(1, static_cast<std::size_t>(room / memory.element_takes(s.window)));
  }
  if (how.window == 0)
    while (s.window > 1 && bound(s.window, s.chunk) > budget) --s.window;
  if (how.chunk_size == 0 && s.chunk > block_elements)
    s.chunk = s.chunk / block_elements * block_elements;
  s.memory_bound = bound(s.window, s.chunk);
  if (s.memory_bound >= most_bytes || (s.memory_bound > budget && how.max_bytes != 0))
    refuse_memory(how, s.memory_bound);
  s.slot_bytes = slot_bytes(work, s.chunk);
  return s;
}

}  // namespace hetmap::core
