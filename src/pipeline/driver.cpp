// The lane of a stream that talks to a device, and what becomes of the stream when that fails.
#include "../base/error.hpp"
#include "../gpu/devices.hpp"
#include "state.hpp"

#include <hetmap/vector.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Takes the device's memory; where there is too little, the CPU computes, or nobody.
void pipeline::state::take_device() {
  core::status const why = gpu->make_ready(form);
  if (why.ok()) {
    in_device_slots = true;
    room = gpu->elements();
    return;
  }
  on_device = false;
  core::device& failing = *gpu->route().gpu;
  if (why.what == core::fault::lost) core::mark_lost(failing, why);
  bool const go_on = goes_on_here();
  gpu.reset();
  if (go_on) return;
  over = true;
  core::clear_failed_index();
  std::rethrow_exception(core::failure_of(failing, why, how.verb));
}

/// Sends a chunk if the device has room for one, and takes what has arrived, for which it waits if
/// there was nothing to send.
void pipeline::state::drive(std::unique_lock<std::mutex>& lock) noexcept {
  driving = true;
  look_at_stop();
  // Input that may take its time, or wait for what is under way, is pulled by others meanwhile.
  if (unsent.empty() && can_pull() && gpu->has_room() && (work.pulls_at_once || gpu->idle()))
    if (std::optional const k = pull(lock)) unsent.push_back(*k);
  if (!work.pulls_at_once) wake_lane();
  std::optional<std::size_t> next;
  if (!unsent.empty() && gpu->has_room()) {
    next = unsent.front();
    unsent.erase(unsent.begin());
  }
  if (!abandoned.load() && (next || !gpu->idle())) {
    lock.unlock();
    std::optional<core::chunk_arrival> got;
    core::status why;
    if (!gpu->idle()) why = gpu->take(slots, !next, got);
    if (why.ok() && next) why = gpu->send(*next, slots[*next]);
    lock.lock();
    if (got) note(*got);
    if (!why.ok()) recover(lock, why, next);
  }
  driving = false;
  tell_consumer();
}

/// A part of a chunk has come back.
void pipeline::state::note(core::chunk_arrival const& got) noexcept {
  core::slot& s = slots[got.k];
  using rep = std::chrono::nanoseconds::rep;
  auto const elements = static_cast<rep>(got.cost.elements);
  if (elements != 0)
    sent_size.took(
        {got.cost.elements, got.cost.busy + s.reading / static_cast<rep>(s.count) * elements});
  if (s.input_failure.cause)
    fail_input(s.input_failure.at, std::exchange(s.input_failure.cause, nullptr));
  else if (s.done_to != s.begin + s.count)
    return static_cast<void>(unsent.insert(unsent.begin(), got.k));
  chunks.computed(got.k);
}

/// After a fault: what has arrived is final; the rest goes to the device in smaller parts, or to
/// the CPU, or is what the stream ends before.
///
/// unlucky: a chunk that was being sent.
void pipeline::state::recover(std::unique_lock<std::mutex>& lock, core::status why,
                              std::optional<std::size_t> unlucky) noexcept {
  lock.unlock();
  bool const smaller = gpu->recover(slots, why, [&](core::chunk_arrival const& got) {
    lock.lock();
    note(got);
    lock.unlock();
  });
  lock.lock();
  torn.clear();
  gpu->forget(torn);
  if (unlucky) torn.push_back(*unlucky);
  unsent.insert(unsent.end(), torn.begin(), torn.end());
  std::sort(unsent.begin(), unsent.end(),
            [&](std::size_t a, std::size_t b) { return slots[a].begin < slots[b].begin; });
  if (smaller) return;
  on_device = false;
  core::device& failing = *gpu->route().gpu;
  if (why.what == core::fault::lost) core::mark_lost(failing, why);
  std::exception_ptr cause;
  try {
    if (goes_on_here()) {
      bring_arrays_here();
      if (why.what == core::fault::lost) leave_torn_memory();
      return wake_lane();
    }
    cause = core::failure_of(failing, why, how.verb);
  } catch (...) {
    cause = std::current_exception();
  }
  std::size_t at = chunks.next_index();
  for (std::size_t const k : unsent) {
    at = std::min(at, slots[k].done_to);
    chunks.computed(k);
  }
  unsent.clear();
  by_device = true;
  fail_input(at, std::move(cause));
}

/// A device that is lost may yet write results, and read inputs: nobody else uses the memory that
/// it knows of.
void pipeline::state::leave_torn_memory() {
  std::size_t const alignment = core::slot_alignment_of(work);
  for (std::size_t const k : torn) {
    core::slot& s = slots[k];
    auto* buffer =
        static_cast<std::byte*>(acquire_block(core::slot_bytes(work, room), 1, alignment));
    spare.push_back(buffer);
    for (std::size_t c = 0; c != s.columns.size(); ++c) {
      std::size_t const bytes = work.stages[c].bytes;
      if (bytes == 0) continue;  // it is read where it lies
      void*& base = s.columns[c].base;
      std::memcpy(buffer, base, (c == 0 ? s.done_to - s.begin : s.count) * bytes);
      base = buffer;
      buffer += core::rounded_up(room * bytes, alignment);
    }
  }
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
