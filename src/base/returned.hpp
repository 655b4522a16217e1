// What lanes had claimed and gave back.
#pragma once

#include "atomics.hpp"
#include "range.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <mutex>

namespace hetmap::core {

/// Ranges that are to be claimed anew. Whether there are any is read without the lock first, by a
/// word that may be late: whoever is about to leave asks with the lock (see any()).
template <class Atomics>
class basic_returned {
 public:
  void add(range r) {
    std::lock_guard const guard(guard_);
    ranges_.push_back(r);
    any_.store(true, std::memory_order_relaxed);
  }

  /// False: none that this thread knows of.
  [[nodiscard]] bool known() const noexcept { return any_.load(std::memory_order_relaxed); }

  /// Whether there is one that begins below what is open.
  template <class Regions>
  [[nodiscard]] bool any(Regions const& open) const noexcept {
    std::lock_guard const guard(guard_);
    return std::any_of(ranges_.begin(), ranges_.end(),
                       [&](range const& r) { return r.begin < open.limit(); });
  }

  /// See ledger::claim_returned().
  template <class Regions>
  [[nodiscard]] range take(Regions const& open, std::size_t wanted, std::size_t unit) noexcept {
    std::lock_guard const guard(guard_);
    while (!ranges_.empty()) {
      range& last = ranges_.back();
      if (last.begin >= open.limit()) {
        ranges_.pop_back();
        continue;
      }
      std::size_t const most = std::min(wanted, last.size() / open.lanes() / 2);
      std::size_t const elements = std::max<std::size_t>(most / unit, 1) * unit;
      range taken = last;
      if (elements < last.size()) {
        taken.end = last.begin + elements;
        last.begin = taken.end;
      } else {
        ranges_.pop_back();
      }
      return taken;
    }
    return {};
  }

  void clear() noexcept {
    std::lock_guard const guard(guard_);
    ranges_.clear();
    any_.store(false, std::memory_order_relaxed);
  }

 private:
  typename Atomics::template atomic<bool> any_{false};
  mutable typename Atomics::mutex guard_;
  typename Atomics::template list<range> ranges_;
};

}  // namespace hetmap::core
