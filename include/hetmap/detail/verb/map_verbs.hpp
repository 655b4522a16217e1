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

  template <class F, class... In>
  static constexpr bool host_copy = place_of<In...> == residence::array;
  template <class F, class... In>
  static constexpr unmet fails() {
    return detail::unmet_by_map<F, In...>();
  }
  template <class F, class... In>
  static constexpr unmet fails_collecting() {
    return place_of<In...> == residence::host ? detail::unmet_by_map<F, In...>()
                                              : unmet::this_verb_cannot_collect_errors;
  }
  template <class F, class... In>
  static auto call(settings const& how, F&& f, In&&... in) {
    return mapping<place_of<In...>>::returning(how, f, in...);
  }
  template <class F, class... In>
  static auto collect(settings const& how, F&& f, In&&... in) {
    return mapping<residence::host>::collecting(how, f, in...);
  }
};

template <>
struct verb_body<verb_name::map_into> : waiting_verb {
  template <class...>
  static constexpr char const* name = "pool::map_into";
  static constexpr std::size_t least = 2;

  template <class Out, class F, class... In>
  static constexpr bool host_copy = place_of<In...> == residence::array;
  template <class Out, class F, class... In>
  static constexpr unmet fails() {
    return detail::unmet_by_map_into<Out, F, In...>();
  }
  template <class Out, class F, class... In>
  static constexpr unmet fails_collecting() {
    constexpr bool elsewhere = requires { requires destination_of<Out>::lies != residence::host; };
    if constexpr (elsewhere || place_of<In...> != residence::host)
      return unmet::this_verb_cannot_collect_errors;
    else
      return detail::unmet_by_map_into<Out, collected<std::remove_reference_t<F>>, In...>();
  }
  template <class Out, class F, class... In>
  static void call(settings const& how, Out&& out, F&& f, In&&... in) {
    mapping<destination_of<Out>::lies>::writing(how, out, f, in...);
  }
  template <class Out, class F, class... In>
  static void collect(settings const& how, Out&& out, F&& f, In&&... in) {
    collected<std::remove_reference_t<F>> safe{f};
    mapping<residence::host>::writing(how, out, safe, in...);
  }
};

template <>
struct verb_body<verb_name::starmap> : waiting_verb {
  template <class...>
  static constexpr char const* name = "pool::starmap";

  template <class F, class... Rows>
  static constexpr unmet fails() {
    return detail::unmet_by_starmap<F, Rows...>();
  }
  template <class F, class... Rows>
  static constexpr unmet fails_collecting() {
    return detail::unmet_by_starmap<F, Rows...>();
  }
  template <class F, class Rows>
  static auto call(settings const& how, F&& f, Rows&& rows) {
    starred<std::remove_reference_t<F>> by_row{f};
    return mapping<residence::host>::returning(how, by_row, rows);
  }
  template <class F, class Rows>
  static auto collect(settings const& how, F&& f, Rows&& rows) {
    starred<std::remove_reference_t<F>> by_row{f};
    return mapping<residence::host>::collecting(how, by_row, rows);
  }
};

template <>
struct verb_body<verb_name::starmap_into> : waiting_verb {
  template <class...>
  static constexpr char const* name = "pool::starmap_into";
  static constexpr std::size_t least = 2;

  template <class Out, class F, class... Rows>
  static constexpr unmet fails() {
    return detail::unmet_by_starmap_into<Out, F, Rows...>();
  }
  template <class Out, class F, class... Rows>
  static constexpr unmet fails_collecting() {
    constexpr unmet by_rows = detail::unmet_by_starmap<F, Rows...>();
    if constexpr (by_rows != unmet::none)
      return by_rows;
    else
      return detail::unmet_by_map_into<Out, collected<starred<std::remove_reference_t<F>>>,
                                       Rows...>();
  }
  template <class Out, class F, class Rows>
  static void call(settings const& how, Out&& out, F&& f, Rows&& rows) {
    starred<std::remove_reference_t<F>> by_row{f};
    mapping<residence::host>::writing(how, out, by_row, rows);
  }
  template <class Out, class F, class Rows>
  static void collect(settings const& how, Out&& out, F&& f, Rows&& rows) {
    starred<std::remove_reference_t<F>> by_row{f};
    collected<starred<std::remove_reference_t<F>>> safe{by_row};
    mapping<residence::host>::writing(how, out, safe, rows);
  }
};

template <>
struct verb_body<verb_name::map_columns> : waiting_verb {
  template <class...>
  static constexpr char const* name = "pool::map_columns";

  template <class F, class... In>
  static constexpr bool host_copy = place_of<In...> == residence::array;
  template <class F, class... In>
  static constexpr unmet fails() {
    return detail::unmet_by_map_columns<F, In...>();
  }
  template <class F, class... In>
  static auto call(settings const& how, F&& f, In&&... in) {
    return mapping<place_of<In...>>::returning_columns(how, f, in...);
  }
};

template <>
struct verb_body<verb_name::map_blocks> : waiting_verb {
  template <class...>
  static constexpr char const* name = "pool::map_blocks";
  static constexpr std::size_t least = 2;

  template <class F, class Out, class... In>
  static constexpr unmet fails() {
    return detail::unmet_by_map_blocks<F, Out, In...>();
  }
  template <class F, class Out, class... In>
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
  template <class F, class... In>
  static constexpr unmet fails() {
    constexpr unmet by_map = detail::unmet_by_map<F, In...>({});
    if constexpr (by_map == unmet::an_input_is_not_a_range && sizeof...(In) >= 3)
      return detail::unmet_by_explained_fold<F, In...>();
    else
      return by_map;
  }
  template <class F, class... In>
    requires(is_input<In> && ...)
  static plan call(settings const& how, F&& f, In&&... in) {
    return mapping<place_of<In...>>::planning(how, f, in...);
  }
  template <class F, class Op, class T, class... In>
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
