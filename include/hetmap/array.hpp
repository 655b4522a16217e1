// Arrays that live on the host and on a GPU. The verbs of map.hpp and reduce.hpp map them, and say
// what that promises.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/seam/array_memory.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/map.hpp>
#include <hetmap/reduce.hpp>

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

namespace detail {
struct array_access;
}

/// n elements of T, with a copy on the host, on a GPU, or on both. Maps make current what they need
/// and leave results where they were computed, so that a chain of maps on a GPU stays there; host()
/// brings back stale elements.
///
/// Requires: T is trivially copyable. Several threads may map one array at once, on one GPU.
/// Memory:   n * sizeof(T) on either side, from when it is first needed there. Elements that are
///           only on a GPU are lost with it; the option .host_copy prevents that.
template <class T>
  requires std::is_trivially_copyable_v<T> && std::same_as<T, std::remove_cv_t<T>>
class array {
 public:
  using value_type = T;

  array() noexcept = default;

  /// n elements of unspecified value.
  explicit array(std::size_t n)
      : memory_(n == 0 ? nullptr : detail::make_array_memory(n, sizeof(T), alignof(T))), size_(n) {}
  array(std::initializer_list<T> values) : array(std::span<T const>(values)) {}

  /// A copy of these elements, on the host.
  template <class R>
    requires std::ranges::contiguous_range<R> && std::ranges::sized_range<R> &&
             std::same_as<std::ranges::range_value_t<R>, T>
  explicit array(R const& values) : array(static_cast<std::size_t>(std::ranges::size(values))) {
    std::copy(std::ranges::data(values), std::ranges::data(values) + size_,
              at(detail::host_access::overwrite));
  }

  array(array const& other) : array(other.host()) {}
  array(array&& other) noexcept { swap(other); }
  array& operator=(array other) noexcept {
    swap(other);
    return *this;
  }
  ~array() { detail::destroy_array_memory(memory_); }

  void swap(array& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(size_, other.size_);
  }
  friend void swap(array& a, array& b) noexcept { a.swap(b); }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// The elements on the host, made current.
  ///
  /// Throws:   device_data_lost if they were only on a GPU that is lost; device_error.
  /// Waits:    for the copy from the GPU, if one is needed.
  [[nodiscard]] std::span<T const> host() const { return {at(detail::host_access::read), size_}; }
  /// The same for writing: the copy on the GPU is stale from then on.
  [[nodiscard]] std::span<T> host() { return {at(detail::host_access::write), size_}; }

  /// Whether reading on the host, or on a GPU, needs no copy.
  [[nodiscard]] bool is_on_host() const noexcept {
    return memory_ == nullptr || detail::is_on_host(*memory_);
  }
  [[nodiscard]] bool is_on_device() const noexcept {
    return memory_ != nullptr && detail::is_on_device(*memory_);
  }

 private:
  friend struct detail::array_access;

  T* at(detail::host_access how) const {
    return memory_ == nullptr ? nullptr : static_cast<T*>(detail::host_data(*memory_, how));
  }

  detail::array_memory* memory_ = nullptr;
  std::size_t size_ = 0;
};

template <class R>
array(R const&) -> array<std::ranges::range_value_t<R>>;

/// The elements of an array, to be captured in a functor: gather, stencils, tables. They are read
/// wherever the functor runs; on a GPU only if the ref is among the functor's own bytes, not behind
/// a pointer or a reference.
template <class T>
class array_ref {
 public:
  /// Element i, on the side that it is called on. Requires: i < size().
  [[nodiscard]] HETMAP_FN T const& operator[](std::size_t i) const {
    return static_cast<T const*>(words_.data)[i];
  }
  [[nodiscard]] HETMAP_FN std::size_t size() const { return size_; }

 private:
  friend struct detail::array_access;

  detail::array_ref_words words_;
  std::size_t size_;
};

namespace detail {

struct array_access {
  template <class T>
  static array_memory* memory(array<T> const& a) noexcept {
    return a.memory_;
  }
  template <class T>
  static array_ref<T> ref(array<T> const& a) {
    array_ref<T> out;
    out.words_ = {array_ref_mark, a.memory_,
                  a.memory_ == nullptr ? nullptr : detail::refer_to(*a.memory_)};
    out.size_ = a.size_;
    return out;
  }
};

}  // namespace detail

/// A reference to the elements of `a` for a functor. Valid until `a` is written, assigned to, moved
/// from or destroyed; a map already enqueued in a CUDA stream still reads the old elements.
///
/// Cost:     none; the elements move when a map runs the functor, if they have to.
template <class T>
[[nodiscard]] array_ref<T> ref(array<T> const& a) {
  return detail::array_access::ref(a);
}

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>

#include <hetmap/detail/verb/array_call.hpp>
