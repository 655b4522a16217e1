// A tuple that device code can make and take apart, for results that go to several outputs.
#pragma once

#include <hetmap/detail/config.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

namespace detail {

template <std::size_t I, class T>
struct tuple_element_holder {
  T value;
};

template <class Indices, class... T>
struct tuple_storage;
template <std::size_t... I, class... T>
struct tuple_storage<std::index_sequence<I...>, T...> : tuple_element_holder<I, T>... {};

template <std::size_t I, class T>
HETMAP_FN constexpr T& held(tuple_element_holder<I, T>& t) {
  return t.value;
}
template <std::size_t I, class T>
HETMAP_FN constexpr T const& held(tuple_element_holder<I, T> const& t) {
  return t.value;
}

template <std::size_t I, class First, class... Rest>
struct held_type : held_type<I - 1, Rest...> {};
template <class First, class... Rest>
struct held_type<0, First, Rest...> {
  using type = First;
};

}  // namespace detail

/// A std::tuple for device code: get<I>(t), structured bindings, columns(...) as outputs. Unlike
/// std::tuple it is trivially copyable if its elements are, and its functions are device code under
/// nvcc.
template <class... T>
struct tuple : detail::tuple_storage<std::index_sequence_for<T...>, T...> {
  tuple() = default;
  HETMAP_FN constexpr tuple(T... values)
    requires(sizeof...(T) > 0)
      : detail::tuple_storage<std::index_sequence_for<T...>, T...>{{static_cast<T&&>(values)}...} {}

  friend constexpr bool operator==(tuple const& a, tuple const& b) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return ((detail::held<I>(a) == detail::held<I>(b)) && ...);
    }(std::index_sequence_for<T...>{});
  }
};

template <class... T>
tuple(T...) -> tuple<T...>;

template <std::size_t I, class... T>
[[nodiscard]] HETMAP_FN constexpr decltype(auto) get(tuple<T...>& t) {
  return detail::held<I>(t);
}
template <std::size_t I, class... T>
[[nodiscard]] HETMAP_FN constexpr decltype(auto) get(tuple<T...> const& t) {
  return detail::held<I>(t);
}
template <std::size_t I, class... T>
[[nodiscard]] HETMAP_FN constexpr decltype(auto) get(tuple<T...>&& t) {
  return static_cast<typename detail::held_type<I, T...>::type&&>(detail::held<I>(t));
}

}  // namespace HETMAP_ABI
}  // namespace hetmap

template <class... T>
struct std::tuple_size<hetmap::tuple<T...>> : std::integral_constant<std::size_t, sizeof...(T)> {};
template <std::size_t I, class First, class... Rest>
struct std::tuple_element<I, hetmap::tuple<First, Rest...>>
    : std::tuple_element<I - 1, hetmap::tuple<Rest...>> {};
template <class First, class... Rest>
struct std::tuple_element<0, hetmap::tuple<First, Rest...>> {
  using type = First;
};

#include <hetmap/detail/macros_back.hpp>
