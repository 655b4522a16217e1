// Sizes of memory that is kept to be used again.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>

namespace hetmap::core {

/// So many bytes rounded up, by an eighth at most or to a multiple of `least`: blocks of about one
/// size can take one another's place.
[[nodiscard]] constexpr std::size_t size_class(std::size_t bytes, std::size_t least) noexcept {
  std::size_t const step = std::max(std::bit_floor(bytes) / 8, least);
  return (bytes + step - 1) / step * step;
}

}  // namespace hetmap::core
