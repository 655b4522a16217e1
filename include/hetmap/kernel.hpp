// Kernels: the functions that a map applies, and helpers for writing them.
#pragma once

#include <hetmap/detail/config.hpp>
#ifdef __CUDACC__
#include <hetmap/detail/cuda/fail_on_device.cuh>
#endif

#include <cstdint>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

namespace detail {

/// Throws kernel_error.
[[noreturn]] HETMAP_API void throw_kernel_error(int code);

}  // namespace detail

/// Reports failure code `code` from inside a kernel; works where exceptions do not.
///
/// Throws:   kernel_error carrying `code`, on the CPU. On the GPU the element ends here, and the
///           call throws the same once it knows which failing element was the first. In a CUDA
///           kernel that hetmap did not launch, the thread ends and nothing is reported.
/// Waits:    no.
[[noreturn]] HETMAP_FN void fail(int code) {
#ifdef __CUDA_ARCH__
  detail::fail_on_device(code);
#else
  detail::throw_kernel_error(code);
#endif
}

namespace detail {

/// The type whose name stands for a kernel wherever it is compiled: F, unless F is one of hetmap's
/// types that have one name per set of compiler flags.
template <class F>
struct kernel_identity {
  using type = F;
};
template <class F>
using kernel_identity_t = typename kernel_identity<F>::type;

/// Names composed<Outer, Inner>.
template <class Outer, class Inner>
struct composition_of {};

}  // namespace detail

inline namespace HETMAP_TAG {

/// `condition ? a : b` with both sides evaluated, so that a loop around it vectorises where it
/// would not with a conditional expression.
///
/// Cost:     one blend; both arguments are always computed.
template <class T>
[[nodiscard]] HETMAP_FN constexpr T select(bool condition, T a, T b) {
  // Numbers are blended by their bits: compilers turn a conditional expression back into a branch
  // around the computation of its arms, and a loop with such a branch stays scalar.
#ifndef __CUDA_ARCH__
  if constexpr (std::is_floating_point_v<T> &&
                (sizeof(T) == sizeof(std::uint32_t) || sizeof(T) == sizeof(std::uint64_t))) {
    using bits =
        std::conditional_t<sizeof(T) == sizeof(std::uint32_t), std::uint32_t, std::uint64_t>;
    auto const mask = bits{0} - static_cast<bits>(condition);
    return __builtin_bit_cast(
        T, (__builtin_bit_cast(bits, a) & mask) | (__builtin_bit_cast(bits, b) & ~mask));
  }
#endif
  return condition ? a : b;
}

/// The function x... -> outer(inner(x...)), made by compose().
template <class Outer, class Inner>
struct composed {
  [[no_unique_address]] Outer outer;
  [[no_unique_address]] Inner inner;

  template <class... Args>
    requires std::is_invocable_v<Inner const&, Args...> &&
             std::is_invocable_v<Outer const&, std::invoke_result_t<Inner const&, Args...>>
  HETMAP_FN constexpr decltype(auto) operator()(Args&&... args) const {
    return outer(inner(std::forward<Args>(args)...));
  }
};

/// Two functions in one pass over the data: compose(f, g)(x...) is f(g(x...)), as in mathematics.
///
/// Requires: f and g can be called as const objects.
/// Cost:     none beyond f and g; no intermediate range.
/// Memory:   holds a copy of f and of g.
template <class F, class G>
[[nodiscard]] constexpr composed<std::decay_t<F>, std::decay_t<G>> compose(F&& f, G&& g) {
  return {std::forward<F>(f), std::forward<G>(g)};
}

/// Three or more, innermost last: compose(f, g, h)(x...) is f(g(h(x...))).
template <class F, class G, class... More>
  requires(sizeof...(More) > 0)
[[nodiscard]] constexpr auto compose(F&& f, G&& g, More&&... more) {
  return hetmap::compose(std::forward<F>(f),
                         hetmap::compose(std::forward<G>(g), std::forward<More>(more)...));
}

}  // namespace HETMAP_TAG

namespace detail {

template <class Outer, class Inner>
struct kernel_identity<composed<Outer, Inner>> {
  using type = composition_of<kernel_identity_t<Outer>, kernel_identity_t<Inner>>;
};

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
