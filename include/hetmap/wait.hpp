// Waiting for many futures: until they are done, or for each as it completes.
#pragma once

#include <hetmap/detail/owned.hpp>
#include <hetmap/detail/seam/future_state.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/error.hpp>
#include <hetmap/future.hpp>
#include <hetmap/options.hpp>

#include <concepts>
#include <cstddef>
#include <iterator>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

/// When wait() is satisfied; the names are those of concurrent.futures.
enum class return_when : unsigned char {
  all_completed,
  first_completed,
  first_exception,  ///< or all, if none throws
};

/// What wait() returns: handles to the distinct futures that it was given, in their order.
template <class T>
struct wait_result {
  std::vector<future<T>> done;
  std::vector<future<T>> not_done;
};

namespace detail {

template <class R>
using future_of = std::ranges::range_value_t<R>;
template <class F>
inline constexpr bool is_future = false;
template <class T>
inline constexpr bool is_future<future<T>> = true;

/// A range of futures that can be walked several times.
template <class R>
concept future_range = std::ranges::forward_range<R> && is_future<future_of<R>>;

inline namespace HETMAP_TAG {

template <future_range R>
[[nodiscard]] std::vector<future_state*> states_of(R&& futures) {
  std::vector<future_state*> states;
  for (auto const& f : futures) states.push_back(f.state());
  return states;
}

/// The body of wait().
template <future_range R>
[[nodiscard]] auto waited_for(R& futures, return_when when, std::optional<time_limit> limit) {
  using one = future_of<R>;
  auto const states = detail::states_of(futures);
  std::int64_t const deadline = limit ? detail::from_now(*limit) : 0;
  detail::completion_queue queue(states.data(), states.size());
  std::vector<bool> is_done(states.size());
  for (bool enough = false;;) {
    // Once satisfied, whatever else has completed by now is counted too.
    std::size_t const k = queue.next(enough ? 1 : deadline);
    if (k == queue.none) break;
    is_done[k] = true;
    if (when == return_when::first_completed) enough = true;
    if (when == return_when::first_exception && !states[k]->has_value()) enough = true;
  }
  wait_result<typename one::value_type> result;
  std::size_t k = 0;
  for (auto const& f : futures) {
    bool const first = queue.watches(k);
    if (first) (is_done[k] ? result.done : result.not_done).push_back(f);
    ++k;
  }
  return result;
}

}  // namespace HETMAP_TAG
}  // namespace detail

inline namespace HETMAP_TAG {

/// Waits until futures are done, and says which are: all of them, the first, or the first that has
/// no value. A future that is given twice counts once; empty ones are left out.
///
/// Throws:   nothing that the futures hold; std::bad_alloc; std::logic_error if it would never end
///           (pool.hpp, waiting).
/// Waits:    at most for the limit, if one is given. A worker of a pool runs the work that it waits
///           for and that is queued there, one after another; it begins none after the limit.
template <detail::future_range R>
[[nodiscard]] auto wait(R&& futures, return_when when = return_when::all_completed,
                        std::optional<time_limit> limit = {}) {
  return detail::without_index([&] { return detail::waited_for(futures, when, limit); });
}

/// The range that as_completed() returns: single-pass, of the futures themselves. When it is moved,
/// its iterators stay valid and the source is empty.
template <detail::future_range R>
class completions {
  // On the heap, so that the futures stay where they are when this moves.
  struct state {
    R futures;
    std::int64_t deadline;
    std::vector<std::ranges::iterator_t<R>> places{};
    detail::owned<detail::completion_queue> queue{};
  };

 public:
  using reference = std::ranges::range_reference_t<R>;

  completions(R&& futures, std::optional<time_limit> limit)
      : state_(new state{std::forward<R>(futures), limit ? detail::from_now(*limit) : 0}) {
    auto const states = detail::states_of(state_->futures);
    for (auto i = std::ranges::begin(state_->futures); i != std::ranges::end(state_->futures); ++i)
      state_->places.push_back(i);
    state_->queue = detail::owned<detail::completion_queue>(
        new detail::completion_queue(states.data(), states.size()));
  }

  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = detail::future_of<R>;
    using difference_type = std::ptrdiff_t;

    iterator(iterator&&) noexcept = default;
    iterator& operator=(iterator&&) noexcept = default;

    reference operator*() const { return *of_->places[at_]; }
    iterator& operator++() {
      auto& queue = *of_->queue;
      at_ = queue.next(of_->deadline);
      if (at_ == queue.none && queue.given() != queue.total())
        detail::refuse_late("as_completed", queue);
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(iterator const& i, std::default_sentinel_t) {
      return i.at_ == detail::completion_queue::none;
    }

   private:
    friend class completions;
    explicit iterator(state* of) : of_(of) {
      if (of_ != nullptr) ++*this;
    }

    state* of_;
    std::size_t at_ = detail::completion_queue::none;
  };

  [[nodiscard]] iterator begin() { return iterator(state_.get()); }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }

 private:
  detail::owned<state> state_;
};

/// The futures as they complete, each distinct one once: first those that are done already, in the
/// order in which they completed.
///
///     for (auto& done : hetmap::as_completed(futures)) use(done.get());
///
/// An lvalue range is borrowed, an rvalue moved in; empty futures are left out.
/// Throws:   timeout_error from a step of the loop once the limit, counted from this call, has
///           passed: it counts the futures done, unfinished, and in total. std::logic_error from a
///           step that would never end.
/// Waits:    each step, until one more is done. A worker of a pool runs the work that it waits for
///           and that is queued there; it begins none after the limit.
/// Memory:   some 100 bytes per future.
template <detail::future_range R>
[[nodiscard]] auto as_completed(R&& futures, std::optional<time_limit> limit = {}) {
  return detail::without_index([&] { return completions<R>(std::forward<R>(futures), limit); });
}

}  // namespace HETMAP_TAG
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
