// Memory of a pretended GPU: blocks that only its operations may touch, of limited capacity, and
// pinned blocks, each of which is known by its addresses.
#pragma once

#include "device.hpp"

#include <cstddef>
#include <map>
#include <mutex>
#include <utility>

namespace support {

/// Not synchronised: its owner's lock is.
class device_memory {
 public:
  explicit device_memory(std::size_t capacity) : capacity_(capacity) {}
  ~device_memory();
  device_memory(device_memory const&) = delete;
  device_memory& operator=(device_memory const&) = delete;

  /// Null if the capacity does not allow it. Filled with garbage, forbidden to the host under the
  /// address sanitizer.
  void* allocate(std::size_t bytes);
  void free(void* block);
  void* pin(std::size_t bytes);
  void unpin(void* block);
  /// Says of host memory that it is pinned, managed or another device's, or nothing special again.
  void declare(void const* block, std::size_t bytes, hetmap::core::place where);
  void forget(void const* block);

  [[nodiscard]] hetmap::core::place where(void const* address) const;
  void locate(hetmap::core::memory_range& range) const;
  /// Whether all of these bytes lie in one block of the device.
  [[nodiscard]] bool holds(void const* address, std::size_t bytes) const;
  /// Whether the device reaches all of these bytes, which are the host's.
  [[nodiscard]] bool is_pinned(void const* address, std::size_t bytes) const;

  /// Opens all blocks to the calling thread, as if it were the device, and closes them again.
  void open();
  void close();

  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::size_t used() const { return used_; }
  [[nodiscard]] std::size_t pinned() const { return pinned_; }
  [[nodiscard]] std::size_t most_used() const { return most_used_; }
  [[nodiscard]] std::size_t most_pinned() const { return most_pinned_; }
  /// Forgets the peaks: what is held now is the most there was.
  void restart_peaks() {
    most_used_ = used_;
    most_pinned_ = pinned_;
  }

 private:
  using blocks = std::map<char const*, std::size_t>;
  static bool within(blocks const& all, void const* address, std::size_t bytes);

  std::size_t capacity_;
  std::size_t used_ = 0;
  std::size_t pinned_ = 0;
  std::size_t most_used_ = 0;
  std::size_t most_pinned_ = 0;
  unsigned opened_ = 0;
  blocks device_blocks_;
  blocks pinned_blocks_;
  std::map<char const*, std::pair<std::size_t, hetmap::core::place>> declared_;
};

}  // namespace support
