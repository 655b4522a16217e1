// The Mandelbrot set: how long a point stays, and the colour of that.
#pragma once

#include "pixel.hpp"

#include <hetmap/kernel.hpp>

#include <cmath>
#include <cstddef>
#include <tuple>
#include <utility>

namespace examples {

/// What of the complex plane a picture shows.
struct plane_view {
  double center_x;
  double center_y;
  double width;  ///< of the picture, on the plane
  std::size_t columns;
  std::size_t rows;

  /// The point at the middle of pixel i, counted along the rows from the top left.
  HETMAP_FN std::pair<float, float> operator()(std::size_t i) const {
    double const step = width / static_cast<double>(columns);
    double const x = static_cast<double>(i % columns) + 0.5 - 0.5 * static_cast<double>(columns);
    double const y = 0.5 * static_cast<double>(rows) - 0.5 - static_cast<double>(i / columns);
    return {static_cast<float>(center_x + step * x), static_cast<float>(center_y + step * y)};
  }
};

/// Squared distance from the origin at which a point counts as escaped. Any from 4 on gives the
/// set; the larger, the smoother the colours.
inline constexpr float escape_radius_squared = 65536.0f;

/// How many of the first `iterations` points of z -> z * z + c lie within the escape radius, and
/// the squared distance of the last one that does.
struct escape_time {
  int iterations;

  HETMAP_FN std::tuple<float, float> operator()(float x, float y) const {
    float re = 0, im = 0;
    float count = 0, last = 0;
    for (int k = 0; k != iterations; ++k) {
      float const re2 = re * re;
      float const im2 = im * im;
      float const distance = re2 + im2;
      if (distance > escape_radius_squared) break;
      count += 1.0f;
      last = distance;
      im = 2.0f * re * im + y;
      re = re2 - im2 + x;
    }
    return {count, last};
  }
};

/// The same, for a vectorising compiler: no branch leaves the loop, so that every point takes all
/// iterations, and in exchange as many points as fit in a vector go at once. Points that have left
/// overflow to infinity and NaN, which compare as outside.
struct escape_time_in_lanes {
  int iterations;  ///< from 1

  HETMAP_FN std::tuple<float, float> operator()(float x, float y) const {
    float re = 0, im = 0;
    float count = 0, last = 0;
    int k = 0;
    do {  // tested at its end, so that nothing stands between the element loop and this one
      float const re2 = re * re;
      float const im2 = im * im;
      float const distance = re2 + im2;
      bool const inside = distance <= escape_radius_squared;
      count = hetmap::select(inside, count + 1.0f, count);
      last = hetmap::select(inside, distance, last);
      im = 2.0f * re * im + y;
      re = re2 - im2 + x;
    } while (++k < iterations);
    return {count, last};
  }
};

/// A colour for an escape time: bands made continuous by how far the last point had come, from
/// dark to bright and back; points of the set are black.
struct escape_colour {
  int iterations;

  HETMAP_FN rgb8 operator()(float count, float last) const {
    if (count >= static_cast<float>(iterations)) return {0, 0, 0};
    // One iteration squares the distance, so its double logarithm grows by 1.
    float const farther = std::log2(std::log2(last + 1.0f) / std::log2(escape_radius_squared));
    float const smooth = count - farther;
    // The logarithm spreads the few bands far out and the many near the set evenly.
    float const turn = 0.4f * std::log2(smooth + 1.0f) - 0.72f;
    return {wave(turn, 0.22f), wave(turn, 0.10f), wave(turn, 0.00f)};
  }

 private:
  HETMAP_FN static std::uint8_t wave(float turn, float phase) {
    float const v = 0.5f - 0.5f * std::cos(6.2831853f * (turn - phase));
    return static_cast<std::uint8_t>(v * 255.0f + 0.5f);
  }
};

}  // namespace examples
