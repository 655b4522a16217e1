#include "error.hpp"
#include "topology.hpp"

#include <hetmap/error.hpp>
#include <hetmap/scratch.hpp>
#include <hetmap/vector.hpp>

#include <algorithm>
#include <limits>
#include <new>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace {

constexpr std::size_t cache_line = 64;

// Below this, in bytes, the system is not asked what it has left: such a block is small beside any
// machine, and asking costs tens of microseconds.
constexpr std::size_t surely_fits = std::size_t{64} << 20;

std::align_val_t aligned_to(std::size_t alignment) {
  return std::align_val_t{std::max(alignment, cache_line)};
}

}  // namespace

namespace detail {

void* acquire_block(std::size_t count, std::size_t size, std::size_t alignment) {
  bool const countable = count <= std::numeric_limits<std::size_t>::max() / 2 / size;
  if (!countable || count * size > surely_fits) {
    double const bytes = static_cast<double>(count) * static_cast<double>(size);
    double const available = core::available_memory("");
    if (!countable || bytes > available) {
      core::clear_failed_index();
      throw result_too_large(bytes, available);
    }
  }
  return ::operator new(count* size, aligned_to(alignment));
}

void release_block(void* block, std::size_t alignment) noexcept {
  ::operator delete(block, aligned_to(alignment));
}

}  // namespace detail

scratch::~scratch() {
  if (data_ != nullptr) ::operator delete(data_, std::align_val_t{alignment_});
}

void* scratch::bytes(std::size_t count, std::size_t size, std::size_t alignment) {
  if (count > std::numeric_limits<std::size_t>::max() / size) throw std::bad_array_new_length();
  std::size_t const wanted = count * size;
  if (wanted > capacity_ || alignment > alignment_) {
    auto const align = std::max({alignment, alignment_, cache_line});
    void* const larger = ::operator new(wanted, std::align_val_t{align});
    if (data_ != nullptr) ::operator delete(data_, std::align_val_t{alignment_});
    data_ = larger;
    capacity_ = wanted;
    alignment_ = align;
  }
  return data_;
}

}  // namespace HETMAP_ABI
}  // namespace hetmap
