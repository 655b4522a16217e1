// How a loop reads element i of one input, whatever kind of range that is.
#pragma once

#include <hetmap/detail/chunk.hpp>
#include <hetmap/detail/config.hpp>
#include <hetmap/detail/std_parts.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <ranges>
#include <type_traits>
#include <utility>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// A range without an end, such as iota(0).
template <class R>
concept unbounded = std::same_as<std::ranges::sentinel_t<R>, std::unreachable_sentinel_t>;

/// Any element can be reached at once, and the length is known (or there is none).
template <class R>
concept indexable =
    std::ranges::random_access_range<R> && (std::ranges::sized_range<R> || unbounded<R>);

/// The elements lie one after the other in memory.
template <class R>
concept array_like = indexable<R> && std::ranges::contiguous_range<R> && !unbounded<R>;

/// What a single-pass range is kept as until its turn: a value, given to f as the range would have
/// given it (a reference stays one, to the kept value; anything else is moved in).
template <class R>
using kept_argument_t =
    std::conditional_t<std::is_lvalue_reference_v<std::ranges::range_reference_t<R>> &&
                           std::same_as<std::remove_cvref_t<std::ranges::range_reference_t<R>>,
                                        std::ranges::range_value_t<R>>,
                       std::ranges::range_reference_t<R>, std::ranges::range_value_t<R>&&>;

inline namespace HETMAP_TAG {
/// How an input that is no range is read: value, source(in), length(in). There are arrays and
/// device_spans.
template <class T>
struct resident_input;
}  // namespace HETMAP_TAG

template <class T>
concept resident = requires { typename resident_input<std::remove_cvref_t<T>>::value; };

template <class R>
struct argument {
  using type = kept_argument_t<R>;
};
template <std::ranges::forward_range R>
struct argument<R> {
  using type = std::ranges::range_reference_t<R>;
};
template <resident R>
struct argument<R> {
  using type = typename resident_input<std::remove_cvref_t<R>>::value const&;
};

/// The type with which f is called for one input.
template <class R>
using argument_t = typename argument<R>::type;

inline namespace HETMAP_TAG {

/// Reads an array: its address comes from the chunk's column, so that the same loop serves memory
/// that was staged elsewhere.
template <class T, class Argument>
struct array_source {
  static constexpr access reads = access::contiguous;

  T* data;

  HETMAP_INLINE array_source at(column const& c) const { return {static_cast<T*>(c.base)}; }
  HETMAP_INLINE array_source after(std::size_t n) const { return {data + n}; }
  HETMAP_INLINE Argument operator[](std::size_t i) const { return static_cast<Argument>(data[i]); }
  /// Asks for elements that will be read soon; they need not exist.
  HETMAP_INLINE void prefetch(std::size_t i, std::size_t n) const {
    constexpr std::size_t line = 64;
    auto const from = reinterpret_cast<std::uintptr_t>(data) + i * sizeof(T);
    for (std::size_t k = 0; k < n * sizeof(T); k += line)
      // NOLINTNEXTLINE(performance-no-int-to-ptr): no pointer may be formed behind the array
      __builtin_prefetch(reinterpret_cast<void const*>(from + k));
  }
  column as_column() const {
    return {const_cast<std::remove_cv_t<T>*>(data), sizeof(T), sizeof(T)};
  }
};

/// Reads a hetmap::array, whose address only the core knows.
template <class T>
struct held_source {
  static constexpr access reads = access::contiguous;

  HETMAP_INLINE array_source<T const, T const&> at(column const& c) const {
    return {static_cast<T const*>(c.base)};
  }
  column as_column() const { return {nullptr, sizeof(T), sizeof(T)}; }
};

/// Reads any other random-access range through its iterator; absolute indices, so origin is 0.
template <class Iterator>
struct iterator_source {
  static constexpr access reads = access::indexed;

  Iterator first;

  HETMAP_INLINE iterator_source const& at(column const&) const { return *this; }
  HETMAP_INLINE iterator_source after(std::size_t n) const {
    return {first + static_cast<std::iter_difference_t<Iterator>>(n)};
  }
  HETMAP_INLINE decltype(auto) operator[](std::size_t i) const {
    return first[static_cast<std::iter_difference_t<Iterator>>(i)];
  }
  HETMAP_INLINE void prefetch(std::size_t, std::size_t) const {}
  column as_column() const { return {}; }
};

/// Reads the elements that a batch of kept iterators stands on.
template <class Iterator>
struct kept_iterator_source {
  static constexpr access reads = access::batched;

  Iterator* kept;

  HETMAP_INLINE kept_iterator_source at(column const&) const { return *this; }
  HETMAP_INLINE kept_iterator_source after(std::size_t n) const { return {kept + n}; }
  HETMAP_INLINE decltype(auto) operator[](std::size_t i) const { return *kept[i]; }
  HETMAP_INLINE void prefetch(std::size_t, std::size_t) const {}
  column as_column() const { return {}; }
};

template <class R>
[[nodiscard]] auto source_of(R&& range) {
  if constexpr (resident<R>) {
    return resident_input<std::remove_cvref_t<R>>::source(range);
  } else if constexpr (array_like<R>) {
    using T = std::remove_reference_t<std::ranges::range_reference_t<R>>;
    return array_source<T, std::ranges::range_reference_t<R>>{std::ranges::data(range)};
  } else {
    return iterator_source<std::ranges::iterator_t<R>>{std::ranges::begin(range)};
  }
}

template <class R>
[[nodiscard]] std::size_t length_of(R&& range) {
  if constexpr (resident<R>) {
    return resident_input<std::remove_cvref_t<R>>::length(range);
  } else if constexpr (std::ranges::sized_range<R>) {
    auto const n = std::ranges::size(range);  // may be wider than any standard type
    return n < no_length ? static_cast<std::size_t>(n) : no_length - 1;
  } else {
    return no_length;
  }
}

/// Elements that every input has; no_length where none of them knows.
template <class... In>
[[nodiscard]] std::size_t shortest(In&&... in) {
  std::size_t n = no_length;
  ((n = length_of(in) < n ? length_of(in) : n), ...);
  return n;
}

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
