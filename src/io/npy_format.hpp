// What reading and writing .npy files share.
#pragma once

#include <hetmap/npy.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace npy::format {

/// Bytes that tell how long the header is: magic, version, length of the text. Version 1 has 10.
inline constexpr std::size_t front_bytes = 12;

/// What NumPy 2 can have.
inline constexpr std::size_t most_dimensions = 64;

/// Throws format_error.
[[noreturn]] void refuse(std::string const& what);

/// Throws format_error for shapes that nobody could read.
void require_countable(std::span<std::size_t const> shape);

/// Throws format_error for elements of another type, and for a file that ends before the last.
header checked(header h, element_type const* wanted, std::optional<std::size_t> file_bytes);

/// Adds the file's name to what is wrong with it.
template <class Read>
auto naming(std::string const& path, Read&& read) {
  try {
    return read();
  } catch (format_error const& e) {
    throw format_error(std::string(e.what()).append(" ('").append(path).append("')"));
  }
}

}  // namespace npy::format
}  // namespace HETMAP_ABI
}  // namespace hetmap
