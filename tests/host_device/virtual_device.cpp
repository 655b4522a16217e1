#include "virtual_device.hpp"

#include "gpu/clock.hpp"
#include "gpu/device_blocks.hpp"
#include "gpu/devices.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <utility>

namespace support {
namespace {

using namespace hetmap::core;

constexpr int code_out_of_memory = 2;
constexpr int code_refused = 9;
constexpr int code_lost = 700;

enum engine : int { copying_in, copying_out, computing };

thread_local int current_device = -1;
thread_local int groups_of_this_thread = 0;
constinit std::atomic<virtual_device*> passes = nullptr;

}  // namespace

int virtual_device::current() noexcept { return current_device; }

int virtual_device::groups() noexcept { return groups_of_this_thread; }
void virtual_device::begin_group() noexcept { ++groups_of_this_thread; }
void virtual_device::end_group() noexcept { --groups_of_this_thread; }

std::chrono::nanoseconds virtual_device::now() const {
  std::lock_guard const lock(guard_);
  return std::chrono::nanoseconds(static_cast<std::int64_t>(now_));
}

void virtual_device::pass(std::chrono::nanoseconds time) {
  std::lock_guard const lock(guard_);
  now_ += static_cast<double>(time.count());
  run_until(now_);
}

passing_time::passing_time(virtual_device& of) {
  passes = &of;
  device_pause = +[](std::chrono::nanoseconds time) {
    passes.load()->pass(std::max(time, std::chrono::nanoseconds(1000)));
  };
}

passing_time::~passing_time() { device_pause = pause_thread; }

status virtual_device::classify(int code) noexcept {
  switch (code) {
    case 0: return {};
    case code_out_of_memory: return {fault::out_of_memory, code, "out of memory"};
    case code_lost: return {fault::lost, code, "an illegal memory access was encountered"};
    default: return {fault::refused, code, "invalid configuration argument"};
  }
}

status virtual_device::dead() const {
  return {fault::lost, code_lost, "an illegal memory access was encountered"};
}

double virtual_device::drawn(double nanoseconds) {
  std::uniform_real_distribution<double> factor(1 - traits_.jitter, 1 + traits_.jitter);
  return nanoseconds * factor(random_);
}

void virtual_device::blame(std::string text) {
  if (misuse_.empty()) misuse_ = std::move(text);
}

/// Time passes, and a fault may strike before the operation is enqueued.
status virtual_device::begin(operation what, strike& fate) {
  if (dead_) return dead();
  now_ += traits_.call_nanoseconds;
  run_until(now_);
  if (dead_) return dead();
  fate = faults_ ? faults_(what, ordinal_) : strike::none;
  ++ordinal_;
  bool const takes_memory =
      what == operation::allocate || what == operation::pin || what == operation::launch;
  switch (fate) {
    case strike::out_of_memory:
      if (takes_memory) return classify(code_out_of_memory);
      break;
    case strike::refused:
      if (what == operation::launch || what == operation::create) return classify(code_refused);
      break;
    case strike::lost: die(fate); return dead();
    default: break;
  }
  return {};
}

/// The device dies: of copies to the host that were enqueued, any part may have been written.
void virtual_device::die(strike how) {
  if (dead_) return;
  dead_ = true;
  if (how != strike::torn) return;
  for (stream_state& s : streams_)
    for (queued& q : s.queue)
      if (q.what == operation::copy_out && q.bytes != 0) {
        std::size_t const torn = std::uniform_int_distribution<std::size_t>(0, q.bytes)(random_);
        std::memset(q.written, 0xA5, torn);
      }
}

status virtual_device::allocate(void*& block, std::size_t bytes) noexcept {
  std::lock_guard const lock(guard_);
  strike fate{};
  if (status const s = begin(operation::allocate, fate); !s.ok()) return s;
  block = memory_.allocate(bytes);
  return block == nullptr ? classify(code_out_of_memory) : status{};
}

void virtual_device::free(void* block) noexcept {
  std::lock_guard const lock(guard_);
  if (dead_) return blame("free() on a lost device");
  if (block == nullptr) return;
  run_until(std::numeric_limits<double>::infinity());
  if (memory_.where(block) != place::device) blame("free() of what allocate() did not give");
  memory_.free(block);
}

status virtual_device::pin(void*& block, std::size_t bytes) noexcept {
  std::lock_guard const lock(guard_);
  strike fate{};
  if (status const s = begin(operation::pin, fate); !s.ok()) return s;
  block = memory_.pin(bytes);
  return {};
}

void virtual_device::unpin(void* block) noexcept {
  std::lock_guard const lock(guard_);
  if (dead_) return blame("unpin() on a lost device");
  if (block == nullptr) return;
  run_until(std::numeric_limits<double>::infinity());
  memory_.unpin(block);
}

status virtual_device::memory(memory_sizes& sizes) noexcept {
  std::lock_guard const lock(guard_);
  if (dead_) return dead();
  sizes = {memory_.capacity() - memory_.used(), memory_.capacity()};
  return {};
}

status virtual_device::locate(memory_range* ranges, std::size_t count) noexcept {
  std::lock_guard const lock(guard_);
  if (dead_) return dead();
  ++looks_;
  for (std::size_t k = 0; k != count; ++k) memory_.locate(ranges[k]);
  return {};
}

status virtual_device::create(stream& made) noexcept {
  std::lock_guard const lock(guard_);
  strike fate{};
  if (status const s = begin(operation::create, fate); !s.ok()) return s;
  made = &streams_.emplace_back();
  return {};
}

void virtual_device::destroy(stream made) noexcept {
  std::lock_guard const lock(guard_);
  if (dead_) return blame("destroy() on a lost device");
  if (made == nullptr) return;
  run_until(std::numeric_limits<double>::infinity());
  streams_.remove_if([&](stream_state const& s) { return &s == made; });
}

status virtual_device::create_event(event& made) noexcept {
  std::lock_guard const lock(guard_);
  strike fate{};
  if (status const s = begin(operation::create, fate); !s.ok()) return s;
  made = &events_.emplace_back();
  return {};
}

void virtual_device::destroy_event(event made) noexcept {
  std::lock_guard const lock(guard_);
  if (dead_) return blame("destroy_event() on a lost device");
  if (made == nullptr) return;
  // Nothing waits for it, so what is under way must still find it.
  auto const at = std::find_if(events_.begin(), events_.end(),
                               [&](event_state const& e) { return &e == made; });
  if (at != events_.end()) destroyed_.splice(destroyed_.end(), events_, at);
  destroyed_.remove_if([](event_state const& e) { return !e.pending() && e.waiting == 0; });
}

status virtual_device::enqueue(stream in, queued work) {
  work.enqueued_at = now_;
  auto& s = *static_cast<stream_state*>(in);
  if (!s.capturing) {
    s.queue.push_back(std::move(work));
    return {};
  }
  if (work.what != operation::launch) blame("something that is no launch was captured");
  s.captured.push_back(std::move(work));
  return {};
}

status virtual_device::record(event e, stream in) noexcept {
  std::lock_guard const lock(guard_);
  strike fate{};
  if (status const s = begin(operation::record, fate); !s.ok()) return s;
  auto* const state = static_cast<event_state*>(e);
  if (state->pending()) blame("record() of an event that has not completed");
  ++state->recorded;
  return enqueue(in, {.what = operation::record, .fate = fate, .event = state});
}

status virtual_device::wait(stream in, event e) noexcept {
  std::lock_guard const lock(guard_);
  strike fate{};
  if (status const s = begin(operation::wait, fate); !s.ok()) return s;
  auto* const state = static_cast<event_state*>(e);
  ++state->waiting;
  return enqueue(
      in, {.what = operation::wait, .fate = fate, .event = state, .record = state->recorded});
}

status virtual_device::query(event e, bool& completed) noexcept {
  std::lock_guard const lock(guard_);
  strike fate{};
  if (status const s = begin(operation::block, fate); !s.ok()) return s;
  completed = !static_cast<event_state*>(e)->pending();
  return {};
}

status virtual_device::block_until(event e) noexcept {
  std::lock_guard const lock(guard_);
  strike fate{};
  if (status const s = begin(operation::block, fate); !s.ok()) return s;
  while (!dead_ && static_cast<event_state*>(e)->pending())
    if (!run_next(std::numeric_limits<double>::infinity())) {
      blame("block_until() an event that can never complete");
      return classify(code_refused);
    }
  return dead_ ? dead() : status{};
}

status virtual_device::block_until_idle(stream in) noexcept {
  std::lock_guard const lock(guard_);
  strike fate{};
  if (status const s = begin(operation::block, fate); !s.ok()) return s;
  if (static_cast<stream_state*>(in)->capturing) blame("block_until_idle() on a captured stream");
  while (!dead_ && !static_cast<stream_state*>(in)->queue.empty())
    if (!run_next(std::numeric_limits<double>::infinity())) {
      blame("block_until_idle() on a stream that can never run dry");
      return classify(code_refused);
    }
  return dead_ ? dead() : status{};
}

status virtual_device::capturing(stream in, bool& captured) noexcept {
  std::lock_guard const lock(guard_);
  if (dead_) return dead();
  captured = in != nullptr && static_cast<stream_state*>(in)->capturing;
  return {};
}

void virtual_device::begin_capture(stream in) {
  std::lock_guard const lock(guard_);
  static_cast<stream_state*>(in)->capturing = true;
}

void virtual_device::run_captured(stream in) {
  std::lock_guard const lock(guard_);
  auto& s = *static_cast<stream_state*>(in);
  s.capturing = false;
  for (queued const& q : s.captured) static_cast<void>(enqueue(in, q));
}

status virtual_device::copy_in(stream in, void* to, void const* from, std::size_t bytes) noexcept {
  std::lock_guard const lock(guard_);
  strike fate{};
  if (status const s = begin(operation::copy_in, fate); !s.ok()) return s;
  if (!memory_.holds(to, bytes)) blame("copy_in() to what is not the device's");
  if (memory_.where(from) == place::device) blame("copy_in() from the device");
  if (is_pinned_in_part(from, bytes)) blame("copy_in() of memory that is pinned in part");
  bytes_in_ += bytes;
  double const time = static_cast<double>(bytes) / traits_.bytes_in_per_second * 1e9;
  auto const s = enqueue(in, {.what = operation::copy_in,
                              .engine = copying_in,
                              .nanoseconds = drawn(traits_.latency_nanoseconds + time),
                              .fate = fate,
                              .effect = [=] { std::memcpy(to, from, bytes); }});
  return memory_.is_pinned(from, bytes) ? s : block_until_idle(in);
}

status virtual_device::copy_out(stream in, void* to, void const* from, std::size_t bytes) noexcept {
  std::lock_guard const lock(guard_);
  strike fate{};
  if (status const s = begin(operation::copy_out, fate); !s.ok()) return s;
  if (!memory_.holds(from, bytes)) blame("copy_out() from what is not the device's");
  if (memory_.where(to) == place::device) blame("copy_out() to the device");
  if (is_pinned_in_part(to, bytes)) blame("copy_out() to memory that is pinned in part");
  bytes_out_ += bytes;
  double const time = static_cast<double>(bytes) / traits_.bytes_out_per_second * 1e9;
  auto const s = enqueue(in, {.what = operation::copy_out,
                              .engine = traits_.half_duplex ? copying_in : copying_out,
                              .nanoseconds = drawn(traits_.latency_nanoseconds + time),
                              .fate = fate,
                              .effect = [=] { std::memcpy(to, from, bytes); },
                              .written = to,
                              .bytes = bytes});
  return memory_.is_pinned(to, bytes) ? s : block_until_idle(in);
}

status virtual_device::copy_within(stream in, void* to, void const* from,
                                   std::size_t bytes) noexcept {
  std::lock_guard const lock(guard_);
  strike fate{};
  if (status const s = begin(operation::copy_within, fate); !s.ok()) return s;
  if (!memory_.holds(to, bytes) || !memory_.holds(from, bytes)) blame("copy_within() elsewhere");
  double const time = 2 * static_cast<double>(bytes) / traits_.bytes_within_per_second * 1e9;
  double const drawn_time = drawn(traits_.latency_nanoseconds + time);
  auto const copy = [=] { std::memcpy(to, from, bytes); };
  return enqueue(in, {operation::copy_within, computing, drawn_time, 0, fate, copy});
}

status virtual_device::launch(stream in, hetmap::detail::gpu_form const& form,
                              hetmap::detail::gpu_launch work) noexcept {
  std::lock_guard const lock(guard_);
  strike fate{};
  if (status const s = begin(operation::launch, fate); !s.ok()) return s;
  ++launches_;
  unsigned const columns = form.outputs + form.inputs;
  std::vector<hetmap::detail::gpu_column> copied(work.columns, work.columns + columns);
  for (unsigned k = 0; k != columns; ++k) {
    bool const folded = form.kind == hetmap::detail::form_kind::reduce && k == 0;
    if (folded && work.piece == 0) blame("launch() of a fold without pieces");
    std::size_t const elements =
        folded ? (work.count + work.piece - 1) / std::max<std::size_t>(work.piece, 1) : work.count;
    std::size_t const bytes = elements * form.element_bytes[k];
    void const* const base = copied[k].base;
    if (base == nullptr && k < form.outputs) blame("launch() without an output");
    if (base != nullptr && !memory_.holds(base, bytes) && !memory_.is_pinned(base, bytes))
      blame("launch() on memory that the device cannot reach");
  }
  if (work.count == 0 || work.count > hetmap::detail::largest_launch)
    blame("launch() of " + std::to_string(work.count) + " elements");
  auto const* const bytes = static_cast<char const*>(work.functor);
  // As aligned as a functor can be.
  auto functor = std::make_shared<std::vector<std::max_align_t>>(
      form.functor_bytes / sizeof(std::max_align_t) + 1);
  if (form.functor_bytes != 0) std::memcpy(functor->data(), bytes, form.functor_bytes);
  double const time = static_cast<double>(work.count) * traits_.element_nanoseconds;
  return enqueue(in, {.what = operation::launch,
                      .engine = computing,
                      .nanoseconds = drawn(traits_.latency_nanoseconds + time),
                      .fate = fate,
                      .effect = [this, &form, work, copied = std::move(copied),
                                 functor = std::move(functor)]() mutable {
                        work.functor = functor->data();
                        work.columns = copied.data();
                        int const before = std::exchange(current_device, static_cast<int>(index_));
                        if (form.launch(work) != 0) blame("the form failed");
                        current_device = before;
                      }});
}

/// Runs whatever completes first, if that is by `until`.
bool virtual_device::run_next(double until) {
  stream_state* first = nullptr;
  double earliest = std::numeric_limits<double>::infinity();
  for (stream_state& s : streams_) {
    if (s.queue.empty()) continue;
    queued const& q = s.queue.front();
    double end = std::max(s.free_at, q.enqueued_at);
    if (q.what == operation::wait) {
      if (q.event->completed < q.record) continue;
      end = std::max(end, q.event->completed_at);
    } else if (q.engine >= 0) {
      end = std::max(end, engine_free_at_[q.engine]) + q.nanoseconds;
    }
    if (first == nullptr || end < earliest || (end == earliest && random_() % 2 == 0)) {
      first = &s;
      earliest = end;
    }
  }
  if (first == nullptr || earliest > until) return false;
  perform(*first, earliest);
  return true;
}

void virtual_device::run_until(double until) {
  while (!dead_ && run_next(until)) {
  }
}

void virtual_device::perform(stream_state& s, double end) {
  queued const q = std::move(s.queue.front());
  now_ = std::max(now_, end);
  if (q.fate == strike::late_lost || q.fate == strike::torn) return die(q.fate);
  s.queue.pop_front();
  s.free_at = end;
  if (q.engine >= 0) engine_free_at_[q.engine] = end;
  if (q.what == operation::wait) --q.event->waiting;
  if (q.what == operation::record) {
    ++q.event->completed;
    q.event->completed_at = end;
  }
  if (q.effect) {
    memory_.open();
    q.effect();
    memory_.close();
  }
}

}  // namespace support
