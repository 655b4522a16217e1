#include "block_cache.hpp"

#include "size_class.hpp"

#include <algorithm>
#include <cstdint>
#include <new>

#include <sys/mman.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

namespace hetmap::core {
namespace {

// What the system hands out at once where it can: one fault, and one entry of the translation
// buffer, for 2 MiB instead of 4 KiB.
constexpr std::size_t huge_page = std::size_t{2} << 20;

void* map_pages(std::size_t size) noexcept {
  std::size_t const slack = size >= huge_page ? huge_page : 0;
  void* const all =
      mmap(nullptr, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return nullptr;
  if (slack == 0) return all;
  auto const begin = reinterpret_cast<std::uintptr_t>(all);
  auto const aligned = (begin + huge_page - 1) / huge_page * huge_page;
  auto* const block = static_cast<char*>(all) + (aligned - begin);
  if (aligned != begin) munmap(all, aligned - begin);
  if (aligned - begin != slack) munmap(block + size, slack - (aligned - begin));
  madvise(block, size, MADV_HUGEPAGE);  // a wish: what it does not change still works
  return block;
}

// Kept blocks are nobody's: touching one is an error that the address sanitizer shall see.
void forbid([[maybe_unused]] void* block, [[maybe_unused]] std::size_t size) noexcept {
#ifdef __SANITIZE_ADDRESS__
  __asan_poison_memory_region(block, size);
#endif
}
void allow([[maybe_unused]] void* block, [[maybe_unused]] std::size_t size) noexcept {
#ifdef __SANITIZE_ADDRESS__
  __asan_unpoison_memory_region(block, size);
#endif
}

}  // namespace

std::size_t block_cache::size_class(std::size_t bytes) noexcept {
  return core::size_class(bytes, 4096);
}

void* block_cache::reuse(std::size_t bytes) {
  std::size_t const size = size_class(bytes);
  std::lock_guard const lock(guard_);
  auto const found =
      std::find_if(kept_.rbegin(), kept_.rend(), [&](kept const& k) { return k.size == size; });
  if (found == kept_.rend()) return nullptr;
  void* const block = found->block;
  kept_.erase(std::next(found).base());
  held_ -= size;
  allow(block, size);
  return block;
}

void* block_cache::fresh(std::size_t bytes) {
  std::size_t const size = size_class(bytes);
  void* block = map_pages(size);
  if (block == nullptr) {
    release();
    block = map_pages(size);
  }
  if (block != nullptr && size >= huge_page) {
    std::lock_guard const lock(guard_);
    unused_[next_unused_++ % unused_.size()] = block;
  }
  return block;
}

bool block_cache::first_use(void const* block) noexcept {
  std::lock_guard const lock(guard_);
  auto const found = std::find(unused_.begin(), unused_.end(), block);
  if (block == nullptr || found == unused_.end()) return false;
  *found = nullptr;
  return true;
}

void block_cache::forget(void const* block) noexcept {
  std::replace(unused_.begin(), unused_.end(), block, static_cast<void const*>(nullptr));
}

void block_cache::give_back(void* block, std::size_t bytes) noexcept {
  std::size_t const size = size_class(bytes);
  std::lock_guard const lock(guard_);
  forget(block);
  if (size <= limit_) {
    try {
      kept_.push_back({block, size});
      held_ += size;
      forbid(block, size);
      shrink_to(limit_);
      return;
    } catch (std::bad_alloc const&) {
      // No memory to remember it in: it goes back to where that is missing.
    }
  }
  munmap(block, size);
}

void block_cache::shrink_to(std::size_t bytes) noexcept {
  std::size_t count = 0;
  for (; held_ > bytes; ++count) {
    allow(kept_[count].block, kept_[count].size);
    munmap(kept_[count].block, kept_[count].size);
    held_ -= kept_[count].size;
  }
  kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(count));
}

void block_cache::release() noexcept {
  std::lock_guard const lock(guard_);
  shrink_to(0);
}

void block_cache::set_limit(std::size_t bytes) noexcept {
  std::lock_guard const lock(guard_);
  limit_ = bytes;
  shrink_to(limit_);
}

std::size_t block_cache::limit() const noexcept {
  std::lock_guard const lock(guard_);
  return limit_;
}

std::size_t block_cache::held() const noexcept {
  std::lock_guard const lock(guard_);
  return held_;
}

}  // namespace hetmap::core
