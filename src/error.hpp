// Where a failing element's index is kept for failed_index().
#pragma once

#include <cstddef>

namespace hetmap::core {

void note_failed_index(std::size_t index) noexcept;

}  // namespace hetmap::core
