// Reductions as compiled at -O0, and with the flags of the tests.
#pragma once

#include <hetmap/kernel.hpp>
#include <hetmap/reduce.hpp>

#include <functional>
#include <vector>

namespace reduced {

std::vector<float> sums_at_o0(std::vector<float> const& x, std::vector<float> const& y);

namespace {

struct product {
  HETMAP_FN float operator()(float a, float b) const { return a * b; }
};
struct sum {
  HETMAP_FN float operator()(float a, float b) const { return a + b; }
};
struct compound {
  HETMAP_FN float operator()(float a, float b) const { return a + b + 1e-9f * a * b; }
};

[[maybe_unused]] std::vector<float> sums(std::vector<float> const& x, std::vector<float> const& y) {
  return {hetmap::map_reduce(product{}, std::plus<>{}, 0.0f, x, y),
          hetmap::map_reduce(product{}, sum{}, 0.0f, x, y),
          hetmap::map_reduce(product{}, compound{}, 0.0f, x, y)};
}

}  // namespace
}  // namespace reduced
