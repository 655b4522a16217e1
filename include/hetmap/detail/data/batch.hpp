// Inputs that cannot be indexed: the caller reads them in order and keeps one batch at a time.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/data/source.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/vector.hpp>

#include <cstddef>
#include <new>
#include <optional>
#include <ranges>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Batches start small, so that a few slow calls are spread at once, and grow to this size, in
/// bytes, or to this many elements, whichever is reached first.
inline constexpr std::size_t first_batch_elements = 64;
inline constexpr std::size_t largest_batch_elements = 65536;
inline constexpr std::size_t largest_batch_bytes = std::size_t{1} << 20;

inline namespace HETMAP_TAG {

/// A walk over a range, in order, as late as possible: the range is begun when its first element is
/// asked for, and advanced when the next one is, not when the previous one has been used.
template <class R>
class walk {
 public:
  /// Stands on the first element that has not been used; false if there is none.
  [[nodiscard]] bool step(R& range) {
    if (!place_.has_value()) {
      place_.emplace(range);
    } else if (std::exchange(used_, false)) {
      ++place_->next;
    }
    return !static_cast<bool>(std::as_const(place_->next) == std::as_const(place_->end));
  }
  [[nodiscard]] std::ranges::iterator_t<R>& at() { return place_->next; }
  void use() { used_ = true; }

 private:
  struct place {
    std::ranges::iterator_t<R> next;
    std::ranges::sentinel_t<R> end;

    explicit place(R& range) : next(std::ranges::begin(range)), end(std::ranges::end(range)) {}
  };

  std::optional<place> place_;
  bool used_ = false;  // what it stands on
};

/// How elements of a range that cannot be indexed are kept until their turn: as iterators of a
/// forward range, so that its elements stay where they are; else as elements, each read once.
template <class R>
struct kept_of {
  using type = typename kept_element_of<R>::type;
};
template <std::ranges::forward_range R>
struct kept_of<R> {
  using type = std::ranges::iterator_t<R>;
};

/// Makes one at `to` from the element that an iterator stands on.
template <class R>
void keep_at(void* to, std::ranges::iterator_t<R>& it) {
  using kept = typename kept_of<R>::type;
  if constexpr (std::ranges::forward_range<R>)
    ::new (to) kept(it);
  else
    ::new (to) kept(*it);
}

/// One range in a batched call. Nothing is kept of ranges that can be indexed (below).
template <class R>
class reader {
 public:
  static constexpr bool repeatable = std::ranges::forward_range<R>;
  using kept = typename kept_of<R>::type;

  explicit reader(R& range) : range_(range) {}

  [[nodiscard]] bool step() { return walk_.step(range_); }

  /// Drops what was kept and makes room for `room` elements.
  void restart(std::size_t room) { kept_ = vector_access::with_room<kept>(room); }

  void keep() {
    std::size_t const n = kept_.size();
    detail::keep_at<R>(kept_.data() + n, walk_.at());
    vector_access::set_size(kept_, n + 1);
    walk_.use();
  }

  [[nodiscard]] auto source() {
    if constexpr (repeatable)
      return kept_iterator_source<kept>{kept_.data()};
    else
      return array_source<kept, argument_t<R>>{kept_.data()};
  }

 private:
  R& range_;
  walk<R> walk_;
  vector<kept> kept_;
};

template <class R>
  requires indexable<R&>
class reader<R> {
 public:
  static constexpr bool repeatable = true;
  struct kept {};

  explicit reader(R& range) : range_(range) {}

  [[nodiscard]] bool step() { return true; }  // nobody asks for more than the shortest length
  void restart(std::size_t) {
    if (!source_.has_value()) source_.emplace(detail::source_of(range_));
    first_ = next_;
  }
  void keep() { ++next_; }

  [[nodiscard]] auto source() { return source_->after(first_); }

 private:
  R& range_;
  std::optional<decltype(detail::source_of(std::declval<R&>()))> source_;
  std::size_t first_ = 0;  // of this batch
  std::size_t next_ = 0;
};

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
