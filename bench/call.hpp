// What a kernel is called with: its arguments and results by type, and its state, if it has any.
#pragma once

#include "cases.hpp"
#include "kernels.hpp"

#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

namespace bench {

/// Where the constants of a kernel are when it is called: in its code, or captured by a lambda.
enum class state : unsigned char { none, by_value, by_reference, by_pointer };

template <class Kernel, state Where>
struct with_state {};

template <class... T>
struct types {};

template <class R>
struct results_of {
  using type = types<R>;
};
template <class... R>
struct results_of<std::tuple<R...>> {
  using type = types<R...>;
};

template <class F>
struct call_of;
template <class F, class R, class... In>
struct call_of<R (F::*)(In...) const> {
  using inputs = types<std::remove_cvref_t<In>...>;
  using outputs = typename results_of<R>::type;
};

template <class K>
struct signature_of : call_of<decltype(&K::operator())> {};
template <class K, state Where>
struct signature_of<with_state<K, Where>> : signature_of<K> {};
template <class K>
  requires requires { typename K::aside; }
struct signature_of<K> : call_of<decltype(&decltype(K::over(nullptr))::operator())> {};

template <class K>
using inputs_of = typename signature_of<K>::inputs;
template <class K>
using outputs_of = typename signature_of<K>::outputs;

/// What is read besides the columns.
template <class K>
struct aside_of {
  using type = void;
};
template <class K>
  requires requires { typename K::aside; }
struct aside_of<K> {
  using type = typename K::aside;
};

template <class K>
inline constexpr bool is_fold = requires { typename K::reduced_by; };

/// The lambda that a user writes around a kernel's formula, given to act. The state is local to the
/// caller, and nothing is known of its values.
template <class K, state Where, class... In, class Act>
void with_lambda(types<In...>, Act act) {
  auto values = K::constants();
  asm volatile("" : "+m"(values));
  std::apply(
      [&](auto const&... v) {
        auto const* const p = values.data();
        if constexpr (Where == state::by_value)
          act([... s = v](In... x) { return K::of(s..., x...); });
        else if constexpr (Where == state::by_reference)
          act([&... s = v](In... x) { return K::of(s..., x...); });
        else
          [&]<std::size_t... I>(std::index_sequence<I...>) {
            act([p](In... x) { return K::of(p[I]..., x...); });
          }(std::make_index_sequence<sizeof...(v)>());
      },
      values);
}

/// act(f) with the function that the kernel K is for these operands.
template <class K>
struct call_with {
  template <class Act>
  static void function(operands const& o, Act act) {
    if constexpr (requires { typename K::aside; })
      act(K::over(static_cast<typename K::aside const*>(o.aside)));
    else
      act(K{});
  }
};
template <class K, state Where>
struct call_with<with_state<K, Where>> {
  template <class Act>
  static void function(operands const&, Act act) {
    with_lambda<K, Where>(inputs_of<K>{}, act);
  }
};

}  // namespace bench
