// The elements of rows: tuples, pairs, arrays, and whatever else is tuple-like.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/tuple.hpp>

#include <array>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

template <class T>
concept tuple_like = requires { std::tuple_size<std::remove_cvref_t<T>>::value; };

/// The standard library's own rows, whose elements std::get returns, whatever get() the namespaces
/// of the elements have.
template <class Row>
inline constexpr bool is_standard_row = false;
template <class... T>
inline constexpr bool is_standard_row<std::tuple<T...>> = true;
template <class A, class B>
inline constexpr bool is_standard_row<std::pair<A, B>> = true;
template <class T, std::size_t N>
inline constexpr bool is_standard_row<std::array<T, N>> = true;

template <class Row>
inline constexpr bool is_own_row = false;
template <class... T>
inline constexpr bool is_own_row<tuple<T...>> = true;

inline namespace HETMAP_TAG {

/// Element I of a row. For a user's type as a structured binding finds it: by its member get, or
/// else by argument-dependent lookup of get.
template <std::size_t I, class Row>
HETMAP_INLINE decltype(auto) element(Row&& row) {
  if constexpr (is_standard_row<std::remove_cvref_t<Row>>) {
    return std::get<I>(std::forward<Row>(row));
  } else if constexpr (is_own_row<std::remove_cvref_t<Row>>) {
    return hetmap::get<I>(std::forward<Row>(row));
  } else if constexpr (requires { std::forward<Row>(row).template get<I>(); }) {
    return std::forward<Row>(row).template get<I>();
  } else {
    using std::get;
    return get<I>(std::forward<Row>(row));
  }
}

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
