// Elements of one type, read from a file from front to back: what sources of files have in common.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/seam/file.hpp>
#include <hetmap/error.hpp>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// A single-pass range of `size` elements that also hands over many at a time, which is how streams
/// read it.
template <class T>
  requires std::is_trivially_copyable_v<T>
class file_input {
 public:
  file_input(input_file file, std::size_t size) : file_(std::move(file)), size_(size) {}
  /// `other` is empty afterwards.
  file_input(file_input&& other) noexcept
      : file_(std::move(other.file_)),
        size_(std::exchange(other.size_, 0)),
        at_(std::exchange(other.at_, 0)),
        here_(std::move(other.here_)),
        used_(std::exchange(other.used_, 0)),
        fails_(other.fails_) {}
  file_input& operator=(file_input&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(size_, other.size_);
    std::swap(at_, other.at_);
    std::swap(here_, other.here_);
    std::swap(used_, other.used_);
    std::swap(fails_, other.fails_);
    return *this;
  }

  /// Elements from the beginning to the end, however many have been read.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Fills the front of `room`; fewer only at the end, or if what follows cannot be read, which the
  /// next call throws.
  ///
  /// Throws:   io_error, also if the file ends before its last element.
  std::size_t read(std::span<T> room) {
    std::size_t const here = std::min(room.size(), here_.size() - used_);
    std::copy_n(here_.begin() + static_cast<std::ptrdiff_t>(used_), here, room.begin());
    used_ += here;
    at_ += here;
    std::size_t const wanted = std::min(room.size() - here, size_ - at_);
    std::size_t got = 0;
    try {
      got = whole_elements(room.subspan(here, wanted));
    } catch (io_error const&) {
      if (here == 0) throw;
    }
    if (here + got == 0 && wanted != 0) file_.refuse_early_end();
    at_ += got;
    return here + got;
  }
  /// Skips the next n elements.
  void skip(std::size_t n) {
    std::size_t const kept = std::min(n, here_.size() - used_);
    used_ += kept;
    std::size_t const rest = std::min(n - kept, size_ - at_ - kept);
    file_.skip(rest * sizeof(T));
    at_ += kept + rest;
  }

  class iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    explicit iterator(file_input* input) : input_(input) { input_->look(); }
    iterator(iterator&&) noexcept = default;
    iterator& operator=(iterator&&) noexcept = default;

    [[nodiscard]] T const& operator*() const noexcept { return input_->here_[input_->used_]; }
    iterator& operator++() {
      ++input_->used_;
      ++input_->at_;
      input_->look();
      return *this;
    }
    void operator++(int) { ++*this; }
    [[nodiscard]] bool operator==(std::default_sentinel_t) const noexcept {
      return input_->used_ == input_->here_.size();
    }

   private:
    file_input* input_;
  };

  /// Stands on the next element that has not been read. Single elements go through a buffer of 64
  /// KiB.
  [[nodiscard]] iterator begin() { return iterator(this); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  static constexpr std::size_t buffer_elements =
      std::size_t{65536} / sizeof(T) != 0 ? std::size_t{65536} / sizeof(T) : 1;

  /// Fewer than `room` if the file ends before its last element, 0 from then on.
  std::size_t whole_elements(std::span<T> room) {
    if (room.empty() || std::exchange(fails_, true)) return 0;
    std::size_t const got = file_.read(room.data(), room.size_bytes()) / sizeof(T);
    fails_ = got != room.size();
    return got;
  }
  void look() {
    if (used_ != here_.size()) return;
    std::size_t const wanted = std::min(buffer_elements, size_ - at_);
    here_.resize(wanted);
    used_ = wanted;  // there is none, should reading throw
    here_.resize(whole_elements(here_));
    used_ = 0;
    if (here_.empty() && wanted != 0) file_.refuse_early_end();
  }

  input_file file_;
  std::size_t size_;
  std::size_t at_ = 0;    // elements handed out
  std::vector<T> here_;   // read for an iterator
  std::size_t used_ = 0;  // of those
  bool fails_ = false;    // what follows cannot be read
};

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
