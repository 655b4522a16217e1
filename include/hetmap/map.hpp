// map, starmap and map_blocks: apply a function to every element, on whichever backend finishes
// first. These are the declarations and their promises; the requirements are in
// detail/verb/map_verbs.hpp, the bodies in detail/verb/map_call.hpp. Verbs are objects: map(f, x)
// and map(options, f, x) are calls of one.
//
// In all of them
//   f       is called once per element, possibly on several threads at once, never interleaved
//           within one: the contract of std::execution::par. It is borrowed until the call returns,
//           and called as the object it is (const if it is const). Wherever it runs, it runs under
//           the caller's floating-point control words (rounding, flush-to-zero); if it sets them,
//           it must restore them. Exception flags that it raises stay with the thread it ran on.
//   in...   are ranges, or arrays (below). Elements with the same index are paired, and the
//           shortest range ends the map. Arrays are read in place. Any random-access range is read
//           in parallel. The calling thread walks forward ranges, and the workers read their
//           elements. The calling thread reads single-pass ranges, in order, a batch at a time.
//           Each element is read once. Nothing is read beyond what is used: a range is begun when
//           its first element is needed, never if there is none, and advanced when the next one is
//           needed; an input that can be read again is asked for its end before one that cannot. An
//           element of a single-pass range is kept until its turn as an object of the type that the
//           range yields, and f gets it as that type. A range whose elements cannot be copied
//           faithfully (references to a non-final class with virtual functions, or to what cannot
//           be copied; proxies) is refused: detail::elements_can_be_kept.
//   results keep the order of the input.
//   errors  An exception of f or of an input is thrown as it is. It comes from the element
//           that serial execution would have met first; failed_index() tells which. Every element
//           before it has been computed, except elements skipped by a stop request. No call of f is
//           still running.
//   sharing is chosen by what f has cost before, and changed when that proves wrong: elements that
//           take milliseconds are handed to other threads one at a time, within about two
//           milliseconds. The running element stays where it is. So does the rest of a chunk of
//           .chunk_size or of a block of map_blocks and, if the compiler sees all that f does
//           (inlined, no call of anything unknown), the rest of its block of 64.
//   options come first if given, in braces or as a variable (options.hpp).
//   arrays  (array.hpp) are mapped to arrays, together with ranges that can be indexed. Data on a
//           GPU stays there; each array that is not where the call runs is copied. f takes no stop
//           token, and its results are trivially copyable. Further exceptions: device_data_lost,
//           device_error. .host_copy also copies the results back to the host at once.
// Further exceptions of all verbs: option_error; device_unavailable if a backend asked for by name
// is not there; cancelled_error after a stop request.
#pragma once

#include <hetmap/concepts.hpp>
#include <hetmap/detail/verb/map_verbs.hpp>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
inline namespace HETMAP_TAG {

/// map(f, in...), map(options, f, in...): a hetmap::vector of f(in[i]...), or nothing if f returns
/// void. Over arrays: a hetmap::array, which stays where it was computed. With .errors = collect: a
/// hetmap::vector of outcome<R>, a value or an exception per element; not over arrays.
///
/// Requires: f can be called with one element of each input; its result can be constructed in place
///           (any type: bool, move-only, not default-constructible). If f's last parameter is a
///           std::stop_token, it gets the call's: requested when .stop asks for a stop, the
///           deadline passes, or the pool is terminated. This holds for map_reduce and every verb
///           here except map_columns and map_blocks.
/// Throws:   what f and the inputs throw; result_too_large before f runs.
/// Waits:    until every element is final.
/// Cost:     one call of f per element.
/// Memory:   the result; for inputs that cannot be indexed, batches of 1 MiB, or of 64 elements if
///           these take more, and what the elements own.
inline constexpr detail::free_verb<detail::verb_name::map> map{};

/// map_into(out, f, in...), map_into(options, out, f, in...): writes f(in[i]...) to out[i] for
/// every i below the shortest length. With .errors = collect: out is an array of outcome<R>.
///
/// Requires: out is an array (a contiguous range; columns(a, b, ...) for an f that returns a
///           tuple), at least that long, and either starts exactly at an input or overlaps none. Or
///           out is a hetmap::array of f's results, as long as the shortest input, if at least one
///           input is an array; it may be one of them. Or out is a device_span, or columns(...) of
///           several, for device_spans and ranges that can be indexed: such a map runs on the GPU.
/// Throws:   what f and the inputs throw; size_error, overlap_error before f runs (size_error when
///           the input's length is not known: once out is full). To memory of a GPU:
///           device_unavailable without a GPU or a registration of f; what device_span throws. A
///           call on a GPU may clear a CUDA error that the calling thread had pending
///           (cudaGetLastError), so check it first; one that cannot be cleared is thrown as
///           device_error.
/// Waits:    until every element of out is final. After an exception every element of out is either
///           as it was or final; a hetmap::array is as it was. To memory of a GPU: work that others
///           enqueued before must be complete. With out.stream the call waits for nothing: the map
///           takes its turn in that CUDA stream, a failing element and others of the launch may
///           stay as they were, and .stop, .deadline and .progress are ignored. The caller's memory
///           must stay valid until the map is done. A CUDA stream that is being captured takes the
///           map into its graph; f must hold no refs then.
/// Cost:     one call of f per element.
/// Memory:   none on the CPU beyond the batches that map has; for a hetmap::array that of the
///           result, in addition to what out held before.
inline constexpr detail::free_verb<detail::verb_name::map_into> map_into{};

/// starmap(f, rows), starmap(options, f, rows): f applied to the elements of each row, a
/// hetmap::vector of f(get<0>(row), get<1>(row), ...).
///
/// Requires: the elements of the range `rows` are tuple-like (tuple, pair, array).
/// Throws, waits, cost, memory: as map.
inline constexpr detail::free_verb<detail::verb_name::starmap> starmap{};

/// starmap_into(out, f, rows), starmap_into(options, out, f, rows): writes f(get<0>(row),
/// get<1>(row), ...) to out[i] for every row.
///
/// Requires, throws, waits, cost, memory: as map_into, with one range of tuple-like rows.
inline constexpr detail::free_verb<detail::verb_name::starmap_into> starmap_into{};

/// The outputs of a function that returns a tuple, one array per element: map_into(columns(price,
/// delta), f, spot, strike).
template <class... Out>
  requires(sizeof...(Out) > 0) && (detail::writable_array<Out> && ...)
[[nodiscard]] auto columns(Out&&... out) {
  return detail::column_list<std::remove_reference_t<std::ranges::range_reference_t<Out>>...>(
      out...);
}

/// map_columns(f, in...), map_columns(options, f, in...): map for a function that returns a tuple.
/// Returns a std::tuple of one hetmap::vector per column; over arrays, of one hetmap::array per
/// column.
///
/// Requires: f returns a tuple-like of default-constructible elements; every input knows its
/// length. Throws, waits, cost, memory: as map.
inline constexpr detail::free_verb<detail::verb_name::map_columns> map_columns{};

/// map_blocks(f, out, in...), map_blocks(options, f, out, in...): calls f(in..., out) with spans of
/// one block at a time, for what cannot be expressed per element: a filter over rows, a call of a
/// vector routine.
///
/// f may take a hetmap::scratch& last: working memory of the worker that runs the block.
/// Requires: arrays for the inputs and the output. Blocks start at multiples of .chunk_size
///           (default 4096) and are that long, except the last; f writes all of its output span.
/// Throws:   what f throws, from the first failing block (failed_index() is its first element);
///           size_error, overlap_error before f runs.
/// Waits:    until every element of out is final.
/// Cost:     one call of f per block.
/// Memory:   what f takes from its scratch, once per worker.
inline constexpr detail::free_verb<detail::verb_name::map_blocks> map_blocks{};

/// explain(f, in...), explain(options, f, in...): the plan that map(f, in...) would follow now:
/// what would run where, and why. explain(f, op, init, in...): that of map_reduce, over ranges.
///
/// Throws:   option_error, device_unavailable, as the call would.
/// Waits:    no. Neither f nor the inputs are touched.
inline constexpr detail::free_value_verb<detail::verb_name::explain> explain{};

}  // namespace HETMAP_TAG
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
