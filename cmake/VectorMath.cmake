# Which file defines hetmap::math: the one over glibc's libmvec (2.35 or newer, x86-64), or the
# portable one.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_LIBRARIES mvec m)
check_cxx_source_compiles("
  #include <immintrin.h>
  extern \"C\" __m128 erfcf4(__m128) __asm__(\"_ZGVbN4v_erfcf\");
  int main() { return static_cast<int>(_mm_cvtss_f32(erfcf4(_mm_set1_ps(9.0f)))); }"
  HETMAP_HAS_LIBMVEC)
unset(CMAKE_REQUIRED_LIBRARIES)
if(HETMAP_HAS_LIBMVEC)
  target_sources(hetmap PRIVATE
    src/cpu/math_avx512.cpp
    src/cpu/math_own_avx2.cpp
    src/cpu/math_own_avx512.cpp
    src/cpu/math_own_baseline.cpp
    src/cpu/math_x86.cpp)
  # Bits that no compiler changes; instruction sets on top of what the user's flags give.
  set_source_files_properties(src/cpu/math_avx512.cpp src/cpu/math_own_baseline.cpp
    PROPERTIES COMPILE_OPTIONS -ffp-contract=off)
  set_source_files_properties(src/cpu/math_own_avx2.cpp
    PROPERTIES COMPILE_OPTIONS "-ffp-contract=off;-mavx2;-mfma" SKIP_PRECOMPILE_HEADERS ON)
  set_source_files_properties(src/cpu/math_own_avx512.cpp
    PROPERTIES COMPILE_OPTIONS "-ffp-contract=off;-mavx2;-mfma;-mavx512f;-mavx512dq"
    SKIP_PRECOMPILE_HEADERS ON)
  target_link_libraries(hetmap PRIVATE mvec m)
else()
  target_sources(hetmap PRIVATE src/cpu/math_portable.cpp)
  set_source_files_properties(src/cpu/math_portable.cpp PROPERTIES COMPILE_OPTIONS -ffp-contract=off)
endif()
