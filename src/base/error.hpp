// Where a failing element's index is kept for failed_index().
#pragma once

#include <hetmap/error.hpp>

#include <cstddef>
#include <exception>

namespace hetmap::core {

void note_failed_index(std::size_t index) noexcept;

/// For exceptions that are no element's.
void clear_failed_index() noexcept;

/// The exception that make() returns; where there is no memory for it, what says so.
template <class Make>
[[nodiscard]] std::exception_ptr exception_from(Make&& make) noexcept {
  try {
    return std::make_exception_ptr(make());
  } catch (...) {
    return detail::kept_exception();
  }
}

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
