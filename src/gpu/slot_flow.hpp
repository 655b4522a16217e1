// The way of consecutive elements through one slot of a device's ring: stage, copy in, launch, copy
// out, and whether an element failed. Which elements, and in what order, is the queue's.
#pragma once

#include "../device.hpp"
#include "columns.hpp"
#include "resources.hpp"
#include "ring.hpp"
#include "staging.hpp"

#include <hetmap/detail/seam/job.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hetmap::core {

/// The operation of a map_reduce on a GPU: the columns are the values of the pieces, then what is
/// folded (the map's results, or an input where there is no map), then the rest.
struct fold_launch {
  detail::gpu_form const* form = nullptr;  ///< null: nothing is folded
  void const* operation = nullptr;         ///< its bytes
};

/// An index that no element has.
inline constexpr std::size_t no_element = static_cast<std::size_t>(-1);

/// Consecutive elements in a slot.
struct slot_load {
  std::size_t begin = 0;  ///< index of the first element
  std::size_t count = 0;
  std::array<void*, std::size_t{2} * detail::most_gpu_columns>
      at{};            ///< the first element of each column
  bool exact = false;  ///< the failing element is named at once, as it has to be where an output
                       ///< lies over an input and nothing could be repeated

  std::size_t number = 0;  ///< of the slot
  std::uint64_t failures_before = 0;
  bool repeated = false;            ///< its kernel was launched again, to be told the index
  std::size_t failed = no_element;  ///< index within the slot of the lowest that failed
  int code = 0;                     ///< that it failed with
  bool leaving = false;  ///< its results are being copied out, after they were found good
};

/// Takes loads through the slots. One thread at a time; what is enqueued completes in the order of
/// the slots' kernels.
class slot_flow {
 public:
  /// functor: its bytes, with refs that point into the device's memory.
  /// form: null where nothing is mapped.
  slot_flow(device& gpu, detail::gpu_form const* form, void const* functor, fold_launch const& fold,
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
  /// Whether some column has to travel. The values of a fold are next to nothing.
  [[nodiscard]] bool travels() const noexcept {
    return inputs_travel_ || (outputs_travel_ && !folds());
  }
  [[nodiscard]] bool folds() const noexcept { return fold_.form != nullptr; }

  /// Stages the inputs, on `lanes` threads at most, copies them in and launches the kernel.
  status enter(slot_load& s, unsigned lanes);

  /// Enqueues the copies of the first `n` results, behind the kernel: to where the column is, or to
  /// the slot's pinned memory.
  status copy_out(slot_load const& s, std::size_t n);

  /// Finds out whether an element of a computed load has failed, and which.
  status judge(slot_load& s);

  /// Copies the first `n` results that are staged to where they belong.
  void unstage(slot_load const& s, std::size_t n, unsigned lanes);

  /// The values of a load's pieces, once they are copied out.
  [[nodiscard]] void const* values(slot_load const& s) const { return staged(s, 0); }

  [[nodiscard]] device::event computed(slot_load const& s) const { return events(s).kernel; }
  [[nodiscard]] device::event copied_out(slot_load const& s) const { return events(s).out; }

  /// Returns when nothing is enqueued any more.
  status become_idle();

 private:
  status launch(slot_load const& s, bool exact);
  [[nodiscard]] void* on_device(slot_load const& s, std::size_t column) const;
  [[nodiscard]] void* staged(slot_load const& s, std::size_t column) const;
  /// The failure words of a slot: the map's and the fold's.
  [[nodiscard]] std::uint64_t* map_failure(slot_load const& s) const {
    return lent_->failures + 2 * s.number;
  }
  [[nodiscard]] std::uint64_t* fold_failure(slot_load const& s) const { return map_failure(s) + 1; }
  /// How often device code has called fail(), as far as these forms count it.
  [[nodiscard]] std::uint64_t failures() const;
  [[nodiscard]] device_resources::slot_events const& events(slot_load const& s) const {
    return lent_->events[s.number];
  }

  device& gpu_;
  detail::gpu_form const* form_;
  void const* functor_;
  fold_launch fold_;
  std::vector<located_column> const& columns_;
  bool inputs_travel_ = false;
  bool outputs_travel_ = false;
  device_resources* lent_ = nullptr;
  void* pinned_ = nullptr;
  ring_shape const* shape_ = nullptr;
  std::vector<element_copy> copies_;  // kept for its memory
};

}  // namespace hetmap::core
