// Copies between the caller's memory and a slot, made by several threads.
#pragma once

#include <cstddef>
#include <vector>

namespace hetmap::core {

/// Elements copied one by one from one place to another, each with its own distance between them:
/// this is where rows become columns.
struct element_copy {
  void* to = nullptr;
  void const* from = nullptr;
  std::size_t bytes = 0;        ///< size, in bytes, of one element
  std::size_t to_stride = 0;    ///< distance, in bytes
  std::size_t from_stride = 0;  ///< distance, in bytes
  std::size_t count = 0;        ///< elements
};

/// Makes all of these copies, on `lanes` threads at most, the caller among them; fewer where there
/// is little to copy. Returns when they are done.
void copy_elements(std::vector<element_copy> const& copies, unsigned lanes);

}  // namespace hetmap::core
