// What the parts without locks, and those around them, are made of. They are templates over it, so
// that a model checker can run them on memory of its own (tests/model).
#pragma once

#include <atomic>
#include <mutex>
#include <vector>

namespace hetmap::core {

/// The standard's: what the library runs with.
struct std_atomics {
  template <class T>
  using atomic = std::atomic<T>;
  /// What an atomic hands from thread to thread.
  template <class T>
  using plain = T;
  using mutex = std::mutex;
  /// What a mutex guards.
  template <class T>
  using list = std::vector<T>;
};

}  // namespace hetmap::core
