// How a program of contenders measures: its command line, its columns, its clock.
#pragma once

#include "cases.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// One case, in one form, done by one contender.
struct entry {
  std::string_view contender;
  std::string case_name;
  /// "into": to memory that is there; "returning": to new memory, given back within the time;
  /// "in_place": to the memory of the first input, which the first output stands for.
  std::string_view form;
  void (*run)(operands const&);
  /// Keeps the results of a returning form in the columns of the operands, to be compared.
  void (*run_and_keep)(operands const&);
};

struct program {
  std::vector<entry> entries = {};
  /// Called once, before anything else, with the number of threads to use.
  void (*use_workers)(unsigned workers);
  bool fast_math = false;
};

/// The main function of every contender.
///
///   --workers N              threads, the calling one among them
///   --contenders A,B         only these of the program's contenders
///   --measure CASE:FORM:N[:MEMORY]   one measurement; repeated. MEMORY is a name of memory.hpp
///   --seconds S              time spent on each measurement and contender (0.05)
///   --first-call             time one call alone, with nothing before it
///   --check                  compare the results with the reference instead
///   --list                   the program's contenders
///   --list-cases             what it can measure: case and form
///   --bandwidth ...          the kernels of BabelStream instead (bandwidth.hpp)
///
/// Prints one JSON object a line; returns 1 if a check found wrong results, 2 for a wrong argument.
int run_program(program const& self, int argc, char** argv);

}  // namespace bench
