// Elements by their indices.
#pragma once

#include <cstddef>

namespace hetmap::core {

/// Elements begin..end, end excluded.
struct range {
  std::size_t begin = 0;
  std::size_t end = 0;

  [[nodiscard]] std::size_t size() const noexcept { return end - begin; }
  [[nodiscard]] bool empty() const noexcept { return begin == end; }
  friend bool operator==(range const&, range const&) = default;
};

}  // namespace hetmap::core
