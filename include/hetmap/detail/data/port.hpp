// How a stream reads one of its inputs: in place, or kept in a slot's buffer by whoever pulls.
#pragma once

#include <hetmap/detail/data/batch.hpp>
#include <hetmap/detail/data/source.hpp>
#include <hetmap/detail/seam/pipeline.hpp>
#include <hetmap/detail/std_parts.hpp>

#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// A range that can deliver many elements at a time: read(span) fills the front of the span and
/// returns how many. Fewer than asked means that there are no more, or that reading on fails; the
/// next call then throws why, if the range knows its length. What a call throws is the failure of
/// the first element that it was asked for.
template <class R>
concept bulk_readable =
    std::ranges::input_range<R> && std::is_trivially_copyable_v<std::ranges::range_value_t<R>> &&
    std::same_as<typename kept_element_of<R>::type, std::ranges::range_value_t<R>> &&
    requires(R& r, std::span<std::ranges::range_value_t<R>> room) {
      { r.read(room) } -> std::same_as<std::size_t>;
    };

inline namespace HETMAP_TAG {

/// One range in a stream. In is T& for a borrowed range, T for one that was moved in.
///
/// Elements that can be reached by index are read in place, by any worker. A forward range is kept
/// as iterators, so that its elements stay where they are and any worker can read them; any other
/// as values, each read once. It is advanced no further than the requested element.
///
/// If chunks come in any order, a forward range is read as it is advanced: its failure is known
/// before anything after it is computed. Then the addresses of elements are kept, or the elements
/// themselves if they have none.
///
/// InBulk: all requested elements will be used, so that they may be read together.
template <class In, bool InBulk, bool Ordered>
class port {
  using range = std::remove_reference_t<In>;
  using reference = std::ranges::range_reference_t<range>;

 public:
  static constexpr bool bulk = InBulk && bulk_readable<range>;
  static constexpr bool indexed = !bulk && indexable<range&>;
  static constexpr bool repeatable = !bulk && std::ranges::forward_range<range>;
  static constexpr bool walks = !bulk && !indexed;
  static constexpr bool keeps_iterators = repeatable && walks && Ordered;
  static constexpr bool keeps_places =
      repeatable && walks && !Ordered && std::is_lvalue_reference_v<reference>;
  static constexpr bool keeps_elements =
      repeatable && walks && !Ordered && !std::is_lvalue_reference_v<reference>;
  using kept = typename std::conditional_t<
      !walks, std::type_identity<std::ranges::range_value_t<range>>,
      std::conditional_t<
          keeps_places, std::add_pointer<reference>,
          std::conditional_t<keeps_elements, std::remove_cvref<reference>, kept_of<range>>>>::type;

  template <class Given>
  explicit port(std::in_place_t, Given&& given) : range_(std::forward<Given>(given)) {}

  /// What the element loop reads through; place() says where.
  [[nodiscard]] auto source() {
    if constexpr (indexed)
      return detail::source_of(range_);
    else if constexpr (keeps_iterators || keeps_places)
      return kept_iterator_source<kept>{nullptr};
    else if constexpr (keeps_elements)
      return array_source<kept, kept&&>{nullptr};
    else
      return array_source<kept, argument_t<range&>>{nullptr};
  }
  [[nodiscard]] std::size_t length() { return detail::length_of(range_); }

  [[nodiscard]] static constexpr stage buffer() {
    return indexed ? stage{} : stage{sizeof(kept), alignof(kept)};
  }
  [[nodiscard]] static constexpr std::size_t bytes_in_place() {
    return array_like<range&> && indexed ? sizeof(kept) : 0;
  }

  /// Prepares to fill a buffer, or points the column at elements begin, begin + 1, ...
  void open(column& c, std::size_t begin) {
    if constexpr (indexed) {
      if constexpr (array_like<range&>) {
        using element = std::ranges::range_value_t<range>;
        c.base = const_cast<element*>(std::ranges::data(range_) + begin);
      }
    } else {
      to_ = static_cast<kept*>(c.base);
      count_ = 0;
      while (position_ < begin && skip(begin - position_)) {
      }
    }
  }
  /// Elements available, at most `wanted`; failure() says why there are fewer, if there should be
  /// more.
  [[nodiscard]] std::size_t read(std::size_t wanted) {
    if constexpr (bulk) {
      count_ = 0;
      try {
        count_ = wanted == 0 ? 0 : range_.read(std::span(to_, wanted));
        // One that knows its length is asked why.
        if constexpr (knows_length<range>)
          if (count_ != wanted && position_ + count_ < length())
            count_ += range_.read(std::span(to_ + count_, wanted - count_));
      } catch (...) {
        failure_ = std::current_exception();
      }
      position_ += count_;
      return count_;
    } else {
      return wanted;
    }
  }
  /// What read() threw after `count` elements; null: nothing, or nothing yet.
  [[nodiscard]] std::exception_ptr failure(std::size_t count) noexcept {
    if constexpr (bulk)
      if (count == count_) return std::exchange(failure_, nullptr);
    return nullptr;
  }
  /// Steps onto the next element; false if there is none.
  [[nodiscard]] bool step() {
    if constexpr (walks)
      return walk_.step(range_);
    else
      return true;
  }
  void keep() {
    if constexpr (walks) {
      if constexpr (keeps_places)
        ::new (static_cast<void*>(to_ + count_)) kept(std::addressof(*walk_.at()));
      else if constexpr (keeps_elements)
        ::new (static_cast<void*>(to_ + count_)) kept(*walk_.at());
      else
        detail::keep_at<range>(to_ + count_, walk_.at());
      ++count_;
      ++position_;
      walk_.use();
    }
  }
  /// Destroys what was kept of elements that not every range had.
  void keep_only(std::size_t n) noexcept {
    if constexpr (!indexed)
      if (count_ > n) std::destroy(to_ + n, to_ + count_);
  }
  static void drop(column const& c, std::size_t count) noexcept {
    if constexpr (!indexed) std::destroy_n(static_cast<kept*>(c.base), count);
  }
  static constexpr bool drops = !indexed && !std::is_trivially_destructible_v<kept>;

 private:
  bool skip(std::size_t n) {
    if constexpr (bulk) {
      if constexpr (requires { range_.skip(n); }) {
        range_.skip(n);
        position_ += n;
      } else {
        kept unused[64];
        std::size_t const got = range_.read(std::span(unused, n < 64 ? n : 64));
        position_ += got;
        return got != 0;
      }
    } else {
      if (!step()) return false;
      walk_.use();
      ++position_;
    }
    return true;
  }

  struct nothing {};

  In range_;
  kept* to_ = nullptr;
  std::size_t count_ = 0;
  std::size_t position_ = 0;
  [[no_unique_address]] std::conditional_t<walks, walk<range>, nothing> walk_{};
  [[no_unique_address]] std::conditional_t<bulk, std::exception_ptr, nothing> failure_{};
};

/// A source as read by the chunk that carries `c`, from `origin` on.
template <class T, class Argument>
HETMAP_INLINE auto place(array_source<T, Argument> const&, column const& c, std::size_t) {
  return array_source<T, Argument>{static_cast<T*>(c.base)};
}
template <class Iterator>
HETMAP_INLINE auto place(kept_iterator_source<Iterator> const&, column const& c, std::size_t) {
  return kept_iterator_source<Iterator>{static_cast<Iterator*>(c.base)};
}
template <class Iterator>
HETMAP_INLINE auto place(iterator_source<Iterator> const& all, column const&, std::size_t origin) {
  return all.after(origin);
}

/// Reads through another source, and marks what it throws as the input's.
template <class Source>
struct watched_source {
  Source source;

  HETMAP_INLINE decltype(auto) operator[](std::size_t i) const {
    if constexpr (Source::reads == access::contiguous) {
      return source[i];
    } else {
      try {
        return source[i];
      } catch (...) {
        throw input_failure{std::current_exception()};
      }
    }
  }
};
template <class Source>
watched_source(Source) -> watched_source<Source>;

}  // namespace HETMAP_TAG
}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
