// Which lanes of a call somebody works in.
#pragma once

#include "../base/atomics.hpp"

#include <atomic>
#include <mutex>
#include <optional>

namespace hetmap::core {

/// Threads come and leave while the call runs, each in a lane that nobody else has.
///
/// Who leaves because nothing is left, and who gives something back and has others called if a lane
/// is free, must not miss each other: elements may wait for one another, and need two threads. So a
/// lane counts as free before it looks whether something was given back, and whoever gives back
/// asks free() after that. One of the two sees the other, by the lock of what is given back.
template <class Atomics>
class basic_lane_roll {
 public:
  explicit basic_lane_roll(unsigned lanes) : lanes_(lanes), at_work_(lanes), free_(lanes) {}

  /// Lanes that nobody works in, or that somebody is about to leave.
  [[nodiscard]] unsigned free() const noexcept { return free_.load(std::memory_order_relaxed); }

  /// A lane for one thread: `wanted` if nobody has it, none if all are taken.
  [[nodiscard]] std::optional<unsigned> enter(unsigned wanted) noexcept {
    std::lock_guard const lock(guard_);
    if (wanted >= lanes_ || at_work_[wanted])
      for (wanted = 0; wanted != lanes_ && at_work_[wanted];) ++wanted;
    if (wanted == lanes_) return {};
    at_work_[wanted] = true;
    free_.fetch_sub(1, std::memory_order_relaxed);
    return wanted;
  }

  /// last(): called with the lock held. Returns free(), the lane among them.
  template <class Last>
  unsigned leave(unsigned lane, Last last) noexcept {
    std::lock_guard const lock(guard_);
    last();
    at_work_[lane] = false;
    return free_.fetch_add(1, std::memory_order_relaxed) + 1;
  }

  /// The same unless any_returned(). Whether it has left.
  template <class AnyReturned, class Last>
  [[nodiscard]] bool leave_unless(unsigned lane, AnyReturned any_returned, Last last) noexcept {
    std::lock_guard const lock(guard_);
    free_.fetch_add(1, std::memory_order_relaxed);
    if (any_returned()) {
      free_.fetch_sub(1, std::memory_order_relaxed);
      return false;
    }
    last();
    at_work_[lane] = false;
    return true;
  }

 private:
  unsigned lanes_;
  typename Atomics::mutex guard_;
  typename Atomics::template list<bool> at_work_;
  typename Atomics::template atomic<unsigned> free_;
};

}  // namespace hetmap::core
