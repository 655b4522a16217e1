#include "staging.hpp"

#include "../cpu/team.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

namespace hetmap::core {
namespace {

/// Bytes that a thread takes at a time: twenty times what taking them up costs, and little enough
/// that all threads end together.
constexpr std::size_t piece_bytes = std::size_t{256} << 10;

template <std::size_t Bytes>
void copy_strided(char* to, char const* from, element_copy const& c, std::size_t count) {
  for (std::size_t i = 0; i != count; ++i, to += c.to_stride, from += c.from_stride)
    std::memcpy(to, from, Bytes);
}

void copy_part(element_copy const& c, std::size_t begin, std::size_t end) {
  char* to = static_cast<char*>(c.to) + begin * c.to_stride;
  auto const* from = static_cast<char const*>(c.from) + begin * c.from_stride;
  std::size_t const count = end - begin;
  if (c.to_stride == c.bytes && c.from_stride == c.bytes) {
    std::memcpy(to, from, count * c.bytes);
    return;
  }
  switch (c.bytes) {
    case 1: return copy_strided<1>(to, from, c, count);
    case 2: return copy_strided<2>(to, from, c, count);
    case 4: return copy_strided<4>(to, from, c, count);
    case 8: return copy_strided<8>(to, from, c, count);
    default:
      for (std::size_t i = 0; i != count; ++i, to += c.to_stride, from += c.from_stride)
        std::memcpy(to, from, c.bytes);
  }
}

std::size_t elements_in_piece(element_copy const& c) {
  return std::max<std::size_t>(piece_bytes / c.bytes, 1);
}

std::size_t pieces_of(element_copy const& c) {
  std::size_t const elements = elements_in_piece(c);
  return (c.count + elements - 1) / elements;
}

struct shared_copies {
  std::vector<element_copy> const& all;
  std::vector<std::size_t> first_piece;  // of each copy, and the number of all pieces
  std::atomic<std::size_t> next{0};

  explicit shared_copies(std::vector<element_copy> const& copies) : all(copies) {
    std::size_t pieces = 0;
    for (element_copy const& c : all) {
      first_piece.push_back(pieces);
      pieces += pieces_of(c);
    }
    first_piece.push_back(pieces);
  }

  [[nodiscard]] std::size_t pieces() const { return first_piece.back(); }

  void work() {
    std::size_t k = 0;
    for (;;) {
      std::size_t const piece = next.fetch_add(1, std::memory_order_relaxed);
      if (piece >= pieces()) return;
      while (piece >= first_piece[k + 1]) ++k;
      element_copy const& c = all[k];
      std::size_t const elements = elements_in_piece(c);
      std::size_t const begin = (piece - first_piece[k]) * elements;
      copy_part(c, begin, std::min(begin + elements, c.count));
    }
  }
};

}  // namespace

void copy_elements(std::vector<element_copy> const& copies, unsigned lanes) {
  std::size_t pieces = 0;
  for (element_copy const& c : copies) pieces += pieces_of(c);
  // Waking threads costs as much as copying a few pieces.
  auto const worth = static_cast<unsigned>(std::min<std::size_t>(pieces / 2, lanes));
  if (worth <= 1) {
    for (element_copy const& c : copies)
      if (c.count != 0) copy_part(c, 0, c.count);
    return;
  }
  shared_copies shared(copies);
  run_team(
      worth, [](void* c, unsigned) { static_cast<shared_copies*>(c)->work(); }, &shared);
}

}  // namespace hetmap::core
