// One place of a stream's window, and the chunk that is in it.
#pragma once

#include <hetmap/detail/chunk.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <vector>

namespace hetmap::core {

/// An element that failed.
struct failure {
  std::size_t at;
  std::exception_ptr cause;
};

struct slot {
  std::vector<detail::column> columns{};  ///< the output's, then the inputs'
  std::size_t begin = 0;                  ///< index of the first element
  std::size_t count = 0;                  ///< elements that were pulled
  std::chrono::nanoseconds reading{0};    ///< that the pull has taken
  std::size_t done_to = 0;                ///< results exist from begin to here, but for failures
  std::vector<failure> failures{};
  failure input_failure{0, nullptr};
};

}  // namespace hetmap::core
