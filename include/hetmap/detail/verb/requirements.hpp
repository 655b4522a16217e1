// What verbs require of their arguments: functions that find the first requirement that a call does
// not meet.
#pragma once

#include <hetmap/detail/data/element.hpp>
#include <hetmap/detail/data/output.hpp>
#include <hetmap/detail/data/source.hpp>
#include <hetmap/detail/kernel/adaptors.hpp>
#include <hetmap/detail/verb/unmet.hpp>
#include <hetmap/options.hpp>

#include <concepts>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

// -- functions ---------------------------------------------------------------------------------

/// F can be called with one element of each input.
template <class F, class... In>
inline constexpr bool takes_elements =
    std::invocable<std::remove_reference_t<F>&, argument_t<In>...>;

/// The same with a std::stop_token after them. Ask it only of what cannot be called without: a
/// generic lambda may fail to compile with one more argument.
template <class F, class... In>
inline constexpr bool takes_stop_token =
    std::invocable<with_stop<std::remove_reference_t<F>>&, argument_t<In>...>;

template <class F, class... In>
inline constexpr bool needs_stop_token = false;
template <class F, class... In>
  requires(!takes_elements<F, In...>)
inline constexpr bool needs_stop_token<F, In...> = takes_stop_token<F, In...>;

/// What F returns for one element of each input.
template <class F, class... In>
struct returned {
  using type = std::invoke_result_t<std::remove_reference_t<F>&, argument_t<In>...>;
};
template <class F, class... In>
  requires needs_stop_token<F, In...>
struct returned<F, In...> {
  using type = std::invoke_result_t<with_stop<std::remove_reference_t<F>>&, argument_t<In>...>;
};
template <class F, class... In>
using returned_t = typename returned<F, In...>::type;
template <class F, class... In>
using result_t = std::remove_cvref_t<returned_t<F, In...>>;

// -- inputs ------------------------------------------------------------------------------------

template <class In>
inline constexpr bool is_input = std::ranges::input_range<In> || resident<In>;

template <class In>
inline constexpr bool is_options = any_options<std::remove_cvref_t<In>>;

/// What a verb serves beyond finite inputs and functions of elements.
struct served {
  bool endless_inputs = false;
  bool stop_tokens = false;
};
inline constexpr served with_stop_tokens{.stop_tokens = true};
inline constexpr served with_endless_inputs{.endless_inputs = true};

template <served Also, class... In>
constexpr unmet unmet_by_inputs() {
  constexpr bool arrays = (lies_in<In, residence::array> || ...);
  constexpr bool spans = (lies_in<In, residence::device> || ...);
  if (sizeof...(In) == 0) return unmet::there_is_no_input;
  if ((is_options<In> || ...)) return unmet::options_come_first;
  if (!(is_input<In> && ...)) return unmet::an_input_is_not_a_range;
  if (arrays && spans) return unmet::arrays_and_device_spans_cannot_be_mixed;
  if ((arrays || spans) && !((resident<In> || indexable<In>)&&...))
    return unmet::an_input_mapped_with_arrays_cannot_be_indexed;
  if (!Also.endless_inputs && (unbounded<In> && ...)) return unmet::no_input_ends;
  if (!(elements_can_be_kept<In> && ...)) return unmet::elements_of_an_input_cannot_be_kept;
  return unmet::none;
}

/// That, unless something else is in the function's position.
template <class F>
constexpr unmet unless_misplaced(unmet otherwise) {
  if (is_options<F>) return unmet::options_come_first;
  return is_input<F> ? unmet::the_function_comes_before_the_inputs : otherwise;
}

template <class F, class Row>
inline constexpr bool takes_row = false;
template <class F, tuple_like Row>
inline constexpr bool takes_row<F, Row> = takes_elements_of<std::remove_reference_t<F>, Row>;

/// What all verbs require that call f with one element of each input.
template <served Also, class F, class... In>
constexpr unmet unmet_by_call() {
  constexpr unmet by_inputs = detail::unmet_by_inputs<Also, In...>();
  if constexpr (by_inputs != unmet::none) {
    return detail::unless_misplaced<F>(by_inputs);
  } else if constexpr (takes_elements<F, In...>) {
    return unmet::none;
  } else if constexpr (takes_stop_token<F, In...>) {
    return Also.stop_tokens && place_of<In...> == residence::host
               ? unmet::none
               : unmet::this_verb_passes_no_stop_token;
  } else {
    return detail::unless_misplaced<F>(
        (takes_row<F, argument_t<In>> && ...)
            ? unmet::f_takes_the_elements_of_a_row_so_use_starmap
            : unmet::f_cannot_be_called_with_one_element_of_each_input);
  }
}

template <served Also, class F, class... Rows>
constexpr unmet unmet_by_rows() {
  constexpr unmet by_inputs = detail::unmet_by_inputs<Also, Rows...>();
  if constexpr (by_inputs != unmet::none) {
    return detail::unless_misplaced<F>(by_inputs);
  } else if constexpr (sizeof...(Rows) != 1) {
    return unmet::starmap_takes_one_range_of_rows;
  } else if constexpr (place_of<Rows...> != residence::host) {
    return unmet::an_input_is_not_a_range;
  } else if constexpr (!(tuple_like<argument_t<Rows>> && ...)) {
    return unmet::the_elements_are_not_rows;
  } else if constexpr ((takes_elements_of<std::remove_reference_t<F>, argument_t<Rows>> && ...)) {
    return unmet::none;
  } else if constexpr ((takes_elements_and_stop<std::remove_reference_t<F>, argument_t<Rows>> &&
                        ...)) {
    return Also.stop_tokens ? unmet::none : unmet::this_verb_passes_no_stop_token;
  } else {
    return detail::unless_misplaced<F>(unmet::f_cannot_be_called_with_the_elements_of_a_row);
  }
}

// -- outputs -----------------------------------------------------------------------------------

template <class Out>
inline constexpr bool is_vector_of_bits = false;
template <class Allocator>
inline constexpr bool is_vector_of_bits<std::vector<bool, Allocator>> = true;

template <class Out>
constexpr unmet unmet_by_output() {
  if (is_options<Out>) return unmet::options_come_first;
  if (is_vector_of_bits<std::remove_cvref_t<Out>>)
    return unmet::out_is_a_vector_of_bool_so_use_hetmap_vector;
  return writable_output<Out> ? unmet::none : unmet::out_is_not_a_writable_array;
}

/// Whether what lies in `inputs` can be mapped to what lies in `output`.
constexpr unmet unmet_by_places(residence output, residence inputs) {
  if (output == inputs || (output == residence::device && inputs == residence::host))
    return unmet::none;
  if (inputs == residence::host) return unmet::an_array_output_needs_an_array_input;
  return inputs == residence::array ? unmet::array_inputs_need_an_array_output
                                    : unmet::device_span_inputs_need_a_device_span_output;
}

template <class Out, class F, class... In>
constexpr unmet unmet_by_results() {
  constexpr residence output = destination_of<Out>::lies;
  constexpr unmet by_places = detail::unmet_by_places(output, place_of<In...>);
  if constexpr (by_places != unmet::none)
    return by_places;
  else if constexpr (output != residence::host && !((resident<In> || indexable<In>)&&...))
    return unmet::an_input_mapped_with_arrays_cannot_be_indexed;
  else if constexpr (output != residence::host && needs_stop_token<F, In...>)
    return unmet::this_verb_passes_no_stop_token;
  else if constexpr (destination_of<Out>::template takes<returned_t<F, In...>>)
    return unmet::none;
  else
    return output == residence::array ? unmet::an_array_output_must_have_the_result_type
                                      : unmet::results_cannot_be_assigned_to_the_elements_of_out;
}

// -- verbs -------------------------------------------------------------------------------------

/// What map requires, or a verb like it that gives f no stop token.
template <served Also, class F, class... In>
constexpr unmet unmet_by_map() {
  constexpr residence place = place_of<In...>;
  constexpr unmet by_call = detail::unmet_by_call<Also, F, In...>();
  if constexpr (by_call != unmet::none)
    return by_call;
  else if constexpr (place == residence::device)
    return unmet::device_span_inputs_need_a_device_span_output;
  else if constexpr (place == residence::array && std::is_void_v<returned_t<F, In...>>)
    return unmet::f_returns_nothing;
  else if constexpr (place == residence::array && !std::is_trivially_copyable_v<result_t<F, In...>>)
    return unmet::results_of_arrays_must_be_trivially_copyable;
  else
    return unmet::none;
}

template <class Out, class F, class... In>
constexpr unmet unmet_by_map_into() {
  constexpr unmet by_output = detail::unmet_by_output<Out>();
  constexpr unmet by_call = detail::unmet_by_call<with_stop_tokens, F, In...>();
  if constexpr (by_call == unmet::options_come_first || by_output == unmet::none) {
    if constexpr (by_call != unmet::none)
      return by_call;
    else
      return detail::unmet_by_results<Out, F, In...>();
  } else {
    return by_output;
  }
}

template <class F, class... Rows>
constexpr unmet unmet_by_starmap() {
  return detail::unmet_by_rows<with_stop_tokens, F, Rows...>();
}

template <class Out, class F, class... Rows>
constexpr unmet unmet_by_starmap_into() {
  constexpr unmet by_output = detail::unmet_by_output<Out>();
  constexpr unmet by_rows = detail::unmet_by_starmap<F, Rows...>();
  if constexpr (by_output != unmet::none)
    return by_output;
  else if constexpr (destination_of<Out>::lies != residence::host)
    return unmet::out_is_not_a_writable_array;
  else if constexpr (by_rows != unmet::none)
    return by_rows;
  else
    return detail::unmet_by_results<Out, starred<std::remove_reference_t<F>>, Rows...>();
}

template <class F, class... In>
constexpr unmet unmet_by_map_columns() {
  constexpr unmet by_call = detail::unmet_by_call<served{}, F, In...>();
  if constexpr (by_call != unmet::none)
    return by_call;
  else if constexpr (place_of<In...> == residence::device)
    return unmet::device_span_inputs_need_a_device_span_output;
  else if constexpr (!tuple_like<returned_t<F, In...>>)
    return unmet::f_does_not_return_a_row;
  else
    return place_of<In...> != residence::host || knows_length<In...>
               ? unmet::none
               : unmet::map_columns_needs_inputs_of_known_length;
}

template <class R>
using span_of = std::span<std::remove_reference_t<std::ranges::range_reference_t<R>>>;

template <class F, class Out, class... In>
constexpr unmet unmet_by_map_blocks() {
  using function = std::remove_reference_t<F>&;
  constexpr unmet by_output = detail::unmet_by_output<Out>();
  if constexpr ((is_options<In> || ...))
    return unmet::options_come_first;
  else if constexpr (by_output != unmet::none)
    return by_output;
  else if constexpr (!writable_array<Out>)
    return unmet::out_is_not_a_writable_array;
  else if constexpr (sizeof...(In) == 0)
    return unmet::there_is_no_input;
  else if constexpr (!(array_like<In> && ...))
    return unmet::map_blocks_needs_contiguous_ranges;
  else if constexpr (std::invocable<function, span_of<In>..., span_of<Out>> ||
                     std::invocable<function, span_of<In>..., span_of<Out>, scratch&>)
    return unmet::none;
  else
    return detail::unless_misplaced<F>(unmet::f_does_not_take_a_span_of_each_input_and_of_out);
}

/// An accumulator of one element's value: T made of it, or T{} with it folded in.
template <class Op, class T, class R>
inline constexpr bool taken_up_by = false;
template <class Op, std::default_initializable T, class R>
  requires std::invocable<Op&, T, R>
inline constexpr bool taken_up_by<Op, T, R> =
    std::convertible_to<std::invoke_result_t<Op&, T, R>, T>;

/// Op makes one T of two.
template <class Op, class T>
inline constexpr bool combines = false;
template <class Op, std::move_constructible T>
  requires std::invocable<Op&, T, T>
inline constexpr bool combines<Op, T> = std::convertible_to<std::invoke_result_t<Op&, T, T>, T>;

// Op comes first: it is less often a template than F, which must not be called with non-elements.
template <class F, class Op, class T, class... In>
constexpr unmet unmet_by_map_reduce() {
  using operation = std::remove_reference_t<Op>;
  if constexpr (is_options<Op> || is_options<T>)
    return unmet::options_come_first;
  else if constexpr (!combines<operation, T>)
    return unmet::op_cannot_combine_two_values_of_the_type_of_init;
  else if constexpr (constexpr unmet by_call = detail::unmet_by_call<with_stop_tokens, F, In...>();
                     by_call != unmet::none)
    return by_call;
  else if constexpr (std::is_void_v<returned_t<F, In...>>)
    return unmet::f_returns_nothing;
  else if constexpr (place_of<In...> == residence::array &&
                     !std::is_trivially_copyable_v<result_t<F, In...>>)
    return unmet::results_of_arrays_must_be_trivially_copyable;
  else
    return std::constructible_from<T, returned_t<F, In...>> ||
                   taken_up_by<operation, T, returned_t<F, In...>>
               ? unmet::none
               : unmet::results_cannot_be_converted_to_the_type_of_init;
}
/// The same for what follows f, however few arguments these are.
template <class F, class... Rest>
struct map_reduce_arguments {
  static constexpr unmet fails = unmet::map_reduce_takes_f_op_init_and_inputs;
};
template <class F, class Op, class T, class First, class... In>
struct map_reduce_arguments<F, Op, T, First, In...> {
  static constexpr unmet fails =
      detail::unmet_by_map_reduce<F, Op, std::decay_t<T>, First, In...>();
};

/// explain(f, op, init, in...).
template <class F, class Op, class T, class... In>
constexpr unmet unmet_by_explained_fold() {
  constexpr unmet by_fold = map_reduce_arguments<F, Op, T, In...>::fails;
  if constexpr (by_fold != unmet::none)
    return by_fold;
  else if constexpr (place_of<In...> != residence::host)
    return unmet::an_input_is_not_a_range;
  else
    return needs_stop_token<F, In...> ? unmet::this_verb_passes_no_stop_token : unmet::none;
}

template <class F, class... In>
constexpr unmet unmet_by_imap() {
  constexpr unmet by_call = detail::unmet_by_call<with_endless_inputs, F, In...>();
  if constexpr (place_of<In...> != residence::host)
    return unmet::streams_read_ranges_only;
  else if constexpr (by_call != unmet::none)
    return by_call;
  else
    return std::is_void_v<returned_t<F, In...>> ? unmet::f_returns_nothing : unmet::none;
}

template <class F, class... Rows>
constexpr unmet unmet_by_istarmap() {
  constexpr unmet by_rows = detail::unmet_by_rows<with_endless_inputs, F, Rows...>();
  if constexpr (by_rows != unmet::none)
    return by_rows;
  else
    return detail::unmet_by_imap<starred<std::remove_reference_t<F>>, Rows...>();
}

/// pool::submit(f, args...). With a token only if not without, as in maps.
template <class F, class... Args>
constexpr unmet unmet_by_submit() {
  if constexpr (std::invocable<std::decay_t<F>, std::decay_t<Args>...>)
    return unmet::none;
  else
    return std::invocable<std::decay_t<F>, std::decay_t<Args>..., stop_argument>
               ? unmet::none
               : unmet::f_cannot_be_called_with_these_arguments;
}

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
