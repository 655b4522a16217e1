// The library's own functions of doubles, and of floats by way of them, for AVX-512.
#include "math_own.hpp"
#include "math_own_distributions.hpp"

#include "math_entries.hpp"

#include <hetmap/detail/seam/math_list.hpp>

namespace {

using lanes_of_isa = hetmap::core::double8;

HETMAP_LANES __m256 half(__m512 x, int upper) {
  return upper != 0 ? __builtin_shufflevector(x, x, 8, 9, 10, 11, 12, 13, 14, 15)
                    : __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7);
}
HETMAP_LANES lanes_of_isa lower_half(__m512 x) { return _mm512_cvtps_pd(half(x, 0)); }
HETMAP_LANES lanes_of_isa upper_half(__m512 x) { return _mm512_cvtps_pd(half(x, 1)); }
HETMAP_LANES __m512 from_halves(lanes_of_isa low, lanes_of_isa high) {
  return __builtin_shufflevector(_mm512_cvtpd_ps(low), _mm512_cvtpd_ps(high), 0, 1, 2, 3, 4, 5, 6,
                                 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

}  // namespace

#define ENTRY(name) HETMAP_ENTRY(__m512, __m512d, name, avx512)
HETMAP_MATH_STATISTICS(ENTRY)
HETMAP_DOUBLE_ENTRY(__m512d, erfc, avx512)
HETMAP_DOUBLE_ENTRY(__m512d, exp, avx512)
HETMAP_DOUBLE_ENTRY(__m512d, log, avx512)
HETMAP_DOUBLE_ENTRY(__m512d, sin, avx512)
HETMAP_DOUBLE_ENTRY(__m512d, cos, avx512)
HETMAP_BINARY_DOUBLE_ENTRY(__m512d, pow, avx512)
