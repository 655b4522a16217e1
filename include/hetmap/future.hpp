// Results that are not there yet. Waiting for many of them is in wait.hpp.
#pragma once

#include <hetmap/detail/owned.hpp>
#include <hetmap/detail/seam/future_state.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/error.hpp>
#include <hetmap/options.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <iterator>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
inline namespace HETMAP_ABI {

template <class T>
class future;

namespace detail {
inline namespace HETMAP_TAG {

template <class Result, class G, class T>
struct following;

template <class G, class T>
struct after {
  using type = std::invoke_result_t<G&, T const&>;
};
template <class G, class T>
struct after<G, T&> {
  using type = std::invoke_result_t<G&, T&>;
};
template <class G>
struct after<G, void> {
  using type = std::invoke_result_t<G&>;
};
template <class G, class T>
using after_t = kept_result_t<typename after<G, T>::type>;

template <class C>
struct callback final : continuation {
  C call;

  explicit callback(C&& c) : call(std::move(c)) {}
  future_state* run(future_state& done) noexcept override {
    users_code const scope;
    try {
      call(done);
    } catch (...) {
      // Nobody waits for a callback: what it throws is dropped.
    }
    try {
      delete this;
    } catch (...) {
    }
    return nullptr;
  }
};

}  // namespace HETMAP_TAG
}  // namespace detail

/// A handle to a result that a pool computes. Copies are handles to the same result, and any number
/// of threads may use any number of handles.
///
/// Dropping a handle neither waits nor cancels. Using an empty future (default-constructed or moved
/// from) throws std::logic_error.
///
/// In a forked child a future of its parent gives its result if it was ready at the fork. If it was
/// not, it never will be: whatever would wait for it, wait() and as_completed() included, throws
/// broken_pool_error. cancel() may take it back there, for the child alone.
template <class T>
class future {
 public:
  using value_type = T;

  future() noexcept = default;
  future(future const& other) noexcept : state_(other.state_) {
    if (state_ != nullptr) state_->add_handle();
  }
  future(future&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  future& operator=(future other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~future() {
    if (state_ != nullptr) state_->drop_handle();
  }

  /// Whether there is a result to wait for.
  [[nodiscard]] bool valid() const noexcept { return state_ != nullptr; }
  /// Whether two handles refer to the same result.
  friend bool operator==(future const& a, future const& b) noexcept = default;

  /// The result: a reference that lives as long as a handle does (for a T& itself, or nothing).
  ///
  /// Throws:   what the function threw, with its type; failed_index() tells the element of a map.
  ///           cancelled_error; broken_pool_error; std::logic_error if the value was moved out, or
  ///           if the wait would never end (pool.hpp, waiting).
  /// Waits:    until it is ready. A worker that waits for work queued in its own pool runs that
  ///           work itself.
  decltype(auto) get() const& { return as_const(finished()); }
  /// The same for a temporary handle or std::move(handle), which is empty afterwards: the result
  /// itself, moved out if this was the only handle or T cannot be copied, else copied. A function
  /// given to on_done(), on_value() or then() has a handle until it has run, so a T that cannot be
  /// copied must be moved out by that function or after it has run.
  T get() && {
    finished();
    future const last = std::move(*this);
    return detail::without_index([&]() -> T { return last.extract(); });
  }

  /// get() with a time limit; zero or less only polls.
  ///
  /// Throws:   timeout_error, and the handle stays as it was: a later get() succeeds.
  /// Waits:    at most that long. A worker that itself runs what it waits for, as in get(), returns
  ///           when that has ended, even after the limit.
  decltype(auto) get(time_limit limit) const& {
    held().require_within(limit);
    return get();
  }
  T get(time_limit limit) && {
    held().require_within(limit);
    return std::move(*this).get();
  }

  /// Waits until ready(), as get() does. With a limit, waits as get() with a limit does and returns
  /// ready().
  void wait() const { held().wait(); }
  bool wait(time_limit limit) const { return held().wait_for(limit); }

  /// Whether the result, or the exception instead of it, is there.
  [[nodiscard]] bool ready() const { return held().done(); }
  /// Whether it is a value. Throws: std::logic_error before it is ready.
  [[nodiscard]] bool successful() const {
    if (!held().done()) detail::refuse_unfinished_future();
    return state_->has_value();
  }
  /// What was thrown; null for a value. Waits: until ready.
  [[nodiscard]] std::exception_ptr exception() const {
    held().wait();
    return state_->error();
  }

  /// True: the function has not run and never will; get() throws cancelled_error, whoever cancelled
  /// it first. False: it is running or done, and nothing has changed.
  bool cancel() const { return held().cancel(); }
  [[nodiscard]] bool cancelled() const { return held().cancelled(); }

  /// Calls c(this future) once it is ready: on the thread that completes it, after waiters were
  /// notified, or at once if it is ready already; under the floating-point control words of the
  /// thread that passed c. What c throws is dropped.
  template <std::invocable<future const&> C>
  void on_done(C c) const {
    when_done([call = std::move(c), self = *this](detail::future_state&) mutable {
      call(std::as_const(self));
    });
  }
  /// The same for a value only: c(value), or c() for a future<void>.
  template <class C>
    requires requires { typename detail::after_t<C, T>; }
  void on_value(C c) const {
    when_done([call = std::move(c), self = *this](detail::future_state& done) mutable {
      if (done.has_value()) self.give(call);
    });
  }
  /// The same for an exception only: c(std::exception_ptr).
  template <std::invocable<std::exception_ptr> C>
  void on_error(C c) const {
    when_done([call = std::move(c)](detail::future_state& done) mutable {
      if (!done.has_value()) call(done.error());
    });
  }

  /// A future of g(value) (of g() for a future<void>). g runs on the thread that completes this
  /// future, or at once on the caller's if it is ready; or on a thread that waits for g's result,
  /// if a callback before g waits for that thread. If there is no value, g does not run and its
  /// future gets the exception.
  template <class G>
    requires requires { typename detail::after_t<std::decay_t<G>, T>; }
  [[nodiscard]] auto then(G&& g) const {
    using call = std::decay_t<G>;
    using result = detail::after_t<call, T>;
    static_cast<void>(held());
    return detail::following<result, call, T>::of(*this, std::forward<G>(g));
  }

  /// For the library: takes over one handle of the shared state.
  explicit future(detail::result_state<T>& state) noexcept : state_(std::addressof(state)) {}
  /// For the library: the shared state.
  [[nodiscard]] detail::result_state<T>* state() const noexcept { return state_; }

 private:
  static decltype(auto) as_const(detail::result_state<T>& state) {
    if constexpr (std::is_void_v<T>)
      return;
    else if constexpr (std::is_reference_v<T>)
      return state.value();
    else
      return std::as_const(state.value());
  }
  template <class C>
  void give(C& c) const {
    if constexpr (std::is_void_v<T>)
      c();
    else
      c(as_const(*state_));
  }

  detail::result_state<T>& held() const {
    if (state_ == nullptr) detail::refuse_empty_future();
    return *state_;
  }
  detail::result_state<T>& finished() const {
    auto& state = held();
    state.wait();
    if (!state.has_value()) state.rethrow_error();
    return state;
  }
  T extract() const {
    if constexpr (std::is_void_v<T> || std::is_reference_v<T>) {
      return state_->value();
    } else {
      if constexpr (std::is_copy_constructible_v<T>)
        if (!state_->has_one_handle()) return std::as_const(state_->value());
      return state_->take();
    }
  }
  template <class C>
  void when_done(C c) const {
    auto& state = held();
    auto* const kept = detail::without_index([&] { return new detail::callback<C>(std::move(c)); });
    state.when_done(*kept);
  }

  detail::result_state<T>* state_ = nullptr;
};

namespace detail {
inline namespace HETMAP_TAG {

/// The call that then() makes: g with the value of the preceding future.
template <class Result, class G, class T>
struct following {
  G g;
  future<T> before;

  Result operator()() {
    return detail::without_index([this]() -> Result {
      if constexpr (std::is_void_v<T>)
        return detail::invoke(g);
      else if constexpr (std::is_reference_v<T>)
        return detail::invoke(g, before.state()->value());
      else
        return detail::invoke(g, std::as_const(before.state()->value()));
    });
  }

  struct link final : continuation {
    future_state* target;

    explicit link(future_state& t) : target(&t) {}
    future_state* run(future_state&) noexcept override {
      future_state* const follower = target;
      delete this;
      return follower;
    }
  };

  template <class Given>
  static future<Result> of(future<T> const& before, Given&& g) {
    owned<link> next;
    auto* const state = detail::without_index(
        [&] { return new call_state<Result, following>(std::forward<Given>(g), before); });
    auto handle = future<Result>(*state);
    try {
      next = owned<link>(new link(*state));
    } catch (...) {
      state->give_up(std::current_exception(), true);
      detail::rethrow_without_index();
    }
    state->follows(*before.state());
    before.state()->when_done(*next.release());
    return handle;
  }
};

}  // namespace HETMAP_TAG
}  // namespace detail

}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>

#include <hetmap/wait.hpp>
