// Compiled at -O2 (CMakeLists.txt), in the same program as bits_at_o0.cpp.
#include "contract/bits_kernels.hpp"

namespace bits {
std::vector<test_case> cases_at_o2() { return cases(); }
}  // namespace bits
