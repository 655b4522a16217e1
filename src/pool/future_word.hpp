// Where a future stands, and who is to be told: the steps of its state that threads may take at
// once. Over any atomic and lock, so that a model checker can run them too (tests/model).
#pragma once

#include <hetmap/detail/seam/future_state.hpp>

#include <atomic>
#include <mutex>

namespace hetmap {
inline namespace HETMAP_ABI {
namespace detail {

/// Whether the caller is the one that runs, or drops, what was pending.
template <class Word>
[[nodiscard]] bool claim_pending(Word& word, unsigned to) noexcept {
  unsigned seen = word.load(std::memory_order_relaxed);
  while ((seen & future_state::phases) == future_state::pending)
    if (word.compare_exchange_weak(seen, (seen & ~unsigned{future_state::phases}) | to,
                                   std::memory_order_acq_rel))
      return true;
  return false;
}

/// Those who are to be told, in lists that the lock guards. They ask for it by a bit of the word,
/// with the lock held; whoever completes sets the word without it and needs it only if that bit was
/// set. So each is either told, or sees that there is nothing to wait for.
///
/// lock: returns the lock, when it is needed. Watchers, Continuations: pointers to the first, and
/// to the last, whose next is the first.
template <class Word, class Lock, class Watchers, class Continuations>
class future_watch {
 public:
  future_watch(Word& word, Lock lock, Watchers& watchers, Continuations& continuations) noexcept
      : word_(word), lock_(lock), watchers_(watchers), continuations_(continuations) {}

  /// Whether it will be told.
  template <class Watcher>
  [[nodiscard]] bool add(Watcher& w) noexcept {
    std::lock_guard const guard(lock_());
    if (is_done()) return false;
    w.previous = nullptr;
    w.next = watchers_;
    if (watchers_ != nullptr) watchers_->previous = &w;
    watchers_ = &w;
    w.listed = true;
    return true;
  }

  /// It is not told any more, and nobody is telling it.
  template <class Watcher>
  void remove(Watcher& w) noexcept {
    std::lock_guard const guard(lock_());
    if (!w.listed) return;
    (w.previous != nullptr ? w.previous->next : watchers_) = w.next;
    if (w.next != nullptr) w.next->previous = w.previous;
    w.listed = false;
  }

  /// Whether complete() will return it.
  template <class Continuation>
  [[nodiscard]] bool add_continuation(Continuation& c) noexcept {
    std::lock_guard const guard(lock_());
    if (is_done()) return false;
    if (continuations_ == nullptr) {
      c.next = &c;
    } else {
      c.next = continuations_->next;
      continuations_->next = &c;
    }
    continuations_ = &c;
    return true;
  }

  /// Tells all watchers.
  ///
  /// Returns:  the last continuation.
  template <class Watcher, class Continuation>
  [[nodiscard]] Continuation* complete(unsigned how) noexcept {
    unsigned const seen = word_.exchange(how, std::memory_order_acq_rel);
    if ((seen & future_state::watched) == 0) return nullptr;
    std::lock_guard const guard(lock_());
    Watcher* w = watchers_;
    watchers_ = nullptr;
    while (w != nullptr) {
      Watcher* const other = w->next;
      w->listed = false;
      w->tell(*w);
      w = other;
    }
    Continuation* const last = continuations_;
    continuations_ = nullptr;
    return last;
  }

 private:
  /// With the lock held. If not, whoever completes it will look at the lists.
  [[nodiscard]] bool is_done() noexcept {
    unsigned const seen = word_.fetch_or(future_state::watched, std::memory_order_acq_rel);
    return (seen & future_state::phases) >= future_state::with_value;
  }

  Word& word_;
  Lock lock_;
  Watchers& watchers_;
  Continuations& continuations_;
};

}  // namespace detail
}  // namespace HETMAP_ABI
}  // namespace hetmap
