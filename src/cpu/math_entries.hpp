// What a file that includes math_own.hpp for one instruction set defines: the functions under names
// that end in that set's, for vectors of doubles, and of twice as many floats by way of doubles.
#pragma once

/// The vectors of one width, and a name made of the function's and the instruction set's.
#define HETMAP_ENTRY(SINGLE, DOUBLE, name, ISA)                                               \
  extern "C" {                                                                                \
  DOUBLE hetmap_##name##_##ISA(DOUBLE x);                                                     \
  SINGLE hetmap_##name##f_##ISA(SINGLE x);                                                    \
  }                                                                                           \
  DOUBLE hetmap_##name##_##ISA(DOUBLE x) { return hetmap::core::name##_of<lanes_of_isa>(x); } \
  SINGLE hetmap_##name##f_##ISA(SINGLE x) {                                                   \
    return from_halves(hetmap::core::short_##name##_of<lanes_of_isa>(lower_half(x)),          \
                       hetmap::core::short_##name##_of<lanes_of_isa>(upper_half(x)));         \
  }

#define HETMAP_DOUBLE_ENTRY(DOUBLE, name, ISA)       \
  extern "C" DOUBLE hetmap_##name##_##ISA(DOUBLE x); \
  DOUBLE hetmap_##name##_##ISA(DOUBLE x) { return hetmap::core::name##_of<lanes_of_isa>(x); }
#define HETMAP_BINARY_DOUBLE_ENTRY(DOUBLE, name, ISA)          \
  extern "C" DOUBLE hetmap_##name##_##ISA(DOUBLE x, DOUBLE y); \
  DOUBLE hetmap_##name##_##ISA(DOUBLE x, DOUBLE y) {           \
    return hetmap::core::name##_of<lanes_of_isa>(x, y);        \
  }
