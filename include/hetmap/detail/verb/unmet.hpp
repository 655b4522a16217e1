// Requirements that a call may fail to meet. The compiler's message names the unmet one: every
// enumerator is a sentence, and so is its text.
#pragma once

#include <hetmap/detail/config.hpp>

#include <hetmap/detail/macros_aside.hpp>

// X(what is not met, what to say where a compiler takes a text of ours)
#define HETMAP_REQUIREMENTS(X)                                                                \
  X(options_come_first, "options come first, before the output and the function")             \
  X(there_is_no_input, "there is no input behind the function")                               \
  X(the_function_comes_before_the_inputs, "the function comes before the inputs")             \
  X(an_input_is_no_range,                                                                     \
    "an input is no range (nor, where they are read, a hetmap::array or a device_span)")      \
  X(no_input_ends, "no input ends; streams (imap) read such inputs")                          \
  X(elements_of_an_input_cannot_be_kept,                                                      \
    "elements of an input that is read once cannot be kept, as a copy is not the same: copy " \
    "them to a container, hand over pointers, or give the range forward iterators")           \
  X(an_input_beside_arrays_cannot_be_indexed,                                                 \
    "an input beside arrays cannot be indexed; copy it to an array")                          \
  X(arrays_and_device_spans_are_not_mapped_together,                                          \
    "arrays and device_spans are not mapped together")                                        \
  X(a_stream_reads_ranges, "a stream reads ranges; map and map_into read arrays")             \
  X(f_cannot_be_called_with_one_element_of_each_input,                                        \
    "f cannot be called with one element of each input")                                      \
  X(f_takes_the_elements_of_a_row_so_use_starmap,                                             \
    "f takes the elements of a row, and not a row: use starmap")                              \
  X(f_is_given_no_stop_token_here, "f is given no stop token here")                           \
  X(f_returns_nothing, "f returns nothing")                                                   \
  X(the_elements_are_no_rows, "the elements are no rows (tuple, pair, array)")                \
  X(starmap_takes_one_range_of_rows, "starmap takes one range of rows")                       \
  X(f_cannot_be_called_with_the_elements_of_a_row,                                            \
    "f cannot be called with the elements of a row")                                          \
  X(f_returns_no_row, "f returns no row (tuple, pair, array)")                                \
  X(out_is_no_array_that_can_be_written,                                                      \
    "out is no array that can be written (contiguous and not const), nor columns(...)")       \
  X(out_is_a_vector_of_bits_so_use_a_hetmap_vector,                                           \
    "out is a std::vector<bool>, whose elements are bits: use a hetmap::vector<bool>")        \
  X(results_cannot_be_assigned_to_the_elements_of_out,                                        \
    "what f returns cannot be assigned to the elements of out")                               \
  X(arrays_are_mapped_into_an_array, "arrays are mapped into a hetmap::array")                \
  X(an_array_is_written_from_arrays,                                                          \
    "a hetmap::array is written from arrays, at least one; write to its host() from ranges")  \
  X(an_array_has_elements_of_the_type_of_the_results,                                         \
    "a hetmap::array as output has elements of the very type that f returns")                 \
  X(memory_of_a_gpu_is_mapped_into_a_device_span,                                             \
    "memory of a GPU is mapped into a device_span, by map_into")                              \
  X(a_block_is_a_part_of_an_array, "blocks are parts of arrays (contiguous ranges)")          \
  X(f_does_not_take_a_span_of_each_input_and_of_out,                                          \
    "f does not take a span of each input and one of out, perhaps a hetmap::scratch& last")   \
  X(map_reduce_takes_f_op_init_and_inputs, "map_reduce takes f, op, init and inputs")         \
  X(op_cannot_join_two_of_the_type_of_init, "op cannot join two values of the type of init")  \
  X(results_cannot_become_of_the_type_of_init,                                                \
    "what f returns cannot become a value of the type of init, nor does op take it up")       \
  X(failures_are_not_collected_here, "failures are not collected here")                       \
  X(f_cannot_be_called_with_these_arguments, "f cannot be called with these arguments")

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
