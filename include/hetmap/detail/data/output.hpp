// Where the results of a map go: host arrays, one or one per element of a tuple. (Outputs on a GPU
// describe themselves likewise: array.hpp, device_span.hpp.)
#pragma once

#include <hetmap/detail/data/element.hpp>
#include <hetmap/detail/data/source.hpp>
#include <hetmap/detail/std_parts.hpp>

#include <cstddef>
#include <ranges>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

template <class Out>
concept writable_array =
    std::ranges::contiguous_range<Out> && std::ranges::sized_range<Out> &&
    !std::is_const_v<std::remove_reference_t<std::ranges::range_reference_t<Out>>>;

/// The arrays that the elements of a tuple go to.
template <class... T>
struct column_list {
  std::tuple<std::span<T>...> spans;

  template <class... Out>
  explicit column_list(Out&... out)
      : spans(std::span<T>(std::ranges::data(out), std::ranges::size(out))...) {}
};
template <class T>
inline constexpr bool is_column_list = false;
template <class... T>
inline constexpr bool is_column_list<column_list<T...>> = true;

/// Whether the elements of a row can be assigned to a T each.
template <class Row, class... T>
inline constexpr bool fills_columns = false;
template <tuple_like Row, class... T>
  requires(std::tuple_size<std::remove_cvref_t<Row>>::value == sizeof...(T))
inline constexpr bool fills_columns<Row, T...> = []<std::size_t... K>(std::index_sequence<K...>) {
  return (std::is_assignable_v<T&, decltype(detail::element<K>(std::declval<Row>()))> && ...);
}(std::index_sequence_for<T...>{});

/// An output's description: where it lies, and whether it takes results of type R.
template <class Out>
struct destination;
template <writable_array Out>
struct destination<Out> {
  static constexpr residence lies = residence::host;
  template <class R>
  static constexpr bool takes = std::is_assignable_v<std::ranges::range_reference_t<Out>, R>;
};
template <class... T>
struct destination<column_list<T...>> {
  static constexpr residence lies = residence::host;
  template <class R>
  static constexpr bool takes = fills_columns<R, T...>;
};
template <class Out>
using destination_of =
    destination<std::conditional_t<std::ranges::range<Out>, Out, std::remove_cvref_t<Out>>>;

/// Results can be written there.
template <class Out>
concept writable_output =
    requires { destination_of<Out>::lies; } && (destination_of<Out>::lies != residence::array ||
                                                !std::is_const_v<std::remove_reference_t<Out>>);

inline namespace HETMAP_TAG {

template <class... T>
std::size_t room_of(column_list<T...> const& out) {
  return std::apply([](auto const&... s) { return detail::least(s.size()...); }, out.spans);
}
template <writable_array Out>
std::size_t room_of(Out& out) {
  return std::ranges::size(out);
}
template <class... T>
std::tuple<T*...> pointers_to(column_list<T...> const& out, std::size_t i) {
  return std::apply([&](auto const&... s) { return std::tuple<T*...>{s.data() + i...}; },
                    out.spans);
}
template <writable_array Out>
auto pointers_to(Out& out, std::size_t i) {
  return std::tuple{std::ranges::data(out) + i};
}

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
