// The chunks of a stream in a device's queue. Knows nothing of the window: which chunk comes next,
// and when somebody may have it, is the driver's.
#pragma once

#include "../cpu/pace.hpp"
#include "../gpu/device_queue.hpp"
#include "../gpu/held_arrays.hpp"
#include "../gpu/route.hpp"
#include "shape.hpp"
#include "slot.hpp"

#include <hetmap/detail/seam/pipeline.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace hetmap::core {

/// A part of a chunk that has come back.
struct chunk_arrival {
  std::size_t k = 0;  ///< whose done_to has risen; its chunk is complete if that is its end
  effort cost{};      ///< from send() on
};

/// Sends chunks part by part and notes in their slots what became of them. Used by one thread at a
/// time, but for elements().
class chunk_queue {
 public:
  /// copiers: threads that stage, at most. Requires: `work` and `arrays` stay.
  chunk_queue(detail::stream_job const& work, gpu_route route, held_arrays& arrays,
              unsigned copiers);
  chunk_queue(chunk_queue const&) = delete;
  chunk_queue& operator=(chunk_queue const&) = delete;

  /// Makes the arrays that f refers to current there, and takes all the memory there will be, for
  /// smaller chunks if it has to be.
  status make_ready(stream_shape const& form);
  /// Elements of a chunk, at most.
  [[nodiscard]] std::size_t elements() const noexcept { return elements_; }
  /// The buffers of slot k of the window: slot_bytes() of elements().
  [[nodiscard]] std::byte* slot_memory(std::size_t k) const noexcept {
    return slots_ + k * slot_bytes_;
  }

  [[nodiscard]] bool idle() const noexcept { return queue_.idle(); }
  [[nodiscard]] bool has_room() const noexcept { return queue_.has_room(); }

  /// Enqueues the next part of chunk `k`, from done_to on: all the rest of it, as a rule.
  ///
  /// Requires: has_room(), and the chunk is not under way.
  status send(std::size_t k, slot const& s);

  /// Takes the oldest part that is under way, if it has arrived. wait: until it has.
  ///
  /// Requires: !idle().
  status take(std::vector<slot>& slots, bool wait, std::optional<chunk_arrival>& out);

  /// After a fault (device_queue::recover): arrived(chunk_arrival) for each part that has arrived
  /// all the same.
  ///
  /// Returns:  whether parts will be smaller from now on.
  template <class Arrived>
  [[nodiscard]] bool recover(std::vector<slot>& slots, status& why, Arrived arrived) {
    return queue_.recover(
        why, [&](arrived_load const& load) { arrived(note(slots[chunk_of(load)], load)); });
  }
  /// Forgets what is under way; says which chunks it was.
  void forget(std::vector<std::size_t>& chunks);

  [[nodiscard]] gpu_route const& route() const noexcept { return route_; }
  /// What the elements that came back have taken the device, and those who wait for it.
  [[nodiscard]] effort const& spent() const noexcept { return spent_; }
  [[nodiscard]] bool travels() const noexcept { return queue_.travels(); }

 private:
  struct sent_part {
    std::size_t k = 0;
    std::chrono::nanoseconds at{0};
  };

  [[nodiscard]] std::size_t next_part(std::size_t k, slot const& s) const noexcept;
  [[nodiscard]] std::size_t chunk_of(slot_load const& load) const noexcept {
    return sent_[load.number].k;
  }
  chunk_arrival note(slot& s, arrived_load const& load);

  detail::stream_job const& work_;
  gpu_route route_;
  held_arrays& arrays_;
  device_queue queue_;
  std::array<sent_part, ring_slots> sent_{};  // what is in each slot of the queue
  std::byte* slots_ = nullptr;
  std::size_t slot_bytes_ = 0;
  std::size_t elements_ = 0;
  std::vector<std::size_t> after_failure_;  // elements of the next part of a chunk that has failed
  std::vector<detail::gpu_operand> operands_;
  effort spent_;
};

}  // namespace hetmap::core
