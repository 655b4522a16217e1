#include "driver.hpp"

#include "../base/backend.hpp"
#include "../base/error.hpp"
#include "../base/rates.hpp"
#include "../gpu/devices.hpp"

#include <hetmap/vector.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace hetmap::core {

using namespace detail;

namespace {

/// Seconds of work in a chunk, from where it is sent to where it is back, with others before it on
/// the same way; and the elements to begin with while nothing is known.
constexpr double chunk_seconds = 10e-3;
constexpr std::size_t first_elements = 4096;

/// What elements are known to cost there, in nanoseconds; below 0 if they are not.
double known_cost(stream_job const& work, bool travels) {
  return work.pulls_at_once && work.learned != nullptr ? work.learned->on_gpu(travels).nanoseconds()
                                                       : -1;
}

}  // namespace

device_driver::device_driver(stream_setup const& of, gpu_route route, stream_chunks& chunks,
                             early_end& early, call_notes& notes)
    : setup_(of),
      chunks_(chunks),
      early_(early),
      notes_(notes),
      arrays_(of.as_map.job),
      pace_(known_cost(of.work, route.travels), of.work.pulls_at_once ? first_elements : 1,
            of.form.chunk, chunk_seconds),
      shares_(entry_of(of.chosen.chosen)->shares_cpu),
      computes_(needs_gpu(of.chosen.chosen)) {
  if (computes_)
    queue_ = std::make_unique<chunk_queue>(of.work, std::move(route), arrays_,
                                           of.how.pool != nullptr || shares_ ? 1 : of.lanes);
}

device_driver::~device_driver() {
  for (void* const block : spare_)
    release_block(block, slot_bytes(setup_.work, chunks_.room()), slot_alignment_of(setup_.work));
}

std::exception_ptr device_driver::start() {
  if (computes_) {
    status const why = queue_->make_ready(setup_.form);
    if (why.ok()) {
      has_memory_ = true;
      if (shares_) bring_arrays_home();
      torn_.reserve(ring_slots + 1);
      spare_.reserve(ring_slots + 1);
      return nullptr;
    }
    computes_ = false;
    device& failing = *queue_->route().gpu;
    if (why.what == fault::lost) mark_lost(failing, why);
    bool const go_on = cpu_can_go_on();
    if (go_on) note_fallback(fallback_kind::failed_over, why);
    queue_.reset();
    if (!go_on) return failure_of(failing, why, setup_.how.verb);
  }
  bring_arrays_home();
  return nullptr;
}

bool device_driver::cpu_can_go_on() const noexcept {
  return shares_ || (setup_.chosen.asked == backend::automatic && !queue_->route().unreachable);
}

void device_driver::bring_arrays_home() {
  if (holds_arrays(setup_.as_map.job)) static_cast<void>(arrays_.to_host());
}

std::size_t device_driver::wanted() const noexcept {
  std::size_t const room = chunks_.room();
  if (setup_.how.chunk_size != 0) return room;
  std::size_t const n = std::min(room, pace_.next());
  // The CPU is to end with it.
  std::size_t const total = setup_.work.total, next = chunks_.window().next_index();
  return shares_ && total != no_length && next < total
             ? std::min(n, std::max<std::size_t>((total - next) / 2, 1))
             : n;
}

bool device_driver::has_use_for_lane() const noexcept {
  if (driven_ || !computes_) return false;
  if (!queue_->idle() || chunks_.any_unsent()) return true;
  return shares_ && chunks_.window().can_pull();
}

void device_driver::drive(stream_chunks::lock& held,
                          std::function<void()> const& wake_lane) noexcept {
  driven_ = true;
  early_.look();
  bool const at_once = setup_.work.pulls_at_once;
  // Input that may take its time, or wait for what is under way, is pulled by others meanwhile.
  if (!chunks_.any_unsent() && !early_.abandoned() && chunks_.window().can_pull() &&
      queue_->has_room() && (at_once || queue_->idle()))
    if (std::optional const k = chunks_.pull(held, wanted())) chunks_.add_unsent(*k);
  if (!at_once) wake_lane();
  std::optional<std::size_t> next;
  if (chunks_.any_unsent() && queue_->has_room()) next = chunks_.take_unsent();
  if (!early_.abandoned() && (next || !queue_->idle())) {
    held.unlock();
    std::optional<chunk_arrival> got;
    status why;
    if (!queue_->idle()) why = queue_->take(chunks_.slots(), !next, got);
    if (why.ok() && next) why = queue_->send(*next, chunks_[*next]);
    held.lock();
    if (got) note(*got);
    if (!why.ok()) recover(held, why, next, wake_lane);
  }
  driven_ = false;
  chunks_.tell_consumer();
}

/// A part of a chunk has come back.
void device_driver::note(chunk_arrival const& got) noexcept {
  slot& s = chunks_[got.k];
  using rep = std::chrono::nanoseconds::rep;
  auto const elements = static_cast<rep>(got.cost.elements);
  if (elements != 0)
    pace_.took(
        {got.cost.elements, got.cost.busy + s.reading / static_cast<rep>(s.count) * elements});
  if (s.input_failure.cause)
    chunks_.fail_input(s.input_failure.at, std::exchange(s.input_failure.cause, nullptr));
  else if (s.done_to != s.begin + s.count)
    return chunks_.resume_unsent(got.k);
  chunks_.window().computed(got.k);
}

/// After a fault: what has arrived is final; the rest goes to the device in smaller parts, or to
/// the CPU, or is what the stream ends before.
///
/// unlucky: a chunk that was being sent.
void device_driver::recover(stream_chunks::lock& held, status why,
                            std::optional<std::size_t> unlucky,
                            std::function<void()> const& wake_lane) noexcept {
  held.unlock();
  bool const smaller = queue_->recover(chunks_.slots(), why, [&](chunk_arrival const& got) {
    held.lock();
    note(got);
    held.unlock();
  });
  held.lock();
  torn_.clear();
  queue_->forget(torn_);
  if (unlucky) torn_.push_back(*unlucky);
  if (smaller) {
    note_fallback(fallback_kind::retried, why);
    return chunks_.return_unsent(torn_);
  }
  if (cpu_can_go_on()) note_fallback(fallback_kind::failed_over, why);
  chunks_.return_unsent(torn_);
  computes_ = false;
  device& failing = *queue_->route().gpu;
  if (why.what == fault::lost) mark_lost(failing, why);
  std::exception_ptr cause;
  try {
    if (cpu_can_go_on()) {
      bring_arrays_home();
      if (why.what == fault::lost) leave_torn_memory();
      return wake_lane();
    }
    cause = failure_of(failing, why, setup_.how.verb);
  } catch (...) {
    cause = std::current_exception();
  }
  std::size_t const at = chunks_.forsake_unsent();
  chunks_.fail_device(at, std::move(cause));
}

/// Of what the device had when it failed.
void device_driver::note_fallback(fallback_kind what, status why) noexcept {
  std::size_t elements = 0;
  for (std::size_t const k : torn_)
    elements += chunks_[k].begin + chunks_[k].count - chunks_[k].done_to;
  notes_.note_fallback(what, elements, static_cast<int>(queue_->route().gpu->index()), why.text);
}

/// A device that is lost may yet write results, and read inputs: nobody else uses the memory that
/// it knows of.
void device_driver::leave_torn_memory() {
  stream_job const& work = setup_.work;
  std::size_t const room = chunks_.room(), alignment = slot_alignment_of(work);
  for (std::size_t const k : torn_) {
    slot& s = chunks_[k];
    auto* buffer = static_cast<std::byte*>(acquire_block(slot_bytes(work, room), 1, alignment));
    spare_.push_back(buffer);
    for (std::size_t c = 0; c != s.columns.size(); ++c) {
      std::size_t const bytes = work.stages[c].bytes;
      if (bytes == 0) continue;  // it is read where it lies
      void*& base = s.columns[c].base;
      std::memcpy(buffer, base, (c == 0 ? s.done_to - s.begin : s.count) * bytes);
      base = buffer;
      buffer += rounded_up(room * bytes, alignment);
    }
  }
}

void device_driver::learn() const {
  if (setup_.work.learned == nullptr || !queue_ || !computes_) return;
  setup_.work.learned->on_gpu(queue_->travels())
      .learn(queue_->spent().elements, queue_->spent().busy);
}

}  // namespace hetmap::core
