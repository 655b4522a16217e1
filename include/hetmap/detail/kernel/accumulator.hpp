// Accumulators of a fold: made of what f returns, or folding it in.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/data/source.hpp>
#include <hetmap/detail/seam/job.hpp>
#include <hetmap/detail/std_parts.hpp>

#include <concepts>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {
inline namespace HETMAP_TAG {

/// Whether the numbers of an array are folded as they are.
template <class F, class... Src>
inline constexpr bool reads_numbers = false;
template <class U, class Argument>
inline constexpr bool reads_numbers<std::identity, array_source<U, Argument>> =
    std::is_arithmetic_v<U>;
template <class U>
inline constexpr bool reads_numbers<std::identity, held_source<U>> = std::is_arithmetic_v<U>;

/// What f returns for the elements of these sources.
template <class F, class... Src>
using made_of = std::invoke_result_t<F&, decltype(std::declval<Src const&>().at(
                                             std::declval<column const&>())[std::size_t{}])...>;

template <class T, class Op, class R>
HETMAP_INLINE T lifted(Op& op, R&& value) {
  if constexpr (std::constructible_from<T, R>)
    return static_cast<T>(std::forward<R>(value));
  else
    return static_cast<T>(detail::call(op, T{}, std::forward<R>(value)));
}
template <class T, class Op, class R>
HETMAP_INLINE T taken_up(Op& op, T&& sum, R&& value) {
  if constexpr (std::constructible_from<T, R>)
    return static_cast<T>(
        detail::call(op, static_cast<T&&>(sum), static_cast<T>(std::forward<R>(value))));
  else
    return static_cast<T>(detail::call(op, static_cast<T&&>(sum), std::forward<R>(value)));
}

/// Replaces a value by one made of it. T need not be assignable.
template <class T>
class running {
 public:
  HETMAP_INLINE explicit running(T&& first) : value_(static_cast<T&&>(first)) {}

  [[nodiscard]] HETMAP_INLINE T&& taken() { return static_cast<T&&>(*value_); }
  HETMAP_INLINE void become(T&& next) { value_.emplace(static_cast<T&&>(next)); }

 private:
  std::optional<T> value_;
};
template <class T>
  requires std::is_move_assignable_v<T>
class running<T> {
 public:
  HETMAP_INLINE explicit running(T&& first) : value_(static_cast<T&&>(first)) {}

  [[nodiscard]] HETMAP_INLINE T&& taken() { return static_cast<T&&>(value_); }
  HETMAP_INLINE void become(T&& next) { value_ = static_cast<T&&>(next); }

 private:
  T value_;
};

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
