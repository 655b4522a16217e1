// From a contender, a class with two static members, to the entries of its program.
//
//   using math = ...;
//   into(n, f, std::array<T*, K> out, T const*... in)     f over n elements, to columns that exist
//   returning(n, f, std::array<T*, K> kept, T const*... in)
//       to new memory of the contender's own kind; the type of the pointers says what f returns.
//       Returns what it made: a container, or a std::tuple of K.
#pragma once

#include "kernels.hpp"
#include "measurement.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace bench {

/// A function that waits: what a download or a call of another program looks like.
template <class T, class Math>
struct sleep100ms {
  using value = T;
  T operator()(T x) const {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return x;
  }
};

/// Element i of a map, to one column or to several.
template <class F, class T, std::size_t K, class... In>
HETMAP_FN void map_one(std::size_t i, F const& f, std::array<T*, K> const& out, In const*... in) {
  if constexpr (K == 1)
    out[0][i] = f(in[i]...);
  else
    std::tie(out[0][i], out[1][i], out[2][i], out[3][i], out[4][i]) = f(in[i]...);
}

/// The loop that a careful programmer writes: pointers that do not alias, nothing else in its way.
template <class F, class T, class... In>
HETMAP_FN void loop(std::size_t begin, std::size_t end, F f, std::array<T*, 1> out,
                    In const*... in) {
  T* __restrict to = out[0];
  for (std::size_t i = begin; i != end; ++i) to[i] = f(in[i]...);
}
template <class F, class T, class... In>
HETMAP_FN void loop(std::size_t begin, std::size_t end, F f, std::array<T*, 5> out,
                    In const*... in) {
  T* __restrict a = out[0];
  T* __restrict b = out[1];
  T* __restrict c = out[2];
  T* __restrict d = out[3];
  T* __restrict e = out[4];
  for (std::size_t i = begin; i != end; ++i) std::tie(a[i], b[i], c[i], d[i], e[i]) = f(in[i]...);
}

/// K columns of n elements each, for contenders whose results are made before they are filled.
template <class Container, std::size_t K, class Fill>
auto made(std::size_t n, Fill fill) {
  using T = typename Container::value_type;
  if constexpr (K == 1) {
    Container result(n);
    fill(std::array<T*, 1>{&*result.begin()});
    return result;
  } else {
    std::tuple<Container, Container, Container, Container, Container> result{
        Container(n), Container(n), Container(n), Container(n), Container(n)};
    std::apply([&](auto&... c) { fill(std::array<T*, K>{&*c.begin()...}); }, result);
    return result;
  }
}

// -- entries -----------------------------------------------------------------------------------

template <class Contender, class Kernel, std::size_t Inputs, std::size_t Outputs>
class recipe {
 public:
  static void into(operands const& o) {
    with_inputs(o, [&](auto... in) { Contender::into(o.elements, Kernel{}, outputs(o), in...); });
  }
  static void returning(operands const& o) {
    with_inputs(o, [&](auto... in) {
      auto const result = Contender::returning(o.elements, Kernel{}, outputs(o), in...);
      // The compiler has to believe that somebody reads it.
      asm volatile("" : : "r"(&result) : "memory");
    });
  }
  static void returning_and_keep(operands const& o) {
    with_inputs(o, [&](auto... in) {
      auto const result = Contender::returning(o.elements, Kernel{}, outputs(o), in...);
      auto const to = outputs(o);
      if constexpr (Outputs == 1)
        keep(result, to[0]);
      else
        std::apply(
            [&](auto const&... c) {
              std::size_t k = 0;
              (keep(c, to[k++]), ...);
            },
            result);
    });
  }

 private:
  using T = typename Kernel::value;

  static std::array<T*, Outputs> outputs(operands const& o) {
    std::array<T*, Outputs> result;
    for (std::size_t k = 0; k != Outputs; ++k) result[k] = static_cast<T*>(o.out[k]);
    return result;
  }
  template <class Act>
  static void with_inputs(operands const& o, Act act) {
    auto const in = [&](std::size_t k) { return static_cast<T const*>(o.in[k]); };
    if constexpr (Inputs == 1)
      act(in(0));
    else
      act(in(0), in(1), in(2));
  }
  template <class Container>
  static void keep(Container const& from, T* to) {
    std::copy(from.begin(), from.end(), to);
  }
};

template <class Contender, class Kernel, std::size_t Inputs, std::size_t Outputs>
void add(std::vector<entry>& entries, std::string_view contender, std::string_view case_name) {
  using r = recipe<Contender, Kernel, Inputs, Outputs>;
  entries.push_back({contender, case_name, "into", r::into, r::into});
  entries.push_back({contender, case_name, "returning", r::returning, r::returning_and_keep});
}

/// All cases, done by this contender.
template <class Contender>
void add_all(std::vector<entry>& entries, std::string_view name) {
  using m = typename Contender::math;
  add<Contender, axpb<float, m>, 1, 1>(entries, name, "axpb");
  add<Contender, gauss<float, m>, 1, 1>(entries, name, "gauss");
  add<Contender, relu_exp<float, m>, 1, 1>(entries, name, "relu_exp");
  add<Contender, logistic200<float, m>, 1, 1>(entries, name, "logistic200");
  add<Contender, black_scholes<float, m>, 3, 1>(entries, name, "black_scholes");
  add<Contender, greeks<float, m>, 3, 5>(entries, name, "greeks");
  add<Contender, black_scholes<double, m>, 3, 1>(entries, name, "black_scholes_double");
  add<Contender, sleep100ms<float, m>, 1, 1>(entries, name, "sleep100ms");
}

}  // namespace bench
