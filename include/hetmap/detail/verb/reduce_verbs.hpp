// What map_reduce requires, and which bodies it has.
#pragma once

#include <hetmap/detail/verb/reduce_call.hpp>
#include <hetmap/detail/verb/requirements.hpp>
#include <hetmap/detail/verb/verb.hpp>
#include <hetmap/options.hpp>

#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {
inline namespace HETMAP_TAG {

template <>
struct verb_body<verb_name::map_reduce> : waiting_verb {
  template <class...>
  static constexpr char const* name = "pool::map_reduce";

  template <bool, class F, class... Rest>
  static constexpr unmet fails() {
    return map_reduce_arguments<F, Rest...>::fails;
  }
  template <bool, class F, class Op, class T, class... In>
  static std::decay_t<T> call(settings const& how, F&& f, Op&& op, T&& init, In&&... in) {
    return folding<place_of<In...>>::reducing(how, f, op, std::decay_t<T>(std::forward<T>(init)),
                                              in...);
  }
};

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
