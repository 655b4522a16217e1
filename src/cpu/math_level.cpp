#include "math_level.hpp"

#include "../base/environment.hpp"

namespace hetmap::core {

constinit thread_local unsigned char thread_math_level = 0;

int math_level() noexcept {
  if (thread_math_level == 0) {
    isa level = highest_level();
    try {
      level = isa_level();
    } catch (...) {
      // HETMAP_ISA holds nonsense: the first map reports it.
    }
    thread_math_level = static_cast<unsigned char>(1 + static_cast<int>(level));
  }
  return thread_math_level - 1;
}

}  // namespace hetmap::core
