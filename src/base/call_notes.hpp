// What becomes of a call's plan while the call runs: written by whoever runs it.
#pragma once

#include <hetmap/decisions.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <mutex>

namespace hetmap::core {

/// The fallbacks of one call. Any thread of the call may add to them.
class call_notes {
 public:
  /// So many elements did not stay where the plan had them. The same again adds to the first; of
  /// more kinds than a decision holds, the first ones are kept.
  ///
  /// device: that gave them up; -1 for the CPU. why: of static duration.
  void note_fallback(fallback_kind what, std::size_t elements, int device,
                     char const* why) noexcept {
    std::lock_guard const lock(guard_);
    auto const end = all_.begin() + count_;
    auto const known = std::find_if(
        all_.begin(), end, [&](fallback const& f) { return f.what == what && f.device == device; });
    if (known != end)
      known->elements += elements;
    else if (count_ != all_.size())
      all_[count_++] = {what, device, elements, why};
  }

  [[nodiscard]] bool any() const noexcept {
    std::lock_guard const lock(guard_);
    return count_ != 0;
  }

  void tell(decision& out) const noexcept {
    std::lock_guard const lock(guard_);
    out.fallbacks = all_;
    out.fallback_count = count_;
  }

 private:
  mutable std::mutex guard_;
  std::array<fallback, decision::most_fallbacks> all_{};
  unsigned count_ = 0;
};

}  // namespace hetmap::core
