#include "base/block_cache.hpp"

#include <hetmap/detail/seam/job.hpp>
#include <hetmap/memory.hpp>
#include <hetmap/vector.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <sys/mman.h>

namespace {

using hetmap::core::block_cache;
constexpr std::size_t mib = std::size_t{1} << 20;

TEST(BlockCache, ABlockGivenBackServesTheNextOfItsClass) {
  block_cache cache(64 * mib);
  EXPECT_EQ(cache.reuse(8 * mib), nullptr);
  void* const block = cache.fresh(8 * mib);
  ASSERT_NE(block, nullptr);
  std::memset(block, 1, 8 * mib);
  cache.give_back(block, 8 * mib);
  EXPECT_EQ(cache.held(), 8 * mib);
  EXPECT_EQ(cache.reuse(20 * mib), nullptr);
  EXPECT_EQ(cache.reuse(8 * mib), block);
  EXPECT_EQ(cache.held(), 0u);
  cache.give_back(block, 8 * mib);
}

TEST(BlockCache, ClassesWasteAnEighthAtMost) {
  for (std::size_t bytes = mib; bytes < 100 * mib; bytes += 77'777) {
    std::size_t const size = block_cache::size_class(bytes);
    EXPECT_GE(size, bytes);
    EXPECT_LE(size, bytes + bytes / 8 + 4096);
    EXPECT_EQ(size % 4096, 0u);
    EXPECT_EQ(block_cache::size_class(size), size);
  }
}

TEST(BlockCache, BlocksOf2MiBAndMoreAreAlignedToHugePages) {
  block_cache cache(0);
  void* const block = cache.fresh(5 * mib);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % (2 * mib), 0u);
  cache.give_back(block, 5 * mib);
}

TEST(BlockCache, TheLimitIsKeptByGivingUpTheOldest) {
  block_cache cache(10 * mib);
  void* const first = cache.fresh(4 * mib);
  void* const second = cache.fresh(5 * mib);
  void* const third = cache.fresh(5 * mib);
  cache.give_back(first, 4 * mib);
  cache.give_back(second, 5 * mib);
  EXPECT_EQ(cache.held(), 9 * mib);
  cache.give_back(third, 5 * mib);
  EXPECT_EQ(cache.held(), 10 * mib);
  EXPECT_EQ(cache.reuse(4 * mib), nullptr);
}

TEST(BlockCache, WhatExceedsTheLimitIsNotKept) {
  block_cache cache(4 * mib);
  void* const block = cache.fresh(5 * mib);
  cache.give_back(block, 5 * mib);
  EXPECT_EQ(cache.held(), 0u);
}

TEST(BlockCache, LoweringTheLimitAndReleasingGiveUpAtOnce) {
  block_cache cache(100 * mib);
  for (std::size_t const size : {4 * mib, 6 * mib}) cache.give_back(cache.fresh(size), size);
  EXPECT_EQ(cache.held(), 10 * mib);
  cache.set_limit(7 * mib);
  EXPECT_EQ(cache.held(), 6 * mib);
  cache.release();
  EXPECT_EQ(cache.held(), 0u);
  EXPECT_EQ(cache.limit(), 7 * mib);
}

TEST(BlockCache, WhatTheSystemCannotGiveIsNull) {
  block_cache cache(100 * mib);
  cache.give_back(cache.fresh(4 * mib), 4 * mib);
  EXPECT_EQ(cache.fresh(std::size_t{1} << 60), nullptr);
  EXPECT_EQ(cache.held(), 0u) << "what is kept is given up before that";
}

/// Bytes of memory that the system has given to these addresses.
std::size_t resident(void const* begin, std::size_t bytes) {
  std::vector<unsigned char> pages(bytes / 4096);
  mincore(const_cast<void*>(begin), bytes, pages.data());
  std::size_t found = 0;
  for (unsigned char const page : pages) found += page & 1u;
  return found * 4096;
}

TEST(BlockCache, AFreshBlockTakesMemoryOnlyWhereItIsTouched) {
  block_cache cache(0);
  for (std::size_t const size : {mib, 64 * mib}) {
    auto* const block = static_cast<char*>(cache.fresh(size));
    EXPECT_EQ(resident(block, size), 0u);
    block[0] = 1;
    EXPECT_LE(resident(block, size), 2 * mib) << "a huge page at most";
    cache.give_back(block, size);
  }
}

TEST(BlockCache, OnlyTheFirstUseOfAFreshBlockIsOne) {
  block_cache cache(64 * mib);
  void* const block = cache.fresh(8 * mib);
  void* const other = cache.fresh(8 * mib);
  EXPECT_TRUE(cache.first_use(block));
  EXPECT_FALSE(cache.first_use(block));
  cache.give_back(block, 8 * mib);
  cache.give_back(other, 8 * mib);
  EXPECT_EQ(cache.reuse(8 * mib), other);
  EXPECT_FALSE(cache.first_use(other)) << "whoever gave it back may have filled it";
  EXPECT_FALSE(cache.first_use(nullptr));
  cache.give_back(other, 8 * mib);
}

// What is cleared by the system is in the caches: stores past them would wait for it to leave.
TEST(ResultMemory, TheFirstResultsInABlockGoThroughTheCaches) {
  using namespace hetmap::detail;
  hetmap::release_cached_memory();
  static std::atomic<bool> past;
  past = false;
  // Such results are computed elsewhere first.
  constexpr chunk_function look = [](void* output, chunk& c) {
    past = past || c.columns[0].base != output;
  };
  kernel_code const code{{look, look, look}, look, hetmap::isa::baseline};
  std::size_t const n = 128 * mib;
  void* const block = acquire_block(n, 1, 64);
  column const columns[] = {{block, 1, 1}};
  job const work{.code = &code,
                 .context = block,
                 .columns = columns,
                 .outputs = 1,
                 .count = n,
                 .can_be_streamed = true};
  settings const how{.verb = "map", .backend = hetmap::backend::cpu};
  hetmap::detail::run(work, how);
  EXPECT_FALSE(past);
  hetmap::detail::run(work, how);
#if !defined __SANITIZE_ADDRESS__ && !defined __SANITIZE_THREAD__
  EXPECT_TRUE(past) << "of results that the caches do not hold, the second time";
#endif
  release_block(block, n, 64);
  hetmap::release_cached_memory();
}

TEST(ResultMemory, VectorsGiveTheirBlocksBackAndTheNextOneTakesThem) {
  hetmap::release_cached_memory();
  void const* block;
  {
    hetmap::vector<float> const v(mib);
    block = v.data();
    EXPECT_EQ(hetmap::cached_memory(), 0u);
  }
  EXPECT_EQ(hetmap::cached_memory(), 4 * mib);
  {
    hetmap::vector<double> const v(mib / 2);
    EXPECT_EQ(v.data(), block);
  }
  hetmap::release_cached_memory();
  { hetmap::vector<float> const v(128 * 1024 / sizeof(float)); }
  EXPECT_EQ(hetmap::cached_memory(), 128u * 1024);
  { hetmap::vector<float> const v(1000); }
  EXPECT_EQ(hetmap::cached_memory(), 128u * 1024) << "what the general allocator keeps";
  std::size_t const limit = hetmap::cached_memory_limit();
  EXPECT_GT(limit, 4 * mib);
  hetmap::set_cached_memory_limit(0);
  EXPECT_EQ(hetmap::cached_memory(), 0u);
  { hetmap::vector<float> const v(mib); }
  EXPECT_EQ(hetmap::cached_memory(), 0u);
  hetmap::set_cached_memory_limit(limit);
}

}  // namespace
