// The time that a device's work is measured by, and how to let some of it pass: a steady clock's,
// unless a test has put another in its place.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

namespace hetmap::core {

using time_source = std::chrono::nanoseconds (*)();

inline std::chrono::nanoseconds steady_now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

inline std::atomic<time_source> device_time{steady_now};

/// Lets about so much time pass.
using pause = void (*)(std::chrono::nanoseconds);

/// Threads that sleep wake up some 50 us late.
inline void pause_thread(std::chrono::nanoseconds time) {
  if (time < std::chrono::microseconds(50))
    std::this_thread::yield();
  else
    std::this_thread::sleep_for(time);
}

inline std::atomic<pause> device_pause{pause_thread};

}  // namespace hetmap::core
