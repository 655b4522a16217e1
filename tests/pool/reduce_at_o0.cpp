// Compiled at -O0 (CMakeLists.txt).
#include "pool/reduce_at_o0.hpp"

namespace reduced {
std::vector<float> sums_at_o0(std::vector<float> const& x, std::vector<float> const& y) {
  return sums(x, y);
}
}  // namespace reduced
