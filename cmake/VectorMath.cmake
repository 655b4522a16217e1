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
  target_sources(hetmap PRIVATE src/cpu/math_avx512.cpp src/cpu/math_x86.cpp)
  set_source_files_properties(src/cpu/math_avx512.cpp PROPERTIES COMPILE_OPTIONS -ffp-contract=off)
  target_link_libraries(hetmap PRIVATE mvec m)
else()
  target_sources(hetmap PRIVATE src/cpu/math_portable.cpp)
endif()
