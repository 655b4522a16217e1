// The instruction-set level whose algorithms hetmap::math uses on this thread.
//
// An element must get the same bits in a lane of any width, in a remainder and in a single call,
// and libmvec's algorithms differ between widths. So every form of a function, whatever its width,
// uses the algorithm of one level: the process's, unless a call runs at another one (a file
// compiled for more than HETMAP_ISA allows, or .reproducible).
#pragma once

#include <hetmap/topology.hpp>

namespace hetmap::core {

/// 1 + the level of this thread; 0 until it is first needed.
extern constinit thread_local unsigned char thread_math_level
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

/// Whether `level` is known to be this thread's.
inline bool is_math_level(int level) noexcept {
  return __builtin_expect(thread_math_level == 1 + level, 1);
}

/// This thread's level: the process's, unless a call has set another.
[[nodiscard]] int math_level() noexcept;

/// Sets this thread's level for as long as it lives.
class math_level_scope {
 public:
  explicit math_level_scope(isa level) noexcept : before_(thread_math_level) {
    thread_math_level = static_cast<unsigned char>(1 + static_cast<int>(level));
  }
  ~math_level_scope() { thread_math_level = before_; }
  math_level_scope(math_level_scope const&) = delete;
  math_level_scope& operator=(math_level_scope const&) = delete;

 private:
  unsigned char before_;
};

}  // namespace hetmap::core
