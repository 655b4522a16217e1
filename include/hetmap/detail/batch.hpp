// Inputs that cannot be indexed: read by the caller in order, kept for one batch at a time.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/source.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/vector.hpp>

#include <cstddef>
#include <ranges>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Batches start small, so that a few slow calls are spread at once, and grow to this size, in
/// bytes, or to this many elements, whichever is reached first.
inline constexpr std::size_t first_batch_elements = 64;
inline constexpr std::size_t largest_batch_elements = 65536;
inline constexpr std::size_t largest_batch_bytes = std::size_t{1} << 20;

inline namespace HETMAP_TAG {

/// The place of one range in a batched call. A forward range is kept as iterators, so that its
/// elements stay where they are; a single-pass range as values, each read once. Nothing is kept of
/// what can be indexed beside such a range (below).
template <class R>
class reader {
 public:
  static constexpr bool keeps_iterators = std::ranges::forward_range<R>;
  using kept = std::conditional_t<keeps_iterators, std::ranges::iterator_t<R>,
                                  std::ranges::range_value_t<R>>;

  explicit reader(R& range) : next_(std::ranges::begin(range)), end_(std::ranges::end(range)) {}

  [[nodiscard]] bool at_end() const { return next_ == end_; }

  /// Drops what was kept and makes room for so many.
  void restart(std::size_t room) { kept_ = vector_access::with_room<kept>(room); }

  void keep() {
    std::size_t const n = kept_.size();
    if constexpr (keeps_iterators)
      ::new (static_cast<void*>(kept_.data() + n)) kept(next_);
    else
      ::new (static_cast<void*>(kept_.data() + n)) kept(*next_);
    vector_access::set_size(kept_, n + 1);
  }
  void advance() { ++next_; }

  [[nodiscard]] auto source() {
    if constexpr (keeps_iterators)
      return kept_iterator_source<kept>{kept_.data()};
    else
      return array_source<kept, argument_t<R>>{kept_.data()};
  }

 private:
  std::ranges::iterator_t<R> next_;
  std::ranges::sentinel_t<R> end_;
  vector<kept> kept_;
};

template <class R>
  requires indexable<R&>
class reader<R> {
 public:
  struct kept {};

  explicit reader(R& range) : range_(range), length_(length_of(range)) {}

  [[nodiscard]] bool at_end() const { return next_ == length_; }
  void restart(std::size_t) { first_ = next_; }
  void keep() {}
  void advance() { ++next_; }

  [[nodiscard]] auto source() { return source_of(range_).after(first_); }

 private:
  R& range_;
  std::size_t length_;
  std::size_t first_ = 0;  // of this batch
  std::size_t next_ = 0;
};

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
