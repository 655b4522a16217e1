// The library's own functions for AVX2 and FMA.
#include "math_own.hpp"
#include "math_own_distributions.hpp"

#include "math_entries.hpp"

#include <hetmap/detail/seam/math_list.hpp>

namespace {

using lanes_of_isa = hetmap::core::double4;

HETMAP_LANES lanes_of_isa lower_half(__m256 x) {
  return _mm256_cvtps_pd(_mm256_castps256_ps128(x));
}
HETMAP_LANES lanes_of_isa upper_half(__m256 x) {
  return _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1));
}
HETMAP_LANES __m256 from_halves(lanes_of_isa low, lanes_of_isa high) {
  return _mm256_set_m128(_mm256_cvtpd_ps(high), _mm256_cvtpd_ps(low));
}

}  // namespace

#define ENTRY(name) HETMAP_ENTRY(__m256, __m256d, name, avx2)
HETMAP_MATH_STATISTICS(ENTRY)
HETMAP_DOUBLE_ENTRY(__m256d, exp, avx2)
HETMAP_DOUBLE_ENTRY(__m256d, log, avx2)
HETMAP_DOUBLE_ENTRY(__m256d, sin, avx2)
HETMAP_DOUBLE_ENTRY(__m256d, cos, avx2)
HETMAP_BINARY_DOUBLE_ENTRY(__m256d, pow, avx2)
