// Kernels that have forms on the pretended GPU, and those that can fail there.
#pragma once

#include "forms.hpp"
#include "support/sizes.hpp"
#include "virtual_device.hpp"

#include <hetmap/array.hpp>
#include <hetmap/kernel.hpp>
#include <hetmap/tuple.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace host_kernels {

struct triple {
  HETMAP_FN std::int64_t operator()(std::int64_t v) const { return 3 * v + 1; }
};

struct scaled {
  double factor;
  HETMAP_FN double operator()(double v) const { return factor * v; }
};

struct mixed {
  HETMAP_FN double operator()(float a, std::int32_t b, double c) const { return a + b * c; }
};

/// Fails at every multiple of `step` from `first` on.
struct fails_from {
  std::int64_t first;
  std::int64_t step;
  HETMAP_FN std::int64_t operator()(std::int64_t v) const {
    if (v >= first && (v - first) % step == 0) hetmap::fail(static_cast<int>(v % 1000));
    return v * 2;
  }
};

struct tells_at_once : fails_from {};

struct minmax {
  HETMAP_FN hetmap::tuple<double, double> operator()(double a, double b) const {
    return {a < b ? a : b, a < b ? b : a};
  }
};

struct split {
  HETMAP_FN hetmap::tuple<std::int64_t, std::int64_t> operator()(std::int64_t v) const {
    return {v / 7, v % 7};
  }
};

/// Has no form for anything.
struct formless {
  HETMAP_FN double operator()(double v) const { return v + 1; }
};
struct formless_for_integers {
  HETMAP_FN std::int64_t operator()(std::int64_t v) const { return v + 1; }
};

/// Reads a table from its end.
struct gather {
  hetmap::array_ref<std::int64_t> table;
  std::size_t count;
  HETMAP_FN std::int64_t operator()(std::int64_t i) const {
    return table[count - 1 - static_cast<std::size_t>(i)];
  }
};

/// Elements of an odd size.
template <std::size_t Size, std::size_t Alignment>
struct alignas(Alignment) element {
  unsigned char bytes[Size];
};
template <class T>
struct twice {
  HETMAP_FN T operator()(T v) const {
    for (unsigned char& b : v.bytes) b = static_cast<unsigned char>(2 * b);
    return v;
  }
};

/// Says on which pretended device it runs.
struct asks_where {
  int operator()(int) const { return support::virtual_device::current(); }
};

/// One kernel a test, so that what one learns does not steer another.
template <int Which>
struct costs {
  HETMAP_FN double operator()(double v) const { return v * 2 + Which; }
};

/// Gets a form while a test runs.
struct late {
  HETMAP_FN double operator()(double v) const { return v - 1; }
};

/// 0, 1, ..., n - 1.
inline std::vector<std::int64_t> counted(std::size_t n) {
  return support::indices<std::int64_t>(n);
}

/// All forms there are, for as long as it lives.
struct all_forms {
  support::host_form<triple, std::int64_t(std::int64_t)> a{"triple", "int64_t(int64_t)"};
  support::host_form<scaled, double(double)> b{"scaled", "double(double)"};
  support::host_form<mixed, double(float, std::int32_t, double)> c{"mixed",
                                                                   "double(float, int, double)"};
  support::host_form<fails_from, std::int64_t(std::int64_t)> d{"fails_from", "int64_t(int64_t)"};
  support::host_form<minmax, hetmap::tuple<double, double>(double, double)> e{
      "minmax", "hetmap::tuple<double, double>(double, double)"};
  support::host_form<gather, std::int64_t(std::int64_t)> f{"gather", "int64_t(int64_t)"};
  support::host_form<split, hetmap::tuple<std::int64_t, std::int64_t>(std::int64_t)> g{
      "split", "hetmap::tuple<int64_t, int64_t>(int64_t)"};
};

}  // namespace host_kernels
