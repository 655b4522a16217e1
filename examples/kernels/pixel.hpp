// Pixels as the example kernels pass them around.
#pragma once

#include <cstdint>

namespace examples {

/// A pixel as files and screens have it: sRGB, 8 bits a channel.
struct rgb8 {
  std::uint8_t r;
  std::uint8_t g;
  std::uint8_t b;

  friend bool operator==(rgb8 const&, rgb8 const&) = default;
};
static_assert(sizeof(rgb8) == 3, "pictures are read and written as arrays of bytes");

/// A pixel as light adds up: twice the number is twice the light.
struct linear_rgb {
  float r;
  float g;
  float b;
};

}  // namespace examples
