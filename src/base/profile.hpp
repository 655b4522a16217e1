// The machine profile as data: its fields in one table, what they are checked against, and the
// thresholds that follow from them.
#pragma once

#include <hetmap/profile.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace hetmap::core {

/// One value of a profile. Whatever writes, reads, checks or prints values goes through these: a
/// new value is a member of cpu_values or gpu_values, and a line of the table.
template <class Values>
struct profile_field {
  char const* name;
  char const* unit;  ///< "" for a number of things
  double Values::*member;
  double least;  ///< plausible
  double most;

  [[nodiscard]] double otherwise() const noexcept { return Values{}.*member; }
  [[nodiscard]] bool is_plausible(double value) const noexcept {
    return value >= least && value <= most;
  }
};

[[nodiscard]] std::span<profile_field<cpu_values> const> cpu_fields() noexcept;
[[nodiscard]] std::span<profile_field<gpu_values> const> gpu_fields() noexcept;

/// Text for the first value that is not plausible; empty if all are.
[[nodiscard]] std::string implausible(machine_profile const& profile);

/// The same values, each within its bounds.
void make_plausible(cpu_values& values) noexcept;
void make_plausible(gpu_values& values) noexcept;

/// From which times on the CPU's side does things another way (docs/design.md, Machine profile).
struct thresholds {
  /// Until a sleeping worker has taken up its first chunk: the parallel part of a call that is
  /// predicted to end before that stays with the caller.
  double wake_seconds;
  /// Work in one claim: a thousand times what a claim costs, so that it does not show, and short
  /// beside what anybody waits for at the end of a call, a stop or a report.
  double claim_seconds;
  /// Work below which a claim is not split further for the sake of balance: twenty times what
  /// claiming costs. Blocks are kept whole down to there, since a kernel that vectorises is many
  /// times slower in single elements.
  double worthwhile_seconds;
  /// Work, on one worker, below which sharing it even with threads that are awake costs more than
  /// it saves: two and a half times what handing over and meeting again takes.
  double shortest_shared_seconds;
  /// Work above which oneTBB's workers are as good: what they take longer to hand over is at most a
  /// 250th of it. Not below what the planner leaves to the caller because a worker would have to
  /// wake up first, since threads that are awake share that. Calls of less are short.
  double longest_shared_seconds;
  /// Work above which every lane's share comes in several parts, so that a lane that is held up can
  /// be helped: what that costs is 3 % of it.
  double divided_seconds;

  /// What handing over to threads that are awake, and meeting again, takes.
  [[nodiscard]] constexpr double hot_hand_over_seconds() const noexcept {
    return shortest_shared_seconds / hand_overs_that_pay;
  }
  static constexpr double hand_overs_that_pay = 2.5;
};

[[nodiscard]] constexpr thresholds thresholds_of(cpu_values const& cpu) noexcept {
  return {.wake_seconds = cpu.team_wake_seconds,
          .claim_seconds = 1000 * cpu.claim_cost_seconds,
          .worthwhile_seconds = 20 * cpu.claim_cost_seconds,
          .shortest_shared_seconds = thresholds::hand_overs_that_pay * cpu.hot_hand_over_seconds,
          .longest_shared_seconds =
              std::max(250 * cpu.team_hand_over_seconds, 2 * cpu.team_wake_seconds),
          .divided_seconds = cpu.hot_division_seconds / 0.03};
}

// -- the text of a profile, as it lies in files ---------------------------------------------------

[[nodiscard]] std::string profile_text(machine_profile const& profile);

/// What parsing a text came to.
struct parsed_profile {
  machine_profile profile{};
  std::string error{};  ///< why it is none, in words; empty if it is one
};

/// Texts that are cut off anywhere, changed anywhere or hold a value twice, not at all or beyond
/// its bounds are none.
[[nodiscard]] parsed_profile parse_profile(std::string_view text);

/// Larger files, in bytes, are no profiles.
inline constexpr std::size_t largest_profile = std::size_t{64} << 10;

}  // namespace hetmap::core
