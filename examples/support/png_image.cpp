#include "png_image.hpp"

#include <algorithm>
#include <stdexcept>

#include <png.h>

namespace examples {
namespace {

/// libpng's reader and writer count bytes in 32 bits; a quarter of a gigapixel stays within them.
constexpr std::size_t most_pixels = std::size_t{1} << 28;

/// Frees what libpng holds, whichever way the scope is left.
struct png_handle {
  png_image image{};

  png_handle() { image.version = PNG_IMAGE_VERSION; }
  ~png_handle() { png_image_free(&image); }
  png_handle(png_handle const&) = delete;
  png_handle& operator=(png_handle const&) = delete;
};

[[noreturn]] void refuse(char const* what, std::string const& path, std::string const& why) {
  throw std::runtime_error(std::string("cannot ") + what + " '" + path + "': " + why);
}

}  // namespace

image read_png(std::string const& path) {
  png_handle png;
  if (png_image_begin_read_from_file(&png.image, path.c_str()) == 0)
    refuse("read", path, png.image.message);
  image out{.width = png.image.width, .height = png.image.height, .pixels = {}};
  if (out.width * out.height > most_pixels) refuse("read", path, "more than 2^28 pixels");
  out.pixels.resize(out.width * out.height);
  png.image.format = PNG_FORMAT_RGB;
  png_color const black{0, 0, 0};
  if (png_image_finish_read(&png.image, &black, out.pixels.data(), 0, nullptr) == 0)
    refuse("read", path, png.image.message);
  return out;
}

void write_png(std::string const& path, image const& picture) {
  if (picture.width * picture.height > most_pixels) refuse("write", path, "more than 2^28 pixels");
  png_handle png;
  png.image.width = static_cast<png_uint_32>(picture.width);
  png.image.height = static_cast<png_uint_32>(picture.height);
  png.image.format = PNG_FORMAT_RGB;
  if (png_image_write_to_file(&png.image, path.c_str(), 0, picture.pixels.data(), 0, nullptr) == 0)
    refuse("write", path, png.image.message);
}

image side_by_side(std::vector<image> const& pictures, std::size_t gap) {
  image out{.width = gap * (pictures.size() - 1), .height = pictures.front().height, .pixels = {}};
  for (image const& p : pictures) out.width += p.width;
  out.pixels.assign(out.width * out.height, {255, 255, 255});
  std::size_t left = 0;
  for (image const& p : pictures) {
    for (std::size_t y = 0; y != p.height; ++y)
      std::copy_n(p.pixels.data() + y * p.width, p.width, out.pixels.data() + y * out.width + left);
    left += p.width + gap;
  }
  return out;
}

}  // namespace examples
