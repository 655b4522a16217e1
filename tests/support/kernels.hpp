// The kernels of the benches, and what the tests need beside them.
#pragma once

#include "../../bench/kernels.hpp"
#include "../../bench/vector_math.hpp"

namespace support {

using bench::standard_math;
using bench::vector_math;

/// Two products, either of which could be the one that is contracted.
template <class T>
struct cross {
  HETMAP_FN T operator()(T a, T b, T c) const { return a * b - c * a; }
};

}  // namespace support
