#include "cpu/stream.hpp"

#include "base/environment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

namespace {

using hetmap::isa;
using hetmap::core::can_be_streamed;
using hetmap::core::run_streamed;
using hetmap::core::stream_for;
using hetmap::core::tiling;
using hetmap::detail::chunk;
using hetmap::detail::column;
using hetmap::detail::job;

// Pages with forbidden ones around them: a byte too far ends the test.
class guarded_pages {
 public:
  explicit guarded_pages(std::size_t bytes)
      : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
        size_((bytes + page_ - 1) / page_ * page_) {
    all_ = static_cast<unsigned char*>(
        mmap(nullptr, size_ + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(begin(), size(), PROT_READ | PROT_WRITE);
  }
  ~guarded_pages() { munmap(all_, size_ + 2 * page_); }
  guarded_pages(guarded_pages const&) = delete;
  guarded_pages& operator=(guarded_pages const&) = delete;

  [[nodiscard]] unsigned char* begin() const { return all_ + page_; }
  [[nodiscard]] unsigned char* end() const { return begin() + size(); }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  std::size_t page_;
  std::size_t size_;
  unsigned char* all_;
};

/// A chunk function that fills its outputs, element by element, until it stops or throws.
struct filling {
  unsigned outputs = 0;
  std::size_t stops = static_cast<std::size_t>(-1);   // behind that element
  std::size_t throws = static_cast<std::size_t>(-1);  // at that element

  mutable hetmap::detail::recall wanted_back{};

  static unsigned char byte(unsigned output, std::size_t element, std::size_t k) {
    return static_cast<unsigned char>(1 + (element * 31 + k * 7 + output * 13) % 255);
  }
  static void run(void* self, chunk& work) {
    filling const& how = *static_cast<filling const*>(self);
    for (std::size_t i = work.begin; i != work.end; ++i) {
      if (i == how.throws) {
        work.failed_at = i;
        throw std::runtime_error("at its element");
      }
      for (unsigned o = 0; o != how.outputs; ++o) {
        column const& out = work.columns[o];
        auto const to = reinterpret_cast<std::uintptr_t>(out.base) + i * out.bytes;
        for (std::size_t k = 0; k != out.bytes; ++k)
          reinterpret_cast<unsigned char*>(to)[k] = byte(o, i, k);
      }
      if (i == how.stops) {
        how.wanted_back = hetmap::detail::recall{1};
        work.end = i + 1;
        return;
      }
    }
  }
};

/// Runs elements begin..end of outputs that begin so many bytes into pages of their own, and
/// expects these elements, up to where it ended, and no others.
void expect_filled(isa level, filling f, std::vector<std::size_t> const& bytes, std::size_t offset,
                   std::size_t begin, std::size_t end, tiling const& how = {}) {
  std::size_t const until =
      std::min({end, f.stops == static_cast<std::size_t>(-1) ? end : f.stops + 1, f.throws});
  std::vector<std::vector<unsigned char>> memory;
  std::vector<column> columns;
  f.outputs = static_cast<unsigned>(bytes.size());
  for (std::size_t const b : bytes) {
    auto& m = memory.emplace_back(end * b + 192, 0);
    auto* const line = m.data() + (64 - reinterpret_cast<std::uintptr_t>(m.data()) % 64);
    columns.push_back({line + offset, b, b});
  }
  job const work{.context = &f,
                 .columns = columns.data(),
                 .outputs = f.outputs,
                 .count = end,
                 .can_be_streamed = true};
  ASSERT_TRUE(can_be_streamed(work));
  chunk all{.begin = begin,
            .end = end,
            .origin = 0,
            .columns = columns.data(),
            .scratch = nullptr,
            .slot = nullptr,
            .failed_at = 0,
            .recalled = &f.wanted_back};
  if (f.throws < end) {
    EXPECT_THROW(run_streamed(work, filling::run, level, all, how), std::runtime_error);
    ASSERT_EQ(all.failed_at, f.throws);
  } else {
    run_streamed(work, filling::run, level, all, how);
    ASSERT_EQ(all.end, until);
  }
  for (unsigned o = 0; o != f.outputs; ++o) {
    auto const* const first = static_cast<unsigned char const*>(columns[o].base);
    auto expected = std::vector<unsigned char>(memory[o].size(), 0);
    auto* const to = expected.data() + (first - memory[o].data());
    for (std::size_t i = begin; i < until; ++i)
      for (std::size_t k = 0; k != bytes[o]; ++k) to[i * bytes[o] + k] = filling::byte(o, i, k);
    ASSERT_TRUE(memory[o] == expected) << "output " << o;
  }
}

std::vector<isa> levels() {
  std::vector<isa> out;
  for (isa const level : {isa::baseline, isa::avx2, isa::avx512})
    if (level <= hetmap::core::highest_level() && stream_for(level) != nullptr)
      out.push_back(level);
  return out;
}

#define SKIP_IF_SANITIZED() \
  if (levels().empty()) GTEST_SKIP() << "sanitized builds store as usual"

TEST(Stream, CopiesWholeLinesAndNothingBeside) {
  SKIP_IF_SANITIZED();
  for (isa const level : levels()) {
    guarded_pages const pages(4096);
    alignas(64) static unsigned char from[4096];
    for (std::size_t i = 0; i != sizeof from; ++i) from[i] = static_cast<unsigned char>(i * 7 + 1);
    for (std::size_t const lines : {0u, 1u, 2u, 3u, 4u, 7u, 63u}) {
      std::fill(pages.begin(), pages.end(), 0);
      stream_for(level)(pages.begin() + 64, from, lines);
      hetmap::core::finish_stream();
      for (std::size_t i = 0; i != pages.size(); ++i)
        ASSERT_EQ(pages.begin()[i], i >= 64 && i < 64 * (lines + 1) ? from[i - 64] : 0) << i;
      stream_for(level)(pages.end() - 64 * lines, from, lines);
      hetmap::core::finish_stream();
      ASSERT_TRUE(std::equal(from, from + 64 * lines, pages.end() - 64 * lines));
    }
  }
}

TEST(Stream, ElementsOfEverySizeArriveAtEveryOffset) {
  SKIP_IF_SANITIZED();
  for (std::size_t bytes = 1; bytes <= 666; ++bytes)
    for (std::size_t offset = 0; offset < 64; offset += bytes <= 72 ? 1 : 7) {
      SCOPED_TRACE(testing::Message() << bytes << " bytes at offset " << offset);
      expect_filled(levels().back(), {}, {bytes}, offset, 0, bytes <= 72 ? 331 : 23);
      if (HasFatalFailure()) return;
    }
}

TEST(Stream, AnyPartOfTheElementsLeavesTheOthersAlone) {
  SKIP_IF_SANITIZED();
  for (isa const level : levels())
    for (std::size_t const bytes : {1u, 4u, 8u, 12u, 24u, 64u, 100u, 666u, 4096u})
      for (std::size_t const offset : {0u, 1u, 4u, 16u, 60u, 63u})
        for (std::size_t const begin : {0u, 1u, 63u, 64u, 130u})
          for (std::size_t const count : {0u, 1u, 15u, 64u, 65u, 200u}) {
            SCOPED_TRACE(testing::Message() << count << " of " << bytes << " bytes from " << begin
                                            << ", offset " << offset);
            expect_filled(level, {}, {bytes}, offset, begin, begin + count);
            if (HasFatalFailure()) return;
          }
}

TEST(Stream, WhatWasComputedBeforeAFailureOrAStopArrives) {
  SKIP_IF_SANITIZED();
  for (std::size_t const bytes : {1u, 4u, 12u, 24u, 100u, 666u})
    for (std::size_t const offset : {0u, 4u, 16u, 60u})
      for (std::size_t const at : {64u, 65u, 79u, 127u, 128u, 129u, 200u, 399u}) {
        SCOPED_TRACE(testing::Message() << bytes << " bytes at " << offset << ", element " << at);
        expect_filled(levels().back(), {.throws = at}, {bytes}, offset, 64, 400);
        expect_filled(levels().back(), {.stops = at}, {bytes}, offset, 64, 400);
        if (HasFatalFailure()) return;
      }
}

TEST(Stream, SeveralOutputsOfDifferentSizesArrive) {
  SKIP_IF_SANITIZED();
  std::vector<std::vector<std::size_t>> const outputs = {{4, 4},
                                                         {4, 8},
                                                         {1, 8, 12},
                                                         {24, 2, 666},
                                                         {8, 8, 8, 8, 8},
                                                         {1, 2, 3, 4, 5, 6, 7, 8},
                                                         {500, 500, 500, 500, 500, 500, 500, 500},
                                                         {4095, 1}};
  for (auto const& bytes : outputs)
    for (std::size_t offset = 0; offset != 64; ++offset) {
      SCOPED_TRACE(testing::Message() << bytes.size() << " outputs, first of " << bytes[0]
                                      << " bytes, offset " << offset);
      expect_filled(levels().back(), {}, bytes, offset, 3, 250);
      expect_filled(levels().back(), {.throws = 100}, bytes, offset, 3, 250);
      if (HasFatalFailure()) return;
    }
}

TEST(Stream, TilesBeginAtALineOfTheOutputWhereElementsDo) {
  using hetmap::core::elements_to_line;
  EXPECT_EQ(elements_to_line(0, 4), 0u);
  EXPECT_EQ(elements_to_line(16, 4), 12u);  // as a large std::vector lies
  EXPECT_EQ(elements_to_line(16, 12), 4u);
  EXPECT_EQ(elements_to_line(63, 1), 1u);
  EXPECT_EQ(elements_to_line(4, 8), 0u);  // no element ever does
  for (std::size_t bytes = 1; bytes <= 64; ++bytes)
    EXPECT_EQ(hetmap::core::tile_elements(bytes, bytes) * bytes % 64, 0u) << bytes;
}

TEST(Stream, MoreThanATileIsNotStreamed) {
  std::array<column, 40> columns;
  columns.fill({nullptr, 512, 512});
  job work{.columns = columns.data(), .outputs = 8, .inputs = 2, .can_be_streamed = true};
  EXPECT_TRUE(can_be_streamed(work));
  work.in_place = true;
  EXPECT_FALSE(can_be_streamed(work));
  work.in_place = false;
  work.inputs = 25;
  EXPECT_FALSE(can_be_streamed(work));
  work.inputs = 0;
  columns[7].bytes = 513;
  EXPECT_FALSE(can_be_streamed(work));
}

TEST(Stream, FillsTheSameInTilesOfAnyPlausibleSize) {
  SKIP_IF_SANITIZED();
  for (isa const level : levels())
    for (tiling const how : {tiling{64, 0}, tiling{100, 1}, tiling{2048, 64}, tiling{4096, 6}})
      for (std::vector<std::size_t> const& bytes :
           {std::vector<std::size_t>{1}, {8}, {12}, {4096}, {8, 4, 1}, {64, 64, 64, 64}}) {
        expect_filled(level, {}, bytes, 16, 5, 3000, how);
        expect_filled(level, {.throws = 999}, bytes, 3, 0, 1500, how);
      }
}

}  // namespace
