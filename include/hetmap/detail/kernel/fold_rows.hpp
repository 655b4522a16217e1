// Folds of numbers that have been made, from left to right: many leaves at a time.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/kernel/fold.hpp>
#include <hetmap/detail/kernel/reduce_tree.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/operation.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {
inline namespace HETMAP_TAG {

/// Numbers made of what f returns. They are made a tile at a time and folded from there, which
/// vectorises. If their order does not matter, fold_width of them are folded side by side.
template <class T, class R>
inline constexpr bool folds_numbers = std::is_arithmetic_v<T> && std::constructible_from<T, R>;
template <class Op, class T, class R>
inline constexpr bool interleaves = folds_numbers<T, R> && commutative<std::remove_cv_t<Op>, T>;

/// How many leaves are folded at once if their order matters: in this file's vectors, and few
/// enough for their numbers to stay in a cache.
template <class T>
inline constexpr std::size_t short_rows = fold_width<T>;
template <class T>
inline constexpr std::size_t long_rows = fold_width<T> / 2;
template <class T>
inline constexpr std::size_t last_rows = fold_width<T> / 8;

template <class T, class Op, bool SideBySide>
struct rows_of_numbers {
  static constexpr std::size_t width = fold_width<T>;

  Op& op;
  std::size_t leaf;

  template <class U>
  static HETMAP_INLINE void copy(T* to, U const* from, std::size_t n) {
    std::size_t i = 0;
    for (; i + width <= n; i += width)
      for (std::size_t j = 0; j != width; ++j) to[i + j] = static_cast<T>(from[i + j]);
    for (; i < n; ++i) to[i] = static_cast<T>(from[i]);
  }

  /// The end of what is folded at a time.
  [[nodiscard]] HETMAP_INLINE std::size_t group_from(std::size_t i, std::size_t end) const {
    std::size_t const group = leaf * (leaf < fold_strip ? short_rows<T> : long_rows<T>);
    return end - i < group ? end : i + group;
  }

  /// A leaf from `begin` on, whose first available number belongs to element `from`.
  HETMAP_INLINE T fold_alone(T const* numbers, std::size_t from, std::size_t begin, std::size_t end,
                             std::size_t& at) {
    T sum = numbers[begin - from];
    for (std::size_t k = begin + 1; k != end; ++k) {
      at = k;
      sum = static_cast<T>(detail::call(op, T(sum), T(numbers[k - from])));
    }
    at = end - 1;
    return sum;
  }

  /// Folds elements begin..end, whose numbers are `values`.
  HETMAP_INLINE void fold_waiting(T const* values, std::size_t begin, std::size_t end,
                                  std::size_t& at, subtrees<T, Op>& mine) {
    std::size_t i = begin;
    try {
      if constexpr (SideBySide && 2 * width <= 64) {
      } else if constexpr (SideBySide) {  // others have two widths
        for (; leaf == 64 && end - i >= leaf * long_rows<T>; i += leaf * long_rows<T>) {
          T sums[long_rows<T>];
          detail::fold_long_rows<long_rows<T>>(op, values + (i - begin), 64, sums);
          mine.template add_leaves<long_rows<T>>(i / leaf, sums, op);
        }
      } else if (leaf < fold_strip) {
        for (; end - i >= leaf * short_rows<T>; i += leaf * short_rows<T>) {
          T sums[short_rows<T>];
          detail::fold_rows_of<short_rows<T>>(op, values + (i - begin), leaf, sums);
          mine.template add_leaves<short_rows<T>>(i / leaf, sums, op);
        }
      } else {
        for (; end - i >= leaf * long_rows<T>; i += leaf * long_rows<T>) {
          T sums[long_rows<T>];
          detail::fold_long_rows<long_rows<T>>(op, values + (i - begin), leaf, sums);
          mine.template add_leaves<long_rows<T>>(i / leaf, sums, op);
        }
        for (; end - i >= leaf * last_rows<T>; i += leaf * last_rows<T>) {
          T sums[last_rows<T>];
          detail::fold_long_rows<last_rows<T>>(op, values + (i - begin), leaf, sums);
          mine.template add_leaves<last_rows<T>>(i / leaf, sums, op);
        }
      }
      while (i != end) {
        std::size_t const next = end - i < leaf ? end : i + leaf;
        mine.add_leaf(i / leaf, fold_alone(values, begin, i, next, at), op);
        i = next;
      }
      mine.add_waiting(op);
    } catch (...) {
      at = end - 1;
      fail_earlier(values, begin, end, at);
      throw;
    }
  }

  /// Throws what the operation throws in a loop over these elements, if anything.
  HETMAP_INLINE void fail_earlier(T const* values, std::size_t begin, std::size_t end,
                                  std::size_t& at) {
    std::size_t const last = at;
    if (begin != end) static_cast<void>(fold_alone(values, begin, begin, end, at));
    at = last;
  }
};

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
