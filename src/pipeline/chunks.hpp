// The chunks of a stream between those who compute and the consumer: the window and its slots, the
// lock that both take, and how the consumer is told.
#pragma once

#include "chunk_queue.hpp"
#include "early_end.hpp"
#include "setup.hpp"
#include "slot.hpp"
#include "window.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <optional>
#include <vector>

namespace hetmap::core {

/// Everything is called with the lock held, unless it says otherwise. A slot is used without it by
/// whoever the window says it is with.
class stream_chunks {
 public:
  using lock = std::unique_lock<std::mutex>;

  /// Requires: both stay.
  stream_chunks(stream_setup const& of, early_end& early);

  [[nodiscard]] lock locked() { return lock(guard_); }
  [[nodiscard]] core::window& window() noexcept { return window_; }
  [[nodiscard]] core::window const& window() const noexcept { return window_; }
  [[nodiscard]] std::vector<slot>& slots() noexcept { return slots_; }
  [[nodiscard]] slot& operator[](std::size_t k) noexcept { return slots_[k]; }
  /// Elements of a slot.
  [[nodiscard]] std::size_t room() const noexcept { return room_; }

  /// Makes the slots, in the pinned memory of a device if there is one. Without the lock: nobody
  /// else is there yet.
  void make_slots(chunk_queue const* pinned);
  /// Destroys what nobody has taken, and the slots. Without the lock: nobody else is there any
  /// more.
  void drop_slots() noexcept;

  /// Fills a slot with up to `wanted` elements; nothing if there were no more. The lock is given up
  /// meanwhile if the input may take its time.
  ///
  /// Requires: window().can_pull().
  [[nodiscard]] std::optional<std::size_t> pull(lock& held, std::size_t wanted) noexcept;

  // -- slots that were pulled and that nobody computes yet --

  [[nodiscard]] bool any_unsent() const noexcept { return !unsent_.empty(); }
  void add_unsent(std::size_t k) noexcept { unsent_.push_back(k); }
  /// The first of them. Requires: there is one.
  [[nodiscard]] std::size_t take_unsent() noexcept;
  /// A slot of which a part is left: it comes before the others.
  void resume_unsent(std::size_t k) noexcept { unsent_.insert(unsent_.begin(), k); }
  /// Slots that were sent and have to go again.
  void return_unsent(std::vector<std::size_t> const& again) noexcept;
  /// Gives up on them, from the first element that none has: nobody will have the rest.
  [[nodiscard]] std::size_t forsake_unsent() noexcept;

  // -- slots of which pieces are left to be taken --

  [[nodiscard]] bool any_offered() const noexcept { return !offered_.empty(); }
  /// Whether elements of a slot that anybody could take are left.
  [[nodiscard]] bool is_left(slot const& s) const noexcept { return s.rest.any(failed_.at); }
  /// The first elements of a slot that are left. Requires: is_left().
  [[nodiscard]] range claim(slot& s, std::size_t wanted) noexcept {
    return s.rest.claim(wanted, failed_.at);
  }
  /// Keeps account of whether anybody can take a piece of it.
  void offer(std::size_t k) noexcept;
  /// The first that is offered. Requires: there is one.
  [[nodiscard]] std::size_t first_offered() const noexcept;

  // -- what becomes of them --

  /// Everything of a slot is there that will be. The lock is given up while inputs are destroyed.
  void complete(lock& held, std::size_t k) noexcept;
  /// Destroys what is in a slot. Without the lock.
  void discard(slot& s) noexcept;
  /// Nothing is delivered from element `at` on.
  void fail_input(std::size_t at, std::exception_ptr cause) noexcept;
  /// The same, because of a device.
  void fail_device(std::size_t at, std::exception_ptr cause) noexcept;
  [[nodiscard]] failure& failed() noexcept { return failed_; }
  [[nodiscard]] bool device_failed() const noexcept { return device_failed_; }
  /// Nothing further is begun, and pieces end early.
  void give_up() noexcept;

  // -- the consumer --

  void tell_consumer() noexcept {
    if (waiting_ && (window_.ready() || window_.finished())) arrived_.notify_one();
  }
  /// Waits for that.
  void wait_until(lock& held, std::chrono::steady_clock::time_point deadline) {
    waiting_ = true;
    arrived_.wait_until(held, deadline);
    waiting_ = false;
  }

 private:
  void drop_inputs(slot& s) noexcept;

  stream_setup const& setup_;
  early_end& early_;
  std::mutex guard_;
  core::window window_;
  std::vector<slot> slots_;
  std::size_t room_;
  bool pinned_ = false;  // they lie in a device's memory
  std::vector<std::size_t> unsent_;
  std::vector<std::size_t> offered_;
  failure failed_{detail::no_length, nullptr};  // the input, or the device
  bool device_failed_ = false;
  std::condition_variable arrived_;  // something is ready, or the end
  bool waiting_ = false;             // the consumer, for that
};

}  // namespace hetmap::core
