// Requirements that a call may fail to meet. The compiler's message names the unmet one: every
// enumerator is a sentence, and so is its text.
#pragma once

#include <hetmap/detail/config.hpp>

#include <hetmap/detail/macros_aside.hpp>

// X(what is not met, what to say where a compiler takes a text of ours)
// One line each: Clang shows them.
// clang-format off
#define HETMAP_REQUIREMENTS(X) \
  X(options_come_first, "options come first, before the output and the function") \
  X(there_is_no_input, "there is no input after the function") \
  X(the_function_comes_before_the_inputs, "the function comes before the inputs") \
  X(an_input_is_not_a_range, "an input is not a range (nor an array or a device_span, where these are read)") \
  X(no_input_ends, "no input ends; streams (imap) read such inputs") \
  X(elements_of_an_input_cannot_be_kept, "elements of an input that is read once cannot be kept as copies: put them into a container, or pass pointers to them") \
  X(an_input_mapped_with_arrays_cannot_be_indexed, "an input that is mapped together with arrays cannot be indexed; copy it to an array") \
  X(arrays_and_device_spans_cannot_be_mixed, "arrays and device_spans cannot be mixed in one call") \
  X(streams_read_ranges_only, "streams read ranges only; map and map_into read arrays") \
  X(f_cannot_be_called_with_one_element_of_each_input, "f cannot be called with one element of each input") \
  X(f_takes_the_elements_of_a_row_so_use_starmap, "f takes the elements of a row, not a row: use starmap") \
  X(this_verb_passes_no_stop_token, "this verb passes no stop token to f") \
  X(f_returns_nothing, "f returns nothing") \
  X(the_elements_are_not_rows, "the elements are not rows (tuple, pair, array)") \
  X(starmap_takes_one_range_of_rows, "starmap takes one range of rows") \
  X(f_cannot_be_called_with_the_elements_of_a_row, "f cannot be called with the elements of a row") \
  X(f_does_not_return_a_row, "f does not return a row (tuple, pair, array)") \
  X(out_is_not_a_writable_array, "out is neither a writable array (contiguous and not const) nor columns(...)") \
  X(out_is_a_vector_of_bool_so_use_hetmap_vector, "out is a std::vector<bool>, whose elements are bits: use a hetmap::vector<bool>") \
  X(results_cannot_be_assigned_to_the_elements_of_out, "what f returns cannot be assigned to the elements of out") \
  X(array_inputs_need_an_array_output, "hetmap::array inputs need a hetmap::array as output") \
  X(an_array_output_needs_an_array_input, "a hetmap::array as output needs an array among the inputs; from ranges, write to its host()") \
  X(an_array_output_must_have_the_result_type, "a hetmap::array as output must have elements of the type that f returns") \
  X(results_of_arrays_must_be_trivially_copyable, "results of arrays must be trivially copyable") \
  X(map_columns_needs_inputs_of_known_length, "map_columns needs inputs whose lengths are known") \
  X(device_span_inputs_need_a_device_span_output, "device_span inputs need map_into with a device_span as output") \
  X(map_blocks_needs_contiguous_ranges, "map_blocks needs contiguous ranges") \
  X(f_does_not_take_a_span_of_each_input_and_of_out, "f does not take a span of each input and one of out, perhaps a hetmap::scratch& last") \
  X(map_reduce_takes_f_op_init_and_inputs, "map_reduce takes f, op, init and inputs") \
  X(op_cannot_combine_two_values_of_the_type_of_init, "op cannot combine two values of the type of init") \
  X(results_cannot_be_converted_to_the_type_of_init, "what f returns cannot be converted to the type of init, nor does op take it") \
  X(this_verb_cannot_collect_errors, "this verb cannot collect errors") \
  X(f_cannot_be_called_with_these_arguments, "f cannot be called with these arguments")
// clang-format on

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

#define HETMAP_ENUMERATOR(name, text) name,
/// A requirement of a verb that is not met.
enum class unmet : unsigned char { none, HETMAP_REQUIREMENTS(HETMAP_ENUMERATOR) };
#undef HETMAP_ENUMERATOR

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
