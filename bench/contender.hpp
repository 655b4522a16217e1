// From a contender, a class with static members, to the entries of its program.
//
//   using math = ...;
//   into(n, f, std::tuple<Out*...> out, In const*... in)  f over n elements, to columns that exist
//   returning(n, f, std::tuple<Out*...> kept, In const*... in)
//       to new memory of the contender's own kind; the types of the pointers say what f returns.
//       Returns what it made: a container, or a std::tuple of them.
//   fold(n, f, op, T init, In const*... in)      what f makes of n elements, joined by op
//   in_place(n, f, T* inout, In const*... in)    where into cannot be called with an input as
//   output
#pragma once

#include "case_list.hpp"
#include "measurement.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace bench {

/// Element i of a map, to one column or to several.
template <class F, class... Out, class... In>
HETMAP_FN void map_one(std::size_t i, F const& f, std::tuple<Out*...> const& out, In const*... in) {
  if constexpr (sizeof...(Out) == 1)
    std::get<0>(out)[i] = f(in[i]...);
  else
    std::apply([&](Out*... o) { std::tie(o[i]...) = f(in[i]...); }, out);
}

/// The loop that a careful programmer writes: pointers that do not alias, nothing else in its way.
template <class F, class Out, class... In>
HETMAP_FN void loop(std::size_t begin, std::size_t end, F f, std::tuple<Out*> out,
                    In const*... in) {
  Out* __restrict to = std::get<0>(out);
  for (std::size_t i = begin; i != end; ++i) to[i] = f(in[i]...);
}
template <class F, class A, class B, class... In>
HETMAP_FN void loop(std::size_t begin, std::size_t end, F f, std::tuple<A*, B*> out,
                    In const*... in) {
  A* __restrict a = std::get<0>(out);
  B* __restrict b = std::get<1>(out);
  for (std::size_t i = begin; i != end; ++i) std::tie(a[i], b[i]) = f(in[i]...);
}
template <class F, class A, class B, class C, class D, class E, class... In>
HETMAP_FN void loop(std::size_t begin, std::size_t end, F f, std::tuple<A*, B*, C*, D*, E*> out,
                    In const*... in) {
  A* __restrict a = std::get<0>(out);
  B* __restrict b = std::get<1>(out);
  C* __restrict c = std::get<2>(out);
  D* __restrict d = std::get<3>(out);
  E* __restrict e = std::get<4>(out);
  for (std::size_t i = begin; i != end; ++i) std::tie(a[i], b[i], c[i], d[i], e[i]) = f(in[i]...);
}

/// The same loop where the first input is what is written.
template <class F, class T, class... In>
HETMAP_FN void loop_in_place(std::size_t begin, std::size_t end, F f, T* inout, In const*... in) {
  T* __restrict own = inout;
  for (std::size_t i = begin; i != end; ++i) own[i] = f(own[i], in[i]...);
}

/// And of a fold.
template <class F, class Op, class T, class... In>
HETMAP_FN T loop_fold(std::size_t begin, std::size_t end, F f, Op op, T sum, In const*... in) {
  for (std::size_t i = begin; i != end; ++i) sum = op(sum, f(in[i]...));
  return sum;
}

/// Columns of n elements each, for contenders whose results are made before they are filled.
template <template <class> class Container, class... Out, class Fill>
auto made(std::size_t n, std::tuple<Out*...>, Fill fill) {
  if constexpr (sizeof...(Out) == 1) {
    Container<Out...> result(n);
    fill(std::tuple<Out*...>(&*result.begin()));
    return result;
  } else {
    std::tuple<Container<Out>...> result{Container<Out>(n)...};
    std::apply([&](auto&... c) { fill(std::tuple<Out*...>(&*c.begin()...)); }, result);
    return result;
  }
}
template <class T>
using std_vector = std::vector<T>;

// -- entries -----------------------------------------------------------------------------------

template <class Contender, class K, class Inputs = inputs_of<K>, class Outputs = outputs_of<K>>
class recipe;
template <class Contender, class K, class... In, class... Out>
class recipe<Contender, K, types<In...>, types<Out...>> {
 public:
  static void into(operands const& o) {
    call_with<K>::function(o, [&](auto const& f) {
      with_inputs(o, [&](In const*... in) {
        if constexpr (is_fold<K>)
          *std::get<0>(outputs(o)) =
              Contender::fold(o.elements, f, typename K::reduced_by{}, first_output(), in...);
        else
          Contender::into(o.elements, f, outputs(o), in...);
      });
    });
  }
  /// The first output takes the place of the first input.
  static void in_place(operands const& o) {
    call_with<K>::function(o, [&](auto const& f) {
      with_inputs(o, [&]<class First>(First const*, auto const*... others) {
        if constexpr (requires {
                        Contender::in_place(o.elements, f, static_cast<First*>(o.out[0]),
                                            others...);
                      })
          Contender::in_place(o.elements, f, static_cast<First*>(o.out[0]), others...);
        else
          Contender::into(o.elements, f, outputs(o), static_cast<First const*>(o.out[0]),
                          others...);
      });
    });
  }
  static void returning(operands const& o) {
    call_with<K>::function(o, [&](auto const& f) {
      with_inputs(o, [&](In const*... in) {
        auto const result = Contender::returning(o.elements, f, outputs(o), in...);
        // The compiler has to believe that somebody reads it.
        asm volatile("" : : "r"(&result) : "memory");
      });
    });
  }
  static void returning_and_keep(operands const& o) {
    call_with<K>::function(o, [&](auto const& f) {
      with_inputs(o, [&](In const*... in) {
        auto const result = Contender::returning(o.elements, f, outputs(o), in...);
        auto const keep = [](auto const& from, auto* to) {
          std::copy(from.begin(), from.end(), to);
        };
        if constexpr (sizeof...(Out) == 1)
          keep(result, std::get<0>(outputs(o)));
        else
          [&]<std::size_t... I>(std::index_sequence<I...>) {
            (keep(std::get<I>(result), std::get<I>(outputs(o))), ...);
          }(std::index_sequence_for<Out...>());
      });
    });
  }

 private:
  using first_output = std::tuple_element_t<0, std::tuple<Out...>>;

  static std::tuple<Out*...> outputs(operands const& o) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::tuple<Out*...>(static_cast<Out*>(o.out[I])...);
    }(std::index_sequence_for<Out...>());
  }
  template <class Act>
  static void with_inputs(operands const& o, Act act) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      act(static_cast<In const*>(o.in[I])...);
    }(std::index_sequence_for<In...>());
  }
};

/// All cases, done by this contender.
template <class Contender>
void add_all(std::vector<entry>& entries, std::string_view contender) {
  for_each_case<typename Contender::math>(
      [&]<class K, forms How>(of<K, How>, std::string const& name, ranges const&) {
        using r = recipe<Contender, K>;
        entries.push_back({contender, name, "into", r::into, r::into});
        if constexpr (How.returning)
          entries.push_back({contender, name, "returning", r::returning, r::returning_and_keep});
        if constexpr (How.in_place)
          entries.push_back({contender, name, "in_place", r::in_place, r::in_place});
      });
}

}  // namespace bench
