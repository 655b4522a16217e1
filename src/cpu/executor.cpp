#include "executor.hpp"

#include "../base/float_control.hpp"
#include "../base/plan.hpp"
#include "../base/profile_in_use.hpp"
#include "lane_roll.hpp"
#include "load.hpp"
#include "math_level.hpp"
#include "pool_core.hpp"
#include "stream.hpp"
#include "team.hpp"
#include "watch.hpp"
#include "workers.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <new>

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
  beside_cpu const* other = nullptr;
  ledger& account = c.account;
  /// Lanes of the CPU.
  unsigned const lanes = account.lanes() - (other != nullptr ? 1 : 0);
  workers* const on = c.options.pool != nullptr ? &c.options.pool->threads() : nullptr;
  float_control const floats = float_control_here();
  bool const fixed = c.options.chunk_size != 0;  // the caller chose the size of claims
  /// What can be handed out by itself: in folds, which want leaves whole, not less than those.
  std::size_t const unit = [&] {
    std::size_t const exact = std::max<std::size_t>(c.work.exact_chunk, 1);
    return fixed ? (c.options.chunk_size + exact - 1) / exact * exact : exact;
  }();
  basic_lane_roll<std_atomics> roll{lanes};

  /// What a lane has spent.
  struct spent {
    efforts in_time{};
    efforts late{};
    retries again{};

    spent& operator+=(spent const& more) noexcept {
      in_time += more.in_time;
      late += more.late;
      again += more.again;
      return *this;
    }
  };

  spent in_all{};        // with the lock of the roll held
  bool in_team = false;  // what calls is a body of run_team

  /// Throws:   std::bad_alloc, before any lane has begun.
  void run_team_of(unsigned members) {
    auto const member = [](void* self, unsigned k) {
      static_cast<call_lanes*>(self)->take_part(k);
    };
    if (on != nullptr) return run_team_on(*on, members, member, this);
    if (members == 1) return take_part(0);
    if (in_team) return run_team_within(members, member, this);
    in_team = true;  // no other thread is there yet
    run_team(members, member, this);
  }

  /// The same, of which the first does something else before it takes part.
  void run_team_beside(unsigned members) {
    auto const member = [](void* self, unsigned k) {
      auto& all = *static_cast<call_lanes*>(self);
      k == 0 ? all.do_other_first() : all.take_part(k - 1);
    };
    if (on != nullptr) return run_team_on(*on, members, member, this);
    in_team = true;
    run_team(members, member, this);
  }

  void do_other_first() noexcept {
    other->run(other->self);
    unsigned const free = roll.free();
    // Whoever is at work looks for what was given back before it leaves.
    if (free == 0 || !account.any_left()) return;
    try {
      run_team_of(free);
    } catch (...) {
      take_part(0);  // no memory to call others with
    }
  }

  /// One thread's part: a lane that nobody else has, `wanted` if that is to be had.
  void take_part(unsigned wanted) noexcept {
    if (auto const lane = roll.enter(wanted)) run_lane(*lane);
  }

  void run_lane(unsigned lane) noexcept {
    plan const& how = c.how;
    // What is reproducible uses the algorithms that every processor has.
    math_level_scope const level(how.reproducible ? isa::baseline : how.level);
    float_scope const callers(floats);
    worker_at_work const here_now;
    if (lanes > 1) prepare_to_be_watched();
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
        if (roll.leave_unless(
                lane, [&] { return account.any_returned(); }, [&] { in_all += here; }))
          return;
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
      if (roll.free() == 0 || !account.any_left()) continue;
      unsigned const free = roll.leave(lane, [&] { in_all += here; });
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
    bool const helped = lanes > 1 && (claimed.size() > unit || roll.free() != 0);
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

call_effort execute_on_cpu(call const& c, beside_cpu const* other) {
  call_at_work const now(c.how.workers);
  call_lanes shared{.c = c, .other = other};
  if (other != nullptr)
    shared.run_team_beside(c.how.workers);
  else
    shared.run_team_of(c.how.workers);
  auto& [in_time, late, again] = shared.in_all;
  // A late claim was interrupted, or its elements are slow: what others say is more worth.
  if (in_time.all.elements < c.work.count / 4) in_time += late;
  return {in_time.told(), again};
}

}  // namespace hetmap::core
