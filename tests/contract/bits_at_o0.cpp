// Compiled at -O0 (CMakeLists.txt): the clones of the loop have to bring their own optimisation.
#include "contract/bits_kernels.hpp"

namespace bits {
std::vector<test_case> cases_at_o0() { return cases(); }
}  // namespace bits
