// A fixture for map_reduce: one pretended GPU with forms of kernels and operations.
#pragma once

#include "host_device.hpp"
#include "support/fold_kernels.hpp"

#include <hetmap/hetmap.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>

namespace fold_kernels {

struct wave {
  HETMAP_FN float operator()(float v) const { return 1 / v - 0.25f * v * v; }
};
struct sum {
  template <class T>
  HETMAP_FN T operator()(T a, T b) const {
    return a + b;
  }
};

}  // namespace fold_kernels

namespace host_kernels {

inline constexpr std::size_t piece = hetmap::detail::fold_piece;

class GpuFold : public support::on_virtual_device {
 protected:
  support::host_fold<std::plus<>, std::int64_t> const plus{"std::plus<>",
                                                           "int64_t(int64_t, int64_t)"};
  support::host_fold<fold_kernels::product, fold_kernels::matrix> const products;
  support::host_form<fold_kernels::matrix_of, fold_kernels::matrix(std::int64_t)> const matrices;
  support::host_fold<fold_kernels::sum, float> const sums;
  support::host_form<fold_kernels::wave, float(float)> const waves;
  support::host_fold<fold_kernels::picky_sum, std::int64_t> const picky_sums;
  support::host_fold<fold_kernels::wrapping_sum, std::int64_t> const wrapping_sums;
};

}  // namespace host_kernels
