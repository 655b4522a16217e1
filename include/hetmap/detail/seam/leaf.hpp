// Which elements are a leaf of a reduction's fixed tree, and the order of what is joined of it.
#pragma once

#include <hetmap/detail/config.hpp>

#include <cstddef>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

inline constexpr std::size_t largest_leaf = 4096;

/// Elements of a leaf: a function of the number of elements alone, since the bits of the result
/// depend on it. There are enough leaves to spread costly elements.
[[nodiscard]] constexpr std::size_t leaf_elements(std::size_t n) noexcept {
  std::size_t leaf = largest_leaf;
  while (leaf > 1 && n / leaf < 1024) leaf /= 2;
  return leaf;
}

/// A node of the tree, among others.
struct placed_node {
  std::size_t first;
  void* node;
};

/// Sorts by `first`.
HETMAP_API void sort_nodes(placed_node* nodes, std::size_t count) noexcept;

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
