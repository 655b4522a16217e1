// What the streaming verbs require, and which bodies they have.
#pragma once

#include <hetmap/detail/seam/pipeline.hpp>
#include <hetmap/detail/verb/requirements.hpp>
#include <hetmap/detail/verb/stream_body.hpp>
#include <hetmap/detail/verb/verb.hpp>
#include <hetmap/options.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {
inline namespace HETMAP_TAG {

struct streaming_verb {
  static constexpr verb_kind kind = verb_kind::streams;
  static constexpr std::size_t least = 1;
  static constexpr bool collects = true;
  template <class... Arguments>
  static constexpr bool host_copy = false;

  static settings settings_for(char const* name, no_options, serves) { return {.verb = name}; }
  template <any_options How>
  static settings settings_for(char const* name, How const& how, serves) {
    return detail::checked_stream(name, how);
  }
};

/// Ordered: results come in the order of the input.
template <bool Ordered>
struct imap_verb : streaming_verb {
  template <bool, class F, class... In>
  static constexpr unmet fails() {
    return detail::unmet_by_imap<F, In...>();
  }
  template <bool Collecting, class F, class... In>
  static auto call(settings const& how, F&& f, In&&... in) {
    using function = std::conditional_t<Collecting, safe<plain<F>>, plain<F>>;
    return detail::streaming<function, Ordered>(how, std::forward<F>(f), std::forward<In>(in)...);
  }
};
template <bool Ordered>
struct istarmap_verb : streaming_verb {
  template <bool, class F, class... Rows>
  static constexpr unmet fails() {
    return detail::unmet_by_istarmap<F, Rows...>();
  }
  template <bool Collecting, class F, class Rows>
  static auto call(settings const& how, F&& f, Rows&& rows) {
    using function = std::conditional_t<Collecting, safe<by_row<F>>, by_row<F>>;
    return detail::streaming<function, Ordered>(how, std::forward<F>(f), std::forward<Rows>(rows));
  }
};

template <>
struct verb_body<verb_name::imap> : imap_verb<true> {
  template <class...>
  static constexpr char const* name = "pool::imap";
};
template <>
struct verb_body<verb_name::imap_unordered> : imap_verb<false> {
  template <class...>
  static constexpr char const* name = "pool::imap_unordered";
};
template <>
struct verb_body<verb_name::istarmap> : istarmap_verb<true> {
  template <class...>
  static constexpr char const* name = "pool::istarmap";
};
template <>
struct verb_body<verb_name::istarmap_unordered> : istarmap_verb<false> {
  template <class...>
  static constexpr char const* name = "pool::istarmap_unordered";
};

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
