// An owning pointer: std::unique_ptr without <ostream>, which libstdc++ includes for it
// (docs/design.md, Headers).
#pragma once

#include <hetmap/detail/config.hpp>

#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Deletes what it points to; T may be incomplete until then.
template <class T>
class owned {
 public:
  owned() noexcept = default;
  explicit owned(T* p) noexcept : pointer_(p) {}
  owned(owned&& other) noexcept : pointer_(other.release()) {}
  owned& operator=(owned&& other) noexcept {
    owned before(std::exchange(pointer_, other.release()));
    return *this;
  }
  ~owned() { delete pointer_; }

  [[nodiscard]] T* get() const noexcept { return pointer_; }
  [[nodiscard]] T& operator*() const noexcept { return *pointer_; }
  [[nodiscard]] T* operator->() const noexcept { return pointer_; }
  [[nodiscard]] explicit operator bool() const noexcept { return pointer_ != nullptr; }

  /// Releases ownership.
  [[nodiscard]] T* release() noexcept { return std::exchange(pointer_, nullptr); }

 private:
  T* pointer_ = nullptr;
};

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
