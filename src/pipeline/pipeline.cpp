// A stream at work: lanes on the workers' threads pull and compute, the consumer waits and takes.
#include "../cpu/math_level.hpp"
#include "../cpu/pace.hpp"
#include "../cpu/workers.hpp"
#include "../error.hpp"
#include "../gpu/devices.hpp"
#include "../gpu/held_arrays.hpp"
#include "../plan.hpp"
#include "../pool_core.hpp"
#include "../rates.hpp"
#include "../reporter.hpp"
#include "../run.hpp"
#include "device_lane.hpp"
#include "shape.hpp"
#include "slot.hpp"
#include "window.hpp"

#include <hetmap/detail/pipeline.hpp>
#include <hetmap/error.hpp>
#include <hetmap/vector.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstring>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hetmap {
namespace core {
namespace {

using clock = std::chrono::steady_clock;
using namespace detail;

/// Seconds of work in a chunk: what is between two chunks (queueing, waking somebody) costs some
/// microseconds, and nobody waits longer than this for the calls under way when a stream ends.
constexpr double chunk_seconds = 1e-3;

/// The same on a device, from where a chunk is sent to where it is back, with others before it on
/// the same way; and the elements to begin with while nothing is known.
constexpr double sent_chunk_seconds = 10e-3;
constexpr std::size_t first_sent_elements = 4096;

/// Elements after which a function may be believed to be cheap, and what a chunk may take then, in
/// seconds: a consumer that finds nothing ready computes a chunk itself, in its own caches, sooner
/// than it could be woken.
constexpr std::size_t cheap_elements = std::size_t{1} << 20;
constexpr double cheap_chunk_seconds = 2e-3;

/// How often a consumer that waits looks at the stop condition, which cannot wake it.
constexpr std::chrono::milliseconds between_looks{10};

/// How many elements to take next, so that they take about `seconds`: from what one is known to
/// cost, or else from `first` up. Lanes that race lose one another's finding.
class pace {
 public:
  pace(double element_nanoseconds, std::size_t first, std::size_t most, double seconds)
      : seconds_(seconds), most_(most) {
    double const fitting = element_nanoseconds > 0
                               ? 1e9 * seconds / element_nanoseconds
                               : static_cast<double>(element_nanoseconds < 0 ? first : most);
    elements_ = static_cast<std::size_t>(std::clamp(fitting, 1.0, static_cast<double>(most)));
  }

  [[nodiscard]] std::size_t next() const noexcept {
    std::size_t const n = elements_.load(std::memory_order_relaxed);
    return n < block_elements ? n : n / block_elements * block_elements;
  }

  void took(effort const& spent) noexcept {
    double const chosen = next_pace(elements_.load(std::memory_order_relaxed), spent, seconds_);
    elements_.store(static_cast<std::size_t>(std::clamp(chosen, 1.0, static_cast<double>(most_))),
                    std::memory_order_relaxed);
  }

 private:
  double const seconds_;
  std::size_t const most_;
  std::atomic<std::size_t> elements_;
};

}  // namespace
}  // namespace core

inline namespace HETMAP_ABI {
namespace detail {

struct pipeline::state {
  struct lane : core::task {
    explicit lane(state& s)
        : task{[](task& self) noexcept {
            static_cast<lane&>(self).owner->serve(static_cast<lane&>(self));
          }},
          owner(&s) {}

    state* owner;
    bool busy = false;  // posted or running
  };

  state(stream_job const& w, stream_settings const& h);
  ~state();

  // Lanes; serve() takes the lock, compute() needs none, the rest is called under it.
  void serve(lane& me) noexcept;
  void work_once(std::unique_lock<std::mutex>& lock) noexcept;
  void step(std::unique_lock<std::mutex>& lock) noexcept;
  [[nodiscard]] std::optional<std::size_t> pull(std::unique_lock<std::mutex>& lock) noexcept;
  [[nodiscard]] core::efforts compute(core::slot& s) noexcept;
  [[nodiscard]] bool can_pull() const noexcept { return !abandoned.load() && chunks.can_pull(); }
  [[nodiscard]] bool has_work() const noexcept;
  [[nodiscard]] unsigned most_lanes() const noexcept;
  [[nodiscard]] bool may_help() const noexcept;
  void wake_lane() noexcept;
  void tell_consumer() noexcept {
    if (waiting && (chunks.ready() || chunks.finished())) arrived.notify_one();
  }
  void fail_input(std::size_t at, std::exception_ptr cause) noexcept;
  void join(std::unique_lock<std::mutex>& lock) noexcept;

  // The lane that talks to the device, also under the lock.
  void drive(std::unique_lock<std::mutex>& lock) noexcept;
  void note(core::device_lane::arrival const& got) noexcept;
  void recover(std::unique_lock<std::mutex>& lock, core::status why,
               std::optional<std::size_t> unlucky) noexcept;
  void leave_torn_memory();
  [[nodiscard]] bool goes_on_here() const noexcept {
    return chosen.asked == backend::automatic && !gpu->route().unreachable;
  }
  void bring_arrays_here() {
    if (core::holds_arrays(as_map.job)) static_cast<void>(arrays.to_host());
  }

  // The consumer; only wait() is called under the lock.
  bool next(segment& out, time_limit const* limit);
  void start();
  void take_device();
  [[nodiscard]] bool next_of_held(segment& out);
  void give_back();
  void wait(std::unique_lock<std::mutex>& lock, bool limited, core::clock::time_point deadline);
  void end();
  void abandon() noexcept;
  void discard(core::slot& s) noexcept;

  [[nodiscard]] std::size_t own_bytes() const;
  [[nodiscard]] core::device_demand demand();

  stream_job const work;
  stream_settings const how;
  bool const stoppable;
  std::shared_ptr<pool_streams> listed;      // that it closes with; null for none
  std::unique_ptr<core::workers> const own;  // where more are asked for than the process has
  core::stream_as_map const as_map;
  core::held_arrays arrays;
  core::decision decided;
  plan const& chosen = decided.chosen;
  core::workers* const team;  // null: the consumer does it all
  unsigned const lanes;
  core::stream_shape const form;
  chunk_function const code;
  isa const level;

  core::pace size;       // of what the CPU's lanes take
  core::pace sent_size;  // of what is sent to the device
  core::reporter reports;
  std::atomic<bool> abandoned{false};  // nobody will take what is not done yet
  std::atomic<bool> stopped{false};    // by the stop condition

  std::mutex guard;
  std::condition_variable arrived;  // something is ready, or the end
  std::condition_variable rested;   // no lane is at work
  core::window chunks;
  std::vector<core::slot> slots;  // each used by whoever the window says it is with
  std::vector<lane> lane_of;
  unsigned busy = 0;
  bool waiting = false;  // the consumer, for `arrived`
  bool helps = false;    // the consumer computes too, in the place of a lane
  core::failure input_failed{no_length, nullptr};
  bool by_device = false;  // that failure is the device's
  core::efforts costs;

  std::unique_ptr<core::device_lane> gpu;  // null: none was chosen
  bool on_device = false;                  // it computes
  bool in_device_slots = false;            // the slots are its pinned memory
  std::size_t room = form.chunk;           // elements of a slot
  bool driving = false;                    // a lane talks to it
  std::vector<std::size_t> unsent;         // slots that were pulled and that nobody computes yet
  std::vector<std::size_t> torn;           // slots that the device may write to though it is lost
  std::vector<void*> spare;                // what their results lie in instead

  // The consumer's alone.
  bool started = false;
  std::optional<std::size_t> held;  // a slot
  std::size_t held_count = 0;
  std::size_t taken_to = 0;      // of the held slot
  std::size_t next_failure = 0;  // of the held slot
  std::size_t delivered = 0;     // elements of the chunks that were given back
  bool over = false;             // the end, or the input's failure, has been told
  bool may_resume = false;
};

namespace {

core::decision decided_for(core::stream_as_map const& work, stream_settings const& how) {
  return core::decide(
      work.job,
      {.verb = how.verb,
       .backend = core::backend_of({.verb = how.verb, .backend = how.backend, .pool = how.pool}),
       .workers = how.workers,
       .reproducible = how.reproducible,
       .device = how.device},
      false);
}

/// A team of its own for a call that asks for more workers than the process has.
std::unique_ptr<core::workers> own_team(stream_settings const& how) {
  if (how.pool != nullptr || how.backend == backend::serial) return nullptr;
  if (how.workers <= hetmap::physical_cores()) return nullptr;
  return std::make_unique<core::workers>(how.workers);
}

core::workers* team_for(plan const& chosen, stream_settings const& how, core::workers* own) {
  if (how.pool != nullptr) return &how.pool->threads();  // its callers compute nothing
  if (chosen.asked == backend::serial) return nullptr;
  return own != nullptr ? own : &core::shared_workers();
}

unsigned lanes_of(plan const& chosen, stream_settings const& how, core::workers const* team) {
  if (team == nullptr || chosen.asked == backend::serial) return 1;
  return how.workers != 0 ? std::min(how.workers, team->size()) : team->size();
}

}  // namespace

pipeline::state::state(stream_job const& w, stream_settings const& h)
    : work(w),
      how(h),
      stoppable(h.stop.stop_possible()),
      own(own_team(h)),
      as_map(w),
      arrays(as_map.job),
      decided(decided_for(as_map, h)),
      team(team_for(chosen, h, own.get())),
      lanes(lanes_of(chosen, h, team)),
      form(core::shape_for(w, h, lanes, own_bytes(), demand())),
      code(core::code_for(*w.code, chosen, h.verb)),
      level(h.reproducible ? isa::baseline : chosen.level),
      size(w.learned != nullptr ? w.learned->element_nanoseconds() : -1, 1, form.chunk,
           core::chunk_seconds),
      sent_size(w.pulls_at_once && w.learned != nullptr
                    ? w.learned->on_gpu(decided.route.travels).nanoseconds()
                    : -1,
                w.pulls_at_once ? core::first_sent_elements : 1, form.chunk,
                core::sent_chunk_seconds),
      reports(how.progress ? &how.progress : nullptr, w.total == no_length ? 0 : w.total),
      chunks(form.window, h.ordered) {
  if (chosen.chosen != backend::gpu) return;
  gpu = std::make_unique<core::device_lane>(work, std::move(decided.route), arrays,
                                            how.pool != nullptr ? 1 : lanes);
  on_device = true;
}

/// Size, in bytes, of what the stream holds beside its slots.
std::size_t pipeline::state::own_bytes() const {
  std::size_t const columns = as_map.columns.size();
  std::size_t bytes = work.own_bytes + sizeof(state) + (lanes + 1) * sizeof(lane) +
                      columns * (sizeof(gpu_operand) + sizeof(column)) + as_map.job.functor_bytes +
                      20 * core::block_overhead;
  if (chosen.chosen == backend::gpu)
    bytes += sizeof(core::device_lane) + sizeof(core::device_resources) +
             core::ring_slots * (sizeof(core::slot_load) + sizeof(std::uint64_t) + 64) +
             columns * (2 * sizeof(core::located_column) + sizeof(gpu_operand) +
                        sizeof(core::ring_column) + sizeof(core::element_copy)) +
             core::slot_alignment + core::slot_alignment_of(work);
  return bytes;
}

/// What it takes on the device beside its slots.
core::device_demand pipeline::state::demand() {
  if (chosen.chosen != backend::gpu) return {};
  core::locate_slots(decided.route, work);
  return core::demand_of(decided.route);
}

pipeline::state::~state() {
  {
    std::unique_lock lock(guard);
    abandoned = true;
    chunks.close();
    join(lock);
  }
  for (core::slot& s : slots) {
    if (s.columns.empty() || s.columns.front().base == nullptr) break;  // start() got no further
    discard(s);
    if (!in_device_slots)
      release_block(s.columns.front().base, form.slot_bytes, core::slot_alignment_of(work));
  }
  for (void* const block : spare)
    release_block(block, room * work.stages[0].bytes, core::slot_alignment_of(work));
  if (work.learned == nullptr) return;
  core::effort const& told = costs.told();
  work.learned->learn(told.elements, told.busy);
  if (gpu && on_device)
    work.learned->on_gpu(gpu->travels()).learn(gpu->spent().elements, gpu->spent().busy);
}

// -- lanes -----------------------------------------------------------------------------------

void pipeline::state::serve(lane& me) noexcept {
  std::unique_lock lock(guard);
  while (has_work() && busy <= most_lanes()) work_once(lock);
  me.busy = false;
  if (--busy == 0) rested.notify_all();
}

unsigned pipeline::state::most_lanes() const noexcept {
  if (on_device) return work.pulls_at_once ? 1 : 2;
  return helps ? lanes - 1 : lanes;
}

/// Whether one more thread would have something to do.
bool pipeline::state::has_work() const noexcept {
  if (abandoned.load()) return false;
  if (chunks.can_pull() && !(driving && work.pulls_at_once)) return true;
  return !driving && (!unsent.empty() || (on_device && !gpu->idle()));
}

void pipeline::state::wake_lane() noexcept {
  if (team == nullptr || busy >= most_lanes() || !has_work()) return;
  for (lane& l : lane_of)
    if (!l.busy) {
      l.busy = true;
      ++busy;
      return team->post(l);
    }
}

void pipeline::state::work_once(std::unique_lock<std::mutex>& lock) noexcept {
  if (!on_device) return step(lock);
  if (!driving) return drive(lock);
  // Another lane is at the device: it need not wait for the input.
  if (std::optional const k = pull(lock)) {
    if (by_device)
      chunks.computed(*k);  // nobody will have it
    else
      unsent.push_back(*k);
    tell_consumer();
  }
}

/// Fills a slot; nothing if there were no more elements.
std::optional<std::size_t> pipeline::state::pull(std::unique_lock<std::mutex>& lock) noexcept {
  std::size_t const k = chunks.pull();
  core::slot& s = slots[k];
  s.begin = s.done_to = chunks.next_index();
  std::size_t const wanted =
      how.chunk_size != 0 ? room : std::min(room, on_device ? sent_size.next() : size.next());
  if (!work.pulls_at_once) lock.unlock();
  auto const began = core::clock::now();
  pulled got = work.pull(work.input, s.columns.data() + 1, s.begin, wanted);
  s.reading = core::clock::now() - began;
  if (!work.pulls_at_once) lock.lock();
  s.count = got.count;
  if (got.failure) fail_input(s.begin + got.count, std::move(got.failure));
  chunks.pulled(k, got.count, got.ended);
  if (got.count != 0) return k;
  tell_consumer();
  return std::nullopt;
}

void pipeline::state::step(std::unique_lock<std::mutex>& lock) noexcept {
  std::optional<std::size_t> k;
  if (!unsent.empty()) {
    k = unsent.front();
    unsent.erase(unsent.begin());
  } else {
    k = pull(lock);
  }
  if (!k) return;
  core::slot& s = slots[*k];
  wake_lane();
  lock.unlock();
  core::efforts const spent = compute(s);
  if (work.drop != nullptr) work.drop(s.columns.data() + 1, s.count);
  lock.lock();
  if (s.input_failure.cause) fail_input(s.input_failure.at, std::move(s.input_failure.cause));
  costs += spent;
  chunks.computed(*k);
  tell_consumer();
}

core::efforts pipeline::state::compute(core::slot& s) noexcept {
  core::math_level_scope const math(level);
  core::efforts spent;
  scratch unused;
  std::size_t const end = s.begin + s.count;
  std::chrono::nanoseconds const reading_each =
      how.chunk_size != 0 ? std::chrono::nanoseconds(0)
                          : s.reading / static_cast<std::chrono::nanoseconds::rep>(s.count);
  // In pieces of about chunk_seconds, however large the chunk is, so that nobody waits for the rest
  // of it when the stream ends.
  while (s.done_to != end) {
    if (stoppable && how.stop.stop_requested()) abandoned = stopped = true;
    if (abandoned.load(std::memory_order_relaxed)) break;
    std::size_t const n = std::min(end - s.done_to, size.next());
    chunk piece{.begin = s.done_to,
                .end = s.done_to + n,
                .origin = s.begin,
                .columns = s.columns.data(),
                .scratch = &unused,
                .copy_out = nullptr,
                .slot = nullptr,
                .failed_at = s.done_to};
    auto const began = core::clock::now();
    try {
      try {
        code(work.task, piece);
      } catch (input_failure const& input) {
        s.input_failure = {piece.failed_at, input.cause};
      } catch (...) {
        s.failures.push_back({piece.failed_at, std::current_exception()});
        s.done_to = piece.failed_at + 1;
        continue;
      }
    } catch (...) {
      s.input_failure = {piece.failed_at, std::current_exception()};  // no memory to go on with
    }
    if (s.input_failure.cause) {
      s.done_to = piece.failed_at;
      break;
    }
    auto const took = core::clock::now() - began;
    size.took({n, took + reading_each * static_cast<std::chrono::nanoseconds::rep>(n)});
    spent.add({n, took});
    s.done_to += n;
  }
  return spent;
}

void pipeline::state::fail_input(std::size_t at, std::exception_ptr cause) noexcept {
  if (at >= input_failed.at) return;
  input_failed = {at, std::move(cause)};
  chunks.end_at(at);
}

void pipeline::state::join(std::unique_lock<std::mutex>& lock) noexcept {
  for (lane& l : lane_of)
    if (l.busy && team->withdraw(l)) {
      l.busy = false;
      --busy;
    }
  rested.wait(lock, [&] { return busy == 0; });
}

// -- the device ------------------------------------------------------------------------------

/// Sends a chunk if the device has room for one, and takes what has arrived, for which it waits if
/// there was nothing to send.
void pipeline::state::drive(std::unique_lock<std::mutex>& lock) noexcept {
  driving = true;
  if (stoppable && how.stop.stop_requested()) abandoned = stopped = true;
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
    core::device_lane::arrival got;
    core::status why;
    if (!gpu->idle()) why = gpu->take(slots, !next, got);
    if (why.ok() && next) why = gpu->send(*next, slots[*next]);
    lock.lock();
    if (got.any) note(got);
    if (!why.ok()) recover(lock, why, next);
  }
  driving = false;
  tell_consumer();
}

/// A part of a chunk has come back.
void pipeline::state::note(core::device_lane::arrival const& got) noexcept {
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
  if (why.what != core::fault::lost) {
    lock.unlock();
    if (core::status const idle = gpu->settle(); !idle.ok()) why = idle;
    lock.lock();
  }
  while (why.what != core::fault::lost && !gpu->idle()) {
    core::device_lane::arrival got;
    core::status const s = gpu->take(slots, true, got);
    if (!s.ok()) {
      why = s;
      break;
    }
    note(got);
  }
  torn.clear();
  gpu->forget(torn);
  if (unlucky) torn.push_back(*unlucky);
  unsent.insert(unsent.end(), torn.begin(), torn.end());
  std::sort(unsent.begin(), unsent.end(),
            [&](std::size_t a, std::size_t b) { return slots[a].begin < slots[b].begin; });
  if (why.what == core::fault::out_of_memory && gpu->halve()) return;
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

/// A device that is lost may write results yet: nobody else uses the memory that it would write to.
void pipeline::state::leave_torn_memory() {
  std::size_t const bytes = work.stages[0].bytes;
  for (std::size_t const k : torn) {
    core::slot& s = slots[k];
    void* const block = acquire_block(room, bytes, core::slot_alignment_of(work));
    spare.push_back(block);
    void*& base = s.columns.front().base;
    std::memcpy(block, base, (s.done_to - s.begin) * bytes);
    base = block;
  }
}

// -- the consumer ----------------------------------------------------------------------------

void pipeline::state::start() {
  if (on_device) take_device();
  if (!on_device) bring_arrays_here();
  slots.resize(form.window);
  unsent.reserve(form.window);
  if (on_device) {
    torn.reserve(core::ring_slots + 1);
    spare.reserve(core::ring_slots + 1);
  }
  std::size_t const alignment = core::slot_alignment_of(work);
  for (std::size_t k = 0; k != slots.size(); ++k) {
    core::slot& s = slots[k];
    s.columns.resize(1 + work.inputs);
    auto* buffer = in_device_slots
                       ? gpu->slot_memory(k)
                       : static_cast<std::byte*>(acquire_block(form.slot_bytes, 1, alignment));
    for (std::size_t c = 0; c != s.columns.size(); ++c) {
      std::size_t const bytes = work.stages[c].bytes;
      s.columns[c] = {bytes != 0 || c == 0 ? buffer : nullptr, bytes, bytes};
      buffer += core::rounded_up(room * bytes, alignment);
    }
  }
  if (team != nullptr) lane_of.assign(lanes + 1, lane(*this));
  started = true;
}

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

void pipeline::state::discard(core::slot& s) noexcept {
  if (work.discard != nullptr) {
    std::size_t from = s.begin;
    for (core::failure const& f : s.failures) {
      work.discard(s.columns.front(), from - s.begin, f.at - s.begin);
      from = f.at + 1;
    }
    work.discard(s.columns.front(), from - s.begin, s.done_to - s.begin);
  }
  s.failures.clear();
  s.done_to = s.begin;
}

/// The next results of the held chunk, or the failure that stands in their place; false if nothing
/// of it is left.
bool pipeline::state::next_of_held(segment& out) {
  if (!held) return false;
  core::slot& s = slots[*held];
  std::size_t const end = s.begin + held_count;
  bool const fails = next_failure != s.failures.size() && s.failures[next_failure].at < end;
  std::size_t const to = fails ? s.failures[next_failure].at : end;
  if (taken_to != to) {
    out = {static_cast<std::byte*>(s.columns.front().base) +
               (taken_to - s.begin) * s.columns.front().bytes,
           taken_to, to - taken_to};
    taken_to = to;
    return true;
  }
  if (!fails) return false;
  taken_to = to + 1;
  core::note_failed_index(to);
  std::rethrow_exception(s.failures[next_failure++].cause);
}

/// Frees the held chunk's slot and reports it.
void pipeline::state::give_back() {
  if (!held) return;
  std::size_t const count = held_count;
  discard(slots[*held]);
  held.reset();
  delivered += count;
  {
    std::lock_guard const lock(guard);
    chunks.give_back();
    // While there is something to take, lanes that rest are left to it until half of the slots are
    // free: one wake-up for many chunks.
    if (chunks.free() * 2 >= chunks.size()) wake_lane();
  }
  try {
    reports.add(count);
  } catch (...) {
    abandon();
    over = true;
    core::clear_failed_index();
    throw;
  }
}

void pipeline::state::abandon() noexcept {
  std::lock_guard const lock(guard);
  abandoned = true;
  chunks.close();
}

bool pipeline::state::next(segment& out, time_limit const* limit) {
  if (how.resume && !may_resume)
    refuse_option(how.verb, "resume", "streams that end in a sink: imap(...) | sink");
  if (next_of_held(out)) return true;
  give_back();
  if (over) return false;
  if (!started) start();
  auto const deadline =
      limit == nullptr
          ? core::clock::time_point::max()
          : core::clock::now() +
                std::chrono::duration_cast<core::clock::duration>(
                    std::chrono::duration<double>(std::clamp(limit->seconds(), 0.0, 1e9)));
  std::unique_lock lock(guard);
  for (;;) {
    if (stopped || (stoppable && how.stop.stop_requested())) {
      abandoned = stopped = true;
      chunks.close();
      core::clear_failed_index();
      throw cancelled_error(delivered, work.total == no_length ? 0 : work.total);
    }
    if (chunks.ready()) break;
    if (chunks.finished()) {
      lock.unlock();
      end();
      return false;
    }
    wait(lock, limit != nullptr, deadline);
  }
  held = chunks.hold();
  held_count = chunks.count(*held);
  lock.unlock();
  taken_to = slots[*held].begin;
  next_failure = 0;
  return next_of_held(out);
}

/// Whether the consumer may compute beside the lanes: where the choice is left to the library, the
/// input is read by anybody, and the function has shown that no chunk of it takes long.
bool pipeline::state::may_help() const noexcept {
  if (chosen.asked != backend::automatic || how.pool != nullptr || how.chunk_size != 0 ||
      !work.pulls_at_once || costs.in_blocks.elements < core::cheap_elements)
    return false;
  return 1e-9 * static_cast<double>(costs.in_blocks.busy.count()) *
             static_cast<double>(form.chunk) <
         core::cheap_chunk_seconds * static_cast<double>(costs.in_blocks.elements);
}

/// Lets something happen: computes a chunk where this thread is the one to do so, else waits.
void pipeline::state::wait(std::unique_lock<std::mutex>& lock, bool limited,
                           core::clock::time_point deadline) {
  helps = !limited && may_help();
  // A worker that waited for its own team could wait for ever.
  if ((helps || team == nullptr || team->own_this_thread()) && has_work()) return work_once(lock);
  wake_lane();
  if (limited && core::clock::now() >= deadline) {
    core::clear_failed_index();
    throw timeout_error(std::string(how.verb).append(": no result within the time limit"));
  }
  waiting = true;
  if (limited || stoppable)
    arrived.wait_until(
        lock, stoppable ? std::min(deadline, core::clock::now() + core::between_looks) : deadline);
  else
    arrived.wait(lock);
  waiting = false;
}

/// Tells why there is nothing more to come.
void pipeline::state::end() {
  if (input_failed.cause) {
    abandon();
    over = true;
    by_device ? core::clear_failed_index() : core::note_failed_index(input_failed.at);
    std::rethrow_exception(std::exchange(input_failed.cause, nullptr));
  }
  if (!chunks.ended()) {
    core::clear_failed_index();
    throw closed_error(std::string(how.verb)
                           .append(": the stream was closed after ")
                           .append(std::to_string(delivered))
                           .append(" elements"));
  }
  over = true;
  try {
    reports.finish(delivered);
  } catch (...) {
    core::clear_failed_index();
    throw;
  }
}

// -- the seam --------------------------------------------------------------------------------

pipeline::pipeline(stream_job const& work, stream_settings const& how) {
  if (how.pool != nullptr) how.pool->require_sound();
  state_ = std::make_unique<state>(work, how);
  // What a worker does is part of something that was there before the pool was closed.
  if (how.pool == nullptr || is_worker_of(how.pool)) return;
  if (!how.pool->streams()->add(*this)) {
    core::clear_failed_index();
    throw closed_error(std::string(how.verb).append(": the pool is closed"));
  }
  state_->listed = how.pool->streams();
}
pipeline::~pipeline() {
  if (state_->listed) state_->listed->remove(*this);
}

bool pipeline::next(segment& out, time_limit const* limit) { return state_->next(out, limit); }

void pipeline::close() noexcept {
  std::lock_guard const lock(state_->guard);
  state_->chunks.close();
  if (state_->waiting && state_->chunks.finished()) state_->arrived.notify_one();
}

void pipeline::start_at(std::size_t index) {
  state_->chunks.start_at(index);
  state_->delivered = index;
  state_->may_resume = true;
}

std::size_t pipeline::memory_bound() const noexcept { return state_->form.memory_bound; }
std::size_t pipeline::window() const noexcept { return state_->form.window; }
std::size_t pipeline::chunk_elements() const noexcept { return state_->form.chunk; }
unsigned pipeline::workers() const noexcept { return state_->lanes; }
std::size_t pipeline::total() const noexcept { return state_->work.total; }
bool pipeline::resumes() const noexcept { return state_->how.resume; }

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
