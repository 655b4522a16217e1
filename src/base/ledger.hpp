// The one answer to "which ranges are final?": what is claimed, what is done, what failed first.
#pragma once

#include "regions.hpp"
#include "returned.hpp"

#include <cstddef>
#include <exception>
#include <mutex>
#include <vector>

namespace hetmap::core {

/// Hands the indices 0..count out in claims, each index once, and keeps account of them.
///
/// Every lane (one worker of one call) owns a region, so that repeated calls meet the same data in
/// the same cache. It claims from the front of its region; a lane that has run out takes the back
/// half of the fullest other one (basic_regions).
///
/// A failure closes everything above it: claims below the lowest known failure go on, claims above
/// are refused. What serial execution would have met first is therefore what is reported.
class ledger {
 public:
  /// granule: every boundary is a multiple of it, from index 0; it is doubled as long as count
  /// holds more than 2^32 - 2 of them. The first `owners` lanes own a region, all by default.
  ledger(std::size_t count, std::size_t granule, unsigned lanes, unsigned owners = 0);

  /// Elements that boundaries are multiples of.
  [[nodiscard]] std::size_t granule() const noexcept { return regions_.granule(); }

  /// Lanes that there are at most.
  [[nodiscard]] unsigned lanes() const noexcept { return regions_.lanes(); }

  /// The next elements for `lane`: about `wanted` of them, ending at a multiple of a block where
  /// that leaves any. Empty when nothing is left for anybody (but what was given back), or where
  /// there is no memory to keep account of it in, which interrupts the call.
  [[nodiscard]] range claim(unsigned lane, std::size_t wanted) noexcept;

  /// At most `wanted` elements, in whole granules but at least one, from the back of the fullest
  /// region: what a lane that shares the call with others takes in few large claims meets theirs
  /// last. Begins at a multiple of a block where that leaves any. Nothing becomes the region of
  /// `lane`, which may be one without. Empty where claim() is.
  [[nodiscard]] range claim_back(unsigned lane, std::size_t wanted) noexcept;

  /// Of what was given back: about `wanted` elements, a multiple of `unit` from where it begins,
  /// but no more than half of a lane's share of what lies there, because slow ones may be anywhere
  /// in it; for `lane`, and empty where claim() is.
  [[nodiscard]] range claim_returned(unsigned lane, std::size_t wanted, std::size_t unit) noexcept;
  /// Of those, whether any may still be claimed.
  [[nodiscard]] bool any_returned() const noexcept;
  /// Whether there may be anything to claim, for anybody.
  [[nodiscard]] bool any_left() const noexcept;

  /// Elements that nobody has claimed, but for what was given back and for what a thief is taking.
  [[nodiscard]] std::size_t left() const noexcept;

  /// All elements of a claim are final.
  void finish(unsigned lane, range claimed);

  /// Elements of a claim before `at` are final; element `at` failed with `error`.
  void fail(unsigned lane, range claimed, std::size_t at, std::exception_ptr error);

  /// Takes back a claim, or the part of it, of which nothing is final.
  void give_back(range claimed);

  /// Nobody gets anything any more but what is given back.
  void hold_all() noexcept;

  /// Refuses all further claims.
  void close() noexcept;

  /// Refuses all further claims because of `error`, which is no element's; a failing element's
  /// comes before it.
  void interrupt(std::exception_ptr error) noexcept;

  // -- after all lanes have come to rest --

  /// Nothing is final and nothing has failed, the memory with the results being lost: all elements
  /// are to be handed out again, unless the call was interrupted.
  void begin_anew() noexcept;

  /// Elements whose results are final.
  [[nodiscard]] std::size_t done() const noexcept;
  /// The final elements, in order, neighbours joined.
  [[nodiscard]] std::vector<range> finals() const;
  /// The same without memory of its own: act(range) for each, in no order, not joined.
  template <class Act>
  void each_final(Act act) const {
    for (unsigned k = 0; k != lanes(); ++k)
      for (range const& r : regions_.own(k)) act(r);
  }
  /// The failure with the lowest index, else what interrupted the call; null if neither.
  [[nodiscard]] std::exception_ptr take_failure() noexcept;
  /// The index of the lowest failure; count if no element failed.
  [[nodiscard]] std::size_t failed_at() const noexcept;

 private:
  /// What a lane has finished: written by its worker only.
  using finals_of_lane = std::vector<range>;

  bool has_room(unsigned lane) noexcept;

  basic_regions<std_atomics, finals_of_lane> regions_;
  basic_returned<std_atomics> returned_;
  std::mutex failure_guard_;
  std::size_t failed_at_;
  std::exception_ptr failure_;
  std::exception_ptr interruption_;
};

}  // namespace hetmap::core
