// What imap returns: results on request, one by one or a chunk at a time.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/owned.hpp>
#include <hetmap/detail/seam/pipeline.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/detail/verb/stream_cursor.hpp>
#include <hetmap/error.hpp>
#include <hetmap/options.hpp>

#include <concepts>
#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// Consecutive results of a stream: a std::span that knows where in the input it begins.
template <class R>
class stream_chunk : public std::span<R> {
 public:
  stream_chunk() = default;
  stream_chunk(std::span<R> results, std::size_t first) : std::span<R>(results), first_(first) {}

  /// Index, in the input, of the first element.
  [[nodiscard]] std::size_t first_index() const noexcept { return first_; }

 private:
  std::size_t first_ = 0;
};

/// One result of a stream and the index, in the input, of the element it came from.
template <class R>
struct indexed_result {
  std::size_t index;
  R& value;
};

/// Walks a stream one element at a time; move-only. When it is destroyed, the element that it
/// stands on counts as taken, and the stream goes on after it.
template <class R, bool Indexed>
class stream_iterator {
 public:
  using value_type = std::conditional_t<Indexed, indexed_result<R>, R>;
  using difference_type = std::ptrdiff_t;
  using iterator_concept = std::input_iterator_tag;

  /// Steps onto the first result that has not been taken.
  explicit stream_iterator(detail::cursor_reference<R> c) : cursor_(std::move(c)) {
    if (cursor_->at == cursor_->end) cursor_->fetch();
    take();
  }
  stream_iterator(stream_iterator&& other) noexcept
      : at_(std::exchange(other.at_, nullptr)),
        end_(other.end_),
        end_index_(other.end_index_),
        generation_(other.generation_),
        cursor_(std::move(other.cursor_)) {}
  stream_iterator& operator=(stream_iterator&& other) noexcept {
    if (this != std::addressof(other)) {
      give_back();
      at_ = std::exchange(other.at_, nullptr);
      end_ = other.end_;
      end_index_ = other.end_index_;
      generation_ = other.generation_;
      cursor_ = std::move(other.cursor_);
    }
    return *this;
  }
  ~stream_iterator() { give_back(); }

  [[nodiscard]] decltype(auto) operator*() const noexcept {
    if constexpr (Indexed)
      return indexed_result<R>{index(), *at_};
    else
      return static_cast<R&>(*at_);
  }
  /// Index, in the input, of the element that this result came from.
  [[nodiscard]] std::size_t index() const noexcept {
    return end_index_ - static_cast<std::size_t>(end_ - at_);
  }

  /// Throws:   what the function threw at the element that this steps onto; the next step goes on
  ///           after it. What next() throws.
  /// Waits:    for the next chunk, at the end of one.
  stream_iterator& operator++() {
    if (++at_ == end_) [[unlikely]]
      step_over();
    return *this;
  }
  void operator++(int) { ++*this; }

  [[nodiscard]] friend bool operator==(stream_iterator const& i, std::default_sentinel_t) noexcept {
    return i.at_ == nullptr;
  }

 private:
  void take() noexcept {
    at_ = std::exchange(cursor_->at, nullptr);
    end_ = std::exchange(cursor_->end, nullptr);
    end_index_ = cursor_->end_index;
    generation_ = cursor_->generation;
  }
  // Inlined, so that the iterator itself may stay in registers.
  __attribute__((__always_inline__)) void step_over() {
    try {
      cursor_->fetch();
    } catch (...) {
      at_ = cursor_->hole_place();
      end_ = at_ + 1;
      throw;
    }
    take();
  }
  void give_back() noexcept {
    if (at_ == nullptr || cursor_.empty() || generation_ != cursor_->generation ||
        at_ == cursor_->hole_place())
      return;
    cursor_->at = at_ + 1;
    cursor_->end = end_;
    cursor_->end_index = end_index_;
    at_ = nullptr;
  }

  R* at_ = nullptr;  // null: at the end
  R* end_ = nullptr;
  std::size_t end_index_ = 0;
  unsigned generation_ = 0;
  detail::cursor_reference<R> cursor_;
};

template <class R>
class stream_chunks;
template <class R>
class stream_with_indices;

/// The results of an imap, lazily: a move-only, single-pass range.
///
/// Nothing runs before the first result is asked for. From then on the workers pull the input and
/// compute ahead, at most window() chunks of chunk_elements(), counted until the consumer is done
/// with them. One thread at a time may use a stream; any may call close().
///
/// In a forked child a stream of its parent has no threads: asking it for results throws
/// broken_pool_error, close() does nothing, and the destructor waits for nothing and destroys
/// neither results nor inputs. On the backend serial it goes on there as in the parent.
/// Memory:   memory_bound() bytes; none of it is allocated or freed while the stream runs.
template <class R>
class stream {
 public:
  using value_type = R;
  using iterator = stream_iterator<R, false>;

  explicit stream(detail::owned<detail::stream_state> s)
      : state_(std::move(s)), cursor_(new detail::stream_cursor<R>(state_->work)) {}
  stream(stream&&) noexcept = default;
  stream& operator=(stream&& other) noexcept {
    if (this != std::addressof(other)) {
      retire();
      state_ = std::move(other.state_);
      cursor_ = std::move(other.cursor_);
    }
    return *this;
  }
  /// Stops pulling, and drops what was computed and not taken.
  ///
  /// Waits:    until running calls of the function and of the input have returned; of the function
  ///           also those up to the end of a block of 64 elements.
  ~stream() { retire(); }

  /// Stands on the first result that has not been taken. One iterator at a time.
  ///
  /// Throws, waits: as next().
  [[nodiscard]] iterator begin() { return iterator(cursor_); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

  /// The next result, or nothing at the end.
  ///
  /// Throws:   what the function threw at that element, and the stream goes on after it; what the
  ///           input threw, after every element before it, and then the stream is at its end;
  ///           device_error likewise; cancelled_error after a stop request; closed_error after the
  ///           last result of a stream that was closed; broken_pool_error in a forked child.
  /// Waits:    for the chunk that holds it.
  [[nodiscard]] std::optional<R> next()
    requires std::move_constructible<R>
  {
    return next_within(nullptr);
  }
  /// The same with a time limit; zero or less only polls. On the backend serial the result is
  /// computed however long it takes.
  ///
  /// Throws:   timeout_error; a later call gets that element.
  [[nodiscard]] std::optional<R> next(time_limit limit)
    requires std::move_constructible<R>
  {
    return next_within(&limit);
  }

  /// The results as spans, at full speed.
  [[nodiscard]] stream_chunks<R> chunks() &;
  [[nodiscard]] stream_chunks<R> chunks() &&;
  /// Results with the index, in the input, of the element that each came from.
  [[nodiscard]] stream_with_indices<R> indexed() &;
  [[nodiscard]] stream_with_indices<R> indexed() &&;

  /// Stops pulling. What has been pulled is still computed and can be taken; then comes
  /// closed_error, unless that was the end. May be called from any thread.
  ///
  /// Waits:    no.
  void close() noexcept { state_->work->close(); }

  /// Size, in bytes, of all that this stream may hold: the buffers of its window, for results and
  /// for inputs that have to be kept, the device and pinned memory of chunks on their way through a
  /// GPU, and its own state. Not counted: what results and inputs own beyond their size, threads,
  /// the function, and exceptions that have not been taken.
  [[nodiscard]] std::size_t memory_bound() const noexcept { return state_->work->memory_bound(); }
  /// Chunks that may be pulled and not given back: .window if it was given (imap.hpp, options).
  [[nodiscard]] std::size_t window() const noexcept { return state_->work->window(); }
  /// Elements in a chunk, at most: .chunk_size if it was given, and then all chunks but the last
  /// have that many.
  [[nodiscard]] std::size_t chunk_elements() const noexcept {
    return state_->work->chunk_elements();
  }
  /// Calls of the function that run at once if the window has that many elements; on a GPU, threads
  /// that copy.
  [[nodiscard]] unsigned workers() const noexcept { return state_->work->workers(); }
  /// Elements of the input; nothing if that is not known.
  [[nodiscard]] std::optional<std::size_t> total() const noexcept {
    std::size_t const n = state_->work->total();
    return n == detail::no_length ? std::nullopt : std::optional(n);
  }

  /// Whether .resume was set: a sink then says how much it has.
  [[nodiscard]] bool resumes() const noexcept { return state_->work->resumes(); }
  /// Skips the elements before `index`. For sinks. Requires: nothing has been asked for.
  void start_at(std::size_t index) { state_->work->start_at(index); }

 private:
  std::optional<R> next_within(time_limit const* limit) {
    if (cursor_->at == cursor_->end && !cursor_->fetch(limit)) return std::nullopt;
    return detail::without_index([&] { return std::optional<R>(std::move(*cursor_->at++)); });
  }
  void retire() noexcept {
    if (cursor_.empty()) return;
    cursor_->work = nullptr;
    cursor_->at = cursor_->end = nullptr;
    ++cursor_->generation;
    cursor_ = {};
    state_ = {};
  }

  detail::owned<detail::stream_state> state_;
  detail::cursor_reference<R> cursor_;
};

/// A stream as a range of stream_chunk<R>: spans of up to chunk_elements() results, each valid
/// until the next is asked for.
template <class R>
class stream_chunks {
 public:
  class iterator {
   public:
    using value_type = stream_chunk<R>;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;

    explicit iterator(detail::cursor_reference<R> c) : cursor_(std::move(c)) { step(); }
    iterator(iterator&&) noexcept = default;
    iterator& operator=(iterator&&) noexcept = default;

    [[nodiscard]] stream_chunk<R> operator*() const noexcept { return now_; }
    /// Throws:   what the function threw at the element after this chunk; the next step goes on
    ///           after that element. What next() throws.
    iterator& operator++() {
      step();
      return *this;
    }
    void operator++(int) { ++*this; }

    [[nodiscard]] friend bool operator==(iterator const& i, std::default_sentinel_t) noexcept {
      return i.over_;
    }

   private:
    void step() {
      now_ = {};
      if (cursor_->at == cursor_->end && !cursor_->fetch()) {
        over_ = true;
        return;
      }
      auto const n = static_cast<std::size_t>(cursor_->end - cursor_->at);
      now_ = {std::span<R>(cursor_->at, n), cursor_->end_index - n};
      cursor_->at = cursor_->end;
    }

    detail::cursor_reference<R> cursor_;
    stream_chunk<R> now_{};
    bool over_ = false;
  };

  /// Stands on the first chunk, or on what is left of one that was read in part.
  [[nodiscard]] iterator begin() { return iterator(cursor_); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend stream<R>;
  explicit stream_chunks(detail::cursor_reference<R> c) : cursor_(std::move(c)) {}
  explicit stream_chunks(detail::cursor_reference<R> c, stream<R>&& s)
      : owned_(std::move(s)), cursor_(std::move(c)) {}

  std::optional<stream<R>> owned_;
  detail::cursor_reference<R> cursor_;
};

/// A stream as a range of indexed_result<R>.
template <class R>
class stream_with_indices {
 public:
  using iterator = stream_iterator<R, true>;

  [[nodiscard]] iterator begin() { return iterator(cursor_); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend stream<R>;
  explicit stream_with_indices(detail::cursor_reference<R> c) : cursor_(std::move(c)) {}
  explicit stream_with_indices(detail::cursor_reference<R> c, stream<R>&& s)
      : owned_(std::move(s)), cursor_(std::move(c)) {}

  std::optional<stream<R>> owned_;
  detail::cursor_reference<R> cursor_;
};

template <class R>
stream_chunks<R> stream<R>::chunks() & {
  return stream_chunks<R>(cursor_);
}
template <class R>
stream_chunks<R> stream<R>::chunks() && {
  return stream_chunks<R>(cursor_, std::move(*this));
}
template <class R>
stream_with_indices<R> stream<R>::indexed() & {
  return stream_with_indices<R>(cursor_);
}
template <class R>
stream_with_indices<R> stream<R>::indexed() && {
  return stream_with_indices<R>(cursor_, std::move(*this));
}

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
