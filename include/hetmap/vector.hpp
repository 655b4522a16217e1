// Result memory: a contiguous container that is not zeroed before the map fills it.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/std_parts.hpp>

#include <compare>
#include <cstddef>
#include <initializer_list>
#include <new>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

namespace detail {

/// Memory for `count` elements of `size` bytes, aligned to a cache line at least.
///
/// Throws:   result_too_large, naming the bytes, if it cannot fit; std::bad_alloc.
/// Memory:   not touched, so that whoever writes first decides where its pages live.
[[nodiscard]] HETMAP_API void* acquire_block(std::size_t count, std::size_t size,
                                             std::size_t alignment);
HETMAP_API void release_block(void* block, std::size_t bytes, std::size_t alignment) noexcept;

/// Throws std::out_of_range: an index is not below the size of a hetmap::vector.
[[noreturn]] HETMAP_API void refuse_place();

struct vector_access;

}  // namespace detail

/// What a map returns: n contiguous elements of T, one byte per bool, cheap to move.
///
/// A contiguous range, so that std::span<T> and every std::ranges algorithm accept it. Its length
/// is fixed: it holds results and does not grow.
/// Memory:   n * sizeof(T), from 64-byte aligned blocks. A map's result is not touched before its
///           elements are written; memory.hpp says what the first result of a size costs.
template <class T>
class vector {
 public:
  using value_type = T;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using reference = T&;
  using const_reference = T const&;
  using iterator = T*;
  using const_iterator = T const*;

  vector() noexcept = default;

  /// n value-initialised elements.
  explicit vector(std::size_t n) : vector(reserved{}, n) {
    std::uninitialized_value_construct_n(data_, n);
    size_ = n;
  }
  vector(std::size_t n, T const& value) : vector(reserved{}, n) {
    std::uninitialized_fill_n(data_, n, value);
    size_ = n;
  }
  vector(std::initializer_list<T> values) : vector(reserved{}, values.size()) {
    std::uninitialized_copy(values.begin(), values.end(), data_);
    size_ = values.size();
  }
  vector(vector const& other)
    requires std::is_copy_constructible_v<T>
      : vector(reserved{}, other.size_) {
    std::uninitialized_copy_n(other.data_, other.size_, data_);
    size_ = other.size_;
  }
  vector(vector&& other) noexcept { swap(other); }
  vector& operator=(vector other) noexcept {
    swap(other);
    return *this;
  }
  ~vector() {
    std::destroy_n(data_, size_);
    if (data_ != nullptr) detail::release_block(data_, capacity_ * sizeof(T), alignof(T));
  }

  void swap(vector& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }
  friend void swap(vector& a, vector& b) noexcept { a.swap(b); }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] T* data() noexcept { return data_; }
  [[nodiscard]] T const* data() const noexcept { return data_; }
  [[nodiscard]] T* begin() noexcept { return data_; }
  [[nodiscard]] T const* begin() const noexcept { return data_; }
  [[nodiscard]] T* end() noexcept { return data_ + size_; }
  [[nodiscard]] T const* end() const noexcept { return data_ + size_; }

  /// Requires: i < size().
  [[nodiscard]] T& operator[](std::size_t i) noexcept { return data_[i]; }
  [[nodiscard]] T const& operator[](std::size_t i) const noexcept { return data_[i]; }
  /// Throws: std::out_of_range unless i < size().
  [[nodiscard]] T& at(std::size_t i) { return data_[checked(i)]; }
  [[nodiscard]] T const& at(std::size_t i) const { return data_[checked(i)]; }
  [[nodiscard]] T& front() noexcept { return data_[0]; }
  [[nodiscard]] T const& front() const noexcept { return data_[0]; }
  [[nodiscard]] T& back() noexcept { return data_[size_ - 1]; }
  [[nodiscard]] T const& back() const noexcept { return data_[size_ - 1]; }

  friend bool operator==(vector const& a, vector const& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  friend struct detail::vector_access;
  struct reserved {};

  // Room for n elements, none of them constructed yet. Delegated to, so that the destructor gives
  // the block back if constructing an element throws.
  vector(reserved, std::size_t n)
      : data_(n == 0 ? nullptr : static_cast<T*>(detail::acquire_block(n, sizeof(T), alignof(T)))),
        capacity_(n) {}

  std::size_t checked(std::size_t i) const {
    if (i >= size_) detail::refuse_place();
    return i;
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

namespace detail {

/// How a map fills a vector: room first, then elements in any order, then the size.
struct vector_access {
  template <class T>
  [[nodiscard]] static vector<T> with_room(std::size_t n) {
    return vector<T>(typename vector<T>::reserved{}, n);
  }
  /// Says that the first n elements have been constructed.
  template <class T>
  static void set_size(vector<T>& v, std::size_t n) noexcept {
    v.size_ = n;
  }
  /// Makes room for at least n elements; moves existing ones.
  template <class T>
  static void grow(vector<T>& v, std::size_t n) {
    if (n <= v.capacity_) return;
    auto larger = with_room<T>(std::max(n, v.capacity_ * 2));
    std::uninitialized_move_n(v.data_, v.size_, larger.data_);
    larger.size_ = v.size_;
    v.swap(larger);
  }
};

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
