// What hetmap-bench routes is asked for, and what that selects.
#pragma once

#include "kernels.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace bench::routes {

struct settings {
  std::vector<std::string> kernels, memories, sizes;
  std::size_t rounds = 32;
  double seconds = 1;  ///< most of a cell
  double gigabytes = 0;
  std::size_t launches = 3;  ///< for first calls
  std::string json = "routes.json";
  std::string first_call;  ///< KERNEL:MEMORY:ELEMENTS, in a process of its own
  bool quick = false;
  bool list = false;
};

/// 4096, or 2^12. Throws std::invalid_argument for what is no number from 1 to 2^30.
[[nodiscard]] std::size_t size_from(std::string const& text);

/// In ascending order, each once.
[[nodiscard]] std::vector<std::size_t> sizes_of(settings const& asked);
/// Throws std::invalid_argument if a pattern is none, or matches no name.
[[nodiscard]] std::vector<kernel> kernels_of(settings const& asked);
/// Throws std::invalid_argument for a name that is none.
[[nodiscard]] std::vector<residency> memories_of(settings const& asked);

}  // namespace bench::routes
