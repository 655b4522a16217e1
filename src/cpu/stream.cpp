#include "stream.hpp"

#include <cstdint>
#include <cstring>

#if defined __x86_64__ && !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
#define HETMAP_CAN_STREAM 1
#include <immintrin.h>
#else
#define HETMAP_CAN_STREAM 0
#endif

namespace hetmap::core {

#if HETMAP_CAN_STREAM

namespace {

constexpr std::size_t line = 64;

struct copy {
  unsigned char* to;
  unsigned char const* from;
  std::size_t bytes;

  /// Copies what lies before the first whole line, as usual.
  void up_to_a_line() noexcept {
    std::size_t const before = (line - reinterpret_cast<std::uintptr_t>(to) % line) % line;
    plainly(before < bytes ? before : bytes);
  }
  void plainly(std::size_t n) noexcept {
    std::memcpy(to, from, n);
    advance(n);
  }
  void advance(std::size_t n) noexcept {
    to += n;
    from += n;
    bytes -= n;
  }
};

void copy_sse2(void* to, void const* from, std::size_t bytes) {
  copy rest{static_cast<unsigned char*>(to), static_cast<unsigned char const*>(from), bytes};
  for (rest.up_to_a_line(); rest.bytes >= line; rest.advance(line))
    for (int k = 0; k != 4; ++k)
      _mm_stream_si128(reinterpret_cast<__m128i*>(rest.to) + k,
                       _mm_loadu_si128(reinterpret_cast<__m128i const*>(rest.from) + k));
  rest.plainly(rest.bytes);
}

__attribute__((target("avx2"))) void copy_avx2(void* to, void const* from, std::size_t bytes) {
  copy rest{static_cast<unsigned char*>(to), static_cast<unsigned char const*>(from), bytes};
  for (rest.up_to_a_line(); rest.bytes >= line; rest.advance(line))
    for (int k = 0; k != 2; ++k)
      _mm256_stream_si256(reinterpret_cast<__m256i*>(rest.to) + k,
                          _mm256_loadu_si256(reinterpret_cast<__m256i const*>(rest.from) + k));
  rest.plainly(rest.bytes);
}

__attribute__((target("avx2,avx512f"))) void copy_avx512(void* to, void const* from,
                                                         std::size_t bytes) {
  copy rest{static_cast<unsigned char*>(to), static_cast<unsigned char const*>(from), bytes};
  for (rest.up_to_a_line(); rest.bytes >= line; rest.advance(line))
    _mm512_stream_si512(reinterpret_cast<__m512i*>(rest.to), _mm512_loadu_si512(rest.from));
  rest.plainly(rest.bytes);
}

}  // namespace

stream_function stream_for(isa level) noexcept {
  switch (level) {
    case isa::avx512: return copy_avx512;
    case isa::avx2: return copy_avx2;
    case isa::baseline: return copy_sse2;
  }
  return nullptr;
}

void finish_stream() noexcept { _mm_sfence(); }

#else

stream_function stream_for(isa) noexcept { return nullptr; }

void finish_stream() noexcept {}

#endif

}  // namespace hetmap::core
