// Large blocks of memory, kept for the next result of the same size class.
#pragma once

#include "forked.hpp"

#include <array>
#include <cstddef>
#include <vector>

namespace hetmap::core {

class block_cache {
 public:
  /// Blocks from this size on, in bytes, are worth keeping: the general allocator gives their pages
  /// back to the system, which makes new ones of them for the next call.
  static constexpr std::size_t smallest = std::size_t{128} << 10;

  explicit block_cache(std::size_t limit) : limit_(limit) {}
  ~block_cache() {
    release();
    guard_.leave();
  }
  block_cache(block_cache const&) = delete;
  block_cache& operator=(block_cache const&) = delete;

  /// A kept block for `bytes` bytes; null if there is none of that size class.
  ///
  /// Requires: bytes >= smallest.
  [[nodiscard]] void* reuse(std::size_t bytes);
  /// A new block for `bytes` bytes, aligned to a page at least; null if the system has none, even
  /// after all that is kept has been given up.
  ///
  /// Requires: bytes >= smallest.
  [[nodiscard]] void* fresh(std::size_t bytes);
  /// Whether `block` came from fresh() and this was not asked before: nobody has touched it, as far
  /// as is known. Of the last blocks that do not fit a cache; false of all others.
  [[nodiscard]] bool first_use(void const* block) noexcept;
  /// Takes back what reuse(bytes) or fresh(bytes) returned.
  void give_back(void* block, std::size_t bytes) noexcept;

  void release() noexcept;
  void set_limit(std::size_t bytes) noexcept;
  [[nodiscard]] std::size_t limit() const noexcept;
  [[nodiscard]] std::size_t held() const noexcept;

  /// The size, in bytes, of the block that serves `bytes`: at most an eighth more.
  [[nodiscard]] static std::size_t size_class(std::size_t bytes) noexcept;

 private:
  struct kept {
    void* block;
    std::size_t size;
  };

  void shrink_to(std::size_t bytes) noexcept;
  void forget(void const* block) noexcept;

  mutable process_mutex guard_;
  std::vector<kept> kept_;  // least recently given back first
  std::array<void const*, 16> unused_{};
  std::size_t next_unused_ = 0;
  std::size_t held_ = 0;
  std::size_t limit_;
};

/// block_cache::first_use of the process's results.
[[nodiscard]] bool first_use(void const* block) noexcept;

}  // namespace hetmap::core
