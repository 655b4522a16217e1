// The index space of a call, in regions that lanes claim from without a lock.
#pragma once

#include "atomics.hpp"
#include "range.hpp"

#include <hetmap/detail/config.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace hetmap::core {

/// Hands the indices 0..count out in claims, each index once.
///
/// A region is one atomic word, (front, back) in granules, so that a claim is one exchange. A lane
/// claims from the front of its own region; one that has run out takes the back half of the fullest
/// other one, claims from it, and makes the rest its region. Between that exchange and that store
/// the rest is in no region: others may find nothing meanwhile, and leave. It is not lost, the lane
/// has it.
///
/// Whoever fails to claim does so because another has claimed: no schedule keeps all from it.
///
/// Every access is relaxed: a region's word says all of what it holds, and whoever hands results on
/// orders them by other means.
///
/// Own: what else a lane keeps beside its region, for itself.
template <class Atomics, class Own>
class basic_regions {
 public:
  /// granule: every boundary is a multiple of it, from index 0; it is doubled as long as count
  /// holds more than 2^32 - 2 of them. The first `owners` lanes own a region, all if 0.
  basic_regions(std::size_t count, std::size_t granule, unsigned lanes, unsigned owners);

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] std::size_t granule() const noexcept { return granule_; }
  [[nodiscard]] unsigned lanes() const noexcept { return lanes_; }
  [[nodiscard]] Own& own(unsigned lane) noexcept { return lane_[lane].own; }
  [[nodiscard]] Own const& own(unsigned lane) const noexcept { return lane_[lane].own; }

  /// See ledger.
  [[nodiscard]] range claim(unsigned lane, std::size_t wanted) noexcept;
  [[nodiscard]] range claim_back(std::size_t wanted) noexcept;
  [[nodiscard]] bool any_left() const noexcept;
  [[nodiscard]] std::size_t left() const noexcept;
  void hold_all() noexcept;
  /// All of it lies in the first lane's region, and nothing is refused.
  ///
  /// Requires: no lane is at work.
  void begin_anew() noexcept;

  /// Claims that begin at or above it are refused.
  [[nodiscard]] std::size_t limit() const noexcept {
    return limit_.load(std::memory_order_relaxed);
  }
  /// Requires: one at a time. Never raises it.
  void lower_limit(std::size_t to) noexcept {
    limit_.store(std::min(to, limit()), std::memory_order_relaxed);
  }

 private:
  struct alignas(128) lane_state {
    typename Atomics::template atomic<std::uint64_t> region{0};
    Own own;
  };
  /// What a region held when it was looked at; of none, where nothing is left.
  struct sight {
    lane_state* of = nullptr;
    std::uint64_t region = 0;
  };

  static constexpr std::size_t most_granules = 0xFFFFFFFEu;

  static constexpr std::uint64_t packed(std::uint32_t front, std::uint32_t back) noexcept {
    return (std::uint64_t{back} << 32) | front;
  }
  static constexpr std::uint32_t front_of(std::uint64_t region) noexcept {
    return static_cast<std::uint32_t>(region);
  }
  static constexpr std::uint32_t back_of(std::uint64_t region) noexcept {
    return static_cast<std::uint32_t>(region >> 32);
  }
  static constexpr std::uint32_t left_in(std::uint64_t region) noexcept {
    return back_of(region) - front_of(region);
  }
  static constexpr std::size_t granules_in(std::size_t count, std::size_t granule) noexcept {
    return count / granule + (count % granule != 0);
  }
  /// Granules of one block.
  static constexpr std::size_t granules_of_block(std::size_t granule) noexcept {
    return std::max<std::size_t>(detail::block_elements / granule, 1);
  }

  [[nodiscard]] std::size_t wanted_granules(std::size_t elements) const noexcept {
    return std::clamp<std::size_t>(elements / granule_, 1, most_granules);
  }
  [[nodiscard]] range elements(std::uint32_t front, std::uint32_t back) const noexcept {
    return {front * granule_, std::min(back * granule_, count_)};
  }
  /// Where a claim of so many granules from its front ends.
  [[nodiscard]] std::uint32_t end_of_claim(std::uint64_t region,
                                           std::size_t granules) const noexcept {
    std::uint32_t const front = front_of(region);
    std::size_t end = front + std::min<std::size_t>(granules, left_in(region));
    if (end != back_of(region)) {
      std::size_t const aligned = end - end % granules_of_block(granule_);
      if (aligned > front) end = aligned;
    }
    return static_cast<std::uint32_t>(end);
  }
  [[nodiscard]] range take_front(lane_state& mine, std::size_t granules) noexcept;
  [[nodiscard]] sight fullest() const noexcept;
  [[nodiscard]] range steal(lane_state& mine, std::size_t granules) noexcept;

  std::size_t count_;
  std::size_t granule_;
  unsigned lanes_;
  std::unique_ptr<lane_state[]> lane_;
  typename Atomics::template atomic<std::size_t> limit_;
};

template <class Atomics, class Own>
basic_regions<Atomics, Own>::basic_regions(std::size_t count, std::size_t granule, unsigned lanes,
                                           unsigned owners)
    : count_(count), granule_(granule), lanes_(lanes), lane_(new lane_state[lanes]), limit_(count) {
  while (granules_in(count_, granule_) > most_granules) granule_ *= 2;
  std::size_t const granules = granules_in(count_, granule_);
  unsigned const regions = owners != 0 ? owners : lanes_;
  // Regions of many blocks begin with a whole one.
  std::size_t const block = granules_of_block(granule_);
  std::size_t const even = granules / regions >= 16 * block ? block : 1;
  auto const cut = [&](unsigned k) {
    // granules < 2^32 and regions < 2^32: the product fits.
    std::size_t const at = granules * k / regions;
    return static_cast<std::uint32_t>(k == regions ? at : at - at % even);
  };
  for (unsigned k = 0; k != regions; ++k)
    lane_[k].region.store(packed(cut(k), cut(k + 1)), std::memory_order_relaxed);
}

template <class Atomics, class Own>
inline range basic_regions<Atomics, Own>::claim(unsigned lane, std::size_t wanted) noexcept {
  std::size_t const granules = wanted_granules(wanted);
  range const claimed = take_front(lane_[lane], granules);
  return claimed.empty() ? steal(lane_[lane], granules) : claimed;
}

template <class Atomics, class Own>
range basic_regions<Atomics, Own>::take_front(lane_state& mine, std::size_t granules) noexcept {
  std::uint64_t seen = mine.region.load(std::memory_order_relaxed);
  while (left_in(seen) != 0) {
    std::uint32_t const front = front_of(seen);
    if (front * granule_ >= limit()) {
      // All that is left here lies above a failure.
      if (mine.region.compare_exchange_weak(seen, 0, std::memory_order_relaxed)) return {};
      continue;
    }
    std::uint32_t const next = end_of_claim(seen, granules);
    if (mine.region.compare_exchange_weak(seen, packed(next, back_of(seen)),
                                          std::memory_order_relaxed))
      return elements(front, next);
  }
  return {};
}

/// The region with most left in it, of those that begin below the limit.
template <class Atomics, class Own>
auto basic_regions<Atomics, Own>::fullest() const noexcept -> sight {
  std::size_t const open = limit();
  sight most;
  for (unsigned k = 0; k != lanes_; ++k) {
    std::uint64_t const region = lane_[k].region.load(std::memory_order_relaxed);
    if (left_in(region) > left_in(most.region) && front_of(region) * granule_ < open)
      most = {&lane_[k], region};
  }
  return most;
}

/// Requires: nothing is left in the lane's own region.
template <class Atomics, class Own>
range basic_regions<Atomics, Own>::steal(lane_state& mine, std::size_t granules) noexcept {
  for (;;) {
    auto [of, seen] = fullest();
    if (of == nullptr) return {};
    std::uint32_t const middle = back_of(seen) - (left_in(seen) + 1) / 2;
    if (!of->region.compare_exchange_strong(seen, packed(front_of(seen), middle),
                                            std::memory_order_relaxed))
      continue;
    if (middle * granule_ >= limit()) continue;  // nobody will want it
    // The claim never lies in the lane's region: another lane could take it from there before it
    // is claimed, and this one take it back, for ever.
    std::uint64_t const taken = packed(middle, back_of(seen));
    std::uint32_t const next = end_of_claim(taken, granules);
    if (next != back_of(taken))
      mine.region.store(packed(next, back_of(taken)), std::memory_order_relaxed);
    return elements(middle, next);
  }
}

template <class Atomics, class Own>
range basic_regions<Atomics, Own>::claim_back(std::size_t wanted) noexcept {
  std::size_t const granules = wanted_granules(wanted);
  for (;;) {
    auto [of, seen] = fullest();
    if (of == nullptr) return {};
    std::uint32_t const front = front_of(seen);
    // What lies above a failure goes with the claim: nobody will want it.
    std::size_t const open = granules_in(limit(), granule_);
    auto const back = static_cast<std::uint32_t>(std::min<std::size_t>(back_of(seen), open));
    if (back <= front) continue;  // the limit fell since
    std::size_t begin = back - std::min<std::size_t>(granules, back - front);
    if (begin != front) {
      std::size_t const block = granules_of_block(granule_);
      std::size_t const aligned = (begin + block - 1) / block * block;
      if (aligned < back) begin = aligned;
    }
    auto const first = static_cast<std::uint32_t>(begin);
    if (of->region.compare_exchange_strong(seen, packed(front, first), std::memory_order_relaxed))
      return elements(first, back);
  }
}

template <class Atomics, class Own>
bool basic_regions<Atomics, Own>::any_left() const noexcept {
  return fullest().of != nullptr;
}

template <class Atomics, class Own>
std::size_t basic_regions<Atomics, Own>::left() const noexcept {
  std::size_t granules = 0;
  for (unsigned k = 0; k != lanes_; ++k)
    granules += left_in(lane_[k].region.load(std::memory_order_relaxed));
  return std::min(granules * granule_, count_);
}

template <class Atomics, class Own>
void basic_regions<Atomics, Own>::begin_anew() noexcept {
  hold_all();
  auto const all = static_cast<std::uint32_t>(granules_in(count_, granule_));
  lane_[0].region.store(packed(0, all), std::memory_order_relaxed);
  limit_.store(count_, std::memory_order_relaxed);
}

template <class Atomics, class Own>
void basic_regions<Atomics, Own>::hold_all() noexcept {
  for (unsigned k = 0; k != lanes_; ++k) lane_[k].region.store(0, std::memory_order_relaxed);
}

}  // namespace hetmap::core
