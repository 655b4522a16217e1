// The kernel of the program.
#pragma once

#include <hetmap/kernel.hpp>

struct square {
  HETMAP_FN double operator()(double v) const { return v * v; }
};
