// Folds of numbers: how many leaves, or many parts of one, go through vectors at once.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/kernel/loop.hpp>
#include <hetmap/detail/std_parts.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

namespace detail {
inline namespace HETMAP_TAG {

/// Numbers made at a time: four vectors at the widest. This many are folded side by side if the
/// order does not matter.
template <class T>
inline constexpr std::size_t fold_width = 256 / sizeof(T) < 64 ? 256 / sizeof(T) : 64;

/// 0, which the compiler does not know. What is stored at one index and read at another that
/// differs by it is final. Otherwise the optimiser would choose whether a product of f and a sum of
/// op are one fused operation, and -O0 and -O2 would differ. (Any pointer may point to an array
/// that an asm statement reads.)
[[nodiscard]] HETMAP_INLINE std::size_t unknown_zero() {
  std::size_t zero = 0;
  asm("" : "+r"(zero));
  return zero;
}

/// op(op(op(sum, values[0]), values[1]), ...).
template <class T, class Op, std::size_t... K>
HETMAP_INLINE T taken_up_in_turn(Op& op, T sum, T const* values, std::index_sequence<K...>) {
  static_cast<void>(values);
  ((sum = static_cast<T>(detail::call(op, T(sum), T(values[K])))), ...);
  return sum;
}

/// Folds each of Rows leaves of Length elements, which lie one after the other, from left to right.
template <std::size_t Rows, std::size_t Length, class T, class Op>
HETMAP_INLINE void fold_short_rows(Op& op, T const* values, T* sums) {
  for (std::size_t j = 0; j != Rows; ++j)
    sums[j] = detail::taken_up_in_turn(op, T(values[j * Length]), values + j * Length + 1,
                                       std::make_index_sequence<Length - 1>{});
}

/// The same for a length that is known when it runs: 1, 2, 4 or 8.
template <std::size_t Rows, class T, class Op>
HETMAP_INLINE void fold_rows_of(Op& op, T const* values, std::size_t length, T* sums) {
  switch (length) {
    case 1: return detail::fold_short_rows<Rows, 1>(op, values, sums);
    case 2: return detail::fold_short_rows<Rows, 2>(op, values, sums);
    case 4: return detail::fold_short_rows<Rows, 4>(op, values, sums);
    default: return detail::fold_short_rows<Rows, 8>(op, values, sums);
  }
}

/// Elements of each leaf that are transposed in registers at a time.
inline constexpr std::size_t fold_strip = 16;

/// The same for `length` elements, a multiple of fold_strip.
template <std::size_t Rows, class T, class Op>
HETMAP_INLINE void fold_long_rows(Op& op, T const* values, std::size_t length, T* sums) {
  for (std::size_t k = 0; k != length; k += fold_strip) {
    T strip[Rows * fold_strip];
    for (std::size_t j = 0; j != Rows; ++j)
      for (std::size_t i = 0; i != fold_strip; ++i)
        strip[j * fold_strip + i] = values[j * length + k + i];
    if (k == 0)
      detail::fold_short_rows<Rows, fold_strip>(op, static_cast<T const*>(strip), sums);
    else
      for (std::size_t j = 0; j != Rows; ++j)
        sums[j] = detail::taken_up_in_turn(op, T(sums[j]), strip + j * fold_strip,
                                           std::make_index_sequence<fold_strip>{});
  }
}

/// Joins the second half of N values to the first, and so on, down to one.
template <std::size_t N, class T, class Op>
HETMAP_INLINE void join_halves(Op& op, T* values) {
  if constexpr (N > 1) {
    for (std::size_t j = 0; j != N / 2; ++j)
      values[j] = static_cast<T>(detail::call(op, T(values[j]), T(values[j + N / 2])));
    detail::join_halves<N / 2>(op, values);
  }
}

/// Joins neighbours among N values, and so on, down to one.
template <std::size_t N, class T, class Op>
HETMAP_INLINE void join_neighbours(Op& op, T* values) {
  if constexpr (N > 1) {
    for (std::size_t j = 0; j != N / 2; ++j)
      values[j] = static_cast<T>(detail::call(op, T(values[2 * j]), T(values[2 * j + 1])));
    detail::join_neighbours<N / 2>(op, values);
  }
}

/// This many widths are made before they are folded: the loops are left less often.
inline constexpr std::size_t tile_widths = 4;

/// A leaf of at least two widths that is being folded, and what is left after its last width.
template <class T, class Op>
struct side_by_side_fold {
  static constexpr std::size_t width = fold_width<T>;

  T sums[width];
  T left[width];
  std::size_t first;
  std::size_t whole;  // where that begins

  HETMAP_INLINE side_by_side_fold(std::size_t begin, std::size_t end)
      : first(begin), whole(end - (end - begin) % width) {}

  /// Whole widths from i on, up to `whole` at most. Several are taken in turn while the sums are at
  /// hand.
  template <class U>
  HETMAP_INLINE void take(Op& joins, U const* numbers, std::size_t i, std::size_t n,
                          std::size_t& at) {
    std::size_t k = 0;
    if (i == first) {
      for (std::size_t j = 0; j != width; ++j) sums[j] = static_cast<T>(numbers[j]);
      k = width;
    }
    for (; n - k >= tile_widths * width; k += tile_widths * width)
      for (std::size_t j = 0; j != width; ++j) {
        T sum = sums[j];
        for (std::size_t w = 0; w != tile_widths; ++w) {
          at = i + k + w * width + j;
          sum = static_cast<T>(
              detail::call(joins, T(sum), static_cast<T>(numbers[k + w * width + j])));
        }
        sums[j] = sum;
      }
    for (; k != n; k += width)
      for (std::size_t j = 0; j != width; ++j) {
        at = i + k + j;
        sums[j] = static_cast<T>(detail::call(joins, T(sums[j]), static_cast<T>(numbers[k + j])));
      }
  }
  HETMAP_INLINE T result(Op& joins, std::size_t end, std::size_t& at) {
    detail::join_halves<width>(joins, static_cast<T*>(sums));
    for (std::size_t i = whole; i != end; ++i) {
      at = i;
      sums[0] = static_cast<T>(detail::call(joins, T(sums[0]), T(left[i - whole])));
    }
    return sums[0];
  }
};

/// What the tree does with numbers. Which worker joins depends on who folded what, so the operation
/// is compiled only here, and the same whatever the file's flags.
template <std::size_t N, class T, class Op>
HETMAP_CLONE_UNCONTRACTED void join_leaves(Op& op, T* values) {
  detail::join_neighbours<N>(op, values);
}

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
