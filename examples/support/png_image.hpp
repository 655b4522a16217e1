// Pictures in memory and in PNG files.
#pragma once

#include "../kernels/pixel.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace examples {

/// width * height pixels, row after row from the top left.
struct image {
  std::size_t width = 0;
  std::size_t height = 0;
  std::vector<rgb8> pixels;
};

/// The picture in a PNG file; transparency is laid over black.
///
/// Throws:   std::runtime_error naming the file and what is wrong with it.
[[nodiscard]] image read_png(std::string const& path);

/// Throws:   std::runtime_error naming the file and why it could not be written.
void write_png(std::string const& path, image const& picture);

/// The pictures from left to right, with a white gap between them.
///
/// Requires: pictures of one height.
[[nodiscard]] image side_by_side(std::vector<image> const& pictures, std::size_t gap);

}  // namespace examples
