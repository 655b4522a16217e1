#include "executor.hpp"

#include "../base/float_control.hpp"
#include "../base/plan.hpp"
#include "../base/profile_in_use.hpp"
#include "math_level.hpp"
#include "pool_core.hpp"
#include "stream.hpp"
#include "team.hpp"
#include "watch.hpp"
#include "workers.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <new>
#include <vector>

namespace hetmap::core {
namespace {

using clock = std::chrono::steady_clock;

/// How many elements to claim next, so that a claim lasts about that of the profile: from the
/// learned cost where there is one, else from one granule up.
class pace {
 public:
  /// least: where it begins when nothing is known any more. fixed: the caller chose it.
  pace(std::size_t first, std::size_t least, bool fixed)
      : elements_(first),
        least_(least),
        fixed_(fixed),
        claim_seconds_(known_profile().limits.claim_seconds) {}

  [[nodiscard]] std::size_t next() const noexcept { return elements_; }

  void took(effort const& spent) noexcept {
    if (fixed_) return;
    elements_ = static_cast<std::size_t>(next_pace(elements_, spent, claim_seconds_)) + 1;
  }
  void begin_anew() noexcept {
    if (!fixed_) elements_ = least_;
  }

 private:
  std::size_t elements_;
  std::size_t least_;
  bool fixed_;
  double claim_seconds_;
};

/// The lanes of a call.
struct call_lanes {
  call const& c;
  ledger& account = c.account;
  workers* const on = c.options.pool != nullptr ? &c.options.pool->threads() : nullptr;
  float_control const floats = float_control_here();
  bool const fixed = c.options.chunk_size != 0;  // the caller chose the size of claims
  /// What can be handed out by itself.
  std::size_t const unit =
      fixed ? c.options.chunk_size : std::max<std::size_t>(c.work.exact_chunk, 1);
  std::mutex guard{};
  std::vector<bool> at_work = std::vector<bool>(account.lanes());
  std::atomic<unsigned> idle{account.lanes()};

  /// What a lane has spent.
  struct spent {
    efforts in_time{};
    efforts late{};
    retries again{};

    spent& operator+=(spent const& other) noexcept {
      in_time += other.in_time;
      late += other.late;
      again += other.again;
      return *this;
    }
  };

  spent in_all{};
  bool in_team = false;  // what calls is a body of run_team

  /// Throws:   std::bad_alloc, before any lane has begun.
  void run_team_of(unsigned lanes) {
    auto const lane = [](void* self, unsigned k) { static_cast<call_lanes*>(self)->take_part(k); };
    if (on != nullptr) return run_team_on(*on, lanes, lane, this);
    if (lanes == 1) return take_part(0);
    if (in_team) return run_team_within(lanes, lane, this);
    in_team = true;  // no other thread is there yet
    run_team(lanes, lane, this);
  }

  /// One thread's part: a lane that nobody else has, `wanted` if that is to be had.
  void take_part(unsigned wanted) noexcept {
    {
      std::lock_guard const lock(guard);
      if (idle.load(std::memory_order_relaxed) == 0) return;
      if (wanted >= at_work.size() || at_work[wanted])
        wanted = static_cast<unsigned>(std::find(at_work.begin(), at_work.end(), false) -
                                       at_work.begin());
      at_work[wanted] = true;
      idle.fetch_sub(1, std::memory_order_relaxed);
    }
    run_lane(wanted);
  }

  /// With guard held.
  void leave(unsigned lane, spent const& here) noexcept {
    in_all += here;
    at_work[lane] = false;
    idle.fetch_add(1, std::memory_order_relaxed);
  }

  /// Whether nothing was left to be done, and the lane is free.
  [[nodiscard]] bool leave_if_done(unsigned lane, spent const& here) noexcept {
    std::lock_guard const lock(guard);
    // Whoever gave that back has seen this lane at work, and does not look for another.
    if (account.any_returned()) return false;
    leave(lane, here);
    return true;
  }

  void run_lane(unsigned lane) noexcept {
    plan const& how = c.how;
    // What is reproducible uses the algorithms that every processor has.
    math_level_scope const level(how.reproducible ? isa::baseline : how.level);
    float_scope const callers(floats);
    if (account.lanes() > 1) prepare_to_be_watched();
    scratch memory;
    void* slot = nullptr;
    pace size(how.chunk_elements != 0 ? how.chunk_elements : how.granule, how.granule, fixed);
    pace careful(unit, unit, fixed);
    spent here;
    for (;;) {
      c.early.look(account);
      range claimed = account.claim(lane, size.next());
      bool const returned = claimed.empty();
      if (returned) claimed = account.claim_returned(lane, careful.next(), unit);
      if (claimed.empty()) {
        if (leave_if_done(lane, here)) return;
        continue;
      }
      auto const began = clock::now();
      outcome const met = run_claim(lane, claimed, memory, slot);
      effort const taken{met.until - claimed.begin, clock::now() - began};
      if (returned)
        here.again.add(taken);
      else
        (met.late ? here.late : here.in_time).add(taken);
      pace& by = returned ? careful : size;
      if (!met.late) {
        by.took(taken);
        continue;
      }
      by.begin_anew();
      if (met.until != claimed.end) give_back(lane, {met.until, claimed.end}, memory, slot);
      if (idle.load(std::memory_order_relaxed) == 0 || !account.any_left()) continue;
      unsigned free;  // this thread's lane among them
      {
        std::lock_guard const lock(guard);
        leave(lane, here);
        free = idle.load(std::memory_order_relaxed);
      }
      try {
        return run_team_of(free);
      } catch (...) {
        return take_part(lane);  // no memory to call others with
      }
    }
  }

  /// What became of a claim: how far it got, and whether it took far too long.
  struct outcome {
    std::size_t until;
    bool late;
  };

  outcome run_claim(unsigned lane, range claimed, scratch& memory, void*& slot) noexcept {
    // Nobody could help with less.
    bool const helped =
        account.lanes() > 1 && (claimed.size() > unit || idle.load(std::memory_order_relaxed) != 0);
    if (!helped) return {run_elements(lane, claimed, detail::never_recalled, memory, slot), false};
    watched_claim const watched;
    recall const before = watched.seen();
    recall const& word = claimed.size() > unit ? *watched.word() : detail::never_recalled;
    std::size_t const until = run_elements(lane, claimed, word, memory, slot);
    return {until, watched.seen() != before};
  }

  /// Returns:  one past the last element that needs nothing more.
  std::size_t run_elements(unsigned lane, range claimed, recall const& word, scratch& memory,
                           void*& slot) noexcept {
    detail::chunk chunk{.begin = claimed.begin,
                        .end = claimed.end,
                        .origin = 0,
                        .columns = c.work.columns,
                        .scratch = &memory,
                        .slot = &slot,
                        .failed_at = claimed.begin,
                        .recalled = &word};
    try {
      try {
        if (c.how.past_caches)
          run_streamed(c.work, c.code, c.how.level, chunk, tiling_of(known_profile().cpu));
        else
          c.code(c.work.context, chunk);
      } catch (...) {
        account.fail(lane, claimed, chunk.failed_at, std::current_exception());
        return claimed.end;
      }
      account.finish(lane, {claimed.begin, chunk.end});
      c.reports.add(chunk.end - claimed.begin);
    } catch (...) {
      // Not the function's: the progress callback's, or no memory left to keep account in.
      account.interrupt(std::current_exception());
    }
    return chunk.end;
  }

  void give_back(unsigned lane, range left, scratch& memory, void*& slot) noexcept {
    try {
      account.give_back(left);
    } catch (std::bad_alloc const&) {
      run_elements(lane, left, detail::never_recalled, memory, slot);
    }
  }
};

}  // namespace

call_effort execute_on_cpu(call const& c) {
  call_lanes shared{.c = c};
  shared.run_team_of(c.how.workers);
  auto& [in_time, late, again] = shared.in_all;
  // A late claim was interrupted, or its elements are slow: what others say is more worth.
  if (in_time.all.elements < c.work.count / 4) in_time += late;
  return {in_time.told(), again};
}

}  // namespace hetmap::core
