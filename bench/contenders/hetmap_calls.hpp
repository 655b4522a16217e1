// hetmap's verbs as a contender: how a case becomes a call.
#pragma once

#include "../call.hpp"
#include "../vector_math.hpp"

#include <hetmap/hetmap.hpp>

#include <cstddef>
#include <span>
#include <tuple>

// As a user says it of an operation of their own.
template <class T>
inline constexpr bool hetmap::commutative<bench::larger, T> = true;

namespace bench {

/// Choice::call(act) is act() for a call without options, or act(options).
template <class Choice>
struct hetmap_calls {
  using math = bench::vector_math;

  template <class F, class... Out, class... In>
  static void into(std::size_t n, F f, std::tuple<Out*...> out, In const*... in) {
    std::apply(
        [&](Out*... o) {
          if constexpr (sizeof...(Out) == 1)
            Choice::call([&](auto const&... how) {
              hetmap::map_into(how..., std::span(o, n)..., f, std::span(in, n)...);
            });
          else
            Choice::call([&](auto const&... how) {
              hetmap::map_into(how..., hetmap::columns(std::span(o, n)...), f, std::span(in, n)...);
            });
        },
        out);
  }
  template <class F, class Op, class T, class... In>
  static T fold(std::size_t n, F f, Op op, T init, In const*... in) {
    return Choice::call([&](auto const&... how) {
      return hetmap::map_reduce(how..., f, op, init, std::span(in, n)...);
    });
  }
  template <class F, class... Out, class... In>
  static auto returning(std::size_t n, F f, std::tuple<Out*...>, In const*... in) {
    return Choice::call([&](auto const&... how) {
      if constexpr (sizeof...(Out) == 1)
        return hetmap::map(how..., f, std::span(in, n)...);
      else
        return hetmap::map_columns(how..., f, std::span(in, n)...);
    });
  }
};

}  // namespace bench
