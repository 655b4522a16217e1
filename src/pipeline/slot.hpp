// One place of a stream's window, and the chunk that is in it.
#pragma once

#include "pieces.hpp"

#include <hetmap/detail/seam/job.hpp>

#include <algorithm>
#include <atomic>
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
  explicit slot(std::size_t lanes) : rest(lanes) {}

  std::vector<detail::column> columns{};  ///< the output's, then the inputs'
  std::size_t begin = 0;                  ///< index of the first element
  std::size_t count = 0;                  ///< elements that were pulled
  std::chrono::nanoseconds reading{0};    ///< that the pull has taken
  std::size_t done_to = 0;  ///< results exist from begin to here, but for failures and `rest`
  pieces rest;              ///< what is left to the CPU's lanes
  bool offered = false;     ///< to whoever wants a piece
  bool kept = false;        ///< the inputs are in the columns
  bool watched = false;     ///< no piece has begun or ended since the consumer looked
  bool hurry = false;       ///< pieces give their rest up; read and written as an atomic
  std::vector<failure> failures{};
  failure input_failure{0, nullptr};

  /// Leaves what is not done of it to the CPU's lanes.
  void open() noexcept {
    rest.fill({done_to, begin + count});
    done_to = begin + count;
    watched = false;
    std::atomic_ref(hurry).store(false, std::memory_order_relaxed);
  }
};

/// Lanes note failures as they come.
inline void sort_failures(slot& s) noexcept {
  std::sort(s.failures.begin(), s.failures.end(),
            [](failure const& a, failure const& b) { return a.at < b.at; });
}

}  // namespace hetmap::core
