// Where a failing element's index is kept for failed_index().
#pragma once

#include <cstddef>

namespace hetmap::core {

void note_failed_index(std::size_t index) noexcept;

/// For exceptions that are no element's.
void clear_failed_index() noexcept;

/// While one exists, an exception that leaves its scope is no element's, until `over`.
class before_elements {
 public:
  before_elements() = default;
  ~before_elements() {
    if (!over) clear_failed_index();
  }
  before_elements(before_elements const&) = delete;
  before_elements& operator=(before_elements const&) = delete;

  bool over = false;
};

}  // namespace hetmap::core
