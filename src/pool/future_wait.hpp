// Waiting for futures: who is told, what goes on meanwhile, and what to do where nothing does.
#pragma once

#include "../base/forked.hpp"
#include "../cpu/waits.hpp"
#include "../cpu/workers.hpp"
#include "future_word.hpp"

#include <hetmap/detail/seam/future_state.hpp>

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Locks are shared by many states, chosen by address: they are held for a few instructions, and a
/// state that nobody waits for never needs one.
[[nodiscard]] core::process_mutex& lock_of(future_state const& state) noexcept;

/// What one who waits has seen of the pools that it waits for; of the last few, if there are many.
class impatience {
 public:
  [[nodiscard]] core::workers::patience& with(core::workers const& team) noexcept;

 private:
  struct one {
    core::workers const* team = nullptr;  // to be compared only
    core::workers::patience seen{};
  };
  std::array<one, 4> all_{};
  std::size_t last_ = 0;
};

/// One that waits, with its place on its own stack. Told with the lock of its state held, so that
/// it can be taken off the list before it dies.
struct watcher {
  void (*tell)(watcher& self) noexcept = nullptr;
  future_state* of = nullptr;
  watcher* previous = nullptr;  // the state's, like what follows
  watcher* next = nullptr;
  bool listed = false;

  static std::size_t order(future_state const& state) noexcept { return state.order_; }
  /// Who is to be told of that state.
  static auto watch_of(future_state& state) noexcept {
    return future_watch(
        state.word_, [&state]() noexcept -> core::process_mutex& { return lock_of(state); },
        state.watchers_, state.continuations_);
  }

  // For waits.hpp, of a state that somebody waits for, who is kept alive by that.
  static bool goes_on(future_state& state, core::waiters& all);
  static bool take(future_state& state, core::waiters& all, core::serving_team*& team,
                   core::task*& item);
  static bool runs_where_waited_for(future_state& state, core::waiters& all);
  /// Has a thread more come for what it waits for, if that lies in the queue of a pool whose
  /// threads read inputs that keep them waiting.
  static void relieve(future_state& state, core::waiters& all, impatience& seen) noexcept;

 private:
  static bool waits_for_continuation(future_state& open, core::waiters& all);
  static unsigned phase_of(future_state& state) noexcept {
    return state.word_.load(std::memory_order_acquire) & future_state::phases;
  }
};

/// A wait for one future or several: until its thread is told, has to run something itself, or is
/// told that it would never end.
class future_wait : public core::awaited {
 public:
  explicit future_wait(bool has_limit = false) : core::awaited(has_limit) {}

  bool run_here(core::waiters& all) final;
  bool refuse(std::exception_ptr const& why) final;

 protected:
  /// With guard held: whether what it waits for is there.
  [[nodiscard]] virtual bool is_there() const noexcept = 0;
  /// Whether a future that it waits for is one that only its thread can run.
  [[nodiscard]] virtual bool can_run(core::waiters& all) = 0;
  /// See watcher::relieve().
  virtual void relieve(core::waiters& all, impatience& seen) noexcept = 0;

  /// Returns when it is there, there is something to be run, or the deadline has passed.
  ///
  /// deadline: as from_now() gives it; 0: none.
  /// Throws:   std::logic_error, std::system_error: it would never end.
  void sleep(std::int64_t deadline);
  /// Whether there is something to be run. Asked once.
  [[nodiscard]] bool must_run() noexcept;

  std::mutex guard;
  std::condition_variable told;

 private:
  bool runs_ = false;
  std::exception_ptr refusal_;
};

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
