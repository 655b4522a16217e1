// Numbers that are kept until their leaf of a fold is complete, where claims may end anywhere.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/owned.hpp>
#include <hetmap/detail/seam/leaf.hpp>
#include <hetmap/vector.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Up to this many numbers there is room for all that f returns: then claims may end anywhere, and
/// costly elements are shared one by one.
inline constexpr std::size_t most_kept_numbers = 65536;

inline namespace HETMAP_TAG {

template <class T>
struct kept_numbers {
  // The call's elements, 0 unless claims may end anywhere; values of those in leaves that no claim
  // has whole; which leaves are in a subtree, by bit; and how many elements of the others are
  // folded into the first values there, one per element that a fold takes side by side.
  std::size_t count = 0;
  std::atomic<vector<T>*> kept{nullptr};
  std::atomic<std::uint32_t> folded{0};
  std::size_t begun[most_kept_numbers / largest_leaf] = {};

  kept_numbers() = default;
  ~kept_numbers() { delete kept.load(); }
  kept_numbers(kept_numbers const&) = delete;
  kept_numbers& operator=(kept_numbers const&) = delete;

  /// A leaf is in a subtree now.
  void mark_folded(std::size_t leaf) noexcept {
    folded.fetch_or(std::uint32_t{1} << leaf, std::memory_order_relaxed);
  }
  [[nodiscard]] bool is_complete() const noexcept {
    return folded.load(std::memory_order_relaxed) == all_leaves();
  }

  /// Room for the values of all elements.
  [[nodiscard]] __attribute__((__noinline__)) T* room() {
    vector<T>* there = kept.load(std::memory_order_acquire);
    if (there == nullptr) {
      owned<vector<T>> mine(new vector<T>(vector_access::with_room<T>(count)));
      if (kept.compare_exchange_strong(there, mine.get(), std::memory_order_acq_rel))
        there = mine.release();
    }
    return there->data();
  }

  /// Leaves n numbers where complete() finds them.
  __attribute__((__noinline__)) void leave(std::size_t i, T const* numbers, std::size_t n) {
    T* const to = room() + i;
    for (std::size_t j = 0; j != n; ++j) to[j] = numbers[j];
  }

 private:
  [[nodiscard]] std::uint32_t all_leaves() const noexcept {
    std::size_t const leaves = (count + largest_leaf - 1) / largest_leaf;
    return static_cast<std::uint32_t>((std::uint64_t{1} << leaves) - 1);
  }
};

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
