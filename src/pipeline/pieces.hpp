// One chunk that several lanes compute: which of its elements nobody has taken yet. Plain data and
// no threads: whoever uses it holds a lock, or is a test.
#pragma once

#include "../base/ledger.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace hetmap::core {

/// The elements of a chunk, taken a piece at a time from the front. A piece that is given up before
/// its end leaves the rest of it to others.
class pieces {
 public:
  /// at_once: pieces that may be under way at once.
  explicit pieces(std::size_t at_once) { open_.reserve(room_for(at_once)); }

  /// Size, in bytes, of what it allocates.
  [[nodiscard]] static std::size_t bytes(std::size_t at_once) noexcept {
    return room_for(at_once) * sizeof(range);
  }

  /// Another chunk. Requires: running() == 0.
  void fill(range all) noexcept {
    open_.clear();
    if (!all.empty()) open_.push_back(all);
  }

  /// Whether an element below `limit` is left to be taken.
  [[nodiscard]] bool any(std::size_t limit) const noexcept {
    return std::any_of(open_.begin(), open_.end(), [&](range const& r) { return r.begin < limit; });
  }
  /// Elements that nobody has taken.
  [[nodiscard]] std::size_t left() const noexcept {
    std::size_t n = 0;
    for (range const& r : open_) n += r.size();
    return n;
  }
  /// Pieces that are under way.
  [[nodiscard]] std::size_t running() const noexcept { return running_; }

  /// The first elements that are left, `wanted` at most (more where pieces are in very many places
  /// already), all below `limit`. Requires: any(limit), wanted > 0.
  [[nodiscard]] range claim(std::size_t wanted, std::size_t limit) noexcept {
    auto const first =
        std::min_element(open_.begin(), open_.end(),
                         [](range const& a, range const& b) { return a.begin < b.begin; });
    range out{first->begin, std::min(first->end, limit)};
    // Every piece may leave a rest: there is room for all of them.
    if (open_.size() + running_ + 2 < open_.capacity())
      out.end = std::min(out.end, out.begin + std::min(wanted, out.size()));
    first->begin = out.end;
    if (first->empty()) open_.erase(first);
    ++running_;
    return out;
  }

  /// A piece is over; `to`: its elements from there on are left to be taken again.
  void finish(range piece, std::size_t to) noexcept {
    --running_;
    if (to == piece.end) return;
    for (range& r : open_)
      if (r.begin == piece.end) {
        r.begin = to;
        return;
      }
    open_.push_back({to, piece.end});
  }

  /// What nobody has computed, in order. Requires: running() == 0.
  [[nodiscard]] std::vector<range> const& missing() noexcept {
    std::sort(open_.begin(), open_.end(),
              [](range const& a, range const& b) { return a.begin < b.begin; });
    return open_;
  }

 private:
  static std::size_t room_for(std::size_t at_once) noexcept { return 2 * at_once + 4; }

  std::vector<range> open_;
  std::size_t running_ = 0;
};

}  // namespace hetmap::core
