// One file of the program, compiled with flags of its own, as the rest of the program sees it.
#pragma once

#include <hetmap/options.hpp>
#include <hetmap/plan.hpp>

#include <span>
#include <string>
#include <vector>

namespace mixed {

struct unit {
  std::string name;
  bool gcc;  ///< compiled by GCC, whose contraction of a * b + c hetmap can rule
  bool can_be_reproducible;
  void (*map_into)(hetmap::options const& how, std::size_t kernel, std::span<float> out,
                   std::span<float const> in);
  hetmap::plan (*explain)(hetmap::options const& how, std::size_t kernel,
                          std::span<float const> in);
};

/// The units that were linked in, in the order of the link.
std::vector<unit>& units();

}  // namespace mixed
