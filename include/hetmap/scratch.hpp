// Working memory of one worker, for block functions.
#pragma once

#include <hetmap/detail/config.hpp>

#include <cstddef>
#include <span>
#include <type_traits>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// Memory that map_blocks lends to a block function: one object per worker, kept for the whole
/// call, so that a function can ask for room at every block and pay once.
class HETMAP_API scratch {
 public:
  scratch() = default;
  ~scratch() {
    if (data_ != nullptr) release();
  }
  scratch(scratch const&) = delete;
  scratch& operator=(scratch const&) = delete;

  /// `count` elements of T with unspecified values.
  ///
  /// Throws:   std::bad_alloc.
  /// Memory:   invalidates what an earlier get() returned; freed when the call returns.
  template <class T>
    requires std::is_trivially_default_constructible_v<T> && std::is_trivially_destructible_v<T>
  [[nodiscard]] std::span<T> get(std::size_t count) {
    return {static_cast<T*>(bytes(count, sizeof(T), alignof(T))), count};
  }

 private:
  void release() noexcept;
  void* bytes(std::size_t count, std::size_t size, std::size_t alignment);

  void* data_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t alignment_ = 0;
};

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
