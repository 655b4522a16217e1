// The CPU's lanes of a stream.
#include "../cpu/math_level.hpp"
#include "state.hpp"

#include <hetmap/error.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <utility>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

void pipeline::state::serve(lane& me) noexcept {
  core::doing const here(this);
  auto const began = std::chrono::steady_clock::now();
  std::unique_lock lock(guard);
  me.running = true;
  while (has_work() && busy <= most_lanes()) {
    work_once(lock, true);
    // Others wait for this thread: each in its turn.
    if (has_work() &&
        (team->crowded() ||
         (team->backlog() && std::chrono::steady_clock::now() - began > core::turn))) {
      me.running = false;
      return team->post(me);
    }
  }
  me.busy = me.running = false;
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
  if (!parted.empty()) return true;
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

void pipeline::state::work_once(std::unique_lock<std::mutex>& lock, bool may_leave) noexcept {
  core::float_scope const makers(floats);
  if (!on_device) return step(lock, may_leave);
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

/// Elements to pull next. Of an input that knows its length at most a worker's share of the rest,
/// and where chunks are fewer than workers as many as let each have one.
std::size_t pipeline::state::wanted() const noexcept {
  if (how.chunk_size != 0) return room;
  if (on_device) return std::min(room, sent_size.next());
  std::size_t const least = core::elements_for(lanes, form.window);
  std::size_t n = std::max(size.next(), least);
  if (work.total != no_length && chunks.next_index() < work.total)
    n = std::min(
        n,
        std::max(core::chunk_pace::in_blocks((work.total - chunks.next_index()) / lanes), least));
  return std::min(room, n);
}

/// Fills a slot; nothing if there were no more elements.
std::optional<std::size_t> pipeline::state::pull(std::unique_lock<std::mutex>& lock) noexcept {
  std::size_t const k = chunks.pull();
  core::slot& s = slots[k];
  s.begin = s.done_to = chunks.next_index();
  std::size_t const n = wanted();
  auto const began = std::chrono::steady_clock::now();
  pulled got;
  if (work.pulls_at_once) {
    got = work.pull(work.input, s.columns.data() + 1, s.begin, n);
  } else {
    lock.unlock();
    core::workers::reading const here(team);
    got = work.pull(work.input, s.columns.data() + 1, s.begin, n);
  }
  s.reading = std::chrono::steady_clock::now() - began;
  if (!lock.owns_lock()) lock.lock();
  s.count = got.count;
  s.kept = true;
  if (got.failure) fail_input(s.begin + got.count, std::move(got.failure));
  chunks.pulled(k, got.count, got.ended);
  if (got.count != 0) return k;
  tell_consumer();
  return std::nullopt;
}

/// Opens what is to be computed of a slot.
void pipeline::state::open(std::size_t k) noexcept {
  core::slot& s = slots[k];
  s.rest.fill({s.done_to, s.begin + s.count});
  s.done_to = s.begin + s.count;
  s.watched = false;
  std::atomic_ref(s.hurry).store(false, std::memory_order_relaxed);
}

/// Keeps account of the slots that anybody can take a piece of.
void pipeline::state::offer(std::size_t k) noexcept {
  core::slot& s = slots[k];
  bool const left = s.rest.any(input_failed.at);
  if (left == s.offered) return;
  s.offered = left;
  if (left)
    parted.push_back(k);
  else
    std::erase(parted, k);
}

/// The first of these slots. Requires: there is one.
std::size_t pipeline::state::first_offered() const noexcept {
  return *std::min_element(parted.begin(), parted.end(), [&](std::size_t a, std::size_t b) {
    return slots[a].begin < slots[b].begin;
  });
}

/// Elements of the next piece: where there are no other chunks to come, everybody gets a share.
std::size_t pipeline::state::piece_of(core::slot const& s) const noexcept {
  if (!chunks.ended()) return size.next();
  return std::min(size.next(), std::max<std::size_t>(1, s.rest.left() / lanes));
}

void pipeline::state::step(std::unique_lock<std::mutex>& lock, bool may_leave) noexcept {
  std::size_t k;
  if (!unsent.empty()) {
    k = unsent.front();
    unsent.erase(unsent.begin());
    open(k);
  } else if (chunks.can_pull()) {
    std::optional const pulled = pull(lock);
    if (!pulled) return;
    open(k = *pulled);
    // This thread's place was given to another while it waited for the input.
    if (may_leave && team->crowded()) return offer(k);
  } else {
    k = first_offered();
  }
  core::slot& s = slots[k];
  while (!abandoned.load() && s.rest.any(input_failed.at)) {
    core::range const piece = s.rest.claim(piece_of(s), input_failed.at);
    offer(k);
    s.watched = false;
    wake_lane();
    lock.unlock();
    core::range rest = piece;
    core::efforts const spent = compute(s, rest);
    lock.lock();
    costs += spent;
    s.rest.finish(piece, rest.begin);
    s.watched = false;
  }
  offer(k);
  if (s.rest.running() == 0) complete(lock, k);
}

/// Everything of a slot is there that will be.
void pipeline::state::complete(std::unique_lock<std::mutex>& lock, std::size_t k) noexcept {
  core::slot& s = slots[k];
  if (work.drop != nullptr) {
    lock.unlock();
    drop_inputs(s);
    lock.lock();
  }
  core::sort_failures(s);
  chunks.computed(k);
  tell_consumer();
}

void pipeline::state::drop_inputs(core::slot& s) noexcept {
  if (std::exchange(s.kept, false) && work.drop != nullptr)
    work.drop(s.columns.data() + 1, s.count);
}

/// Asks the stop condition, which may be the user's code; what it throws is the consumer's to have.
void pipeline::state::look_at_stop() noexcept {
  if (how.stop == nullptr) return;
  try {
    if (!how.stop->stop_requested()) return;
  } catch (...) {
    std::lock_guard const lock(stop_guard);
    if (!stop_failure) stop_failure = std::current_exception();
  }
  abandoned = stopped = true;
}

/// Computes a piece, or some of it; its begin is then where the rest begins.
core::efforts pipeline::state::compute(core::slot& s, core::range& piece) noexcept {
  core::math_level_scope const math(level);
  core::efforts spent;
  scratch unused;
  std::chrono::nanoseconds const reading_each =
      how.chunk_size != 0 ? std::chrono::nanoseconds(0)
                          : s.reading / static_cast<std::chrono::nanoseconds::rep>(s.count);
  look_at_stop();
  while (!piece.empty() && !abandoned.load(std::memory_order_relaxed)) {
    stream_piece part;
    part.begin = piece.begin;
    part.end = piece.end;
    part.origin = s.begin;
    part.columns = s.columns.data();
    part.scratch = &unused;
    part.hurry = &s.hurry;
    auto const began = std::chrono::steady_clock::now();
    try {
      try {
        code(work.task, part);
      } catch (input_failure const& input) {
        std::lock_guard const lock(guard);
        piece.begin = part.failed_at;
        fail_input(part.failed_at, input.cause);
        break;
      } catch (...) {
        std::lock_guard const lock(guard);
        s.failures.push_back({part.failed_at, kept_exception()});
        piece.begin = part.failed_at + 1;
        if (std::atomic_ref(s.hurry).load(std::memory_order_relaxed)) break;
        continue;
      }
    } catch (...) {  // no memory to go on with
      std::lock_guard const lock(guard);
      piece.begin = part.failed_at;
      fail_input(part.failed_at, std::current_exception());
      break;
    }
    auto const took = std::chrono::steady_clock::now() - began;
    std::size_t const n = part.end - piece.begin;
    size.took({n, took + reading_each * static_cast<std::chrono::nanoseconds::rep>(n)});
    spent.add({n, took});
    piece.begin = part.end;
    break;
  }
  return spent;
}

void pipeline::state::fail_input(std::size_t at, std::exception_ptr cause) noexcept {
  if (at >= input_failed.at) return;
  input_failed = {at, std::move(cause)};
  chunks.end_at(at);
  // Those of which only elements behind it were left are as complete as they will be.
  for (std::size_t i = parted.size(); i-- != 0;) {
    std::size_t const k = parted[i];
    offer(k);
    if (!slots[k].offered && slots[k].rest.running() == 0) chunks.computed(k);
  }
}

void pipeline::state::join(std::unique_lock<std::mutex>& lock) noexcept {
  for (lane& l : lane_of)
    if (l.busy && team->withdraw(l)) {
      l.busy = false;
      --busy;
    }
  lanes_progress rest(*this);
  core::waiting const here(rest);
  rested.wait(lock, [&] { return busy == 0; });
}

bool pipeline::state::lanes_progress::goes_on(core::waiters& all) {
  if (all.hold_up(&of)) return false;
  auto const queued = [&](lane const& l) { return of.team->queues(l); };
  return std::none_of(of.lane_of.begin(), of.lane_of.end(), queued) || all.serve(*of.team);
}

bool pipeline::state::lanes_progress::take(core::waiters& all, core::serving_team*& from,
                                           core::task*& item) {
  if (all.hold_up(&of)) return false;
  for (lane& l : of.lane_of)
    if (of.team->withdraw(l)) {
      from = of.team;
      item = &l;
      return true;
    }
  return false;
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
