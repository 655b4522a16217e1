// What f makes of elements, as numbers that are about to be folded: a tile at a time.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/kernel/accumulator.hpp>
#include <hetmap/detail/kernel/fold.hpp>
#include <hetmap/detail/kernel/loop.hpp>
#include <hetmap/detail/seam/job.hpp>
#include <hetmap/operation.hpp>

#include <cstddef>
#include <type_traits>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {
inline namespace HETMAP_TAG {

/// The next N numbers, or as many as have been made when the rest is recalled.
template <std::size_t N, class T, class F, class Op, class... Source>
HETMAP_INLINE std::size_t make(F& f, Op& op, T* tile, std::size_t i, std::size_t& at,
                               recall_check const& rest, bool may_stop, Source const&... src) {
  for (std::size_t j = 0; j != N; ++j) {
    at = i + j;
    recall const before = rest.seen();
    T const value = detail::lifted<T>(op, detail::call(f, src[i + j]...));
    bool const asked = rest.seen() != before;
    tile[j] = value;
    if (asked && may_stop) return j + 1;
  }
  return N;
}

/// The next ones, N at a time while there are so many, each to take_one(number, i). Whether it
/// stops.
template <std::size_t N, class T, bool SideBySide, class F, class Op, class TakeOne,
          class... Source>
HETMAP_INLINE bool make_last(F& f, Op& op, std::size_t& i, std::size_t end, std::size_t& at,
                             recall_check& rest, bool may_stop, std::size_t settled,
                             TakeOne& take_one, Source const&... src) {
  while (end - i >= N) {
    T tile[N];
    std::size_t n = 0;
    try {
      n = detail::make<N>(f, op, static_cast<T*>(tile), i, at, rest, may_stop, src...);
    } catch (...) {
      // The operation may fail at an earlier one.
      if constexpr (!SideBySide)
        for (std::size_t j = 0; j != at - i; ++j) take_one(tile[settled + j], i + j);
      throw;
    }
    for (std::size_t j = 0; j != n; ++j) take_one(tile[settled + j], i + j);
    i += n;
    if (may_stop && (n != N || rest.asked())) return true;
  }
  return false;
}

/// Calls take(numbers, i, n) with all numbers from `begin` on, up to tile_widths widths at a
/// time, with a part of a width only where it stops, and take_one(number, i) with the last few.
///
/// Returns:  one past the last; less than end only if the rest is recalled and it may stop.
template <class T, bool SideBySide, class F, class Op, class Take, class TakeOne, class... Source>
HETMAP_INLINE std::size_t make_all(F& f, Op& op, std::size_t begin, std::size_t end,
                                   std::size_t& at, recall_check rest, bool may_stop, Take&& take,
                                   TakeOne&& take_one, Source const&... src) {
  constexpr std::size_t width = fold_width<T>;
  std::size_t settled = 0;
  if constexpr (std::is_floating_point_v<T>) settled = detail::unknown_zero();
  std::size_t i = begin;
  while (end - i >= width) {
    T tile[tile_widths * width];
    std::size_t const most = (end - i) / width;
    std::size_t const wanted = (most < tile_widths ? most : tile_widths) * width;
    std::size_t n = 0;
    try {
      do {
        std::size_t const more =
            detail::make<width>(f, op, tile + n, i + n, at, rest, may_stop, src...);
        n += more;
        if (more != width) break;
      } while (n != wanted);
    } catch (...) {
      // The operation may fail at an earlier one.
      if constexpr (!SideBySide) take(tile + settled, i, at - i);
      throw;
    }
    take(tile + settled, i, n);
    i += n;
    if (may_stop && (n != wanted || rest.asked())) return i;
  }
  if (detail::make_last<small_block_elements, T, SideBySide>(f, op, i, end, at, rest, may_stop,
                                                             settled, take_one, src...) ||
      detail::make_last<1, T, SideBySide>(f, op, i, end, at, rest, may_stop, settled, take_one,
                                          src...))
    return i;
  return end;
}

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
