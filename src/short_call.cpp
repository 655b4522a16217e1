#include "short_call.hpp"

#include "cpu/float_control.hpp"
#include "cpu/hot_team.hpp"
#include "cpu/math_level.hpp"
#include "cpu/team.hpp"
#include "environment.hpp"
#include "error.hpp"
#include "gpu/held_arrays.hpp"
#include "plan.hpp"
#include "pool_core.hpp"
#include "rates.hpp"
#include "run.hpp"

#include <hetmap/topology.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>
#include <utility>

namespace hetmap::core {
namespace {

using clock = std::chrono::steady_clock;
using namespace detail;

void (*copy_out_of(job const& work))(void*, void const*, std::size_t) {
  return work.in_place && work.can_copy_out ? copy_bytes : nullptr;
}

void run_alone(job const& work, isa process_level) {
  scratch unused;
  void* slot = nullptr;
  chunk all{.begin = 0,
            .end = work.count,
            .origin = 0,
            .columns = work.columns,
            .scratch = &unused,
            .copy_out = copy_out_of(work),
            .slot = &slot,
            .failed_at = 0};
  auto const level = std::max(process_level, work.code->floor);
  math_level_scope const math(level);
  bool const timed = work.learned->sample_now();
  auto const began = timed ? clock::now() : clock::time_point();
  try {
    work.code->by_level[static_cast<int>(level)](work.context, all);
  } catch (...) {
    if (work.discard != nullptr) work.discard(work.columns[0], 0, all.failed_at);
    note_failed_index(all.failed_at);
    throw;
  }
  if (timed) work.learned->learn(work.count, clock::now() - began);
}

/// A lane runs its own parts, then what is left of the others', so that nothing waits for a thread
/// that did not come. The parts below the lowest one that failed are all run: that makes its
/// failure the one that a loop would have met.
class shared_call {
 public:
  shared_call(job const& work, unsigned lanes, unsigned parts_a_lane)
      : context_(work.context),
        columns_(work.columns),
        copy_out_(copy_out_of(work)),
        count_(work.count),
        level_(std::max(isa_level(), work.code->floor)),
        discard_(work.discard) {
    code_ = work.code->by_level[static_cast<int>(level_)];
    unsigned const wanted = std::min(lanes * parts_a_lane, most_parts);
    part_ = (count_ + wanted - 1) / wanted;
    if (part_ >= 4 * block_elements)
      part_ = (part_ + block_elements - 1) / block_elements * block_elements;
    parts_ = static_cast<unsigned>((count_ + part_ - 1) / part_);
    parts_a_lane_ = (parts_ + lanes - 1) / lanes;
    failed_part_.store(parts_, std::memory_order_relaxed);
    if (discard_ != nullptr)
      for (unsigned k = 0; k != parts_; ++k) until_[k] = begin_of(k);
  }

  void run_lane(unsigned lane) noexcept {
    math_level_scope const math(level_);
    float_scope const callers(floats_);
    unsigned const first = lane * parts_a_lane_;
    for (unsigned k = 0; k != parts_; ++k) run_part((first + k) % parts_);
  }

  /// Part 0 alone, if nobody else has it; whether it was run, to its end.
  bool run_first_part() noexcept {
    math_level_scope const math(level_);
    return run_part(0);
  }

  [[nodiscard]] std::size_t part_elements() const noexcept { return part_; }

  /// After all lanes have come to rest.
  void finish() {
    if (!failure_) return;
    if (discard_ != nullptr)
      for (unsigned k = 0; k != parts_; ++k) discard_(columns_[0], begin_of(k), until_[k]);
    note_failed_index(failed_at_);
    std::rethrow_exception(std::move(failure_));
  }

 private:
  static constexpr unsigned most_parts = 64;  // bits of a word

  [[nodiscard]] std::size_t begin_of(unsigned k) const noexcept { return k * part_; }

  /// Whether it was run, to its end.
  bool run_part(unsigned k) noexcept {
    std::uint64_t const mine = std::uint64_t{1} << k;
    if ((taken_.load(std::memory_order_relaxed) & mine) != 0 ||
        (taken_.fetch_or(mine, std::memory_order_relaxed) & mine) != 0 ||
        failed_part_.load(std::memory_order_relaxed) < k)
      return false;
    scratch unused;
    void* slot = nullptr;
    chunk part{.begin = begin_of(k),
               .end = std::min(begin_of(k) + part_, count_),
               .origin = 0,
               .columns = columns_,
               .scratch = &unused,
               .copy_out = copy_out_,
               .slot = &slot,
               .failed_at = begin_of(k)};
    std::size_t until = part.end;
    try {
      code_(context_, part);
    } catch (...) {
      until = part.failed_at;
      std::lock_guard const lock(guard_);
      if (k < failed_part_.load(std::memory_order_relaxed)) {
        failed_part_.store(k, std::memory_order_relaxed);
        failed_at_ = until;
        failure_ = std::current_exception();
      }
    }
    if (discard_ != nullptr) until_[k] = until;
    return until == part.end;
  }

  // What all lanes read, in one cache line.
  alignas(64) chunk_function code_;
  void* context_;
  column const* columns_;
  void (*copy_out_)(void*, void const*, std::size_t);
  std::size_t count_;
  std::size_t part_;
  unsigned parts_;
  unsigned parts_a_lane_;
  isa level_;
  float_control floats_ = float_control_here();
  void (*discard_)(column const&, std::size_t, std::size_t) noexcept;

  std::atomic<std::uint64_t> taken_{0};  // bit k: part k
  std::atomic<unsigned> failed_part_;
  std::mutex guard_;
  std::size_t failed_at_ = 0;
  std::exception_ptr failure_;
  std::size_t until_[most_parts];  // where results have to be destroyed: up to there they exist
};

/// Nobody watches the call or wants it other than it comes.
bool is_plain(job const& work, settings const& how, environment const& around) {
  // A pool's callers run nothing themselves; its workers do.
  if (how.pool != nullptr && (how.deadline != 0 || !is_worker_of(how.pool))) return false;
  // Blocks of map_blocks are the caller's; those of map_reduce, which has no outputs, are not.
  return how.stop == nullptr && how.progress == nullptr && !how.reproducible &&
         (work.exact_chunk == 0 || work.outputs == 0) && !around.explain;
}

/// Lanes for a call of so many seconds: one for each that sharing pays for.
unsigned lanes_for(job const& work, settings const& how, double predicted) {
  auto const allowed =
      std::min(how.workers != 0 ? how.workers : physical_cores(), team_concurrency());
  auto const paying = static_cast<unsigned>(2 * predicted / shortest_shared_seconds);
  return static_cast<unsigned>(std::min<std::size_t>({allowed, std::max(paying, 2u), work.count}));
}

}  // namespace

void run_shared(job const& work, unsigned lanes, unsigned parts_a_lane) {
  struct {
    shared_call call;
    rate* learned;
  } shared{{work, lanes, parts_a_lane}, work.learned->sample_now() ? work.learned : nullptr};
  shared_hot_team().run(
      lanes,
      [](void* context, unsigned lane) {
        auto& [call, learned] = *static_cast<decltype(shared)*>(context);
        if (lane == 0 && learned != nullptr) {
          auto const began = clock::now();
          if (call.run_first_part()) learned->learn(call.part_elements(), clock::now() - began);
        }
        call.run_lane(lane);
      },
      &shared);
  shared.call.finish();
}

bool run_short(job const& work, settings const& how) {
  if (work.learned == nullptr || holds_arrays(work)) return false;
  double const predicted =
      work.learned->element_nanoseconds() * 1e-9 * static_cast<double>(work.count);
  if (!(predicted >= 0 && predicted < longest_shared_seconds)) return false;
  environment const* const around = known_environment();
  if (around == nullptr || !is_plain(work, how, *around)) return false;
  backend const asked = backend_of(how, around->where);
  bool const on_team = asked == backend::automatic || asked == backend::cpu;
  if (!on_team && asked != backend::serial) return false;
  // Who asks for chunks of a size gets them from the ledger.
  bool const shareable =
      on_team && how.pool == nullptr && work.exact_chunk == 0 && how.chunk_size == 0;
  if (shareable && predicted >= shortest_shared_seconds) {
    unsigned const lanes = lanes_for(work, how, predicted);
    if (lanes > 1 && shared_hot_team().ready(static_cast<std::int64_t>(predicted * 1e9))) {
      run_shared(work, lanes, predicted < divided_seconds ? 1 : 8);
      return true;
    }
  }
  if (predicted >= wake_seconds) return false;
  run_alone(work, around->level);
  return true;
}

}  // namespace hetmap::core
