#include "streaming_limit.hpp"

#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>

#include <algorithm>
#include <cstdint>

#if defined __x86_64__
#include <immintrin.h>
#endif

namespace bench {
namespace {

unsigned threads = 1;

using part_function = void (*)(float* out, float const* in, std::size_t n);

void plain(float* out, float const* in, std::size_t n) {
  for (std::size_t i = 0; i != n; ++i) out[i] = 2.5f * in[i] + 1.0f;
}

#if defined __x86_64__
__attribute__((target("avx2,fma"))) void avx2(float* out, float const* in, std::size_t n) {
  __m256 const a = _mm256_set1_ps(2.5f);
  __m256 const b = _mm256_set1_ps(1.0f);
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16) {  // a whole cache line
    _mm256_stream_ps(out + i, _mm256_fmadd_ps(a, _mm256_loadu_ps(in + i), b));
    _mm256_stream_ps(out + i + 8, _mm256_fmadd_ps(a, _mm256_loadu_ps(in + i + 8), b));
  }
  plain(out + i, in + i, n - i);
  _mm_sfence();
}

__attribute__((target("avx512f"))) void avx512(float* out, float const* in, std::size_t n) {
  __m512 const a = _mm512_set1_ps(2.5f);
  __m512 const b = _mm512_set1_ps(1.0f);
  std::size_t i = 0;
  for (; i + 16 <= n; i += 16)
    _mm512_stream_ps(out + i, _mm512_fmadd_ps(a, _mm512_loadu_ps(in + i), b));
  plain(out + i, in + i, n - i);
  _mm_sfence();
}

part_function best() {
  if (__builtin_cpu_supports("avx512f")) return avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2;
  return plain;
}
#else
part_function best() { return plain; }
#endif

}  // namespace

void use_streaming_workers(unsigned workers) { threads = workers; }

void stream_axpb(float* out, float const* in, std::size_t n) {
  static part_function const run = best();
  // What lies before the first whole line of the destination, and then lines.
  constexpr std::size_t line = 64;
  std::size_t const head =
      std::min(n, (line - reinterpret_cast<std::uintptr_t>(out) % line) % line / sizeof(float));
  std::size_t const part = ((n - head) / threads + 63) / 64 * 64;
  plain(out, in, head);
  tbb::parallel_for(
      0u, threads,
      [=](unsigned t) {
        std::size_t const begin = std::min(n, head + t * part);
        std::size_t const end = t + 1 == threads ? n : std::min(n, begin + part);
        run(out + begin, in + begin, end - begin);
      },
      tbb::static_partitioner());
}

}  // namespace bench
