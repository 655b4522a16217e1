// What calls of one kernel took, of about one size: by every way that the CPU has to run them.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>

namespace hetmap::core {

/// What an element cost in recent calls, each measured from end to end: the median of the last
/// three, so that one that was interrupted changes nothing, and a change is believed at the second.
/// Of the first two the smaller: a first call runs cold code over pages that are new.
///
/// Threads that learn at once may lose one another's sample.
class recent_cost {
 public:
  /// Nanoseconds; negative while nothing is known.
  [[nodiscard]] double nanoseconds() const noexcept {
    return believed_.load(std::memory_order_relaxed);
  }
  /// Whether more than a first call is known.
  [[nodiscard]] bool is_settled() const noexcept {
    return before_last_.load(std::memory_order_relaxed) >= 0;
  }

  /// A call of so many elements took `busy`, from end to end.
  void learn(std::size_t elements, std::chrono::nanoseconds busy) noexcept {
    if (elements == 0) return;
    auto const now = static_cast<float>(std::max(static_cast<double>(busy.count()), 0.0) /
                                        static_cast<double>(elements));
    float const last = last_.load(std::memory_order_relaxed);
    float const before = before_last_.load(std::memory_order_relaxed);
    float const believed = last < 0 ? now
                           : before < 0
                               ? std::min(last, now)
                               : std::clamp(now, std::min(last, before), std::max(last, before));
    before_last_.store(last, std::memory_order_relaxed);
    last_.store(now, std::memory_order_relaxed);
    believed_.store(believed, std::memory_order_relaxed);
  }

  /// Believes it as if it had been measured several times.
  void take_up(double nanoseconds) noexcept {
    for (auto* const value : {&believed_, &last_, &before_last_})
      value->store(static_cast<float>(nanoseconds), std::memory_order_relaxed);
  }

 private:
  std::atomic<float> believed_{-1};
  std::atomic<float> last_{-1};
  std::atomic<float> before_last_{-1};
};

/// How the CPU runs a call.
enum class way : unsigned char {
  alone,  ///< in the calling thread
  hot,    ///< with threads that are still awake
  team    ///< with oneTBB's workers
};

/// Calls of about one size: what they took, and which way the next one takes where it may be shared
/// with the hot team.
///
/// Nothing but a trial shows what the other way takes: a kernel whose halves fit into two caches
/// may gain by being shared far below where costs say so, and one whose elements move between
/// caches may lose. So after the first calls, and ever more rarely then, a few calls in a row go
/// the other way.
class alignas(64) size_costs {
 public:
  /// The other way of a trial may be predicted to take so many times as long as the better one.
  static constexpr double most_ratio = 3;
  /// Near a tie calls stay where they are: the other way has to gain so much, as a share.
  static constexpr double gain_to_change = 0.03;

  [[nodiscard]] recent_cost const& by(way w) const noexcept {
    return costs_[static_cast<std::size_t>(w)];
  }
  [[nodiscard]] recent_cost& by(way w) noexcept { return costs_[static_cast<std::size_t>(w)]; }

  /// Counts a call. Whether it shall be timed: the first 16, then one in 64, and those of a trial.
  [[nodiscard]] bool sample_now() noexcept {
    // Counted without a locked instruction, which would cost as much as a small call's loop; calls
    // that race may count as one.
    unsigned const calls = calls_.load(std::memory_order_relaxed);
    calls_.store(calls + 1, std::memory_order_relaxed);
    return static_cast<int>(calls - next_timed_.load(std::memory_order_relaxed)) >= 0;
  }

  /// What is known of which way is faster; nothing: that is predicted.
  enum class choice : unsigned char { predicted, alone, shared };
  [[nodiscard]] choice next() const noexcept { return next_.load(std::memory_order_relaxed); }
  /// Whether all calls of this size are known to be so short that sharing them gains nothing.
  [[nodiscard]] bool is_brief() const noexcept { return brief_.load(std::memory_order_relaxed); }
  /// shared_from: seconds from which on a call may be shared.
  void judge_brief(std::size_t elements, double shared_from) noexcept {
    // Of as many bits are up to twice as many elements.
    recent_cost const& one = by(way::alone);
    double const longest = 2e-9 * one.nanoseconds() * static_cast<double>(elements);
    brief_.store(one.is_settled() && longest < shared_from, std::memory_order_relaxed);
  }
  /// Whether the next one is part of a trial.
  [[nodiscard]] bool is_trial() const noexcept {
    return to_try_.load(std::memory_order_relaxed) != 0;
  }

  /// A call of so many elements took `busy`, from end to end.
  void learn(way w, std::size_t elements, std::chrono::nanoseconds busy) noexcept {
    learned_.store(learned_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    by(w).learn(elements, busy);
  }

  /// Nanoseconds an element, for the planner; negative where nothing is known.
  struct whole_calls {
    double alone;
    double team;
  };
  /// Now and then one of them is left out, so that what was measured on a bad day does not stay for
  /// good: that call goes the way that its elements' cost says.
  [[nodiscard]] whole_calls for_plan() const noexcept {
    unsigned const now = learned_.load(std::memory_order_relaxed) % between_doubts;
    recent_cost const& team = by(way::team);
    return {.alone = now == between_doubts / 2 ? -1 : by(way::alone).nanoseconds(),
            .team = now == between_doubts - 1 || !team.is_settled() ? -1 : team.nanoseconds()};
  }

  /// After a short call that was timed.
  ///
  /// may_share:   it might have been shared with the hot team.
  /// alone, shared: seconds that are predicted where nothing is known.
  void timed(way w, bool may_share, double alone, double shared, std::size_t elements) noexcept;

 private:
  static constexpr unsigned first_calls = 16;
  static constexpr unsigned between_samples = 64;
  static constexpr unsigned calls_of_trial = 3;
  /// Calls in which a trial has to be over: the team may have to wake up first, or be in use.
  static constexpr unsigned longest_trial = 64;
  static constexpr unsigned first_interval = 1024;
  static constexpr unsigned longest_interval = 1u << 16;
  static constexpr unsigned between_doubts = 128;  // calls that were learned from

  [[nodiscard]] choice better(double alone, double shared) const noexcept;

  std::atomic<unsigned> calls_{0};
  std::atomic<unsigned> next_timed_{0};
  std::atomic<choice> next_{choice::predicted};
  std::atomic<choice> settled_{choice::predicted};  // what the next is but for trials
  std::atomic<unsigned char> to_try_{0};            // calls left of a trial
  std::atomic<bool> brief_{false};
  std::atomic<unsigned> trial_{first_calls};  // calls at which one begins, or has to end
  std::atomic<unsigned> interval_{first_interval};
  std::atomic<unsigned> learned_{0};
  recent_cost costs_[3];
};
static_assert(sizeof(size_costs) == 64, "a short call reads one line");

/// The same of calls that a GPU took part in.
struct gpu_size_costs {
  recent_cost travelling;  ///< of whole calls on the GPU, with data that has to travel
  recent_cost resident;    ///< with data that lies there
  recent_cost both;        ///< of calls that it shared with the CPU
};

/// Sizes that share their costs: those of one number of bits.
inline constexpr std::size_t size_bins = 41;
[[nodiscard]] constexpr std::size_t bin_of(std::size_t elements) noexcept {
  // Of no elements those of one: no number has no bits, which processors do not count.
  return std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(elements | 1)),
                               size_bins - 1);
}

}  // namespace hetmap::core
