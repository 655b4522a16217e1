// The floating-point control words: rounding, what becomes of subnormal numbers, which exceptions
// trap. An element's bits depend on them, so those of a call's thread go wherever its elements do.
// The flags that tell what has happened are each thread's own.
#pragma once

#include <hetmap/detail/seam/task.hpp>

#if !defined __x86_64__ && !defined __aarch64__
#include <cfenv>
#endif

namespace hetmap::core {

using detail::float_control;

#if defined __x86_64__

inline constexpr unsigned sse_flags = 0x3f;

/// Those of the calling thread.
[[nodiscard]] inline float_control float_control_here() noexcept {
  unsigned vector = 0;
  unsigned short scalar = 0;
  asm volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(vector), "=m"(scalar));
  return {vector & ~sse_flags, scalar};
}

inline void set_float_control(float_control to, float_control now) noexcept {
  if (to.vector != now.vector) {
    unsigned word = 0;
    asm volatile("stmxcsr %0" : "=m"(word));
    word = (word & sse_flags) | to.vector;
    asm volatile("ldmxcsr %0" : : "m"(word));
  }
  if (to.scalar != now.scalar) {
    auto const word = static_cast<unsigned short>(to.scalar);
    // The x87 traps at once on a flag that is up already.
    asm volatile("fnclex\n\tfldcw %0" : : "m"(word));
  }
}

#elif defined __aarch64__

[[nodiscard]] inline float_control float_control_here() noexcept {
  unsigned long word = 0;
  asm volatile("mrs %0, fpcr" : "=r"(word));
  return {static_cast<unsigned>(word), 0};
}

inline void set_float_control(float_control to, float_control now) noexcept {
  if (to.vector == now.vector) return;
  unsigned long const word = to.vector;
  asm volatile("msr fpcr, %0" : : "r"(word));
}

#else

[[nodiscard]] inline float_control float_control_here() noexcept {
  return {static_cast<unsigned>(std::fegetround()), 0};
}

inline void set_float_control(float_control to, float_control now) noexcept {
  if (to.vector != now.vector) std::fesetround(static_cast<int>(to.vector));
}

#endif

/// Sets the calling thread's for as long as it lives; whatever the thread makes of them meanwhile
/// is undone.
class float_scope {
 public:
  explicit float_scope(float_control callers) noexcept : before_(float_control_here()) {
    set_float_control(callers, before_);
  }
  ~float_scope() { set_float_control(before_, float_control_here()); }
  float_scope(float_scope const&) = delete;
  float_scope& operator=(float_scope const&) = delete;

 private:
  float_control before_;
};

}  // namespace hetmap::core
