// Memory between pages that may not be touched: one byte too far ends the program.
#pragma once

#include <cstddef>
#include <new>
#include <span>
#include <type_traits>

#include <sys/mman.h>
#include <unistd.h>

namespace support {

/// Which end of the array touches the forbidden page.
enum class guard : unsigned char { before, after };

template <class T>
  requires std::is_trivially_copyable_v<T>
class guarded_array {
 public:
  guarded_array(std::size_t n, guard where) : size_(n) {
    auto const page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    std::size_t const inside = (n * sizeof(T) + page - 1) / page * page;
    bytes_ = inside + 2 * page;
    void* const all =
        mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) throw std::bad_alloc();
    memory_ = static_cast<std::byte*>(all);
    mprotect(memory_, page, PROT_NONE);
    mprotect(memory_ + page + inside, page, PROT_NONE);
    std::byte* const first =
        where == guard::before ? memory_ + page : memory_ + page + inside - n * sizeof(T);
    data_ = reinterpret_cast<T*>(first);
  }
  ~guarded_array() { munmap(memory_, bytes_); }
  guarded_array(guarded_array const&) = delete;
  guarded_array& operator=(guarded_array const&) = delete;

  [[nodiscard]] std::span<T> all() const { return {data_, size_}; }

 private:
  std::size_t size_;
  std::size_t bytes_ = 0;
  std::byte* memory_ = nullptr;
  T* data_ = nullptr;
};

}  // namespace support
