// State of the whole process: constant-initialised, made when first asked for, never destroyed, and
// whole in a forked child.
//
// There are no other locks of static duration in the library, and no static object that the
// compiler guards: a thread that the child does not have could hold either at the fork.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>

#include <pthread.h>

namespace hetmap::core {

/// Forks that this process descends from since the library was loaded.
[[nodiscard]] unsigned fork_count() noexcept;

/// A mutex that fork() takes while it copies the process, so that a child finds what it guards
/// whole, and the mutex free.
///
/// Requires: constant-initialised and never destroyed, or leave() before it is. Whoever holds it
///           runs no code of the user's.
class process_mutex {
 public:
  constexpr process_mutex() noexcept = default;
  process_mutex(process_mutex const&) = delete;
  process_mutex& operator=(process_mutex const&) = delete;

  void lock() noexcept {
    if (!listed_.load(std::memory_order_acquire)) enlist();
    mutex_.lock();
    holder_.store(pthread_self(), std::memory_order_relaxed);
  }
  void unlock() noexcept {
    holder_.store(nobody, std::memory_order_relaxed);
    mutex_.unlock();
  }

  /// Forks do not take it any more.
  void leave() noexcept;

 private:
  friend struct fork_handlers;
  static constexpr pthread_t nobody = 0;

  void enlist() noexcept;

  std::mutex mutex_;
  std::atomic<pthread_t> holder_{nobody};
  std::atomic<bool> listed_{false};
  process_mutex* next_ = nullptr;  // in the list of all, like what follows
  process_mutex* previous_ = nullptr;
};

/// A T that is made, in place, when it is first asked for. If making it throws, the next to ask
/// tries again.
///
/// Requires: a static object.
template <class T>
class made_once {
 public:
  /// make: returns a T.
  template <class Make>
  T& get(Make make) {
    if (!made_.load(std::memory_order_acquire)) {
      std::lock_guard const lock(guard_);
      if (!made_.load(std::memory_order_relaxed)) {
        ::new (static_cast<void*>(bytes_)) T(make());
        made_.store(true, std::memory_order_release);
      }
    }
    return *std::launder(reinterpret_cast<T*>(bytes_));
  }
  T& get() {
    return get([] { return T(); });
  }

 private:
  std::atomic<bool> made_{false};
  process_mutex guard_;
  alignas(T) std::byte bytes_[sizeof(T)]{};
};

/// The same with threads: a forked child has none of its parent's, and gets an object of its own.
template <class T>
class once_a_process {
 public:
  template <class Make>
  T& get(Make make) {
    if (T* const known = current_.load(std::memory_order_acquire); known && !stale()) return *known;
    std::lock_guard const lock(guard_);
    if (T* const known = current_.load(std::memory_order_relaxed); known && !stale()) return *known;
    T* const made = make();
    forks_.store(fork_count(), std::memory_order_relaxed);
    current_.store(made, std::memory_order_release);
    return *made;
  }

 private:
  [[nodiscard]] bool stale() const noexcept {
    return forks_.load(std::memory_order_relaxed) != fork_count();
  }

  std::atomic<T*> current_{nullptr};
  std::atomic<unsigned> forks_{0};
  process_mutex guard_;
};

/// A number that everybody who works it out finds alike; whoever asks first keeps it.
///
/// Requires: a static object.
template <class T>
class remembered {
 public:
  template <class Find>
  T get(Find find) {
    std::uint64_t known = value_.load(std::memory_order_relaxed);
    if (known == unknown) {
      std::uint64_t const found = static_cast<std::uint64_t>(find()) + 1;
      known =
          value_.compare_exchange_strong(known, found, std::memory_order_relaxed) ? found : known;
    }
    return static_cast<T>(known - 1);
  }

 private:
  static constexpr std::uint64_t unknown = 0;
  std::atomic<std::uint64_t> value_{unknown};
};

}  // namespace hetmap::core
