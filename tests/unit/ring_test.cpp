#include "gpu/ring.hpp"

#include "gpu/staging.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <vector>

namespace {

using namespace hetmap::core;

std::size_t const unlimited = std::size_t{1} << 31;

TEST(Ring, TakesSlotsOfAFewMegabytesFromTheWidestColumn) {
  auto const r = make_ring({{.bytes = 8}, {.bytes = 4}}, 100'000'000, 64, 0, unlimited);
  EXPECT_EQ(r.elements, slot_column_bytes / 8);
  EXPECT_EQ(r.slots, ring_slots);
  EXPECT_EQ(r.pinned_bytes, r.elements * 12);
  EXPECT_EQ(r.device_bytes, r.elements * 12);
}

TEST(Ring, WhatDoesNotTravelTakesNothing) {
  auto const r = make_ring({{.how = travel::none, .bytes = 8},
                            {.how = travel::direct, .bytes = 8},
                            {.how = travel::staged, .bytes = 4}},
                           100'000'000, 64, 1000, unlimited);
  EXPECT_EQ(r.elements, 960u);
  EXPECT_EQ(r.pinned_bytes, 960u * 4);
  EXPECT_EQ(r.device_bytes, 960u * 12);
  auto const none = make_ring({{.how = travel::none, .bytes = 8}}, 1'000'000, 64, 0, unlimited);
  EXPECT_EQ(none.all_device_bytes() + none.all_pinned_bytes(), 0u);
  EXPECT_EQ(none.elements, 1'000'000u);
  EXPECT_EQ(none.slots, 1u);
}

TEST(Ring, WhatIsFoldedInASlotTakesNoPinnedMemoryButItsValues) {
  ring_column const values{.bytes = 8, .every = 16384};
  auto const r = make_ring({values, {.how = travel::within, .bytes = 8}, {.bytes = 4}}, 100'000'000,
                           16384, 100'000, unlimited);
  EXPECT_EQ(r.elements, 6u * 16384);
  EXPECT_EQ(r.pinned_bytes, slot_alignment + r.elements * 4);
  EXPECT_EQ(r.device_bytes, slot_alignment + r.elements * 12);
  // The values are not what the size of a slot is reckoned by.
  auto const resident =
      make_ring({values, {.how = travel::within, .bytes = 4}}, 100'000'000, 16384, 0, unlimited);
  EXPECT_EQ(resident.elements, resident_column_bytes / 4);
}

TEST(Ring, ColumnsAreAlignedAndDoNotOverlap) {
  auto const r =
      make_ring({{.bytes = 3}, {.bytes = 1}, {.bytes = 666}}, 10'000, 1, 1001, unlimited);
  std::size_t end = 0;
  for (ring_column const& c : r.columns) {
    EXPECT_EQ(c.device_offset % slot_alignment, 0u);
    EXPECT_GE(c.device_offset, end);
    end = c.device_offset + r.elements * c.bytes;
  }
  EXPECT_LE(end, r.device_bytes);
}

TEST(Ring, CallsThatOneSlotCouldHoldAreSplitOnceCopiesAreLong) {
  EXPECT_EQ(make_ring({{.bytes = 8}}, 1000, 64, 0, unlimited).slots, 1u);
  auto const r = make_ring({{.bytes = 8}}, 1'000'000, 64, 0, unlimited);
  EXPECT_EQ(r.slots, ring_slots);
  EXPECT_EQ(r.elements % 64, 0u);
}

TEST(Ring, SlotsAreWholeGranulesButNeverMoreThanTheCall) {
  EXPECT_EQ(make_ring({{.bytes = 8}}, 1000, 700, 100, unlimited).elements, 700u);
  EXPECT_EQ(make_ring({{.bytes = 8}}, 500, 700, 100, unlimited).elements, 500u);
  EXPECT_EQ(make_ring({{.bytes = 8}}, 5, 64, 0, unlimited).elements, 5u);
}

TEST(Staging, CopiesEveryElementWhateverItsSize) {
  for (std::size_t const bytes : std::initializer_list<std::size_t>{1, 2, 3, 4, 8, 12, 16, 666}) {
    SCOPED_TRACE(bytes);
    std::size_t const n = 3 * 262'144 / bytes + 5, stride = bytes + 7;
    std::vector<std::uint8_t> rows(n * stride), column(n * bytes + 1, 0xEE), back(n * stride, 0xEE);
    std::iota(rows.begin(), rows.end(), std::uint8_t{0});
    copy_elements({{column.data(), rows.data(), bytes, bytes, stride, n}}, 3);
    copy_elements({{back.data(), column.data(), bytes, stride, bytes, n}}, 3);
    EXPECT_EQ(column.back(), 0xEE);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i != rows.size(); ++i)
      wrong += back[i] != (i % stride < bytes ? rows[i] : 0xEE);
    EXPECT_EQ(wrong, 0u);
  }
}

TEST(Staging, SeveralCopiesShareTheThreads) {
  std::vector<std::uint32_t> a(200'000), b(300'000), c, d;
  std::iota(a.begin(), a.end(), 0u);
  std::iota(b.begin(), b.end(), 7u);
  c.resize(a.size());
  d.resize(b.size());
  copy_elements({{c.data(), a.data(), 4, 4, 4, a.size()}, {d.data(), b.data(), 4, 4, 4, b.size()}},
                4);
  EXPECT_EQ(c, a);
  EXPECT_EQ(d, b);
}

}  // namespace
