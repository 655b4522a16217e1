#include "device_memory.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <new>

#if defined __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes) static_cast<void>(address)
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) static_cast<void>(address)
#endif

namespace support {
namespace {

constexpr std::align_val_t alignment{256};
constexpr int garbage = 0xDB;

}  // namespace

device_memory::~device_memory() {
  for (auto const& [block, bytes] : device_blocks_) {
    ASAN_UNPOISON_MEMORY_REGION(block, bytes);
    ::operator delete(const_cast<char*>(block), alignment);
  }
  for (auto const& [block, bytes] : pinned_blocks_)
    ::operator delete(const_cast<char*>(block), alignment);
}

void* device_memory::allocate(std::size_t bytes) {
  if (bytes > capacity_ - used_) return nullptr;
  auto* const block = static_cast<char*>(::operator new(bytes, alignment));
  std::memset(block, garbage, bytes);
  device_blocks_.emplace(block, bytes);
  used_ += bytes;
  most_used_ = std::max(most_used_, used_);
  if (opened_ == 0) ASAN_POISON_MEMORY_REGION(block, bytes);
  return block;
}

void device_memory::free(void* block) {
  auto const at = device_blocks_.find(static_cast<char const*>(block));
  if (at == device_blocks_.end()) return;
  ASAN_UNPOISON_MEMORY_REGION(at->first, at->second);
  used_ -= at->second;
  device_blocks_.erase(at);
  ::operator delete(block, alignment);
}

void* device_memory::pin(std::size_t bytes) {
  auto* const block = static_cast<char*>(::operator new(bytes, alignment));
  std::memset(block, garbage, bytes);
  pinned_blocks_.emplace(block, bytes);
  pinned_ += bytes;
  most_pinned_ = std::max(most_pinned_, pinned_);
  return block;
}

void device_memory::unpin(void* block) {
  auto const at = pinned_blocks_.find(static_cast<char const*>(block));
  if (at == pinned_blocks_.end()) return;
  pinned_ -= at->second;
  pinned_blocks_.erase(at);
  ::operator delete(block, alignment);
}

void device_memory::declare(void const* block, std::size_t bytes, hetmap::core::place where) {
  declared_.insert_or_assign(static_cast<char const*>(block), std::pair{bytes, where});
}
void device_memory::forget(void const* block) { declared_.erase(static_cast<char const*>(block)); }

bool device_memory::within(blocks const& all, void const* address, std::size_t bytes) {
  auto const* const a = static_cast<char const*>(address);
  auto const after = all.upper_bound(a);
  if (after == all.begin()) return false;
  auto const& [block, size] = *std::prev(after);
  auto const offset = static_cast<std::size_t>(a - block);
  return offset < size && bytes <= size - offset;
}

hetmap::core::place device_memory::where(void const* address) const {
  if (within(device_blocks_, address, 1)) return hetmap::core::place::device;
  auto const* const a = static_cast<char const*>(address);
  for (auto const& [block, what] : declared_)
    if (!std::less<>()(a, block) && std::less<>()(a, block + what.first)) return what.second;
  return within(pinned_blocks_, address, 1) ? hetmap::core::place::pinned
                                            : hetmap::core::place::pageable;
}

void device_memory::locate(hetmap::core::memory_range& range) const {
  range.where = where(range.begin);
  // A number: no pointer may be formed beyond what there is.
  auto const last = reinterpret_cast<std::uintptr_t>(range.begin) + (range.bytes - 1);
  range.whole = where(reinterpret_cast<void const*>(last)) == range.where;
  range.owner = 1;
}

bool device_memory::holds(void const* address, std::size_t bytes) const {
  return within(device_blocks_, address, bytes);
}
bool device_memory::is_pinned(void const* address, std::size_t bytes) const {
  if (within(pinned_blocks_, address, bytes)) return true;
  auto const* const a = static_cast<char const*>(address);
  return std::any_of(declared_.begin(), declared_.end(), [&](auto const& d) {
    auto const& [block, what] = d;
    return what.second != hetmap::core::place::foreign && !std::less<>()(a, block) &&
           !std::less<>()(block + what.first, a + bytes);
  });
}

void device_memory::open() {
  if (opened_++ == 0)
    for (auto const& [block, bytes] : device_blocks_) ASAN_UNPOISON_MEMORY_REGION(block, bytes);
}

void device_memory::close() {
  if (--opened_ == 0)
    for (auto const& [block, bytes] : device_blocks_) ASAN_POISON_MEMORY_REGION(block, bytes);
}

}  // namespace support
