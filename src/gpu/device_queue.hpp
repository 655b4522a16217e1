// Elements on their way through one device, in slots that take turns. Maps, folds and streams feed
// it with ranges and take what has arrived; which elements come next is theirs.
#pragma once

#include "../device.hpp"
#include "columns.hpp"
#include "resources.hpp"
#include "ring.hpp"
#include "slot_flow.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace hetmap::core {

/// What a queue has to know of whoever feeds it.
struct queue_terms {
  lent_to whom = lent_to::calls;
  std::size_t granule = 1;  ///< boundaries of loads are multiples of it
  unsigned copiers = 1;     ///< threads that stage, at most
  /// Results stay in their slot until no element up to them is known to have failed: they are
  /// copied to memory that others see.
  bool checked = false;
  /// Nothing is wanted from the lowest element that fails on.
  bool ends_at_failure = false;
};

/// The memory that a queue takes: a ring of slots, and pinned memory before it that is its user's.
struct queue_layout {
  ring_shape ring;
  std::size_t pinned_before = 0;  ///< bytes
};

/// A load that has come back.
struct arrived_load : slot_load {
  std::size_t good = 0;  ///< elements from the first on whose results are where they belong
};

/// Sends loads through the slots of a ring and takes them back in the order in which they were
/// sent. One thread at a time.
///
/// A fault is the caller's to act on: recover() does what is the same for everybody.
class device_queue {
 public:
  /// functor: its bytes, with refs that point into the device's memory.
  /// form:    null where nothing is mapped.
  ///
  /// Requires: all that is referred to stays.
  device_queue(device& gpu, detail::gpu_form const* form, void const* functor,
               fold_launch const& fold, std::vector<located_column> const& columns,
               queue_terms const& terms);
  /// Waits:    for what is under way.
  ~device_queue();
  device_queue(device_queue const&) = delete;
  device_queue& operator=(device_queue const&) = delete;

  /// Takes streams, events and all the memory there will be: `layout_for` a load of `wanted`
  /// elements (0: its own choice), or of fewer where there is not enough.
  status make_ready(std::size_t wanted,
                    std::function<queue_layout(std::size_t elements)> const& layout_for);

  /// The pinned memory that is the user's.
  [[nodiscard]] std::byte* pinned() const noexcept {
    return static_cast<std::byte*>(lent_->pinned);
  }
  /// Elements of a load, at most.
  [[nodiscard]] std::size_t elements() const noexcept { return ring_.elements; }
  [[nodiscard]] bool idle() const noexcept { return under_way_.empty(); }
  [[nodiscard]] bool has_room() const noexcept { return !free_.empty(); }
  /// What has been sent and not taken, the oldest first.
  [[nodiscard]] std::span<slot_load const> under_way() const noexcept { return under_way_; }

  /// Whether some column has to travel.
  [[nodiscard]] bool travels() const noexcept { return flow_.travels(); }
  [[nodiscard]] bool folds() const noexcept { return flow_.folds(); }
  /// The values of the pieces of a load that has arrived, until the next is sent.
  [[nodiscard]] void const* values(slot_load const& s) const { return flow_.values(s); }

  /// Stages elements, copies them in and enqueues all that is to become of them; sets the number of
  /// their slot.
  ///
  /// Requires: has_room(); begin, count, at and exact say what.
  status send(slot_load& next);

  /// Takes the oldest load, if it has arrived; `out` is empty if not.
  ///
  /// wait:     until it has, or, if results are checked, until something has happened.
  /// Requires: !idle().
  status take(bool wait, std::optional<arrived_load>& out);

  /// From now on no result from `index` on is wanted.
  void end_at(std::size_t index) noexcept;
  [[nodiscard]] std::size_t end() const noexcept { return end_; }
  /// Elements of a load, from its first on, that are wanted and have not failed as far as is known.
  [[nodiscard]] std::size_t good_elements(slot_load const& s) const noexcept;

  /// After a fault: hands what arrives in spite of it to `arrived`; `why` is what is to be said in
  /// the end. What a device that fails again, or is lost, does not give back stays under way.
  ///
  /// Returns:  whether to go on with smaller loads.
  template <class Arrived>
  [[nodiscard]] bool recover(status& why, Arrived arrived) {
    if (why.what != fault::lost)
      if (status const s = become_idle(); !s.ok()) why = s;
    while (why.what != fault::lost && !idle()) {
      std::optional<arrived_load> load;
      if (status const s = take(true, load); !s.ok()) {
        why = s;
        break;
      }
      if (load) arrived(*load);
    }
    return why.what == fault::out_of_memory && halve();
  }

  /// Returns when nothing is enqueued any more, but for what was abandoned.
  status become_idle() { return lent_ ? flow_.become_idle() : status{}; }
  /// What is under way will not be taken.
  void forget() noexcept;
  /// The same of what nobody waits for either: it completes some day, in memory that stays until
  /// then. The queue is of no more use.
  ///
  /// Requires: !idle(); nothing under way refers to anything but the ring.
  /// Returns:  false if there is no memory to note it in; then all is as before.
  [[nodiscard]] bool abandon() noexcept;

 private:
  [[nodiscard]] bool halve() noexcept;
  status let_leave();
  status judge(slot_load& s);
  [[nodiscard]] device::event last_event(slot_load const& s) const;

  device& gpu_;
  queue_terms terms_;
  slot_flow flow_;
  std::unique_ptr<device_resources> lent_;
  ring_shape ring_;
  std::vector<std::size_t> free_;     // slots, by number
  std::vector<slot_load> under_way_;  // in the order in which they were sent
  std::size_t end_ = no_element;
};

}  // namespace hetmap::core
