// Claims that take far longer than was predicted: somebody has to notice while whoever runs them is
// busy (docs/design.md, Cost that changes).
#pragma once

#include <hetmap/detail/seam/job.hpp>

#include <atomic>
#include <cstdint>

namespace hetmap::core {

using detail::recall;

/// A claim that runs, as the watch sees it.
struct watched_claim_state {
  std::atomic<std::uint32_t> running{0};  // odd while one does
  recall recalled{};                      // written by the watch only
  watched_claim_state* inner = this;      // of calls that the claim's function makes
};

/// What the watch sees of one thread.
struct alignas(64) watched_thread {
  static constexpr unsigned depth = 4;
  watched_claim_state claims[depth];
  watched_claim_state unseen;                  // of all that are deeper
  std::uint32_t seen[depth]{};                 // the watch's own: what ran when it looked last
  std::atomic<bool> taken{true};               // by a thread that has not ended
  std::atomic<watched_thread*> next{nullptr};  // all that there ever were

  watched_thread() noexcept {
    for (unsigned k = 0; k != depth; ++k)
      claims[k].inner = k + 1 != depth ? &claims[k + 1] : &unseen;
  }
};

/// Where this thread's next claim is noted; null before the first.
extern constinit thread_local watched_claim_state* next_watched_claim
    __attribute__((tls_model("initial-exec"), visibility("hidden")));
extern constinit std::atomic<int> watch_is_awake __attribute__((visibility("hidden")));

/// A place for this thread's claims.
watched_claim_state* begin_to_watch_this_thread() noexcept;
/// Wakes the watch; starts it first where there is none.
void wake_watch() noexcept;

/// Does what this thread's first claim would have to, which takes far longer than an element may:
/// before its time is taken.
inline void prepare_to_be_watched() noexcept {
  if (next_watched_claim == nullptr) next_watched_claim = begin_to_watch_this_thread();
  if (watch_is_awake.load(std::memory_order_relaxed) == 0) wake_watch();
}

/// A claim of this thread that ends when this does. After about a millisecond its word changes, and
/// again every millisecond: the function is asked to give back what it has not begun.
///
/// Costs a nanosecond or two while the watch is awake, which it is until no claim has run for a
/// tenth of a second. Without memory or a thread to be had for it, nobody is asked.
class watched_claim {
 public:
  watched_claim() noexcept : state_(next_watched_claim) {
    if (state_ == nullptr) [[unlikely]]
      state_ = begin_to_watch_this_thread();
    next_watched_claim = state_->inner;
    turn();
    if (watch_is_awake.load(std::memory_order_relaxed) == 0) [[unlikely]]
      wake_watch();
  }
  ~watched_claim() {
    turn();
    next_watched_claim = state_;
  }
  watched_claim(watched_claim const&) = delete;
  watched_claim& operator=(watched_claim const&) = delete;

  /// What a chunk's function is to look at. Requires: the claim has not ended.
  [[nodiscard]] recall const* word() const noexcept { return &state_->recalled; }
  /// The word now.
  [[nodiscard]] recall seen() const noexcept {
    return std::atomic_ref(state_->recalled).load(std::memory_order_relaxed);
  }

 private:
  void turn() noexcept {  // only this thread writes it
    state_->running.store(state_->running.load(std::memory_order_relaxed) + 1,
                          std::memory_order_relaxed);
  }

  watched_claim_state* state_;
};

}  // namespace hetmap::core
