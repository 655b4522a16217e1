// The kernels of BabelStream with a contender's maps, printed as people who know it read it.
#pragma once

#include "measurement.hpp"

#include <span>

namespace bench {

/// What follows --bandwidth:
///
///   --contender NAME    which of the program's contenders (the first)
///   --arraysize N       elements of each of the three arrays (33554432)
///   --numtimes N        how often each kernel runs, from 2 (100)
///   --float             float instead of double
///   --memory KIND       page_aligned (the default) or another name of memory.hpp
///   --workers N         threads, the calling one among them (all of the process's)
///
/// Copy, Mul, Add, Triad and Dot take turns, as in BabelStream; Nstream follows, over fresh arrays.
/// Min, max and average leave out each kernel's first run; MBytes/sec is of the minimum. Returns 1
/// if the arrays are not what they should be.
int run_bandwidth(program const& self, std::span<char* const> words);

}  // namespace bench
