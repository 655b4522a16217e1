// What a future and its task share: one allocation with the function, its arguments and, later, its
// result. The compiled core does the waiting; the templates know the types.
#pragma once

#include <hetmap/detail/config.hpp>
#include <hetmap/detail/owned.hpp>
#include <hetmap/detail/seam/task.hpp>
#include <hetmap/detail/std_parts.hpp>
#include <hetmap/error.hpp>
#include <hetmap/options.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

#include <hetmap/detail/macros_aside.hpp>

namespace hetmap {
namespace core {
class waiters;
}
inline namespace HETMAP_ABI {
namespace detail {

class future_state;
struct watcher;

/// Something to be done once a future is: on the thread that completes it.
struct HETMAP_API continuation {
  virtual ~continuation();
  /// Called once; owns itself from here on.
  ///
  /// Returns:  a state that it is the completer of, to be run if `done` has a value and to fail
  ///           like it otherwise; null for none.
  virtual future_state* run(future_state& done) noexcept = 0;

  continuation* next = nullptr;  // the state's, like what follows
  future_state* of = nullptr;
  float_control floats;  // of the thread that gave it
};

/// While one exists, futures that complete on this thread run their continuations at once.
/// Otherwise those of a continuation wait until it has returned, so that a long chain needs no deep
/// stack.
class HETMAP_API users_code {
 public:
  users_code() noexcept;
  ~users_code();
  users_code(users_code const&) = delete;
  users_code& operator=(users_code const&) = delete;

 private:
  void* before_;
};

/// Pending until claimed, then running, then done for good: with a value, an exception, or
/// cancelled before it ran. Kept alive by its handles and by whatever will complete it.
///
/// Once it is done and its last handle has gone, nothing of the user's is left, and no other thread
/// runs code of the user's for its sake: a plugin may be unloaded then.
class HETMAP_API future_state : public task {
 public:
  future_state(future_state const&) = delete;
  future_state& operator=(future_state const&) = delete;

  // -- handles: one to begin with --
  void add_handle() noexcept { handles_.fetch_add(1, std::memory_order_relaxed); }
  void drop_handle() noexcept {
    if (handles_.fetch_sub(1, std::memory_order_acq_rel) == 1) drop_last_handle();
  }
  [[nodiscard]] bool has_one_handle() const noexcept {
    return handles_.load(std::memory_order_acquire) == 1;
  }

  // -- where it stands --
  enum : unsigned {
    pending,
    running,
    dropping,  // claimed by whoever cancels it
    with_value,
    with_error,
    without_running,  // cancelled
    phases = 7,
    watched = 8,  // somebody is to be told
  };

  [[nodiscard]] bool done() const noexcept {
    return (word_.load(std::memory_order_acquire) & phases) >= with_value;
  }
  [[nodiscard]] bool has_value() const noexcept {
    return (word_.load(std::memory_order_acquire) & phases) == with_value;
  }
  [[nodiscard]] bool cancelled() const noexcept {
    return (word_.load(std::memory_order_acquire) & phases) == without_running;
  }
  /// Requires: done(). Null if there is a value.
  [[nodiscard]] std::exception_ptr const& error() const noexcept { return error_; }
  /// Requires: done().
  void rethrow_error() const;

  /// Waits until done(). A worker of the pool that it is queued in runs it instead.
  void wait() {
    if (!done()) wait_long();
  }
  /// The same with a limit. Returns done().
  bool wait_for(time_limit limit);
  /// Throws timeout_error unless done within the limit.
  void require_within(time_limit limit);
  /// True: it has not run and never will.
  bool cancel() noexcept;
  /// Runs `c` when this is done: now, if it is.
  void when_done(continuation& c) noexcept;

  // -- for whoever completes it --
  void add_reference() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void drop_reference() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) dispose();
  }
  /// Its completer, of which each state has one to begin with, will not run it: fails it, unless
  /// somebody else has claimed it. The completer's reference is dropped.
  void give_up(std::exception_ptr error, bool cancelled) noexcept;
  /// To be run by that pool's workers, or else after that future.
  void belongs_to(pool_core& pool) noexcept;
  void follows(future_state& before) noexcept;

 protected:
  future_state() noexcept : task{&run_queued} {}
  virtual ~future_state();

  /// Runs the function and keeps its result.
  virtual void work() = 0;
  /// Destroys the function and its arguments.
  virtual void drop_work() = 0;
  virtual void drop_value() noexcept = 0;

  std::size_t alignment_ = 0;  // of the whole object

  void require_not_taken() const {
    if (taken_.load(std::memory_order_relaxed)) refuse_taken();
  }
  void mark_taken() {
    if (taken_.exchange(true, std::memory_order_relaxed)) refuse_taken();
  }

 private:
  friend class completion_queue;
  friend struct watcher;

  /// The completer's reference, and what is added to it while a state that is already seen to be
  /// done is still being used by whoever completed it.
  static constexpr std::uint64_t completers = std::uint64_t{1} << 40;
  static constexpr std::uint64_t leaving = std::uint64_t{1} << 41;

  static void run_queued(task& self) noexcept;
  bool claim(unsigned to) noexcept;
  // Of a state that is claimed. mine: references of the caller's, which are dropped.
  void run_claimed(std::uint64_t mine) noexcept;
  void fail_claimed(std::exception_ptr error, bool cancelled, std::uint64_t mine) noexcept;
  void run_continuation(continuation& c) noexcept;
  void drop_last_handle() noexcept;
  void drop(std::uint64_t references) noexcept;
  void dispose() noexcept;
  void require_this_process() const;
  [[noreturn]] static void refuse_taken();
  void wait_long();
  bool wait_until(std::int64_t deadline);
  bool help(bool followers_too) noexcept;
  future_state& first_open(core::waiters* all) noexcept;
  static void let_go_of(future_state& state, core::waiters* all) noexcept;
  void let_go() noexcept;
  void complete(unsigned how, std::uint64_t mine) noexcept;
  bool watch(watcher& w) noexcept;
  void unwatch(watcher& w) noexcept;

  std::atomic<std::uint64_t> references_{1 + completers};
  std::atomic<unsigned> handles_{1};
  std::atomic<unsigned> word_{pending};
  std::atomic<bool> taken_{false};
  bool emptied_ = false;  // of what is the user's
  std::exception_ptr error_;
  pool_core* pool_ = nullptr;
  pool_core* origin_ = nullptr;  // of the future that it follows, and so on; to be compared only
  future_state* before_ = nullptr;
  watcher* watchers_ = nullptr;
  continuation* continuations_ = nullptr;                 // the last; its next is the first
  float_control floats_;                                  // of the thread that gave the function
  std::size_t order_ = 0;                                 // of completion, in the process
  std::size_t failed_at_ = static_cast<std::size_t>(-1);  // see failed_index(); set before error_
  unsigned forks_ = 0;  // of the process whose threads complete it
};

/// The state of a future<T>: room for one T.
template <class T>
class result_state : public future_state {
 public:
  [[nodiscard]] T& value() {
    require_not_taken();
    return value_;
  }
  /// Moves the value out, once.
  [[nodiscard]] T take() {
    mark_taken();
    return std::move(value_);
  }

 protected:
  result_state() noexcept {}
  ~result_state() noexcept override {
    if (has_value()) drop_value();
  }
  template <class Call>
  void keep(Call& call) {
    ::new (static_cast<void*>(std::addressof(value_))) T(call());
  }
  void drop_value() noexcept override {
    try {
      value_.~T();
    } catch (...) {
      // A result's destructor has nobody to report to.
    }
  }

 private:
  union {
    std::remove_const_t<T> value_;
  };
};
template <class T>
class result_state<T&> : public future_state {
 public:
  [[nodiscard]] T& value() { return *value_; }

 protected:
  template <class Call>
  void keep(Call& call) {
    value_ = std::addressof(call());
  }
  void drop_value() noexcept override {}

 private:
  T* value_ = nullptr;
};
template <>
class HETMAP_API result_state<void> : public future_state {
 public:
  void value() {}

 protected:
  template <class Call>
  void keep(Call& call) {
    call();
  }
  void drop_value() noexcept override;
};

/// What a future of a call's result holds: an lvalue reference stays one.
template <class R>
using kept_result_t = std::conditional_t<std::is_lvalue_reference_v<R>, R, std::remove_cvref_t<R>>;

inline namespace HETMAP_TAG {

/// The state of a future that one call completes.
template <class T, class Call>
class call_state final : public result_state<T> {
 public:
  template <class... Args>
  explicit call_state(Args&&... args) : call_{std::forward<Args>(args)...} {
    this->alignment_ = alignof(call_state);
  }
  ~call_state() noexcept override {}

 private:
  void work() override { this->keep(call_); }
  void drop_work() override { call_.~Call(); }

  union {
    Call call_;
  };
};

}  // namespace HETMAP_TAG

/// Tells in which order futures complete.
class HETMAP_API completion_queue {
 public:
  /// Watches count states; null ones and repeated ones are left out.
  completion_queue(future_state* const* states, std::size_t count);
  ~completion_queue();
  completion_queue(completion_queue const&) = delete;
  completion_queue& operator=(completion_queue const&) = delete;

  /// The number of distinct states watched, and of those that next() has given out.
  [[nodiscard]] std::size_t total() const noexcept;
  [[nodiscard]] std::size_t given() const noexcept;
  /// Whether that index of the array is watched.
  [[nodiscard]] bool watches(std::size_t place) const noexcept;
  /// The index, in the constructor's array, of the one that completed next, each once; `none` if
  /// `deadline` passes first (as from_now() returns it; 0: no limit), or if all have been given.
  [[nodiscard]] std::size_t next(std::int64_t deadline);

  static constexpr std::size_t none = static_cast<std::size_t>(-1);

 private:
  struct state;
  owned<state> state_;
};

/// Throws timeout_error for what is left of `queue`.
[[noreturn]] HETMAP_API void refuse_late(char const* verb, completion_queue const& queue);
/// Throws std::logic_error: a future without a state, or one asked too early.
[[noreturn]] HETMAP_API void refuse_empty_future();
[[noreturn]] HETMAP_API void refuse_unfinished_future();

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap

#include <hetmap/detail/macros_back.hpp>
