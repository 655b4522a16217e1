// What map, related verbs and explain require, and which bodies they have.
#pragma once

#include <hetmap/detail/verb/map_call.hpp>
#include <hetmap/detail/verb/requirements.hpp>
#include <hetmap/detail/verb/verb.hpp>
#include <hetmap/options.hpp>

#include <cstddef>
#include <type_traits>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {
inline namespace HETMAP_TAG {

template <>
struct verb_body<verb_name::map> : waiting_verb {
  template <class...>
  static constexpr char const* name = "pool::map";
  static constexpr bool collects = true;

  template <class F, class... In>
  static constexpr bool host_copy = place_of<In...> == residence::array;
  template <bool Collecting, class F, class... In>
  static constexpr unmet fails() {
    return Collecting && place_of<In...> != residence::host
               ? unmet::this_verb_cannot_collect_errors
               : detail::unmet_by_map<with_stop_tokens, F, In...>();
  }
  template <bool Collecting, class F, class... In>
  static auto call(settings const& how, F&& f, In&&... in) {
    if constexpr (Collecting)
      return mapping<residence::host>::collecting(how, f, in...);
    else
      return mapping<place_of<In...>>::returning(how, f, in...);
  }
};

template <>
struct verb_body<verb_name::map_into> : waiting_verb {
  template <class...>
  static constexpr char const* name = "pool::map_into";
  static constexpr std::size_t least = 2;
  static constexpr bool collects = true;

  template <class Out, class F, class... In>
  static constexpr bool host_copy = place_of<In...> == residence::array;
  template <bool Collecting, class Out, class F, class... In>
  static constexpr unmet fails() {
    constexpr bool elsewhere = requires { requires destination_of<Out>::lies != residence::host; };
    if constexpr (!Collecting)
      return detail::unmet_by_map_into<Out, F, In...>();
    else if constexpr (elsewhere || place_of<In...> != residence::host)
      return unmet::this_verb_cannot_collect_errors;
    else
      return detail::unmet_by_map_into<Out, collected<std::remove_reference_t<F>>, In...>();
  }
  template <bool Collecting, class Out, class F, class... In>
  static void call(settings const& how, Out&& out, F&& f, In&&... in) {
    if constexpr (Collecting) {
      collected<std::remove_reference_t<F>> safe{f};
      mapping<residence::host>::writing(how, out, safe, in...);
    } else {
      mapping<destination_of<Out>::lies>::writing(how, out, f, in...);
    }
  }
};

template <>
struct verb_body<verb_name::starmap> : waiting_verb {
  template <class...>
  static constexpr char const* name = "pool::starmap";
  static constexpr bool collects = true;

  template <bool, class F, class... Rows>
  static constexpr unmet fails() {
    return detail::unmet_by_starmap<F, Rows...>();
  }
  template <bool Collecting, class F, class Rows>
  static auto call(settings const& how, F&& f, Rows&& rows) {
    starred<std::remove_reference_t<F>> by_row{f};
    return verb_body<verb_name::map>::call<Collecting>(how, by_row, rows);
  }
};

template <>
struct verb_body<verb_name::starmap_into> : waiting_verb {
  template <class...>
  static constexpr char const* name = "pool::starmap_into";
  static constexpr std::size_t least = 2;
  static constexpr bool collects = true;

  template <bool Collecting, class Out, class F, class... Rows>
  static constexpr unmet fails() {
    constexpr unmet by_rows = detail::unmet_by_starmap<F, Rows...>();
    if constexpr (!Collecting)
      return detail::unmet_by_starmap_into<Out, F, Rows...>();
    else if constexpr (by_rows != unmet::none)
      return by_rows;
    else
      return verb_body<verb_name::map_into>::fails<true, Out, starred<std::remove_reference_t<F>>,
                                                   Rows...>();
  }
  template <bool Collecting, class Out, class F, class Rows>
  static void call(settings const& how, Out&& out, F&& f, Rows&& rows) {
    starred<std::remove_reference_t<F>> by_row{f};
    verb_body<verb_name::map_into>::call<Collecting>(how, out, by_row, rows);
  }
};

template <>
struct verb_body<verb_name::map_columns> : waiting_verb {
  template <class...>
  static constexpr char const* name = "pool::map_columns";

  template <class F, class... In>
  static constexpr bool host_copy = place_of<In...> == residence::array;
  template <bool, class F, class... In>
  static constexpr unmet fails() {
    return detail::unmet_by_map_columns<F, In...>();
  }
  template <bool, class F, class... In>
  static auto call(settings const& how, F&& f, In&&... in) {
    return mapping<place_of<In...>>::returning_columns(how, f, in...);
  }
};

template <>
struct verb_body<verb_name::map_blocks> : waiting_verb {
  template <class...>
  static constexpr char const* name = "pool::map_blocks";
  static constexpr std::size_t least = 2;

  template <bool, class F, class Out, class... In>
  static constexpr unmet fails() {
    return detail::unmet_by_map_blocks<F, Out, In...>();
  }
  template <bool, class F, class Out, class... In>
  static void call(settings const& how, F&& f, Out&& out, In&&... in) {
    detail::by_blocks(how, f, out, in...);
  }
};

/// Of a map, or of a map_reduce.
template <>
struct verb_body<verb_name::explain> : waiting_verb {
  template <class F, class... Rest>
  static constexpr char const* name = (is_input<Rest> && ...) ? "pool::map" : "pool::map_reduce";

  template <class F, class... Rest>
  static constexpr bool host_copy = (lies_in<Rest, residence::array> || ...);
  template <bool, class F, class... In>
  static constexpr unmet fails() {
    constexpr unmet by_map = detail::unmet_by_map<served{}, F, In...>();
    if constexpr (by_map == unmet::an_input_is_not_a_range && sizeof...(In) >= 3)
      return detail::unmet_by_explained_fold<F, In...>();
    else
      return by_map;
  }
  template <bool, class F, class... In>
    requires(is_input<In> && ...)
  static plan call(settings const& how, F&& f, In&&... in) {
    return mapping<place_of<In...>>::planning(how, f, in...);
  }
  template <bool, class F, class Op, class T, class... In>
    requires(!is_input<Op>)
  static plan call(settings const& how, F&& f, Op&& op, T const& init, In&&... in) {
    return folding<place_of<In...>>::planning(how, f, op, init, in...);
  }
};

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
