// exp, log and erfc of sixteen floats, quicker than libmvec's and with smaller errors.
//
// Tables of sixteen entries lie in a register each, where looking up takes one instruction, and
// keep the polynomials short. Everything is written as the instructions that it is to be: this file
// is compiled without contraction of sums, so that no compiler or level of optimisation changes a
// bit.
#include "math_avx512_tables.hpp"

#include <immintrin.h>

#define WITH_AVX512 __attribute__((target("avx2,fma,avx512f,avx512dq")))

// GCC 12 warns of uninitialised values inside its own intrinsics.
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

extern "C" {
WITH_AVX512 __m512 hetmap_expf_avx512(__m512 x);
WITH_AVX512 __m512 hetmap_logf_avx512(__m512 x);
WITH_AVX512 __m512 hetmap_erfcf_avx512(__m512 x);
}

namespace hetmap::core {
namespace {

WITH_AVX512 inline __m512 all(float x) { return _mm512_set1_ps(x); }

/// a * b + c, -(a * b) + c, a * b - c, each rounded once.
WITH_AVX512 inline __m512 add_product(__m512 c, __m512 a, __m512 b) {
  return _mm512_fmadd_ps(a, b, c);
}
WITH_AVX512 inline __m512 subtract_product(__m512 c, __m512 a, __m512 b) {
  return _mm512_fnmadd_ps(a, b, c);
}

/// table[lowest four bits of index].
WITH_AVX512 inline __m512 look_up(float const (&table)[16], __m512i index) {
  return _mm512_permutexvar_ps(index, _mm512_load_ps(table));
}

/// So that x + this has four bits behind the point, and they are the lowest of its fraction.
constexpr float sixteenths = 0x1.8p19f;

/// An exponential as n, a multiple of 1/16; table = 2^(n's fraction); more, so that
/// e^x = 2^floor(n) * (table + table * more).
struct exponential {
  __m512 n, table, more;
};

/// Of r + ln(2) n, where `sum` is n + sixteenths.
WITH_AVX512 inline exponential exponential_of(__m512 sum, __m512 n, __m512 r) {
  __m512 const quadratic = add_product(all(exp_terms[0]), r, all(exp_terms[1]));
  return {n, look_up(exp2_of, _mm512_castps_si512(sum)),
          add_product(r, _mm512_mul_ps(r, r), quadratic)};
}

}  // namespace
}  // namespace hetmap::core

using namespace hetmap::core;

WITH_AVX512 __m512 hetmap_expf_avx512(__m512 x) {
  // Beyond these the scaling overflows and underflows as it should. What is not a number stays.
  __m512 const limited = _mm512_max_ps(all(-105), _mm512_min_ps(all(90), x));
  __m512 const sum = add_product(all(sixteenths), limited, all(log2_e));
  __m512 const n = _mm512_sub_ps(sum, all(sixteenths));
  __m512 r = subtract_product(limited, n, all(ln2));
  r = subtract_product(r, n, all(ln2_rest));
  exponential const e = exponential_of(sum, n, r);
  return _mm512_scalef_ps(add_product(e.table, e.table, e.more), n);
}

WITH_AVX512 __m512 hetmap_logf_avx512(__m512 x) {
  __m512 const one = all(1);
  // x = 2^n m, m in [3/4, 3/2), so that nothing cancels near 1.
  __m512 const m = _mm512_getmant_ps(x, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
  __m512 n = _mm512_getexp_ps(x);
  n = _mm512_mask_add_ps(n, _mm512_cmp_ps_mask(m, one, _CMP_LT_OQ), n, one);
  __m512i const place = _mm512_srli_epi32(_mm512_castps_si512(m), 23 - 4);
  __m512 const r = _mm512_fmsub_ps(m, look_up(log_inverse, place), one);
  __m512 terms = add_product(all(log_terms[2]), r, all(log_terms[3]));
  terms = add_product(all(log_terms[1]), r, terms);
  terms = add_product(all(log_terms[0]), r, terms);
  __m512 const small = add_product(r, _mm512_mul_ps(r, r), terms);
  // Of 0 and infinity n is infinite, and both products have its sign.
  return _mm512_add_ps(add_product(look_up(log_of, place), n, all(ln2_below)),
                       add_product(small, n, all(ln2_rest_above)));
}

WITH_AVX512 __m512 hetmap_erfcf_avx512(__m512 x) {
  // erfc(a) = e^(-a^2) g(a); from 10.06 on that is below half of the smallest float.
  __m512 const a = _mm512_min_ps(all(10.09f), _mm512_abs_ps(x));
  __m512 const square = _mm512_mul_ps(a, a);
  __m512 const square_rest = _mm512_fmsub_ps(a, a, square);
  __m512 const sum = subtract_product(all(sixteenths), square, all(log2_e));
  __m512 const n = _mm512_sub_ps(sum, all(sixteenths));
  __m512 r = _mm512_fnmsub_ps(n, all(ln2), square);
  r = subtract_product(r, n, all(ln2_rest));
  exponential const e = exponential_of(sum, n, _mm512_sub_ps(r, square_rest));

  // Intervals grow like a float's: four to a power of two of 1 + a's multiple.
  __m512 const grown = add_product(all(1), a, all(erfcx_scale));
  __m512i const place = _mm512_srli_epi32(_mm512_castps_si512(grown), 23 - 2);
  __m512 const d = _mm512_sub_ps(a, look_up(erfcx_point, place));
  __m512 g = add_product(look_up(erfcx_term_5, place), d, look_up(erfcx_term_6, place));
  g = add_product(look_up(erfcx_term_4, place), d, g);
  g = add_product(look_up(erfcx_term_3, place), d, g);
  g = add_product(look_up(erfcx_term_2, place), d, g);
  g = add_product(look_up(erfcx_term_1, place), d, g);
  g = _mm512_mul_ps(d, g);

  // (table + table more) (at_point + g), the largest product with what its rounding loses.
  __m512 const at_point = look_up(erfcx_of, place);
  __m512 const product = _mm512_mul_ps(e.table, at_point);
  __m512 const product_rest = _mm512_fmsub_ps(e.table, at_point, product);
  __m512 const others = add_product(g, e.more, _mm512_add_ps(at_point, g));
  __m512 const positive =
      _mm512_scalef_ps(_mm512_add_ps(product, add_product(product_rest, e.table, others)), n);
  return _mm512_mask_sub_ps(positive, _mm512_movepi32_mask(_mm512_castps_si512(x)), all(2),
                            positive);
}
