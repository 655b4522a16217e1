// Kernels that have GPU forms, in files for the host compiler and for nvcc.
#pragma once

#include "../support/fold_kernels.hpp"

#include <hetmap/array.hpp>
#include <hetmap/kernel.hpp>
#include <hetmap/math.hpp>
#include <hetmap/tuple.hpp>

#include <cstddef>
#include <cstdint>

namespace cuda_kernels {

using fold_kernels::matrix;
using fold_kernels::matrix_of;
using fold_kernels::picky_sum;
using fold_kernels::product;

struct triple {
  HETMAP_FN std::int32_t operator()(std::int32_t v) const { return 3 * v + 1; }
};

struct flipped {
  HETMAP_FN std::int8_t operator()(std::int8_t v) const { return static_cast<std::int8_t>(~v); }
};

/// State that is copied to the GPU; one form for each of several types.
template <class T>
struct scaled {
  T factor;
  HETMAP_FN T operator()(T v) const { return factor * v; }
};

struct bell {
  HETMAP_FN float operator()(float v) const { return hetmap::math::exp(-v * v); }
};

struct mixed {
  HETMAP_FN double operator()(float a, std::int32_t b, double c) const { return a + b * c; }
};

struct minmax {
  HETMAP_FN hetmap::tuple<float, float> operator()(float a, float b) const {
    return {a < b ? a : b, a < b ? b : a};
  }
};

/// Eight inputs.
struct sum_of_eight {
  HETMAP_FN std::int32_t operator()(std::int32_t a, std::int32_t b, std::int32_t c, std::int32_t d,
                                    std::int32_t e, std::int32_t f, std::int32_t g,
                                    std::int32_t h) const {
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h;
  }
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

/// Runs fails_from over data[0..x*y*z) in a kernel that is not hetmap's, in one block of that
/// shape, and waits for it. Returns the CUDA error.
int run_without_hetmap(unsigned x, unsigned y, unsigned z, fails_from f, std::int64_t* data);

/// An element of any size: n bytes, each of which counts.
template <std::size_t N>
struct bytes {
  unsigned char b[N];
  friend bool operator==(bytes const&, bytes const&) = default;
};
template <std::size_t Alignment>
struct alignas(Alignment) aligned {
  std::int32_t v;
  friend bool operator==(aligned const&, aligned const&) = default;
};
struct each_byte_up {
  template <std::size_t N>
  HETMAP_FN bytes<N> operator()(bytes<N> const& in) const {
    bytes<N> out;
    for (std::size_t k = 0; k != N; ++k) out.b[k] = static_cast<unsigned char>(in.b[k] + 1);
    return out;
  }
  template <std::size_t Alignment>
  HETMAP_FN aligned<Alignment> operator()(aligned<Alignment> const& in) const {
    return {in.v + 1};
  }
};

/// Reads its neighbours, by index, from an array that is captured.
struct window {
  hetmap::array_ref<double> v;
  HETMAP_FN double operator()(std::int64_t i) const {
    auto const k = static_cast<std::size_t>(i);
    return v[k - 1] + 2 * v[k] + v[k + 1];
  }
};

/// Elements of an odd size, added up.
struct vec3 {
  float x, y, z;
};
struct vec3_sum {
  HETMAP_FN vec3 operator()(vec3 const& a, vec3 const& b) const {
    return {a.x + b.x, a.y + b.y, a.z + b.z};
  }
};

/// Has no form for anything.
struct formless {
  HETMAP_FN double operator()(double v) const { return v + 1; }
};

/// Its form is in a plugin.
struct plugged {
  HETMAP_FN double operator()(double v) const { return v - 1; }
};

/// Its form is in a static library.
struct archived {
  HETMAP_FN double operator()(double v) const { return v / 2; }
};

}  // namespace cuda_kernels
