#!/usr/bin/env python3
"""Wrong calls of verbs: what compilers say of them, and that requires expressions answer false.

  wrong_calls.py INCLUDE COMPILER [--show | --table]

A call that fits no verb has to be answered in at most 15 lines, whose first error: or note: names what
does not fit. --show prints what the compiler says; --table how long each answer is.
"""

import os
import re
import subprocess
import sys
import tempfile

LONGEST = 15

# What is said, as the compiler that knows no sentences says it, and the call; v has the members below.
CALLS = [
    ("f_cannot_be_called_with_one_element_of_each_input", "hetmap::map(v.of_string, v.floats)"),
    ("f_cannot_be_called_with_one_element_of_each_input", "hetmap::map(v.of_two, v.floats)"),
    ("f_cannot_be_called_with_one_element_of_each_input",
     "hetmap::map({.workers = 2}, v.of_string, v.floats)"),
    ("f_cannot_be_called_with_one_element_of_each_input",
     "hetmap::map({.errors = hetmap::collect}, v.of_string, v.floats)"),
    ("f_cannot_be_called_with_one_element_of_each_input", "hetmap::map(v.how, v.of_string, v.floats)"),
    ("f_cannot_be_called_with_one_element_of_each_input", "hetmap::map(v.of_string, v.array)"),
    ("f_takes_the_elements_of_a_row_so_use_starmap", "hetmap::map(v.of_two, v.rows)"),
    ("options_come_first", "hetmap::map(v.of_float, v.floats, v.how)"),
    ("options_come_first", "hetmap::map_into(v.floats, v.how, v.of_float, v.floats)"),
    ("the_function_comes_before_the_inputs", "hetmap::map(v.floats, v.of_float)"),
    ("an_input_is_not_a_range", "hetmap::map(v.of_float, v.number)"),
    ("no_input_ends", "hetmap::map(v.of_float, v.endless)"),
    ("there_is_no_input", "hetmap::map(v.of_float)"),
    ("elements_of_an_input_cannot_be_kept", "hetmap::map(v.of_base, v.bases)"),
    ("device_span_inputs_need_a_device_span_output", "hetmap::map(v.of_float, v.span)"),
    ("an_input_mapped_with_arrays_cannot_be_indexed", "hetmap::map(v.of_two, v.array, v.list)"),
    ("arrays_and_device_spans_cannot_be_mixed", "hetmap::map(v.of_two, v.array, v.span)"),
    ("f_returns_nothing", "hetmap::map(v.nothing, v.array)"),
    ("results_cannot_be_assigned_to_the_elements_of_out",
     "hetmap::map_into(v.floats, v.to_string, v.floats)"),
    ("results_cannot_be_assigned_to_the_elements_of_out",
     "hetmap::map_into(v.span, v.to_string, v.span)"),
    ("results_cannot_be_assigned_to_the_elements_of_out",
     "hetmap::map_into(hetmap::columns(v.floats, v.floats), v.of_float, v.floats)"),
    ("out_is_a_vector_of_bool_so_use_hetmap_vector",
     "hetmap::map_into(v.bits, v.of_float, v.floats)"),
    ("out_is_not_a_writable_array", "hetmap::map_into(v.const_floats, v.of_float, v.floats)"),
    ("out_is_not_a_writable_array", "hetmap::map_into(v.const_array, v.of_float, v.array)"),
    ("out_is_not_a_writable_array", "hetmap::map_into(v.const_span, v.of_float, v.span)"),
    ("out_is_not_a_writable_array", "hetmap::map_into(v.list, v.of_float, v.floats)"),
    ("out_is_not_a_writable_array", "hetmap::map_into(v.of_float, v.floats, v.floats)"),
    ("f_cannot_be_called_with_one_element_of_each_input",
     "hetmap::map_into(v.floats, v.of_string, v.floats)"),
    ("array_inputs_need_an_array_output", "hetmap::map_into(v.floats, v.of_float, v.array)"),
    ("an_array_output_needs_an_array_input", "hetmap::map_into(v.array, v.of_float, v.floats)"),
    ("an_array_output_must_have_the_result_type",
     "hetmap::map_into(v.array, v.to_int, v.array)"),
    ("the_elements_are_not_rows", "hetmap::starmap(v.of_two, v.floats)"),
    ("f_cannot_be_called_with_the_elements_of_a_row", "hetmap::starmap(v.of_float, v.rows)"),
    ("starmap_takes_one_range_of_rows", "hetmap::starmap(v.of_two, v.rows, v.rows)"),
    ("results_cannot_be_assigned_to_the_elements_of_out",
     "hetmap::starmap_into(v.rows, v.of_two, v.rows)"),
    ("f_does_not_return_a_row", "hetmap::map_columns(v.of_float, v.floats)"),
    ("map_columns_needs_inputs_of_known_length", "hetmap::map_columns(v.to_row, v.single)"),
    ("results_of_arrays_must_be_trivially_copyable", "hetmap::map(v.to_string, v.array)"),
    ("results_of_arrays_must_be_trivially_copyable",
     "hetmap::map_reduce(v.to_string, std::plus<>(), std::string(), v.array)"),
    ("an_input_mapped_with_arrays_cannot_be_indexed",
     "hetmap::map_into(v.span, v.of_float, v.list)"),
    ("this_verb_passes_no_stop_token", "hetmap::map_into(v.span, v.stops, v.floats)"),
    ("this_verb_cannot_collect_errors",
     "hetmap::map_into({.errors = hetmap::collect}, v.span, v.of_float, v.floats)"),
    ("out_is_not_a_writable_array", "hetmap::starmap_into(v.span, v.of_two, v.rows)"),
    ("f_does_not_take_a_span_of_each_input_and_of_out",
     "hetmap::map_blocks(v.of_float, v.floats, v.floats)"),
    ("map_blocks_needs_contiguous_ranges", "hetmap::map_blocks(v.of_float, v.floats, v.list)"),
    ("op_cannot_combine_two_values_of_the_type_of_init",
     "hetmap::map_reduce(v.of_float, std::plus<std::string>(), 0.0F, v.floats)"),
    ("results_cannot_be_converted_to_the_type_of_init",
     "hetmap::map_reduce(v.to_string, std::plus<float>(), 0.0F, v.floats)"),
    ("map_reduce_takes_f_op_init_and_inputs",
     "hetmap::map_reduce(v.of_float, std::plus<>(), v.floats)"),
    ("this_verb_cannot_collect_errors",
     "hetmap::map_reduce({.errors = hetmap::collect}, v.of_float, std::plus<>(), 0.0F, v.floats)"),
    ("f_cannot_be_called_with_one_element_of_each_input", "hetmap::explain(v.of_string, v.floats)"),
    ("f_returns_nothing", "hetmap::imap(v.nothing, v.floats)"),
    ("f_cannot_be_called_with_one_element_of_each_input",
     "hetmap::imap_unordered(v.of_string, v.floats)"),
    ("streams_read_ranges_only", "hetmap::imap(v.of_float, v.array)"),
    ("f_cannot_be_called_with_the_elements_of_a_row", "hetmap::istarmap(v.of_float, v.rows)"),
    ("f_cannot_be_called_with_one_element_of_each_input", "v.pool.map(v.of_string, v.floats)"),
    ("options_come_first", "v.pool.map_into(v.floats, v.of_float, v.floats, v.how)"),
    ("f_cannot_be_called_with_one_element_of_each_input", "v.pool.map_async(v.of_string, v.floats)"),
    ("f_cannot_be_called_with_the_elements_of_a_row", "v.pool.starmap_async(v.of_float, v.rows)"),
    ("f_cannot_be_called_with_these_arguments", "v.pool.submit(v.of_string, 1)"),
]

HEAD = """\
#include <hetmap/hetmap.hpp>
#include <cstdint>
#include <functional>
#include <istream>
#include <iterator>
#include <list>
#include <ranges>
#include <stop_token>
#include <string>
#include <tuple>
#include <vector>
struct base { virtual ~base() = default; };
struct once {
  struct iterator {
    using value_type = base;
    using difference_type = std::ptrdiff_t;
    base const& operator*() const;
    iterator& operator++();
    void operator++(int);
    bool operator==(std::default_sentinel_t) const;
  };
  iterator begin();
  std::default_sentinel_t end();
};
struct everything {
  std::string (*of_string)(std::string const&);
  float (*of_float)(float);
  float (*of_two)(float, float);
  float (*of_base)(base const&);
  std::string (*to_string)(float);
  int (*to_int)(float);
  void (*nothing)(float);
  std::tuple<float, float> (*to_row)(float);
  float (*stops)(float, std::stop_token);
  std::vector<float> floats;
  std::vector<float> const const_floats;
  std::vector<bool> bits;
  std::vector<std::tuple<float, float>> rows;
  std::list<float> list;
  std::ranges::istream_view<float> single;
  decltype(std::views::iota(0)) endless;
  once bases;
  float number;
  hetmap::array<float> array;
  hetmap::array<float> const const_array;
  hetmap::device_span<float const> const_span;
  hetmap::device_span<float> span;
  hetmap::options how;
  hetmap::pool& pool;
};
"""

ANSI = re.compile(r"\x1b\[[0-9;]*[mK]")


def compiled(include, compiler, text):
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "calls.cpp")
        with open(source, "w") as f:
            f.write(text)
        version = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout
        every = "-ferror-limit=0" if "clang" in version else "-fmax-errors=0"
        run = subprocess.run([compiler, "-std=c++20", "-fsyntax-only", every, "-I" + include, source],
                             capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
        return run.returncode, ANSI.sub("", run.stderr).replace(source, "calls.cpp")


def answers(output, first_line):
    """What was said of each call: the lines from where one is in, up to the next call's."""
    found = {}
    current = None
    for line in output.splitlines():
        at = re.match(r"(?:In file included from )?calls\.cpp:(\d+)[:,]|calls\.cpp: In function .*call_(\d+)", line)
        if at:
            number = int(at.group(1)) - first_line if at.group(1) else int(at.group(2))
            if 0 <= number < len(CALLS):
                current = number
        if current is not None and not re.fullmatch(r"\d+ errors? generated\.", line):
            found.setdefault(current, []).append(line)
    return found


def main():
    include, compiler = sys.argv[1:3]
    mode = sys.argv[3] if len(sys.argv) > 3 else ""
    failures = []

    asked = HEAD
    for number, (_, call) in enumerate(CALLS):
        asked += f"template <class E> concept taken_{number} = requires(E& v) {{ {call}; }};\n"
        asked += f"static_assert(!taken_{number}<everything>);\n"
    status, output = compiled(include, compiler, asked)
    if status != 0:
        failures.append("requires expressions take what cannot be called:\n" + output)

    text = HEAD
    for number, (_, call) in enumerate(CALLS):
        text += f"void call_{number}(everything& v) {{ {call}; }}\n"
    status, output = compiled(include, compiler, text)
    found = answers(output, HEAD.count("\n") + 1)
    for number, (says, call) in enumerate(CALLS):
        said = found.get(number, [])
        if mode == "--show":
            print(f"== {call}", *said, sep="\n")
            continue
        firsts = [next((line for line in said if kind in line), "") for kind in ("error:", "note:")]
        clear = any(sentence in line for line in firsts for sentence in (says, says.replace("_", " ")))
        if mode == "--table":
            print(f"{len(said):4}  {'yes' if clear else 'no':3}  {call}")
        elif not said:
            failures.append(f"{call}\n  is compiled")
        elif len(said) > LONGEST or not clear:
            failures.append(f"{call}\n  has to be answered in {LONGEST} lines, first by: {says}\n  "
                            + "\n  ".join(said[:40]))
    for failure in failures:
        print(failure, "\n", file=sys.stderr)
    if not mode:
        print(f"{len(CALLS)} wrong calls, {len(failures)} of them answered badly")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
