#include "short_call.hpp"

#include "../base/environment.hpp"
#include "../base/error.hpp"
#include "../base/float_control.hpp"
#include "../base/ledger.hpp"
#include "../base/plan.hpp"
#include "../base/rates.hpp"
#include "../cpu/hot_team.hpp"
#include "../cpu/math_level.hpp"
#include "../cpu/pool_core.hpp"
#include "../cpu/team.hpp"
#include "../cpu/watch.hpp"
#include "../gpu/held_arrays.hpp"
#include "call_record.hpp"
#include "run.hpp"

#include <hetmap/detail/seam/leaf.hpp>
#include <hetmap/topology.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

namespace hetmap::core {
namespace {

using clock = std::chrono::steady_clock;
using namespace detail;

/// A part of a call: begin..until has been computed, until..end has not.
struct part {
  std::size_t begin;
  std::size_t until;
  std::size_t end;
};

/// Lanes that a call may have when it turns out not to be short.
unsigned most_lanes(settings const& how) {
  unsigned const here = how.pool != nullptr ? how.pool->threads().size() : team_concurrency();
  unsigned const wanted = how.workers != 0      ? how.workers
                          : how.pool != nullptr ? here
                                                : physical_cores();
  return std::max(1u, std::min(wanted, here));
}

/// Ends a short call that took far too long: what has not been computed is shared, an element at a
/// time. failure: of the first element of parts[failed] that has not been computed; null: of none.
[[gnu::noinline, gnu::cold]] void share_rest(job const& work, settings const& how, isa level,
                                             std::span<part const> parts, std::size_t failed,
                                             std::exception_ptr const& failure) {
  std::optional<ledger> account;
  try {
    std::size_t const unit = std::max<std::size_t>(work.exact_chunk, 1);
    account.emplace(work.count, unit, most_lanes(how));
    account->hold_all();
    for (std::size_t k = 0; k != parts.size(); ++k) {
      part const& p = parts[k];
      if (k == failed) {
        account->fail(0, {p.begin, p.end}, p.until, failure);
      } else {
        account->finish(0, {p.begin, p.until});
        account->give_back({p.until, p.end});
      }
    }
  } catch (...) {  // no memory
    if (work.discard != nullptr)
      for (part const& p : parts) work.discard(work.columns[0], p.begin, p.until);
    rethrow_as_failure_of(no_length);
  }
  run_rest(work, how, level, *account);
}

/// Whether pieces of so many elements say what those of a call of `count` cost: where there are too
/// few for a block they are computed one by one.
[[nodiscard]] constexpr bool tells_cost(std::size_t elements, std::size_t count) noexcept {
  return elements >= small_block_elements || count < small_block_elements;
}

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

/// A lane runs its own parts, then what is left of the others', so that nothing waits for a thread
/// that did not come. The parts below the lowest one that failed are all run: that makes its
/// failure the one that a loop would have met. A part that takes far too long is given back, and
/// nobody takes another: the rest is shared anew, with what is known now.
class shared_call {
 public:
  shared_call(job const& work, unsigned lanes, unsigned parts_a_lane)
      : context_(work.context),
        columns_(work.columns),
        count_(work.count),
        level_(std::max(isa_level(), work.code->floor)),
        discard_(work.discard) {
    code_ = work.code->at(level_);
    unsigned const wanted = std::min(lanes * parts_a_lane, most_parts);
    part_ = (count_ + wanted - 1) / wanted;
    for (std::size_t const unit : units(work))
      if (part_ >= 4 * unit) part_ = (part_ + unit - 1) / unit * unit;
    std::size_t const exact = std::max<std::size_t>(work.exact_chunk, 1);
    part_ = (part_ + exact - 1) / exact * exact;
    parts_ = static_cast<unsigned>((count_ + part_ - 1) / part_);
    parts_a_lane_ = (parts_ + lanes - 1) / lanes;
    failed_part_.store(parts_, std::memory_order_relaxed);
    for (unsigned k = 0; k != parts_; ++k) until_[k] = begin_of(k);
  }

  void run_lane(unsigned lane) noexcept {
    math_level_scope const math(level_);
    float_scope const callers(floats_);
    unsigned const first = lane * parts_a_lane_;
    void* slot = nullptr;
    for (unsigned k = 0; k != parts_ && !late_.load(std::memory_order_relaxed); ++k)
      run_part((first + k) % parts_, slot);
  }

  /// Part 0 alone, if nobody else has it; whether it was run, to its end.
  bool run_first_part() noexcept {
    math_level_scope const math(level_);
    void* slot = nullptr;
    return run_part(0, slot);
  }

  /// Whether the first part's cost is the others'.
  [[nodiscard]] bool first_part_tells() const noexcept { return tells_cost(part_, count_); }
  [[nodiscard]] std::size_t part_elements() const noexcept { return part_; }

  /// After all lanes have come to rest.
  void finish(job const& work, settings const& how) {
    unsigned const failed = failed_part_.load(std::memory_order_relaxed);
    bool rest = false;
    for (unsigned k = 0; k != failed; ++k) rest = rest || until_[k] != end_of(k);
    if (rest) {
      part parts[most_parts];
      for (unsigned k = 0; k != parts_; ++k) parts[k] = {begin_of(k), until_[k], end_of(k)};
      return share_rest(work, how, level_, {parts, parts_}, failed, failure_);
    }
    if (!failure_) return;
    if (discard_ != nullptr)
      for (unsigned k = 0; k != parts_; ++k) discard_(columns_[0], begin_of(k), until_[k]);
    note_failed_index(failed_at_);
    std::rethrow_exception(std::move(failure_));
  }

 private:
  static constexpr unsigned most_parts = 64;  // bits of a word

  [[nodiscard]] std::size_t begin_of(unsigned k) const noexcept { return k * part_; }
  [[nodiscard]] std::size_t end_of(unsigned k) const noexcept {
    return std::min(begin_of(k) + part_, count_);
  }

  /// What parts that are large enough are multiples of: blocks, and in folds, which have no
  /// outputs, as many as are folded at a time (detail/kernel/reduce_task.hpp).
  [[nodiscard]] static std::array<std::size_t, 2> units(job const& work) noexcept {
    std::size_t const folded =
        work.outputs != 0 ? 1 : std::max<std::size_t>(64 * work.exact_chunk, largest_leaf);
    return {block_elements, folded};
  }

  /// slot: the lane's. Returns: whether it was run, to its end.
  bool run_part(unsigned k, void*& slot) noexcept {
    std::uint64_t const mine = std::uint64_t{1} << k;
    if ((taken_.load(std::memory_order_relaxed) & mine) != 0 ||
        (taken_.fetch_or(mine, std::memory_order_relaxed) & mine) != 0 ||
        failed_part_.load(std::memory_order_relaxed) < k)
      return false;
    scratch unused;
    watched_claim const watched;
    recall const before = watched.seen();
    chunk part{.begin = begin_of(k),
               .end = end_of(k),
               .origin = 0,
               .columns = columns_,
               .scratch = &unused,
               .slot = &slot,
               .failed_at = begin_of(k),
               .recalled = watched.word()};
    std::size_t until;
    try {
      code_(context_, part);
      until = part.end;
    } catch (...) {
      until = part.failed_at;
      std::lock_guard const lock(guard_);
      if (k < failed_part_.load(std::memory_order_relaxed)) {
        failed_part_.store(k, std::memory_order_relaxed);
        failed_at_ = until;
        failure_ = std::current_exception();
      }
    }
    until_[k] = until;
    if (watched.seen() != before) late_.store(true, std::memory_order_relaxed);
    return until == end_of(k);
  }

  // What all lanes read, in one cache line.
  alignas(64) chunk_function code_;
  void* context_;
  column const* columns_;
  std::size_t count_;
  std::size_t part_;
  unsigned parts_;
  unsigned parts_a_lane_;
  isa level_;
  float_control floats_ = float_control_here();
  void (*discard_)(column const&, std::size_t, std::size_t) noexcept;

  std::atomic<std::uint64_t> taken_{0};  // bit k: part k
  std::atomic<unsigned> failed_part_;
  std::atomic<bool> late_{false};
  std::mutex guard_;
  std::size_t failed_at_ = 0;
  std::exception_ptr failure_;
  std::size_t until_[most_parts];  // results exist up to there
};

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

}  // namespace

void run_shared(job const& work, settings const& how, unsigned lanes, unsigned parts_a_lane,
                bool timed) {
  struct {
    shared_call call;
    rate* learned;
  } shared{{work, lanes, parts_a_lane}, timed ? work.learned : nullptr};
  shared_hot_team().run(
      lanes,
      [](void* context, unsigned lane) {
        auto& [call, learned] = *static_cast<decltype(shared)*>(context);
        if (lane == 0 && learned != nullptr) {
          auto const began = clock::now();
          if (call.run_first_part() && call.first_part_tells())
            learned->learn(call.part_elements(), clock::now() - began);
        }
        call.run_lane(lane);
      },
      &shared);
  shared.call.finish(work, how);
}

namespace {

/// The same of a call that is timed: written down when it is over.
void run_shared_timed(job const& work, settings const& how, unsigned lanes, unsigned parts_a_lane) {
  isa const level = std::max(isa_level(), work.code->floor);
  auto const began = clock::now();
  try {
    run_shared(work, how, lanes, parts_a_lane, true);
  } catch (...) {
    record(work, how, level, lanes, began, clock::now(), true);
    throw;
  }
  record(work, how, level, lanes, began, clock::now(), false);
}

}  // namespace

bool run_short(job const& work, settings const& how) {
  if (work.learned == nullptr || holds_arrays(work)) return false;
  double const predicted =
      work.learned->element_nanoseconds() * 1e-9 * static_cast<double>(work.count);
  environment const* const around = known_environment();
  if (around == nullptr) return false;
  thresholds const& limits = around->limits;
  if (!(predicted >= 0 && predicted < limits.longest_shared_seconds)) return false;
  if (!may_be_short(work, how, *around)) return false;
  backend const asked = backend_of(how, around->where);
  bool const on_team = asked == backend::automatic || asked == backend::cpu;
  if (!on_team && asked != backend::serial) return false;
  // Who asks for chunks of a size gets them from the ledger.
  bool const shareable = on_team && how.pool == nullptr && how.chunk_size == 0;
  bool const timed = work.learned->sample_now();
  bool whole = false;
  if (shareable && predicted >= limits.shortest_shared_seconds) {
    unsigned lanes = lanes_for(work, how, predicted, limits.shortest_shared_seconds);
    // Now and then, pieces of a call that do not tell what it costs are made larger.
    if (!tells_cost((work.count + lanes - 1) / lanes, work.count) && timed) {
      lanes = static_cast<unsigned>(work.count / small_block_elements);
      whole = lanes == 1;
    }
    if (lanes > 1 && shared_hot_team().ready(static_cast<std::int64_t>(predicted * 1e9))) {
      unsigned const parts_a_lane = predicted < limits.divided_seconds ? 1 : 8;
      timed ? run_shared_timed(work, how, lanes, parts_a_lane)
            : run_shared(work, how, lanes, parts_a_lane, false);
      return true;
    }
  }
  if (!whole && predicted >= limits.wake_seconds) return false;
  isa const level = std::max(around->level, work.code->floor);
  bool const one_chunk = how.chunk_size >= work.count;
  if (one_chunk || work.count == 1 || !on_team || how.workers == 1) {
    run_here(work, how, level, timed);
    return true;
  }
  if (std::size_t const until = run_watched(work, how, level, timed); until != work.count)
      [[unlikely]]
    share_from(until, work, how, level);
  return true;
}

}  // namespace hetmap::core
