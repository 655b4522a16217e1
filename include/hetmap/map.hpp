// map, starmap and map_blocks: apply a function to every element, on whichever backend finishes
// first. Declarations and what they promise; the bodies are in detail/map_call.hpp.
//
// In all of them
//   f       is called once an element, possibly on several threads at once, never interleaved
//           within one: the contract of std::execution::par. It is borrowed until the call
//           returns, and called as the object it is (const if it is const). Wherever it runs, it
//           runs under the caller's floating-point control words (rounding, flush-to-zero); if it
//           sets them it has to put them back. Flags that it raises stay with the thread it ran on.
//   in...   are ranges; elements with the same index meet, and the shortest range ends the map.
//           Arrays are read where they lie; any random-access range is read in parallel; forward
//           ranges are walked by the calling thread and their elements read by the workers;
//           single-pass ranges are read by the calling thread, in order, a batch at a time. Each
//           element is read once. Nothing is read beyond what is used: a range is begun when its
//           first element is needed, not at all if there is none, and stepped on when the next one
//           is; an input that can be read again is asked for its end before one that cannot. An
//           element of a single-pass range is kept until its turn as an object of the type that the
//           range gives, and f gets it as that. A range whose elements are none when they are
//           copied (references to a class with virtual functions that is not final, or to what
//           cannot be copied; proxies) is refused: detail::elements_can_be_kept.
//   results keep the order of the input.
//   errors  what f or an input throws leaves the call as it is, from the element that serial
//           execution would have met first; failed_index() tells which. Every element before it
//           has been computed, but for those that a stop request came before; no call of f is
//           running any more.
//   sharing is chosen by what f has cost before, and changed when that proves wrong: elements that
//           take milliseconds are handed to other threads within about two of them, one at a time.
//           Not the one that runs; nor, if the compiler sees all that f does (inlined, no call of
//           anything unknown), the rest of its block of 64; nor of a chunk of .chunk_size or a
//           block of map_blocks.
//   options come first where they come at all, in braces or as a variable (options.hpp).
// Further exceptions of all verbs: option_error; device_unavailable if a backend asked for by name
// is not there; cancelled_error after a stop request.
#pragma once

#include <hetmap/detail/map_call.hpp>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
inline namespace HETMAP_TAG {

/// A hetmap::vector of f(in[i]...), or nothing if f returns void.
///
/// Requires: f can be called with one element of each range; its result can be constructed in
///           place (any type: bool, move-only, not default-constructible). A last parameter of
///           f's that is a std::stop_token gets the call's: requested when .stop asks for a stop,
///           the deadline passes, or the pool is terminated. So in every verb here but map_columns
///           and map_blocks, and in map_reduce.
/// Throws:   what f and the inputs throw; result_too_large before f runs.
/// Waits:    until every element is final.
/// Cost:     one call of f an element.
/// Memory:   the result; for inputs that cannot be indexed batches of 1 MiB, or of 64 elements if
///           these take more, and what the elements own.
template <class F, class... In>
  requires stop_mappable<F, In...> && (!detail::any_options<std::remove_cvref_t<F>>)
auto map(F&& f, In&&... in) {
  return detail::returning(detail::settings{.verb = "map"}, f, in...);
}
template <class F, class... In>
  requires stop_mappable<F, In...>
auto map(options const& how, F&& f, In&&... in) {
  return detail::returning(detail::checked("map", how), f, in...);
}
/// With .errors = collect: a hetmap::vector of outcome<R>, a value or an exception an element.
template <class F, class... In>
  requires stop_mappable<F, In...>
auto map(collect_options const& how, F&& f, In&&... in) {
  return detail::collecting(detail::checked("map", how), f, in...);
}

/// Writes f(in[i]...) to out[i] for every i below the shortest length.
///
/// Requires: out is an array (a contiguous range; columns(a, b, ...) for an f that returns a
///           tuple), at least that long, and either starts exactly at an input or overlaps none.
/// Throws:   what f and the inputs throw; size_error, overlap_error before f runs (size_error when
///           the input's length is not known: once out is full).
/// Waits:    until every element of out is final. After an exception every element of out is
///           either as it was or final.
/// Cost:     one call of f an element.
/// Memory:   none on the CPU beyond the batches that map has.
template <class Out, class F, class... In>
  requires stop_mappable_into<Out, F, In...> && (!detail::any_options<std::remove_cvref_t<Out>>)
void map_into(Out&& out, F&& f, In&&... in) {
  detail::writing(detail::settings{.verb = "map_into"}, out, f, in...);
}
template <class Out, class F, class... In>
  requires stop_mappable_into<Out, F, In...>
void map_into(options const& how, Out&& out, F&& f, In&&... in) {
  detail::writing(detail::checked("map_into", how), out, f, in...);
}
/// With .errors = collect: out is an array of outcome<R>.
template <class Out, class F, class... In>
  requires stop_mappable_into<Out, detail::collected<std::remove_reference_t<F>>, In...>
void map_into(collect_options const& how, Out&& out, F&& f, In&&... in) {
  detail::collected<std::remove_reference_t<F>> safe{f};
  detail::writing(detail::checked("map_into", how), out, safe, in...);
}

/// f applied to the elements of each row: a hetmap::vector of f(get<0>(row), get<1>(row), ...).
///
/// Requires: the elements of `rows` are tuple-like (tuple, pair, array).
/// Throws, waits, cost, memory: as map.
template <class F, class Rows>
  requires stop_starmappable<F, Rows> && (!detail::any_options<std::remove_cvref_t<F>>)
auto starmap(F&& f, Rows&& rows) {
  detail::starred<std::remove_reference_t<F>> by_row{f};
  return detail::returning(detail::settings{.verb = "starmap"}, by_row, rows);
}
template <class F, class Rows>
  requires stop_starmappable<F, Rows>
auto starmap(options const& how, F&& f, Rows&& rows) {
  detail::starred<std::remove_reference_t<F>> by_row{f};
  return detail::returning(detail::checked("starmap", how), by_row, rows);
}
template <class F, class Rows>
  requires stop_starmappable<F, Rows>
auto starmap(collect_options const& how, F&& f, Rows&& rows) {
  detail::starred<std::remove_reference_t<F>> by_row{f};
  return detail::collecting(detail::checked("starmap", how), by_row, rows);
}

/// Writes f(get<0>(row), get<1>(row), ...) to out[i] for every row.
///
/// Requires, throws, waits, cost, memory: as map_into, with one range of tuple-like rows.
template <class Out, class F, class Rows>
  requires stop_starmappable_into<Out, F, Rows> && (!detail::any_options<std::remove_cvref_t<Out>>)
void starmap_into(Out&& out, F&& f, Rows&& rows) {
  detail::starred<std::remove_reference_t<F>> by_row{f};
  detail::writing(detail::settings{.verb = "starmap_into"}, out, by_row, rows);
}
template <class Out, class F, class Rows>
  requires stop_starmappable_into<Out, F, Rows>
void starmap_into(options const& how, Out&& out, F&& f, Rows&& rows) {
  detail::starred<std::remove_reference_t<F>> by_row{f};
  detail::writing(detail::checked("starmap_into", how), out, by_row, rows);
}
template <class Out, class F, class Rows>
  requires stop_starmappable<F, Rows> &&
           stop_mappable_into<Out, detail::collected<detail::starred<std::remove_reference_t<F>>>,
                              Rows>
void starmap_into(collect_options const& how, Out&& out, F&& f, Rows&& rows) {
  detail::starred<std::remove_reference_t<F>> by_row{f};
  detail::collected<detail::starred<std::remove_reference_t<F>>> safe{by_row};
  detail::writing(detail::checked("starmap_into", how), out, safe, rows);
}

/// The outputs of a function that returns a tuple, one array for each of its elements:
/// map_into(columns(price, delta), f, spot, strike).
template <class... Out>
  requires(sizeof...(Out) > 0) && (detail::writable_array<Out> && ...)
[[nodiscard]] auto columns(Out&&... out) {
  return detail::column_list<std::remove_reference_t<std::ranges::range_reference_t<Out>>...>(
      out...);
}

/// map for a function that returns a tuple: a std::tuple of one hetmap::vector a column.
///
/// Requires: f returns a tuple-like of default-constructible elements; every input knows its
/// length. Throws, waits, cost, memory: as map.
template <class F, class... In>
  requires mappable<F, In...> && detail::tuple_like<detail::result_t<F, In...>> &&
           (!detail::any_options<std::remove_cvref_t<F>>)
auto map_columns(F&& f, In&&... in) {
  return detail::returning_columns(detail::settings{.verb = "map_columns"}, f, in...);
}
template <class F, class... In>
  requires mappable<F, In...> && detail::tuple_like<detail::result_t<F, In...>>
auto map_columns(options const& how, F&& f, In&&... in) {
  return detail::returning_columns(detail::checked("map_columns", how), f, in...);
}

/// Calls f(in..., out) with spans of one block at a time: what cannot be said an element at a time,
/// a filter over rows, a call of somebody else's vector routine.
///
/// f may take a hetmap::scratch& last: working memory of the worker that runs the block.
/// Requires: arrays for the inputs and the output. Blocks start at multiples of .chunk_size
///           (default 4096) and are that long, the last one excepted; f writes all of its output
///           span.
/// Throws:   what f throws, from the first failing block (failed_index() is its first element);
///           size_error, overlap_error before f runs.
/// Waits:    until every element of out is final.
/// Cost:     one call of f a block.
/// Memory:   what f takes from its scratch, once a worker.
template <class F, class Out, class... In>
  requires block_mappable<F, Out, In...> && (!detail::any_options<std::remove_cvref_t<F>>)
void map_blocks(F&& f, Out&& out, In&&... in) {
  detail::by_blocks(detail::settings{.verb = "map_blocks"}, f, out, in...);
}
template <class F, class Out, class... In>
  requires block_mappable<F, Out, In...>
void map_blocks(options const& how, F&& f, Out&& out, In&&... in) {
  detail::by_blocks(detail::checked("map_blocks", how), f, out, in...);
}

/// The plan that map(f, in...) would follow now: what would run where, and why.
///
/// Throws:   option_error, device_unavailable, as the map would.
/// Waits:    no. Neither f nor the inputs are touched.
template <class F, class... In>
  requires mappable<F, In...> && (!detail::any_options<std::remove_cvref_t<F>>)
[[nodiscard]] plan explain(F&& f, In&&... in) {
  return detail::planning(detail::settings{.verb = "map"}, f, in...);
}
template <class F, class... In>
  requires mappable<F, In...>
[[nodiscard]] plan explain(options const& how, F&& f, In&&... in) {
  return detail::planning(detail::checked("map", how), f, in...);
}

}  // namespace HETMAP_TAG
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
