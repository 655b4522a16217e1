// The kernels of the benches under every way of calling them, as bytes.
#pragma once

#include <hetmap/options.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace bits {

/// How the elements reach the loop.
enum class form : unsigned char {
  into,      ///< from one array to another
  in_place,  ///< back to the first input
};

/// One way to compute the results of the elements 0..count.
struct way {
  hetmap::options how = {};
  std::size_t count = 0;
  std::size_t offset = 0;  ///< elements between the start of the memory and the range
  std::size_t piece = 0;   ///< elements a call; 0: all in one
  form path = form::into;
};

struct test_case {
  std::string name;
  std::vector<std::byte> (*compute)(way const&);
};

/// The cases as compiled at -O0, and at -O2.
std::vector<test_case> cases_at_o0();
std::vector<test_case> cases_at_o2();

}  // namespace bits
