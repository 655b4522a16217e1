// The time that a device's work is measured by: a steady clock's, unless a test has put another in
// its place.
#pragma once

#include <atomic>
#include <chrono>

namespace hetmap::core {

using time_source = std::chrono::nanoseconds (*)();

inline std::chrono::nanoseconds steady_now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

inline std::atomic<time_source> device_time{steady_now};

}  // namespace hetmap::core
