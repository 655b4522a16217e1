// Objects with threads: a forked child has none of its parent's, and needs an object of its own.
#pragma once

#include <atomic>
#include <mutex>

namespace hetmap::core {

/// Forks that this process descends from since the library was first asked.
[[nodiscard]] unsigned fork_count() noexcept;

/// A T that is made when it is first asked for, and again in a forked child; never destroyed, since
/// its threads may outlive whoever asks.
///
/// Has to be a static object.
template <class T>
class once_a_process {
 public:
  template <class Make>
  T& get(Make make) {
    if (T* const known = current_.load(std::memory_order_acquire); known && !stale()) return *known;
    std::lock_guard const lock(guard_);
    if (T* const known = current_.load(std::memory_order_acquire); known && !stale()) return *known;
    forks_.store(fork_count(), std::memory_order_relaxed);
    T* const made = make();
    current_.store(made, std::memory_order_release);
    return *made;
  }

 private:
  [[nodiscard]] bool stale() const noexcept {
    return forks_.load(std::memory_order_relaxed) != fork_count();
  }

  std::atomic<T*> current_{nullptr};
  std::atomic<unsigned> forks_{0};
  std::mutex guard_;
};

}  // namespace hetmap::core
