// Chunks of a stream on their way through a device. Knows nothing of the window: which chunk comes
// next, and when somebody may have it, is the pipeline's.
#pragma once

#include "../cpu/pace.hpp"
#include "../gpu/held_arrays.hpp"
#include "../gpu/resources.hpp"
#include "../gpu/route.hpp"
#include "../gpu/slot_flow.hpp"
#include "shape.hpp"
#include "slot.hpp"

#include <hetmap/detail/seam/pipeline.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

namespace hetmap::core {

/// A stream as a map of its whole input, for the planner, and to find its arrays.
struct stream_as_map {
  std::vector<detail::gpu_operand> operands;
  std::vector<detail::column> columns;
  detail::gpu_work gpu;
  detail::job job;

  explicit stream_as_map(detail::stream_job const& work);
  stream_as_map(stream_as_map const&) = delete;
  stream_as_map& operator=(stream_as_map const&) = delete;
};

/// Says of the columns that lie in a stream's slots that they are copied directly: these are
/// pinned.
void locate_slots(gpu_route& route, detail::stream_job const& work);

/// What such a stream takes on the device, and of pinned memory beside its slots.
[[nodiscard]] device_demand demand_of(gpu_route const& route) noexcept;

/// Used by one thread at a time, but for elements().
class device_lane {
 public:
  /// copiers: threads that stage, at most. Requires: `work` and `arrays` stay.
  device_lane(detail::stream_job const& work, gpu_route route, held_arrays& arrays,
              unsigned copiers);
  /// Waits:    for what is under way.
  ~device_lane();
  device_lane(device_lane const&) = delete;
  device_lane& operator=(device_lane const&) = delete;

  /// Makes the arrays that f refers to current there, and takes all the memory there will be, for
  /// smaller chunks if it has to be.
  status make_ready(stream_shape const& form);
  /// Elements of a chunk, at most.
  [[nodiscard]] std::size_t elements() const noexcept { return elements_; }
  /// The buffers of slot k of the window: slot_bytes() of elements().
  [[nodiscard]] std::byte* slot_memory(std::size_t k) const noexcept {
    return slots_ + k * slot_bytes_;
  }

  [[nodiscard]] bool idle() const noexcept { return under_way_.empty(); }
  [[nodiscard]] bool has_room() const noexcept { return !free_.empty(); }

  /// Enqueues the next part of chunk `k`, from done_to on: all the rest of it, as a rule.
  ///
  /// Requires: has_room(), and the chunk is not under way.
  status send(std::size_t k, slot const& s);

  struct arrival {
    bool any = false;
    std::size_t k = 0;  ///< whose done_to has risen; its chunk is complete if that is its end
    effort cost{};      ///< from send() on
  };
  /// Takes the oldest part that is under way, if it has arrived, and notes what became of it in its
  /// slot. wait: until it has.
  ///
  /// Requires: !idle().
  status take(std::vector<slot>& slots, bool wait, arrival& out);

  /// Returns when nothing is enqueued any more.
  status settle();
  /// From now on parts have half as many elements; false if they are as small as they can be.
  [[nodiscard]] bool halve() noexcept;
  /// Forgets what is under way; says which chunks it was.
  void forget(std::vector<std::size_t>& chunks);

  [[nodiscard]] gpu_route const& route() const noexcept { return route_; }
  /// What the elements that came back have taken the device, and those who wait for it.
  [[nodiscard]] effort const& spent() const noexcept { return spent_; }
  [[nodiscard]] bool travels() const noexcept { return flow_.travels(); }

 private:
  struct part {
    std::size_t k;
    bool exact;
    std::chrono::nanoseconds sent;
    slot_load load;
  };

  [[nodiscard]] std::size_t next_part(std::size_t k, slot const& s) const noexcept;

  detail::stream_job const& work_;
  gpu_route route_;
  unsigned copiers_;
  held_arrays& arrays_;
  slot_flow flow_;
  std::unique_ptr<device_resources> lent_;
  ring_shape ring_;
  std::byte* slots_ = nullptr;
  std::size_t slot_bytes_ = 0;
  std::size_t elements_ = 0;
  std::size_t most_ = 0;                    // elements of a part
  std::vector<std::size_t> after_failure_;  // elements of the next part of a chunk that has failed
  std::vector<std::size_t> free_;           // slots of the ring
  std::vector<part> under_way_;             // in the order in which they were sent
  std::vector<detail::gpu_operand> operands_;
  effort spent_;
};

}  // namespace hetmap::core
