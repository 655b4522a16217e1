#include "../base/block_cache.hpp"
#include "../base/error.hpp"
#include "../base/forked.hpp"
#include "../base/topology.hpp"
#include "../gpu/device_blocks.hpp"

#include <hetmap/detail/seam/job.hpp>
#include <hetmap/error.hpp>
#include <hetmap/memory.hpp>
#include <hetmap/scratch.hpp>
#include <hetmap/vector.hpp>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include <unistd.h>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace {

constexpr std::size_t cache_line = 64;

// Below this, in bytes, the system is not asked what it has left: such a block is small beside any
// machine, and asking costs tens of microseconds.
constexpr std::size_t surely_fits = std::size_t{64} << 20;

constexpr std::size_t default_cache_limit = std::size_t{1} << 30;

std::align_val_t aligned_to(std::size_t alignment) {
  return std::align_val_t{std::max(alignment, cache_line)};
}

core::block_cache& blocks() {
  // Never destroyed: vectors of static duration give their blocks back after any destructor here.
  static constinit core::made_once<core::block_cache> all;
  return all.get([] {
    return core::block_cache(
        std::min(default_cache_limit, static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) *
                                          static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) / 8));
  });
}

bool is_cached(std::size_t bytes, std::size_t alignment) {
  return bytes >= core::block_cache::smallest && alignment <= 4096;
}

void refuse_unless_it_fits(double bytes) {
  if (bytes <= core::available_memory("")) return;
  blocks().release();
  double const available = core::available_memory("");
  if (bytes <= available) return;
  core::clear_failed_index();
  throw result_too_large(bytes, available);
}

}  // namespace

namespace detail {

void* acquire_block(std::size_t count, std::size_t size, std::size_t alignment) {
  bool const countable = count <= std::numeric_limits<std::size_t>::max() / 2 / size;
  std::size_t const bytes = countable ? count * size : 0;
  bool const cached = countable && is_cached(bytes, alignment);
  if (cached)
    if (void* const block = blocks().reuse(bytes)) return block;
  if (!countable || bytes > surely_fits)
    refuse_unless_it_fits(static_cast<double>(count) * static_cast<double>(size));
  if (!cached) {
    try {
      return ::operator new(bytes, aligned_to(alignment));
    } catch (...) {
      core::clear_failed_index();
      throw;
    }
  }
  if (void* const block = blocks().fresh(bytes)) return block;
  core::clear_failed_index();
  throw std::bad_alloc();
}

void release_block(void* block, std::size_t bytes, std::size_t alignment) noexcept {
  if (is_cached(bytes, alignment))
    blocks().give_back(block, bytes);
  else
    ::operator delete(block, aligned_to(alignment));
}

}  // namespace detail

std::size_t cached_memory() noexcept { return blocks().held(); }
std::size_t cached_memory_limit() noexcept { return blocks().limit(); }
void set_cached_memory_limit(std::size_t bytes) noexcept { blocks().set_limit(bytes); }
void release_cached_memory() noexcept {
  blocks().release();
  core::release_device_memory();
}

void scratch::release() noexcept {
  ::operator delete(std::exchange(data_, nullptr), std::align_val_t{alignment_});
}

void* scratch::bytes(std::size_t count, std::size_t size, std::size_t alignment) {
  if (count > std::numeric_limits<std::size_t>::max() / size) throw std::bad_array_new_length();
  std::size_t const wanted = count * size;
  if (wanted > capacity_ || alignment > alignment_) {
    auto const align = std::max({alignment, alignment_, cache_line});
    void* const larger = ::operator new(wanted, std::align_val_t{align});
    if (data_ != nullptr) release();
    data_ = larger;
    capacity_ = wanted;
    alignment_ = align;
  }
  return data_;
}

}  // namespace HETMAP_ABI
}  // namespace hetmap

namespace hetmap::core {

bool first_use(void const* block) noexcept { return blocks().first_use(block); }

}  // namespace hetmap::core
