#include "lanes.hpp"

#include "../cpu/math_level.hpp"

#include <hetmap/error.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <utility>

namespace hetmap::core {

using namespace detail;

namespace {

/// Seconds of work in a chunk: what is between two chunks (queueing, waking somebody) costs some
/// microseconds, and nobody waits longer than this for the calls under way when a stream ends.
constexpr double chunk_seconds = 1e-3;

}  // namespace

stream_lanes::stream_lanes(stream_setup const& of, stream_chunks& chunks, device_driver& driver,
                           early_end& early)
    : setup_(of),
      chunks_(chunks),
      driver_(driver),
      early_(early),
      pace_(-1, 1, of.form.chunk, chunk_seconds) {}

void stream_lanes::start() {
  if (setup_.team != nullptr) lanes_.assign(setup_.lanes + 1, lane(*this));
}

// -- who is at work --

void stream_lanes::serve(lane& me) noexcept {
  doing const here(this);
  auto const began = std::chrono::steady_clock::now();
  auto held = chunks_.locked();
  workers& team = *setup_.team;
  me.running = true;
  while (has_work() && busy_ <= most()) {
    work_once(held, true);
    // Others wait for this thread: each in its turn.
    if (has_work() &&
        (team.crowded() || (team.backlog() && std::chrono::steady_clock::now() - began > turn))) {
      me.running = false;
      return team.post(me);
    }
  }
  me.busy = me.running = false;
  if (--busy_ == 0) rested_.notify_all();
}

unsigned stream_lanes::most() const noexcept {
  if (driver_.shares()) {
    bool const one_at_device = driver_.driven() || driver_.has_use_for_lane();
    return std::max(setup_.lanes, one_at_device ? 2u : 1u);
  }
  if (driver_.computes()) return setup_.work.pulls_at_once ? 1 : 2;
  return consumer_computes_ ? setup_.lanes - 1 : setup_.lanes;
}

bool stream_lanes::has_work() const noexcept {
  if (early_.abandoned()) return false;
  bool const driven = driver_.driven(), shares = driver_.shares();
  if (chunks_.window().can_pull() && !(driven && !shares && setup_.work.pulls_at_once)) return true;
  if (chunks_.any_offered() || (shares && chunks_.any_unsent())) return true;
  return !driven && (chunks_.any_unsent() || (driver_.computes() && !driver_.idle()));
}

void stream_lanes::wake() noexcept {
  if (setup_.team == nullptr || busy_ >= most() || !has_work()) return;
  for (lane& l : lanes_)
    if (!l.busy) {
      l.busy = true;
      ++busy_;
      return setup_.team->post(l);
    }
}

void stream_lanes::watch() noexcept {
  if (setup_.team == nullptr) return;
  if (busy_ < most())
    for (slot& s : chunks_.slots())
      if (s.rest.running() != 0 && std::exchange(s.watched, true))
        std::atomic_ref(s.hurry).store(true, std::memory_order_relaxed);
  if (std::any_of(lanes_.begin(), lanes_.end(), [](lane const& l) { return l.busy && !l.running; }))
    setup_.team->relieve(waits_for_thread_);
  else
    waits_for_thread_ = {};
}

void stream_lanes::join(stream_chunks::lock& held) noexcept {
  for (lane& l : lanes_)
    if (l.busy && setup_.team->withdraw(l)) {
      l.busy = false;
      --busy_;
    }
  progress rest(*this);
  waiting const here(rest);
  rested_.wait(held, [&] { return busy_ == 0; });
}

bool stream_lanes::progress::goes_on(waiters& all) {
  if (all.hold_up(&of)) return false;
  workers& team = *of.setup_.team;
  auto const queued = [&](lane const& l) { return team.queues(l); };
  return std::none_of(of.lanes_.begin(), of.lanes_.end(), queued) || all.serve(team);
}

bool stream_lanes::progress::take(waiters& all, serving_team*& from, task*& item) {
  if (all.hold_up(&of)) return false;
  for (lane& l : of.lanes_)
    if (of.setup_.team->withdraw(l)) {
      from = of.setup_.team;
      item = &l;
      return true;
    }
  return false;
}

// -- what they do --

void stream_lanes::work_once(stream_chunks::lock& held, bool may_leave) noexcept {
  float_scope const makers(setup_.floats);
  bool const computes = !driver_.computes() || (driver_.shares() && !driver_.has_use_for_lane());
  if (computes) return step(held, may_leave);
  if (!driver_.driven()) return driver_.drive(held, [this] { wake(); });
  // Another lane is at the device: it need not wait for the input.
  if (std::optional const k = chunks_.pull(held, wanted())) {
    if (chunks_.device_failed())
      chunks_.window().computed(*k);  // nobody will have it
    else
      chunks_.add_unsent(*k);
    chunks_.tell_consumer();
  }
}

/// Elements to pull next. Of an input that knows its length at most a worker's share of the rest,
/// and where chunks are fewer than workers as many as let each have one.
std::size_t stream_lanes::wanted() const noexcept {
  if (driver_.computes() && !driver_.shares()) return driver_.wanted();
  std::size_t const room = chunks_.room();
  if (setup_.how.chunk_size != 0) return room;
  std::size_t const least = elements_for(setup_.lanes, setup_.form.window);
  std::size_t n = std::max(pace_.next(), least);
  std::size_t const total = setup_.work.total, next = chunks_.window().next_index();
  if (total != no_length && next < total)
    n = std::min(n, std::max(chunk_pace::in_blocks((total - next) / setup_.lanes), least));
  return std::min(room, n);
}

/// Elements of the next piece: where there are no other chunks to come, everybody gets a share.
std::size_t stream_lanes::piece_of(slot const& s) const noexcept {
  if (!chunks_.window().ended()) return pace_.next();
  return std::min(pace_.next(), std::max<std::size_t>(1, s.rest.left() / setup_.lanes));
}

/// Takes a chunk, or joins others who are at one, and computes pieces of it until none is left.
void stream_lanes::step(stream_chunks::lock& held, bool may_leave) noexcept {
  std::size_t k;
  if (chunks_.any_unsent()) {
    k = chunks_.take_unsent();
    chunks_[k].open();
  } else if (chunks_.window().can_pull()) {
    std::optional const pulled = chunks_.pull(held, wanted());
    if (!pulled) return;
    chunks_[k = *pulled].open();
    // This thread's place was given to another while it waited for the input.
    if (may_leave && setup_.team->crowded()) return chunks_.offer(k);
  } else {
    k = chunks_.first_offered();
  }
  slot& s = chunks_[k];
  while (!early_.abandoned() && chunks_.is_left(s)) {
    range const piece = chunks_.claim(s, piece_of(s));
    chunks_.offer(k);
    s.watched = false;
    wake();
    held.unlock();
    range rest = piece;
    efforts const spent = compute(s, rest);
    held.lock();
    costs_ += spent;
    s.rest.finish(piece, rest.begin);
    s.watched = false;
  }
  chunks_.offer(k);
  if (s.rest.running() == 0) chunks_.complete(held, k);
}

/// Computes a piece, or some of it; its begin is then where the rest begins. Without the lock.
efforts stream_lanes::compute(slot& s, range& piece) noexcept {
  math_level_scope const math(setup_.level);
  efforts spent;
  scratch unused;
  std::chrono::nanoseconds const reading_each =
      setup_.how.chunk_size != 0 ? std::chrono::nanoseconds(0)
                                 : s.reading / static_cast<std::chrono::nanoseconds::rep>(s.count);
  early_.look();
  while (!piece.empty() && !early_.abandoned()) {
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
        setup_.code(setup_.work.task, part);
      } catch (input_failure const& input) {
        auto const held = chunks_.locked();
        piece.begin = part.failed_at;
        chunks_.fail_input(part.failed_at, input.cause);
        break;
      } catch (...) {
        auto const held = chunks_.locked();
        s.failures.push_back({part.failed_at, kept_exception()});
        piece.begin = part.failed_at + 1;
        if (std::atomic_ref(s.hurry).load(std::memory_order_relaxed)) break;
        continue;
      }
    } catch (...) {  // no memory to go on with
      auto const held = chunks_.locked();
      piece.begin = part.failed_at;
      chunks_.fail_input(part.failed_at, std::current_exception());
      break;
    }
    auto const took = std::chrono::steady_clock::now() - began;
    std::size_t const n = part.end - piece.begin;
    pace_.took({n, took + reading_each * static_cast<std::chrono::nanoseconds::rep>(n)});
    spent.add({n, took});
    piece.begin = part.end;
    break;
  }
  return spent;
}

}  // namespace hetmap::core
