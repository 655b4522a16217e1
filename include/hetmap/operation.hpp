// Operations of map_reduce: which may be applied in any order, and two that <functional> lacks.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/std_parts.hpp>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// Whether op(a, b) equals op(b, a) for all values of T. If so, the loop of a map_reduce may fold
/// elements at a fixed distance together, which vectorises. Specialise it for your own operations;
/// it is used for numbers only.
template <class Op, class T>
inline constexpr bool commutative = false;
template <class T, class U>
inline constexpr bool commutative<std::plus<U>, T> = true;
template <class T, class U>
inline constexpr bool commutative<std::multiplies<U>, T> = true;
template <class T, class U>
inline constexpr bool commutative<std::bit_and<U>, T> = true;
template <class T, class U>
inline constexpr bool commutative<std::bit_or<U>, T> = true;
template <class T, class U>
inline constexpr bool commutative<std::bit_xor<U>, T> = true;

/// An operation for map_reduce: the larger of two numbers. It is unspecified which is returned if
/// they are equal (0.0 and -0.0) or one is not a number.
///
/// Cost:     as std::plus. A lambda that does the same is folded in the elements' order, which
///           takes longer: hetmap cannot know that another order is allowed.
struct maximum {
  template <class T>
  [[nodiscard]] HETMAP_FN constexpr T operator()(T a, T b) const {
    return a > b ? a : b;
  }
};

/// The smaller, likewise.
struct minimum {
  template <class T>
  [[nodiscard]] HETMAP_FN constexpr T operator()(T a, T b) const {
    return a < b ? a : b;
  }
};

template <class T>
inline constexpr bool commutative<maximum, T> = true;
template <class T>
inline constexpr bool commutative<minimum, T> = true;

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
