// Threads that stay awake for a moment after a short call, so that the next one finds them at hand:
// a sleeping thread takes longer to wake up than such a call takes.
#pragma once

#include "../base/atomics.hpp"
#include "../base/thread.hpp"
#include "handover.hpp"

#include <atomic>
#include <cstdint>
#include <optional>

namespace hetmap::core {

class hot_team {
 public:
  /// Members stay awake for `spin_nanoseconds` after what they did last, or after wake().
  ///
  /// Members start when start() or wake() is called: as many as are to be had, maybe none.
  hot_team(unsigned members, std::int64_t spin_nanoseconds);
  ~hot_team();
  hot_team(hot_team const&) = delete;
  hot_team& operator=(hot_team const&) = delete;

  /// For a call of about so many nanoseconds that begins now: whether members are awake for it. If
  /// none is but such calls come often, they are woken for the next; nobody waits for that.
  [[nodiscard]] bool ready(std::int64_t nanoseconds) noexcept;

  /// Wakes all members; starts them first where nobody has.
  void wake() noexcept;
  /// Starts the members, who are awake then.
  void start() noexcept;
  /// Whether somebody has.
  [[nodiscard]] bool has_started() const noexcept {
    return started_.load(std::memory_order_relaxed);
  }
  /// Members that are awake.
  [[nodiscard]] unsigned awake() const noexcept { return awake_.load(std::memory_order_relaxed); }

  /// Calls body(context, 0) here and body(context, k) in each member k < lanes that comes before
  /// the first has returned; returns when all of these have. If another call has the team, nobody
  /// comes, and the team keeps away for a millisecond: callers at once use the cores themselves.
  ///
  /// Requires: as run_team.
  /// Returns:  whether the call had the team.
  bool run(unsigned lanes, void (*body)(void* context, unsigned lane), void* context) noexcept;
  /// The same, but if another call has the team nothing is run; and should any thread be at one
  /// claim for long meanwhile, the watch wakes the members.
  ///
  /// Requires: it is the process's team.
  [[nodiscard]] bool run_if_free(unsigned lanes, void (*body)(void* context, unsigned lane),
                                 void* context) noexcept;

 private:
  void run_in_turn(unsigned lanes, void (*body)(void* context, unsigned lane),
                   void* context) noexcept;
  void serve(unsigned member) noexcept;
  [[nodiscard]] bool join(std::uint64_t call, unsigned member) noexcept;

  alignas(64) basic_handover<std_atomics> call_;
  alignas(64) basic_turn<std_atomics> turn_;
  std::atomic<std::int64_t> last_{0};           // when a short call began, in nanoseconds
  std::atomic<std::int64_t> crowded_until_{0};  // callers met
  alignas(64) std::atomic<unsigned> awake_{0};
  std::atomic<unsigned> wakes_{0};
  std::atomic<bool> closing_{false};
  std::int64_t spin_;
  unsigned wanted_;  // members
  std::atomic<bool> started_{false};
  std::optional<threads> members_{};  // last: they use what is above
};

/// Wakes the process's team if a call may need it (run_if_free).
void wake_team_in_need() noexcept;

/// The process's hot team: its members are one less than the physical cores. A forked child gets a
/// new one.
[[nodiscard]] hot_team& shared_hot_team();

}  // namespace hetmap::core
