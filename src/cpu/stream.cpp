#include "stream.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#if defined __x86_64__ && !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
#define HETMAP_CAN_STREAM 1
#include <immintrin.h>
#else
#define HETMAP_CAN_STREAM 0
#endif

namespace hetmap::core {

using detail::chunk;
using detail::column;
using detail::job;

namespace {

constexpr std::size_t line = 64;

/// Bytes of all outputs that are computed at a time, at most.
constexpr std::size_t largest_tile_bytes = 4096;

/// For each output room for a first tile of twice as many elements, from anywhere in a line, and
/// the line behind it.
constexpr std::size_t room_bytes = 2 * largest_tile_bytes + 3 * line * most_streamed_outputs;

/// One output: the bytes that have been computed and are not in it yet. They lie as they will in
/// the output, relative to a line.
class stage {
 public:
  void begin(unsigned char* room, column const& out, std::size_t first) noexcept {
    room_ = room;
    bytes_ = out.bytes;
    auto const address = reinterpret_cast<std::uintptr_t>(out.base) + first * bytes_;
    from_ = until_ = address % line;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): the line may begin before the output
    line_ = reinterpret_cast<unsigned char*>(address - from_);
  }

  /// Where element 0 would have to be for the next one, `i`, to be computed into the room.
  [[nodiscard]] void* base(std::size_t i) const noexcept {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): no pointer may be formed before the room
    return reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(room_ + until_) - i * bytes_);
  }

  /// The next n elements are in the room: copies out all whole lines.
  void add(std::size_t n, stream_function copy_lines) noexcept {
    until_ += n * bytes_;
    std::size_t whole = until_ / line * line;
    if (whole == 0) return;
    std::size_t first = 0;
    if (from_ != 0) {
      std::memcpy(line_ + from_, room_ + from_, line - from_);
      from_ = 0;
      first = line;
    }
    copy_lines(line_ + first, room_ + first, (whole - first) / line);
    line_ += whole;
    until_ -= whole;
    if (until_ != 0) std::memcpy(room_, room_ + whole, line);
  }

  /// Copies out what is left of the last line.
  void finish() noexcept {
    std::memcpy(line_ + from_, room_ + from_, until_ - from_);
    from_ = until_;
  }

 private:
  unsigned char* room_ = nullptr;  // of the line that the next element begins in, or a whole one
  unsigned char* line_ = nullptr;  // where that goes
  std::size_t bytes_ = 0;          // of an element
  std::size_t from_ = 0;           // of the room: what lies before is not the chunk's
  std::size_t until_ = 0;
};

void ask_for(column const& in, std::size_t i, std::size_t n) noexcept {
  if (in.base == nullptr) return;
  auto const from = reinterpret_cast<std::uintptr_t>(in.base) + i * in.stride;
  for (std::size_t k = 0; k < n * in.stride; k += line)
    // NOLINTNEXTLINE(performance-no-int-to-ptr): no pointer may be formed behind the array
    __builtin_prefetch(reinterpret_cast<void const*>(from + k));
}

detail::recall wanted_back(chunk const& work) noexcept {
  detail::recall now;
  __atomic_load(work.recalled, &now, __ATOMIC_RELAXED);
  return now;
}

}  // namespace

std::size_t tile_elements(std::size_t largest_bytes, std::size_t all_bytes,
                          tiling const& how) noexcept {
  constexpr std::size_t block = detail::block_elements;
  if (all_bytes * block > largest_tile_bytes)
    return std::max<std::size_t>(largest_tile_bytes / all_bytes, 1);
  return std::clamp<std::size_t>(how.bytes / (largest_bytes * block), 1,
                                 largest_tile_bytes / (all_bytes * block)) *
         block;
}

std::size_t elements_to_line(std::size_t address, std::size_t bytes) noexcept {
  for (std::size_t k = 0; k != line; ++k)
    if ((address + k * bytes) % line == 0) return k;
  return 0;
}

bool can_be_streamed(job const& work) noexcept {
  if (!work.can_be_streamed || work.in_place || work.outputs == 0 ||
      work.outputs > most_streamed_outputs || work.outputs + work.inputs > most_streamed_columns)
    return false;
  std::size_t bytes = 0;
  for (unsigned k = 0; k != work.outputs; ++k) bytes += work.columns[k].bytes;
  return bytes <= largest_tile_bytes;
}

void run_streamed(job const& work, detail::chunk_function code, isa level, chunk& all,
                  tiling const& how) {
  stream_function const copy_lines = stream_for(level);
  std::array<column, most_streamed_columns> columns;
  std::copy_n(all.columns, work.outputs + work.inputs, columns.begin());
  std::size_t largest = 0;
  std::size_t together = 0;
  for (unsigned k = 0; k != work.outputs; ++k) {
    largest = std::max(largest, columns[k].bytes);
    together += columns[k].bytes;
  }
  std::size_t const size = tile_elements(largest, together, how);
  std::size_t i = all.begin - all.origin;
  std::size_t const end = all.end - all.origin;

  alignas(line) unsigned char room[room_bytes];
  std::array<stage, most_streamed_outputs> stages;
  unsigned char* next = room;
  for (unsigned k = 0; k != work.outputs; ++k) {
    stages[k].begin(next, columns[k], i);
    next += (2 * size * columns[k].bytes + line - 1) / line * line + 2 * line;
  }
  auto const computed = [&](std::size_t n) {
    for (unsigned k = 0; k != work.outputs; ++k) stages[k].add(n, copy_lines);
  };
  auto const finish = [&] {
    for (unsigned k = 0; k != work.outputs; ++k) stages[k].finish();
    finish_stream();
  };

  detail::recall const before = wanted_back(all);
  chunk tile = all;
  tile.columns = columns.data();
  // As many whole blocks as fill whole lines, once the first output has got to one.
  std::size_t n = size;
  if (size % detail::block_elements == 0)
    n += elements_to_line(reinterpret_cast<std::uintptr_t>(columns[0].base) + i * columns[0].bytes,
                          columns[0].bytes);
  for (; i != end; n = size) {
    n = std::min(n, end - i);
    for (unsigned k = 0; k != work.outputs; ++k) columns[k].base = stages[k].base(i);
    for (unsigned k = 0; k != work.inputs; ++k)
      ask_for(columns[work.outputs + k], i + how.tiles_ahead * size, n);
    tile.begin = all.origin + i;
    tile.end = tile.begin + n;
    try {
      code(work.context, tile);
    } catch (...) {
      computed(tile.failed_at - all.origin - i);
      finish();
      all.failed_at = tile.failed_at;
      throw;
    }
    computed(tile.end - all.origin - i);
    i = tile.end - all.origin;
    // Each tile's loop sees only what changes while it runs.
    if (wanted_back(all) != before) break;
  }
  finish();
  all.end = all.origin + i;
}

#if HETMAP_CAN_STREAM

namespace {

void copy_sse2(void* to, void const* from, std::size_t lines) {
  for (std::size_t k = 0; k != 4 * lines; ++k)
    _mm_stream_si128(static_cast<__m128i*>(to) + k,
                     _mm_load_si128(static_cast<__m128i const*>(from) + k));
}

__attribute__((target("avx2"))) void copy_avx2(void* to, void const* from, std::size_t lines) {
  for (std::size_t k = 0; k != 2 * lines; ++k)
    _mm256_stream_si256(static_cast<__m256i*>(to) + k,
                        _mm256_load_si256(static_cast<__m256i const*>(from) + k));
}

__attribute__((target("avx2,avx512f"))) void copy_avx512(void* to, void const* from,
                                                         std::size_t lines) {
  for (std::size_t k = 0; k != lines; ++k)
    _mm512_stream_si512(static_cast<__m512i*>(to) + k,
                        _mm512_load_si512(static_cast<__m512i const*>(from) + k));
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
