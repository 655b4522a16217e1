// Waiting for other threads, with an end: no test hangs.
#pragma once

#include <chrono>
#include <thread>

namespace support {

/// Whether `condition` came true within two seconds ("promptly").
template <class Condition>
bool soon(Condition&& condition) {
  auto const deadline = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

/// Keeps the processor busy for so long; sleeping would take far longer than asked.
inline void spin(std::chrono::microseconds time) {
  auto const until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
  }
}

}  // namespace support
