// What the verbs take, as concepts for templates that pass a function and inputs on. Inputs are
// ranges, arrays and, where stated, device_spans. If the verb passes a stop token, a last parameter
// of f that is a std::stop_token does not count.
#pragma once

#include <hetmap/detail/verb/requirements.hpp>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// map(f, in...): f can be called with one element of each input, and at least one input ends.
template <class F, class... In>
concept mappable =
    detail::unmet_by_map<detail::with_stop_tokens, F, In...>() == detail::unmet::none;

/// map_into(out, f, in...): the same, with results that the elements of Out accept. Out is an
/// array, a hetmap::array, a device_span, or columns(...) of several.
template <class Out, class F, class... In>
concept mappable_into = detail::unmet_by_map_into<Out, F, In...>() == detail::unmet::none;

/// starmap(f, rows): f can be called with the elements of each row.
template <class F, class Rows>
concept starmappable = detail::unmet_by_starmap<F, Rows>() == detail::unmet::none;

/// starmap_into(out, f, rows).
template <class Out, class F, class Rows>
concept starmappable_into = detail::unmet_by_starmap_into<Out, F, Rows>() == detail::unmet::none;

/// map_blocks(f, out, in...): f takes a span of each input and one of out, and optionally a
/// scratch.
template <class F, class Out, class... In>
concept block_mappable = detail::unmet_by_map_blocks<F, Out, In...>() == detail::unmet::none;

/// map_reduce(f, op, init, in...): op joins two of T, which can be made of what f returns.
template <class F, class Op, class T, class... In>
concept map_reducible = detail::unmet_by_map_reduce<F, Op, T, In...>() == detail::unmet::none;

/// imap(f, in...): f returns a value for one element of each range; the ranges need not end.
template <class F, class... In>
concept streamable = detail::unmet_by_imap<F, In...>() == detail::unmet::none;

/// istarmap(f, rows).
template <class F, class Rows>
concept star_streamable = detail::unmet_by_istarmap<F, Rows>() == detail::unmet::none;

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
