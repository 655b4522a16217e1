// The CPU's lanes of a stream.
#include "../cpu/math_level.hpp"
#include "state.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

void pipeline::state::serve(lane& me) noexcept {
  core::doing const here(this);
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
  core::float_scope const makers(floats);
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
  auto const began = std::chrono::steady_clock::now();
  pulled got = work.pull(work.input, s.columns.data() + 1, s.begin, wanted);
  s.reading = std::chrono::steady_clock::now() - began;
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

/// Asks the stop condition, which may be the user's code; what it throws is the consumer's to have.
void pipeline::state::look_at_stop() noexcept {
  if (!stoppable) return;
  try {
    if (!how.stop.stop_requested()) return;
  } catch (...) {
    std::lock_guard const lock(stop_guard);
    if (!stop_failure) stop_failure = std::current_exception();
  }
  abandoned = stopped = true;
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
    look_at_stop();
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
    auto const began = std::chrono::steady_clock::now();
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
    auto const took = std::chrono::steady_clock::now() - began;
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
  lanes_progress rest(*this);
  core::waiting const here(rest);
  rested.wait(lock, [&] { return busy == 0; });
}

bool pipeline::state::lanes_progress::goes_on(core::waiters& all) {
  if (all.hold_up(&of)) return false;
  auto const queued = [&](lane const& l) { return of.team->queues(l); };
  return std::none_of(of.lane_of.begin(), of.lane_of.end(), queued) || all.serve(*of.team);
}

bool pipeline::state::lanes_progress::take(core::waiters& all, core::workers*& from,
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
