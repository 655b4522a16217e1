// The lengths and chunk sizes at which maps go wrong first.
#pragma once

#include <hetmap/topology.hpp>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <numeric>
#include <optional>
#include <vector>

namespace support {

/// Around nothing, the number of workers, a vector register, a block and a page of elements.
inline std::vector<std::size_t> edge_sizes() {
  std::size_t const n = hetmap::physical_cores();
  return {0,  1,  n - 1, n,   n + 1, 15,   16,   17,   63,    64,
          65, 66, 127,   128, 129,   4095, 4096, 4097, 100000};
}

/// The sizes of a loop: for (std::size_t const n : sizes({0, 1, 64})).
inline std::vector<std::size_t> sizes(std::initializer_list<int> values) {
  std::vector<std::size_t> out;
  for (int const v : values) out.push_back(static_cast<std::size_t>(v));
  return out;
}

/// Automatic, one, odd, everything at once, more than everything.
inline std::vector<std::optional<std::size_t>> chunk_sizes(std::size_t n) {
  return {std::nullopt, 1, 7, std::max<std::size_t>(n, 1), std::max<std::size_t>(10 * n, 1)};
}

/// 0, 1, ..., n - 1.
template <class T = int>
std::vector<T> indices(std::size_t n) {
  std::vector<T> out(n);
  std::iota(out.begin(), out.end(), T{0});
  return out;
}

}  // namespace support
