// What a code block of the docs may take for granted: the library, a few standard headers, and the
// names that the blocks of docs/guide.md share.
#pragma once

#include <hetmap/hetmap.hpp>
#include <hetmap/math.hpp>
#include <hetmap/profile.hpp>
#include <hetmap/rates.hpp>

#include <cassert>
#include <chrono>
#include <cmath>
#include <functional>
#include <iostream>
#include <latch>
#include <optional>
#include <random>
#include <ranges>
#include <span>
#include <sstream>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

struct square {
  HETMAP_FN double operator()(double v) const { return v * v; }
};
struct hypotenuse {
  HETMAP_FN double operator()(double a, double b) const { return std::sqrt(a * a + b * b); }
};

inline std::vector<double> const x(1000, 3.0);
inline std::vector<double> const y(1000, 4.0);
