#include "ledger.hpp"

#include <hetmap/detail/config.hpp>

#include <algorithm>
#include <utility>

namespace hetmap::core {
namespace {

constexpr std::size_t most_granules = 0xFFFFFFFEu;

constexpr std::uint64_t packed(std::uint32_t front, std::uint32_t back) {
  return (std::uint64_t{back} << 32) | front;
}
constexpr std::uint32_t front_of(std::uint64_t region) {
  return static_cast<std::uint32_t>(region);
}
constexpr std::uint32_t back_of(std::uint64_t region) {
  return static_cast<std::uint32_t>(region >> 32);
}
constexpr std::uint32_t left_in(std::uint64_t region) { return back_of(region) - front_of(region); }

constexpr std::size_t granules_in(std::size_t count, std::size_t granule) {
  return count / granule + (count % granule != 0);
}

/// Granules of one block.
constexpr std::size_t granules_of_block(std::size_t granule) {
  return std::max<std::size_t>(detail::block_elements / granule, 1);
}

}  // namespace

ledger::ledger(std::size_t count, std::size_t granule, unsigned lanes, unsigned owners)
    : count_(count),
      granule_(granule),
      lanes_(lanes),
      lane_(new lane_state[lanes]),
      limit_(count),
      failed_at_(count) {
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
  for (unsigned k = 0; k != regions; ++k) {
    lane_[k].region.store(packed(cut(k), cut(k + 1)), std::memory_order_relaxed);
  }
}

range ledger::elements(std::uint32_t front, std::uint32_t back) const noexcept {
  return {front * granule_, std::min(back * granule_, count_)};
}

/// Room for what will be final, before it is done: a result that could not be kept account of would
/// never be destroyed.
bool ledger::has_room(lane_state& mine) noexcept {
  auto& finals = mine.finals;
  if (finals.size() != finals.capacity()) return true;
  try {
    finals.reserve(std::max<std::size_t>(8, 2 * finals.capacity()));
    return true;
  } catch (...) {
    interrupt(std::current_exception());
    return false;
  }
}

range ledger::claim(unsigned lane, std::size_t wanted) noexcept {
  if (!has_room(lane_[lane])) return {};
  std::size_t const granules = std::clamp<std::size_t>(wanted / granule_, 1, most_granules);
  do {
    range const claimed = take_front(lane_[lane], granules);
    if (!claimed.empty()) return claimed;
  } while (steal_into(lane));
  return {};
}

void ledger::give_back(range claimed) {
  if (claimed.empty()) return;
  std::lock_guard const guard(returned_guard_);
  returned_.push_back(claimed);
  any_returned_.store(true, std::memory_order_relaxed);
}

void ledger::hold_all() noexcept {
  for (unsigned k = 0; k != lanes_; ++k) lane_[k].region.store(0, std::memory_order_relaxed);
}

bool ledger::any_returned() const noexcept {
  std::lock_guard const guard(returned_guard_);
  return !returned_.empty();
}

bool ledger::any_left() const noexcept {
  std::size_t const limit = limit_.load(std::memory_order_relaxed);
  for (unsigned k = 0; k != lanes_; ++k) {
    std::uint64_t const region = lane_[k].region.load(std::memory_order_relaxed);
    if (left_in(region) != 0 && front_of(region) * granule_ < limit) return true;
  }
  return any_returned();
}

range ledger::claim_returned(unsigned lane, std::size_t wanted, std::size_t unit) noexcept {
  if (!any_returned_.load(std::memory_order_relaxed) || !has_room(lane_[lane])) return {};
  std::lock_guard const guard(returned_guard_);
  while (!returned_.empty()) {
    range& last = returned_.back();
    if (last.begin >= limit_.load(std::memory_order_relaxed)) {
      returned_.pop_back();
      continue;
    }
    std::size_t const most = std::min(wanted, last.size() / lanes_ / 2);
    std::size_t const elements = std::max<std::size_t>(most / unit, 1) * unit;
    range taken = last;
    if (elements < last.size()) {
      taken.end = last.begin + elements;
      last.begin = taken.end;
    } else {
      returned_.pop_back();
    }
    return taken;
  }
  return {};
}

range ledger::take_front(lane_state& mine, std::size_t granules) noexcept {
  std::uint64_t seen = mine.region.load(std::memory_order_relaxed);
  while (left_in(seen) != 0) {
    std::uint32_t const front = front_of(seen);
    if (front * granule_ >= limit_.load(std::memory_order_relaxed)) {
      // All that is left here lies above a failure.
      if (mine.region.compare_exchange_weak(seen, 0, std::memory_order_relaxed)) return {};
      continue;
    }
    std::size_t back = front + std::min<std::size_t>(granules, left_in(seen));
    if (back != back_of(seen)) {
      std::size_t const aligned = back - back % granules_of_block(granule_);
      if (aligned > front) back = aligned;
    }
    auto const next = static_cast<std::uint32_t>(back);
    if (mine.region.compare_exchange_weak(seen, packed(next, back_of(seen)),
                                          std::memory_order_relaxed))
      return elements(front, next);
  }
  return {};
}

/// The region with most left in it, of those that begin below the limit.
ledger::sight ledger::fullest() const noexcept {
  std::size_t const limit = limit_.load(std::memory_order_relaxed);
  sight most;
  for (unsigned k = 0; k != lanes_; ++k) {
    std::uint64_t const region = lane_[k].region.load(std::memory_order_relaxed);
    if (left_in(region) > left_in(most.region) && front_of(region) * granule_ < limit)
      most = {&lane_[k], region};
  }
  return most;
}

bool ledger::steal_into(unsigned lane) noexcept {
  for (;;) {
    auto [of, seen] = fullest();
    if (of == nullptr) return false;
    std::uint32_t const middle = back_of(seen) - (left_in(seen) + 1) / 2;
    if (of->region.compare_exchange_strong(seen, packed(front_of(seen), middle),
                                           std::memory_order_relaxed)) {
      lane_[lane].region.store(packed(middle, back_of(seen)), std::memory_order_relaxed);
      return true;
    }
  }
}

range ledger::claim_back(unsigned lane, std::size_t wanted) noexcept {
  if (!has_room(lane_[lane])) return {};
  std::size_t const granules = std::clamp<std::size_t>(wanted / granule_, 1, most_granules);
  for (;;) {
    auto [of, seen] = fullest();
    if (of == nullptr) return {};
    std::uint32_t const front = front_of(seen);
    // What lies above a failure goes with the claim: nobody will want it.
    std::size_t const open = granules_in(limit_.load(std::memory_order_relaxed), granule_);
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

void ledger::finish(unsigned lane, range claimed) {
  if (claimed.empty()) return;
  auto& finals = lane_[lane].finals;
  if (!finals.empty() && finals.back().end == claimed.begin)
    finals.back().end = claimed.end;
  else
    finals.push_back(claimed);
}

void ledger::fail(unsigned lane, range claimed, std::size_t at, std::exception_ptr error) {
  finish(lane, {claimed.begin, at});
  std::lock_guard const guard(failure_guard_);
  if (failure_ && at >= failed_at_) return;
  failed_at_ = at;
  failure_ = std::move(error);
  limit_.store(std::min(at, limit_.load(std::memory_order_relaxed)), std::memory_order_relaxed);
}

void ledger::close() noexcept {
  std::lock_guard const guard(failure_guard_);
  limit_.store(0, std::memory_order_relaxed);
}

void ledger::interrupt(std::exception_ptr error) noexcept {
  close();
  std::lock_guard const guard(failure_guard_);
  if (!interruption_) interruption_ = std::move(error);
}

std::size_t ledger::done() const noexcept {
  std::size_t sum = 0;
  for (unsigned k = 0; k != lanes_; ++k)
    for (range const& r : lane_[k].finals) sum += r.size();
  return sum;
}

std::vector<range> ledger::finals() const {
  std::vector<range> all;
  for (unsigned k = 0; k != lanes_; ++k)
    all.insert(all.end(), lane_[k].finals.begin(), lane_[k].finals.end());
  std::sort(all.begin(), all.end(), [](range a, range b) { return a.begin < b.begin; });
  std::vector<range> joined;
  for (range const& r : all) {
    if (!joined.empty() && joined.back().end == r.begin)
      joined.back().end = r.end;
    else
      joined.push_back(r);
  }
  return joined;
}

std::exception_ptr ledger::take_failure() noexcept {
  return std::exchange(failure_ ? failure_ : interruption_, nullptr);
}

std::size_t ledger::failed_at() const noexcept { return failed_at_; }

}  // namespace hetmap::core
