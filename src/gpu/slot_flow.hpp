// The way of consecutive elements through one slot of a device's ring: stage, copy in, launch, copy
// out, and whether an element failed. What maps and streams have in common.
#pragma once

#include "../device.hpp"
#include "../pipeline/ring.hpp"
#include "../pipeline/staging.hpp"
#include "resources.hpp"

#include <hetmap/detail/chunk.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hetmap::core {

/// One column of a call, with where it is found.
struct located_column {
  travel how = travel::none;
  bool generated = false;
  bool output = false;
  detail::array_memory* array = nullptr;  ///< whose copy on the device it will be
  detail::column memory;                  ///< of the host, or of the device if nothing travels
  std::int64_t first = 0;                 ///< generated: element 0
};

/// An index that no element has.
inline constexpr std::size_t no_element = static_cast<std::size_t>(-1);

/// Consecutive elements in a slot.
struct slot_load {
  std::size_t number = 0;  ///< of the slot
  std::size_t begin = 0;   ///< index of the first element
  std::size_t count = 0;
  std::array<void*, 2 * detail::most_gpu_columns> at{};  ///< the first element of each column
  std::uint64_t failures_before = 0;
  bool repeated = false;            ///< its kernel was launched again, to be told the index
  std::size_t failed = no_element;  ///< index within the slot of the lowest that failed
  int code = 0;                     ///< that it failed with
};

/// Takes loads through the slots. One thread at a time; what is enqueued completes in the order of
/// the slots' kernels.
class slot_flow {
 public:
  /// functor: its bytes, with refs that point into the device's memory.
  slot_flow(device& gpu, detail::gpu_form const& form, void const* functor,
            std::vector<located_column> const& columns);

  /// The memory to work with. Requires: both stay, and `lent` has what `shape` needs from
  /// `pinned` on.
  void use(device_resources& lent, void* pinned, ring_shape const& shape) noexcept {
    lent_ = &lent;
    pinned_ = pinned;
    shape_ = &shape;
  }

  [[nodiscard]] bool inputs_travel() const noexcept { return inputs_travel_; }
  [[nodiscard]] bool outputs_travel() const noexcept { return outputs_travel_; }
  [[nodiscard]] bool travels() const noexcept { return inputs_travel_ || outputs_travel_; }

  /// Stages the inputs, on `lanes` threads at most, copies them in and launches the kernel.
  ///
  /// exact:    the failing element is named at once, as it has to be where an output lies over an
  ///           input and nothing could be repeated.
  status enter(slot_load& s, unsigned lanes, bool exact);

  /// Enqueues the copies of the first `n` results, behind the kernel: to where the column is, or to
  /// the slot's pinned memory.
  status copy_out(slot_load const& s, std::size_t n);

  /// Finds out whether an element of a computed load has failed, and which.
  status judge(slot_load& s, bool exact);

  /// Copies the first `n` results that are staged to where they belong.
  void unstage(slot_load const& s, std::size_t n, unsigned lanes);

  [[nodiscard]] device::event computed(slot_load const& s) const { return events(s).kernel; }
  [[nodiscard]] device::event copied_out(slot_load const& s) const { return events(s).out; }

  /// Returns when nothing is enqueued any more.
  status become_idle();

 private:
  status launch(slot_load const& s, bool exact);
  [[nodiscard]] void* on_device(slot_load const& s, std::size_t column) const;
  [[nodiscard]] void* staged(slot_load const& s, std::size_t column) const;
  [[nodiscard]] device_resources::slot_events const& events(slot_load const& s) const {
    return lent_->events[s.number];
  }

  device& gpu_;
  detail::gpu_form const& form_;
  void const* functor_;
  std::vector<located_column> const& columns_;
  bool inputs_travel_ = false;
  bool outputs_travel_ = false;
  device_resources* lent_ = nullptr;
  void* pinned_ = nullptr;
  ring_shape const* shape_ = nullptr;
  std::vector<element_copy> copies_;  // kept for its memory
};

}  // namespace hetmap::core
