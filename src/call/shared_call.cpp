#include "shared_call.hpp"

#include "../base/error.hpp"
#include "../base/ledger.hpp"
#include "../base/rates.hpp"
#include "../cpu/math_level.hpp"
#include "../cpu/pool_core.hpp"
#include "../cpu/team.hpp"
#include "../cpu/watch.hpp"
#include "run.hpp"

#include <hetmap/detail/seam/leaf.hpp>
#include <hetmap/topology.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <utility>

namespace hetmap::core {

using clock = std::chrono::steady_clock;
using namespace detail;

namespace {

/// Longer than code takes that nobody has used for long.
constexpr std::chrono::microseconds cold_code{100};

/// What parts that are large enough are multiples of: blocks, and in folds, which have no
/// outputs, as many as are folded at a time (detail/kernel/reduce_task.hpp).
[[nodiscard]] std::array<std::size_t, 2> units(job const& work) noexcept {
  std::size_t const folded =
      work.outputs != 0 ? 1 : std::max<std::size_t>(64 * work.exact_chunk, largest_leaf);
  return {block_elements, folded};
}

}  // namespace

unsigned most_lanes(settings const& how) {
  unsigned const here = how.pool != nullptr ? how.pool->threads().size() : team_concurrency();
  unsigned const wanted = how.workers != 0      ? how.workers
                          : how.pool != nullptr ? here
                                                : physical_cores();
  return std::max(1u, std::min(wanted, here));
}

void share_rest(job const& work, settings const& how, isa level, std::span<part const> parts,
                std::size_t failed, std::exception_ptr const& failure,
                std::optional<clock::time_point> began) {
  std::optional<ledger> account;
  try {
    std::size_t const unit = std::max<std::size_t>(work.exact_chunk, 1);
    account.emplace(work.count, unit, most_lanes(how));
    account->hold_all();
    range left{0, 0};  // neighbours are given back as one
    for (std::size_t k = 0; k != parts.size(); ++k) {
      part const& p = parts[k];
      if (k == failed) {
        account->fail(0, {p.begin, p.end}, p.until, failure);
        continue;
      }
      account->finish(0, {p.begin, p.until});
      if (left.end != p.until || p.until != p.begin) {
        account->give_back(left);
        left = {p.until, p.end};
      } else {
        left.end = p.end;
      }
    }
    account->give_back(left);
  } catch (...) {  // no memory
    if (work.discard != nullptr)
      for (part const& p : parts) work.discard(work.columns[0], p.begin, p.until);
    rethrow_as_failure_of(no_length);
  }
  run_rest(work, how, level, *account, began);
}

shared_call::shared_call(job const& work, unsigned lanes, unsigned parts_a_lane, std::size_t unit)
    : context_(work.context),
      columns_(work.columns),
      count_(work.count),
      level_(std::max(isa_level(), work.code->floor)),
      discard_(work.discard) {
  code_ = work.code->at(level_);
  unsigned const wanted = std::min(lanes * parts_a_lane, most_parts);
  part_ = (count_ + wanted - 1) / wanted;
  for (std::size_t const good : units(work))
    if (part_ >= 4 * good) part_ = (part_ + good - 1) / good * good;
  for (std::size_t const exact : {unit, std::max<std::size_t>(work.exact_chunk, 1)})
    part_ = (part_ + exact - 1) / exact * exact;
  parts_ = static_cast<unsigned>((count_ + part_ - 1) / part_);
  parts_a_lane_ = (parts_ + lanes - 1) / lanes;
  failed_part_.store(parts_, std::memory_order_relaxed);
  for (unsigned k = 0; k != parts_; ++k) until_[k] = begin_of(k);
}

void shared_call::run_lane(unsigned lane) noexcept {
  math_level_scope const math(level_);
  float_scope const callers(floats_);
  unsigned const first = lane * parts_a_lane_;
  void* slot = nullptr;
  for (unsigned k = 0; k != parts_ && !late_.load(std::memory_order_relaxed); ++k)
    run_part((first + k) % parts_, slot);
}

void shared_call::run_first_lane(hot_team& team, thresholds const& limits) noexcept {
  math_level_scope const math(level_);
  void* slot = nullptr;
  unsigned told = 0;    // parts
  double element = -1;  // seconds, in the part that was the quickest of those after the first
  bool called = false;
  auto const began = clock::now();
  for (unsigned k = 0; k != parts_ && !late_.load(std::memory_order_relaxed); ++k) {
    auto const before = told_.busy;
    if (!run_part(k, slot)) continue;
    std::size_t const elements = end_of(k) - begin_of(k);
    told_.elements += elements;
    told_.busy = clock::now() - began;
    // Cold code is slow, and the first part is all cold; but no code is as cold as that.
    bool const beyond_cold = told_.busy > cold_code;
    if (++told == 1 && !beyond_cold) continue;
    double const here =
        std::chrono::duration<double>(told_.busy - before).count() / static_cast<double>(elements);
    element = element < 0 ? here : std::min(element, here);
    if (called || (told < 3 && !beyond_cold)) continue;
    double const left = element * static_cast<double>(count_ - end_of(k));
    // Starting threads takes longer than a plan.
    bool const has_threads = team.has_started();
    if (left < (has_threads ? 2 : 5) * limits.wake_seconds) continue;
    called = true;
    if (has_threads && left < limits.longest_shared_seconds)
      team.wake();
    else
      late_.store(true, std::memory_order_relaxed);
  }
}

bool shared_call::run_first_part() noexcept {
  math_level_scope const math(level_);
  void* slot = nullptr;
  return run_part(0, slot);
}

std::size_t shared_call::done() const noexcept {
  std::size_t all = 0;
  for (unsigned k = 0; k != parts_; ++k) all += until_[k] - begin_of(k);
  return all;
}

bool shared_call::has_rest() const noexcept {
  unsigned const failed = failed_part_.load(std::memory_order_relaxed);
  bool rest = false;
  for (unsigned k = 0; k != failed; ++k) rest = rest || until_[k] != end_of(k);
  return rest;
}

void shared_call::finish(job const& work, settings const& how,
                         std::optional<clock::time_point> began) {
  unsigned const failed = failed_part_.load(std::memory_order_relaxed);
  if (has_rest()) {
    part parts[most_parts];
    for (unsigned k = 0; k != parts_; ++k) parts[k] = {begin_of(k), until_[k], end_of(k)};
    return share_rest(work, how, level_, {parts, parts_}, failed, failure_, began);
  }
  if (!failure_) return;
  if (discard_ != nullptr)
    for (unsigned k = 0; k != parts_; ++k) discard_(columns_[0], begin_of(k), until_[k]);
  note_failed_index(failed_at_);
  std::rethrow_exception(std::move(failure_));
}

bool shared_call::run_part(unsigned k, void*& slot) noexcept {
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

bool run_shared(job const& work, settings const& how, unsigned lanes, unsigned parts_a_lane,
                bool timed) {
  struct {
    shared_call call;
    rate* learned;
  } shared{{work, lanes, parts_a_lane}, timed ? work.learned : nullptr};
  bool const had_team = shared_hot_team().run(
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
  return had_team;
}

}  // namespace hetmap::core
