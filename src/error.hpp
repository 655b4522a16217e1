// Where a failing element's index is kept for failed_index().
#pragma once

#include <cstddef>

namespace hetmap::core {

void note_failed_index(std::size_t index) noexcept;

/// For exceptions that are no element's.
void clear_failed_index() noexcept;

}  // namespace hetmap::core
