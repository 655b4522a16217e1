// One short call in the hot team's lanes: what they share, and how it ends.
#pragma once

#include "../base/float_control.hpp"
#include "../base/profile.hpp"
#include "../cpu/hot_team.hpp"
#include "../cpu/pace.hpp"

#include <hetmap/detail/seam/job.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <span>

namespace hetmap::core {

/// A part of a call: begin..until has been computed, until..end has not.
struct part {
  std::size_t begin;
  std::size_t until;
  std::size_t end;
};

/// Lanes that a call may have when it turns out not to be short.
[[nodiscard]] unsigned most_lanes(detail::settings const& how);

/// Ends a short call that took far too long: what has not been computed is shared, an element at a
/// time. failure: of the first element of parts[failed] that has not been computed; null: of none.
/// began: as run_rest.
[[gnu::cold]] void share_rest(
    detail::job const& work, detail::settings const& how, isa level, std::span<part const> parts,
    std::size_t failed, std::exception_ptr const& failure,
    std::optional<std::chrono::steady_clock::time_point> began = std::nullopt);

/// Whether pieces of so many elements say what those of a call of `count` cost: where there are too
/// few for a block they are computed one by one.
[[nodiscard]] constexpr bool tells_cost(std::size_t elements, std::size_t count) noexcept {
  return elements >= detail::small_block_elements || count < detail::small_block_elements;
}

/// A lane runs its own parts, then what is left of the others', so that nothing waits for a thread
/// that did not come. The parts below the lowest one that failed are all run: that makes its
/// failure the one that a loop would have met. A part that takes far too long is given back, and
/// nobody takes another: the rest is shared anew, with what is known now.
class shared_call {
 public:
  /// unit: elements that parts are multiples of, whatever else.
  shared_call(detail::job const& work, unsigned lanes, unsigned parts_a_lane, std::size_t unit = 1);

  void run_lane(unsigned lane) noexcept;

  /// As lane 0 of a call whose cost nobody knows: wakes the team once what was done last says that
  /// this pays, or leaves the rest to a plan if that is more than short calls are.
  void run_first_lane(hot_team& team, thresholds const& limits) noexcept;
  /// What that lane has done.
  [[nodiscard]] effort const& told() const noexcept { return told_; }

  /// Part 0 alone, if nobody else has it; whether it was run, to its end.
  bool run_first_part() noexcept;
  /// Whether the first part's cost is the others'.
  [[nodiscard]] bool first_part_tells() const noexcept { return tells_cost(part_, count_); }
  [[nodiscard]] std::size_t part_elements() const noexcept { return part_; }

  /// Elements that have been computed. This and the next after all lanes have come to rest.
  [[nodiscard]] std::size_t done() const noexcept;
  /// Whether there is something left to do.
  [[nodiscard]] bool has_rest() const noexcept;
  /// The same, then: throws the failure, or shares what is left.
  void finish(detail::job const& work, detail::settings const& how,
              std::optional<std::chrono::steady_clock::time_point> began = std::nullopt);

 private:
  static constexpr unsigned most_parts = 64;  // bits of a word

  [[nodiscard]] std::size_t begin_of(unsigned k) const noexcept { return k * part_; }
  [[nodiscard]] std::size_t end_of(unsigned k) const noexcept {
    return std::min(begin_of(k) + part_, count_);
  }
  /// slot: the lane's. Returns: whether it was run, to its end.
  bool run_part(unsigned k, void*& slot) noexcept;

  // What all lanes read, in one cache line.
  alignas(64) detail::chunk_function code_;
  void* context_;
  detail::column const* columns_;
  std::size_t count_;
  std::size_t part_;
  unsigned parts_;
  unsigned parts_a_lane_;
  isa level_;
  float_control floats_ = float_control_here();
  void (*discard_)(detail::column const&, std::size_t, std::size_t) noexcept;

  std::atomic<std::uint64_t> taken_{0};  // bit k: part k
  std::atomic<unsigned> failed_part_;
  std::atomic<bool> late_{false};
  std::mutex guard_;
  std::size_t failed_at_ = 0;
  std::exception_ptr failure_;
  effort told_{};
  std::size_t until_[most_parts];  // results exist up to there
};

/// `work` in so many lanes of the hot team, each with so many parts, of whole blocks where elements
/// suffice; at most 64 parts in all. timed: whether the cost is learned.
///
/// Returns:  whether it had the hot team; else the calling thread has run it.
/// Throws:   what the failing element with the lowest index threw; every element before it has been
///           computed.
bool run_shared(detail::job const& work, detail::settings const& how, unsigned lanes,
                unsigned parts_a_lane, bool timed);

}  // namespace hetmap::core
