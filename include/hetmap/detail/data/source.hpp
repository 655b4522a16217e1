// How a loop reads element i of one input, whatever kind of range that is.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/seam/job.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/error.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <ranges>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

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

/// The elements are contiguous in memory.
template <class R>
concept array_like = indexable<R> && std::ranges::contiguous_range<R> && !unbounded<R>;

/// Whether all these ranges know where they end, or that they are endless.
template <class... In>
inline constexpr bool knows_length = ((std::ranges::sized_range<In&> || unbounded<In&>)&&...);

/// An element whose dynamic type is its declared type. A reference to a class with virtual
/// functions may refer to another type.
template <class T>
inline constexpr bool known_whole = !std::is_polymorphic_v<T> || std::is_final_v<T>;

/// A range that says so for all its elements.
template <class R>
inline constexpr bool yields_exact_objects = requires { typename R::yields_exact_objects; };

/// How an element of a single-pass range waits for its turn: as an object of type `type`, which f
/// gets as `argument`, the very type that the range yields. `possible` says whether a copy can
/// stand for the element.
template <class R, class Reference, class Value>
struct kept_element {  // a value; of numbers and derived classes one that is no Value
  using type = std::remove_cv_t<Reference>;
  using argument = type&&;
  // A view that can be read once lives in the range that it came from, and moves on with that.
  static constexpr bool possible =
      (std::same_as<type, Value> || std::is_scalar_v<type> || std::derived_from<type, Value>)&&!(
          std::ranges::view<type> && !std::ranges::forward_range<type>);
};
template <class R, class Reference, class Value>
  requires std::is_reference_v<Reference>
struct kept_element<R, Reference, Value> {
  using type = std::remove_cvref_t<Reference>;
  using argument = Reference;
  static constexpr bool possible =
      std::constructible_from<type, Reference> && (known_whole<type> || yields_exact_objects<R>);
};
/// A stand-in for an element, such as a zip's row of references: the element is kept, and f gets a
/// stand-in for it.
template <class R, class Reference, class Value>
  requires(!std::is_reference_v<Reference> && !std::is_scalar_v<Reference> &&
           !std::derived_from<std::remove_cv_t<Reference>, Value> &&
           std::constructible_from<Value, Reference> && std::constructible_from<Reference, Value&>)
struct kept_element<R, Reference, Value> {
  using type = Value;
  using argument = Reference;
  static constexpr bool possible = true;
};
template <class R>
using kept_element_of = kept_element<std::remove_cvref_t<R>, std::ranges::range_reference_t<R>,
                                     std::ranges::range_value_t<R>>;

/// The elements of a single-pass range can be kept until their turn: a copy of one is the same
/// element. It is not if `*it` refers to a non-final class with virtual functions (only the base of
/// a derived object would be kept) or to what cannot be copied, or is a proxy of its own kind. Copy
/// the elements to a container first, hand over pointers to them, or give the range forward
/// iterators.
template <class R>
inline constexpr bool elements_can_be_kept = true;
template <std::ranges::input_range R>
  requires(!std::ranges::forward_range<R>)
inline constexpr bool elements_can_be_kept<R> = kept_element_of<R>::possible;

/// Where the elements of an input lie, or those of an output.
enum class residence : unsigned char {
  host,    ///< a range
  array,   ///< a hetmap::array: on the host, on a GPU, or on both
  device,  ///< a hetmap::device_span: on a GPU, and not ours
};

inline namespace HETMAP_TAG {
/// How an input that is no range is read: lies, value, source(in), length(in). Arrays and
/// device_spans are such inputs.
template <class T>
struct resident_input;
}  // namespace HETMAP_TAG

template <class T>
concept resident = requires { typename resident_input<std::remove_cvref_t<T>>::value; };

template <class In, residence Where>
inline constexpr bool lies_in = Where == residence::host;
template <resident In, residence Where>
inline constexpr bool lies_in<In, Where> = resident_input<std::remove_cvref_t<In>>::lies == Where;

/// Where a call over these inputs takes place. All inputs that are no ranges lie alike.
template <class... In>
inline constexpr residence place_of = (lies_in<In, residence::array> || ...)    ? residence::array
                                      : (lies_in<In, residence::device> || ...) ? residence::device
                                                                                : residence::host;

template <class R>
struct argument {
  using type = typename kept_element_of<R>::argument;
};
template <std::ranges::forward_range R>
struct argument<R> {
  using type = std::ranges::range_reference_t<R>;
};
template <resident R>
struct argument<R> {
  using type = typename resident_input<std::remove_cvref_t<R>>::value const&;
};

/// The type of f's argument for one input.
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
  /// Prefetches elements that will be read soon; they need not exist.
  HETMAP_INLINE void prefetch(std::size_t i, std::size_t n) const {
    constexpr std::size_t line = 64;
    auto const from = reinterpret_cast<std::uintptr_t>(data) + i * sizeof(T);
    for (std::size_t k = 0; k < n * sizeof(T); k += line)
      // NOLINTNEXTLINE(performance-no-int-to-ptr): no pointer may be formed past the array
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

/// What act() returns; what it throws is the failure of the first element.
template <class Act>
decltype(auto) as_first(Act&& act) {
  try {
    return act();
  } catch (...) {
    detail::rethrow_as_failure_of(0);
  }
}

template <class R>
[[nodiscard]] auto source_of(R&& range) {
  if constexpr (resident<R>) {
    return resident_input<std::remove_cvref_t<R>>::source(range);
  } else if constexpr (array_like<R>) {
    using T = std::remove_reference_t<std::ranges::range_reference_t<R>>;
    auto* const data = detail::as_first([&] { return std::ranges::data(range); });
    return array_source<T, std::ranges::range_reference_t<R>>{data};
  } else {
    return iterator_source<std::ranges::iterator_t<R>>{
        detail::as_first([&] { return std::ranges::begin(range); })};
  }
}

template <class R>
[[nodiscard]] std::size_t length_of(R&& range) {
  if constexpr (resident<R>) {
    return resident_input<std::remove_cvref_t<R>>::length(range);
  } else if constexpr (std::ranges::sized_range<R>) {
    auto const n = detail::without_index([&] { return std::ranges::size(range); });
    if constexpr (sizeof n > sizeof(std::size_t))  // may be wider than any standard type
      return n < static_cast<std::remove_const_t<decltype(n)>>(no_length)
                 ? static_cast<std::size_t>(n)
                 : no_length - 1;
    else
      return static_cast<std::size_t>(n);
  } else {
    return no_length;
  }
}

/// The number of elements that every input has; no_length if none of them knows.
template <class... In>
[[nodiscard]] std::size_t shortest(In&&... in) {
  std::size_t n = no_length;
  ((n = detail::least(n, detail::length_of(in))), ...);
  return n;
}

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
