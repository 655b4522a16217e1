#include "short_call.hpp"

#include "../base/environment.hpp"
#include "../base/error.hpp"
#include "../base/rates.hpp"
#include "../base/size_costs.hpp"
#include "../cpu/hot_team.hpp"
#include "../cpu/math_level.hpp"
#include "../cpu/pool_core.hpp"
#include "../cpu/team.hpp"
#include "../cpu/watch.hpp"
#include "../gpu/held_arrays.hpp"
#include "call_record.hpp"
#include "run.hpp"
#include "shared_call.hpp"
#include "unknown_call.hpp"

#include <hetmap/detail/seam/leaf.hpp>
#include <hetmap/topology.hpp>

#include <algorithm>
#include <chrono>
#include <optional>

namespace hetmap::core {
namespace {

using clock = std::chrono::steady_clock;
using namespace detail;

/// Writes down a call that was timed.
[[gnu::noinline, gnu::cold]] void record(job const& work, settings const& how, isa level,
                                         unsigned lanes, clock::time_point began,
                                         clock::time_point ended, bool failed) noexcept {
  record_short_call(work, how, {.asked = backend_of(how), .level = level, .workers = lanes}, began,
                    ended, failed ? call_end::failure : call_end::result);
}

/// An element, or several in one lane.
///
/// timed: whether the cost is learned. word: of a claim that is watched.
/// Returns:  one past the last that was computed.
[[gnu::always_inline]] inline std::size_t run_here(job const& work, settings const& how, isa level,
                                                   bool timed,
                                                   recall const& word = never_recalled) {
  scratch unused;
  void* slot = nullptr;
  chunk all{.begin = 0,
            .end = work.count,
            .origin = 0,
            .columns = work.columns,
            .scratch = &unused,
            .slot = &slot,
            .failed_at = 0,
            .recalled = &word};
  math_level_scope const math(level);
  auto const began = timed ? clock::now() : clock::time_point();
  try {
    work.code->at(level)(work.context, all);
  } catch (...) {
    if (work.discard != nullptr) work.discard(work.columns[0], 0, all.failed_at);
    note_failed_index(all.failed_at);
    if (timed) record(work, how, level, 1, began, clock::now(), true);
    throw;
  }
  if (timed && all.end == work.count) {
    auto const ended = clock::now();
    work.learned->learn(work.count, ended - began);
    work.learned->of_size(work.count).learn(way::alone, work.count, ended - began);
    record(work, how, level, 1, began, ended, false);
  }
  return all.end;
}

[[gnu::always_inline]] inline std::size_t run_watched(job const& work, settings const& how,
                                                      isa level, bool timed) {
  watched_claim const watched;
  return run_here(work, how, level, timed, *watched.word());
}

[[gnu::noinline, gnu::cold]] void share_from(std::size_t until, job const& work,
                                             settings const& how, isa level) {
  part const whole{0, until, work.count};
  share_rest(work, how, level, {&whole, 1}, 1, nullptr);
}

/// Whether the call asks for nothing but what a short one serves or cannot meet, which is listed
/// here: a new option is the planner's until it is.
bool is_plain(settings const& how) {
  return how == settings{.verb = how.verb,
                         .backend = how.backend,
                         .resume = how.resume,        // a stream's
                         .host_copy = how.host_copy,  // an array's
                         .workers = how.workers,
                         .chunk_size = how.chunk_size,
                         .window = how.window,        // streams'
                         .max_bytes = how.max_bytes,  // streams'
                         .pool = how.pool,
                         .hub = how.hub,
                         .device = how.device};
}

/// Whether nobody watches the call or wants it other than it comes.
bool may_be_short(job const& work, settings const& how, environment const& around) {
  // A pool's callers run nothing themselves; its workers do.
  if (how.pool != nullptr && !is_worker_of(how.pool)) return false;
  // As many elements at once as there are workers are a promise there.
  if (how.pool != nullptr && work.count > 1 && most_lanes(how) > 1 &&
      backend_of(how, around.where) != backend::serial)
    return false;
  // Blocks of map_blocks are the caller's; those of map_reduce, which has no outputs, are not.
  return is_plain(how) && (work.exact_chunk == 0 || work.outputs == 0) && around.explain == 0;
}

/// Lanes for a call of so many seconds: one for each that sharing pays for.
unsigned lanes_for(job const& work, settings const& how, double predicted, double shortest) {
  auto const allowed =
      std::min(how.workers != 0 ? how.workers : physical_cores(), team_concurrency());
  auto const paying = static_cast<unsigned>(2 * predicted / shortest);
  // Folds, which have no outputs, are best left in whole leaves unless elements are costly.
  bool const fold = work.outputs == 0 && predicted < 4 * shortest;
  std::size_t const unit = std::max<std::size_t>(work.exact_chunk, fold ? largest_leaf : 1);
  return static_cast<unsigned>(
      std::min<std::size_t>({allowed, std::max(paying, 2u), (work.count + unit - 1) / unit}));
}

/// The same of a call that is timed: written down when it is over.
///
/// Returns:  what it took with the hot team; nothing if it did not have that.
std::optional<std::chrono::nanoseconds> run_shared_timed(job const& work, settings const& how,
                                                         unsigned lanes, unsigned parts_a_lane) {
  isa const level = std::max(isa_level(), work.code->floor);
  auto const began = clock::now();
  bool had_team;
  try {
    had_team = run_shared(work, how, lanes, parts_a_lane, true);
  } catch (...) {
    record(work, how, level, lanes, began, clock::now(), true);
    throw;
  }
  auto const ended = clock::now();
  record(work, how, level, lanes, began, ended, false);
  return had_team ? std::optional(ended - began) : std::nullopt;
}

/// How a short call may be shared with the hot team.
struct sharing {
  unsigned lanes;   // 1: not at all
  bool comparable;  // it may be, and nobody asked for a number of workers
};

/// Seconds from which on a call may be shared with the hot team, where a trial has shown that it
/// pays; without one, twice as many.
[[nodiscard]] double shared_from(thresholds const& limits) noexcept {
  return limits.shortest_shared_seconds / 2;
}

/// Takes down what a call that was timed tells of the ways that the next one may go.
[[gnu::noinline, gnu::cold]] void compare_ways(job const& work, size_costs& size, way taken,
                                               sharing const& s, double alone,
                                               thresholds const& limits) noexcept {
  bool const may_share = s.comparable && s.lanes > 1 && alone >= shared_from(limits);
  size.timed(taken, may_share, alone, limits.hot_hand_over_seconds() + alone / s.lanes, work.count);
  size.judge_brief(work.count, shared_from(limits));
}

/// Whether a call of so many seconds is shared, as far as is known.
[[nodiscard]] bool pays(size_costs const& size, sharing const& s, double predicted,
                        thresholds const& limits) noexcept {
  size_costs::choice const known = s.comparable ? size.next() : size_costs::choice::predicted;
  return known == size_costs::choice::predicted ? predicted >= limits.shortest_shared_seconds
                                                : known == size_costs::choice::shared;
}

/// Who may run a short call.
enum class whose : unsigned char { nobodys, callers, teams };

[[gnu::always_inline]] inline whose run_by(job const& work, settings const& how,
                                           environment const& around) {
  if (!may_be_short(work, how, around)) return whose::nobodys;
  backend const asked = backend_of(how, around.where);
  if (asked == backend::automatic || asked == backend::cpu) return whose::teams;
  return asked == backend::serial ? whose::callers : whose::nobodys;
}

/// In the calling thread, unless it takes so long that others have to help.
///
/// Returns:  whether it ended there.
[[gnu::always_inline]] inline bool run_alone(job const& work, settings const& how,
                                             environment const& around, whose by, bool timed) {
  isa const level = std::max(around.level, work.code->floor);
  bool const one_chunk = how.chunk_size >= work.count;
  if (one_chunk || work.count == 1 || by == whose::callers || how.workers == 1) {
    run_here(work, how, level, timed);
    return true;
  }
  std::size_t const until = run_watched(work, how, level, timed);
  if (until == work.count) [[likely]]
    return true;
  share_from(until, work, how, level);
  return false;
}

/// One that takes at least as long as it may be shared from, or of which that is not known.
[[gnu::noinline]] bool run_longer(job const& work, settings const& how, environment const& around,
                                  size_costs& size) {
  double element = work.learned->nanoseconds_alone(size);
  if (element < 0 && work.alike != nullptr) element = work.alike->element_nanoseconds();
  double const predicted = element * 1e-9 * static_cast<double>(work.count);
  thresholds const& limits = around.limits;
  if (predicted < 0) return may_be_short(work, how, around) && run_unknown(work, how, around);
  if (predicted >= limits.longest_shared_seconds) return false;
  whose const by = run_by(work, how, around);
  if (by == whose::nobodys) return false;
  bool const timed = size.sample_now();
  sharing shared{.lanes = 1, .comparable = false};
  bool whole = false;
  // Who asks for chunks of a size gets them from the ledger.
  if (by == whose::teams && how.pool == nullptr && how.chunk_size == 0 &&
      predicted >= shared_from(limits)) {
    shared = {.lanes = lanes_for(work, how, predicted, limits.shortest_shared_seconds),
              .comparable = how.workers == 0};
    unsigned lanes = pays(size, shared, predicted, limits) ? shared.lanes : 1;
    // Now and then, pieces of a call that do not tell what it costs are made larger.
    if (lanes > 1 && timed && !tells_cost((work.count + lanes - 1) / lanes, work.count)) {
      lanes = static_cast<unsigned>(work.count / small_block_elements);
      whole = lanes == 1;
    }
    if (lanes > 1 && shared_hot_team().ready(static_cast<std::int64_t>(predicted * 1e9))) {
      unsigned const parts_a_lane = predicted < limits.divided_seconds ? 1 : 8;
      if (!timed) {
        run_shared(work, how, lanes, parts_a_lane, false);
        return true;
      }
      auto const took = run_shared_timed(work, how, lanes, parts_a_lane);
      if (!took) return true;
      if (shared.comparable && lanes == shared.lanes) size.learn(way::hot, work.count, *took);
      compare_ways(work, size, way::hot, shared, predicted, limits);
      return true;
    }
  }
  // What is known to take longer when it is shared stays here however long it takes.
  if (predicted >= limits.wake_seconds && !whole &&
      !(shared.comparable && size.next() == size_costs::choice::alone))
    return false;
  if (run_alone(work, how, around, by, timed) && timed)
    compare_ways(work, size, way::alone, shared, predicted, limits);
  return true;
}

}  // namespace

bool run_short(job const& work, settings const& how) {
  if (work.learned == nullptr || holds_arrays(work)) return false;
  size_costs& size = work.learned->of_size(work.count);
  environment const* const around = known_environment();
  if (around == nullptr) return false;
  if (!size.is_brief()) return run_longer(work, how, *around, size);
  whose const by = run_by(work, how, *around);
  if (by == whose::nobodys) return false;
  bool const timed = size.sample_now();
  if (run_alone(work, how, *around, by, timed) && timed) [[unlikely]]
    compare_ways(work, size, way::alone, {.lanes = 1, .comparable = false}, 0, around->limits);
  return true;
}

}  // namespace hetmap::core
