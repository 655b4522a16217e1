// The library's own functions for SSE2, where products are not fused.
#include "math_own.hpp"
#include "math_own_distributions.hpp"

#include "math_entries.hpp"

#include <hetmap/detail/seam/math_list.hpp>

namespace {

using lanes_of_isa = hetmap::core::double2;

HETMAP_LANES lanes_of_isa lower_half(__m128 x) { return _mm_cvtps_pd(x); }
HETMAP_LANES lanes_of_isa upper_half(__m128 x) { return _mm_cvtps_pd(_mm_movehl_ps(x, x)); }
HETMAP_LANES __m128 from_halves(lanes_of_isa low, lanes_of_isa high) {
  return _mm_movelh_ps(_mm_cvtpd_ps(low), _mm_cvtpd_ps(high));
}

}  // namespace

#define ENTRY(name) HETMAP_ENTRY(__m128, __m128d, name, baseline)
HETMAP_MATH_STATISTICS(ENTRY)
