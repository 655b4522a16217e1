// Faults that strike a pretended GPU, drawn from a number.
#pragma once

#include "support/sanitizers.hpp"
#include "virtual_device.hpp"

#include <cstdint>
#include <cstdlib>
#include <random>

namespace support {

/// None at all, every k-th operation, or now and then from some point on.
inline void draw_faults(virtual_device& gpu, std::mt19937_64& random) {
  auto const below = [&](std::uint64_t least, std::uint64_t end) {
    return least + random() % (end - least);
  };

  strike const kinds[] = {strike::out_of_memory, strike::refused, strike::lost, strike::late_lost,
                          strike::torn};
  if (random() % 8 == 0) return;  // none at all
  strike const kind = kinds[below(0, 5)];
  if (random() % 2 == 0) {
    // Every k-th operation.
    std::uint64_t const k = below(1, 120);
    gpu.strike_with([=](operation, std::uint64_t ordinal) {
      return ordinal % k == k - 1 ? kind : strike::none;
    });
  } else {
    // Now and then, from some point on, mostly what can be recovered from.
    double const share = static_cast<double>(below(1, 30)) / 100;
    std::uint64_t const from = below(0, 200);
    gpu.strike_with([=, r = std::mt19937_64(random())](operation, std::uint64_t ordinal) mutable {
      if (ordinal < from || std::uniform_real_distribution<double>()(r) >= share)
        return strike::none;
      return r() % 16 == 0 ? kind : strike::out_of_memory;
    });
  }
}

/// How many schedules a test runs; HETMAP_TEST_SCHEDULES says another number.
inline std::uint64_t schedules(std::uint64_t usual) {
  char const* const text = std::getenv("HETMAP_TEST_SCHEDULES");
  // Time is virtual there and little runs at once: the thread sanitizer's part is threads_test.cpp.
  if (text == nullptr) return thread_sanitizer ? usual / 10 : usual;
  return std::strtoull(text, nullptr, 10);
}

}  // namespace support
