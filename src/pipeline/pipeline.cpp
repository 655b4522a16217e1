// A stream as the consumer has it: made, waited for, taken, ended.
#include "../base/deadline.hpp"
#include "../base/error.hpp"
#include "../base/plan.hpp"
#include "../base/rates.hpp"
#include "state.hpp"

#include <hetmap/error.hpp>
#include <hetmap/vector.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <mutex>
#include <string>
#include <utility>

namespace hetmap {
namespace core {
namespace {

using clock = std::chrono::steady_clock;

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

}  // namespace
}  // namespace core

inline namespace HETMAP_ABI {
namespace detail {

namespace {

/// `given`, with what it points at replaced by the stream's own.
settings kept_settings(settings given, stop_condition const& stop,
                       progress_callback const& progress) {
  if (given.stop != nullptr) given.stop = &stop;
  if (given.progress != nullptr) given.progress = &progress;
  return given;
}

core::decision decided_for(core::stream_as_map const& work, settings how) {
  how.chunk_size = 0;  // chunks are the window's
  return core::decide(work.job, how, false);
}

/// A team of its own for a call that asks for more workers than the process has.
std::unique_ptr<core::workers> own_team(settings const& how) {
  if (how.pool != nullptr || how.backend == backend::serial) return nullptr;
  if (how.workers <= hetmap::physical_cores()) return nullptr;
  return std::make_unique<core::workers>(how.workers);
}

core::workers* team_for(plan const& chosen, settings const& how, core::workers* own) {
  if (how.pool != nullptr) return &how.pool->threads();  // its callers compute nothing
  if (chosen.asked == backend::serial) return nullptr;
  return own != nullptr ? own : &core::shared_workers();
}

unsigned lanes_of(plan const& chosen, settings const& how, core::workers const* team) {
  if (team == nullptr || chosen.asked == backend::serial) return 1;
  return how.workers != 0 ? std::min(how.workers, team->size()) : team->size();
}

}  // namespace

pipeline::state::state(stream_job const& w, settings const& h)
    : work(w),
      stop(h.stop != nullptr ? *h.stop : stop_condition()),
      progress(h.progress != nullptr ? *h.progress : progress_callback()),
      how(kept_settings(h, stop, progress)),
      own(own_team(h)),
      as_map(w),
      arrays(as_map.job),
      decided(decided_for(as_map, h)),
      team(team_for(chosen, h, own.get())),
      lanes(lanes_of(chosen, h, team)),
      form(core::shape_for(w, h, lanes, own_bytes(), demand())),
      code(core::code_for(*w.code, chosen, h.verb)),
      level(h.reproducible ? isa::baseline : chosen.level),
      size(-1, 1, form.chunk, core::chunk_seconds),
      sent_size(w.pulls_at_once && w.learned != nullptr
                    ? w.learned->on_gpu(decided.route.travels).nanoseconds()
                    : -1,
                w.pulls_at_once ? core::first_sent_elements : 1, form.chunk,
                core::sent_chunk_seconds),
      reports(how.progress, w.total == no_length ? 0 : w.total),
      chunks(form.window, w.ordered) {
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
    give_up();
    join(lock);
  }
  for (core::slot& s : slots) {
    if (s.columns.empty() || s.columns.front().base == nullptr) break;  // start() got no further
    discard(s);
    if (!in_device_slots)
      release_block(s.columns.front().base, form.slot_bytes, core::slot_alignment_of(work));
  }
  for (void* const block : spare)
    release_block(block, core::slot_bytes(work, room), core::slot_alignment_of(work));
  if (work.learned == nullptr) return;
  core::effort const& told = costs.told();
  work.learned->learn(told.elements, told.busy);
  if (gpu && on_device)
    work.learned->on_gpu(gpu->travels()).learn(gpu->spent().elements, gpu->spent().busy);
}

// -- the consumer ----------------------------------------------------------------------------

void pipeline::state::start() {
  if (on_device) take_device();
  if (!on_device) bring_arrays_here();
  slots.reserve(form.window);
  while (slots.size() != form.window) slots.emplace_back(lanes + 1);
  parted.reserve(form.window);
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

void pipeline::state::discard(core::slot& s) noexcept {
  drop_inputs(s);
  if (work.discard != nullptr) {
    std::size_t from = s.begin;
    auto const leave_out = [&](std::size_t begin, std::size_t end) {
      work.discard(s.columns.front(), from - s.begin, begin - s.begin);
      from = end;
    };
    core::sort_failures(s);
    auto failed = s.failures.begin();
    for (core::range const& missing : s.rest.missing()) {
      for (; failed != s.failures.end() && failed->at < missing.begin; ++failed)
        leave_out(failed->at, failed->at + 1);
      leave_out(missing.begin, missing.end);
    }
    for (; failed != s.failures.end(); ++failed) leave_out(failed->at, failed->at + 1);
    leave_out(s.done_to, s.done_to);
  }
  s.rest.fill({});
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
  give_up();
}

/// Nothing further is begun, and pieces end early.
void pipeline::state::give_up() noexcept {
  abandoned = true;
  chunks.close();
  for (core::slot& s : slots) std::atomic_ref(s.hurry).store(true, std::memory_order_relaxed);
}

bool pipeline::state::next(segment& out, time_limit const* limit) {
  if (how.resume && !may_resume)
    refuse_option(how.verb, "resume", "streams that end in a sink: imap(...) | sink");
  if (next_of_held(out)) return true;
  give_back();
  if (over) return false;
  if (!started) start();
  auto const deadline = core::moment(limit == nullptr ? 0 : from_now(*limit));
  std::unique_lock lock(guard);
  for (;;) {
    if (!stopped) look_at_stop();
    if (stopped) {
      give_up();
      core::clear_failed_index();
      std::lock_guard const asked(stop_guard);
      if (stop_failure) std::rethrow_exception(stop_failure);
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
  if ((helps || team == nullptr || team->own_this_thread()) && has_work())
    return work_once(lock, false);
  wake_lane();
  auto const now = core::clock::now();
  if (limited && now >= deadline) {
    core::clear_failed_index();
    throw timeout_error(std::string(how.verb).append(": no result within the time limit"));
  }
  // It looks around now and then: at the stop condition, which cannot wake it, and see watch().
  if (now >= next_look) {
    watch();
    next_look = now + core::workers::between_looks;
  }
  lanes_progress next_chunk(*this, limited);
  core::waiting const here(next_chunk);
  waiting = true;
  arrived.wait_until(lock, std::min(deadline, next_look));
  waiting = false;
}

/// Looks, while the consumer waits, after what goes on without end: a piece under way since the
/// last look shares its rest with lanes that rest, and lanes that wait for a thread may get one
/// more.
void pipeline::state::watch() noexcept {
  if (team == nullptr) return;
  if (busy < most_lanes())
    for (core::slot& s : slots)
      if (s.rest.running() != 0 && std::exchange(s.watched, true))
        std::atomic_ref(s.hurry).store(true, std::memory_order_relaxed);
  if (std::any_of(lane_of.begin(), lane_of.end(),
                  [](lane const& l) { return l.busy && !l.running; }))
    team->relieve(waits_for_thread);
  else
    waits_for_thread = {};
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

pipeline::pipeline(stream_job const& work, settings const& how) {
  if (how.pool != nullptr) how.pool->require_sound();
  state_ = owned<state>(new state(work, how));
  // What a worker does is part of something that was there before the pool was closed.
  if (how.pool == nullptr || is_worker_of(how.pool)) return;
  if (!how.pool->streams()->add(*this)) {
    core::clear_failed_index();
    throw closed_error(std::string(how.verb).append(": the pool is closed"));
  }
  state_->listed = how.pool->streams();
}
pipeline::~pipeline() {
  if (state_->left_behind()) {
    // Nobody will ever let go of what its lanes held.
    static_cast<void>(state_.release());
    return;
  }
  if (state_->listed) state_->listed->remove(*this);
}

bool pipeline::next(segment& out, time_limit const* limit) {
  if (!state_->left_behind()) return state_->next(out, limit);
  core::clear_failed_index();
  throw broken_pool_error(std::string(state_->how.verb)
                              .append(": the threads of this stream stayed in the process that "
                                      "this one was forked from"),
                          nullptr);
}

void pipeline::close() noexcept {
  if (state_->left_behind()) return;
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
