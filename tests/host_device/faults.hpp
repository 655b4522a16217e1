// Schedules of faults that strike a pretended GPU, each drawn from its number.
#pragma once

#include "host_device.hpp"
#include "support/sanitizers.hpp"
#include "virtual_device.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>

namespace support {

/// What a schedule draws from.
class fault_schedule {
 protected:
  explicit fault_schedule(std::uint64_t number, std::uint64_t kind = 1)
      : random_(number * 0x9E3779B97F4A7C15u + kind) {}

  std::uint64_t drawn() { return random_(); }
  std::uint64_t below(std::uint64_t least, std::uint64_t end) {
    return least + random_() % (end - least);
  }
  bool one_in(unsigned n) { return random_() % n == 0; }

  /// None at all, every k-th operation, or now and then from some point on.
  void draw_faults(virtual_device& gpu) {
    strike const kinds[] = {strike::out_of_memory, strike::refused, strike::lost, strike::late_lost,
                            strike::torn};
    if (one_in(8)) return;  // none at all
    strike const kind = kinds[below(0, 5)];
    if (one_in(2)) {
      // Every k-th operation.
      std::uint64_t const k = below(1, 120);
      gpu.strike_with([=](operation, std::uint64_t ordinal) {
        return ordinal % k == k - 1 ? kind : strike::none;
      });
    } else {
      // Now and then, from some point on, mostly what can be recovered from.
      double const share = static_cast<double>(below(1, 30)) / 100;
      std::uint64_t const from = below(0, 200);
      gpu.strike_with(
          [=, r = std::mt19937_64(random_())](operation, std::uint64_t ordinal) mutable {
            if (ordinal < from || std::uniform_real_distribution<double>()(r) >= share)
              return strike::none;
            return r() % 16 == 0 ? kind : strike::out_of_memory;
          });
    }
  }

 private:
  std::mt19937_64 random_;
};

/// How many schedules a test runs; HETMAP_TEST_SCHEDULES says another number.
inline std::uint64_t schedules(std::uint64_t usual) {
  char const* const text = std::getenv("HETMAP_TEST_SCHEDULES");
  // Time is virtual there and little runs at once: the thread sanitizer's part is threads_test.cpp.
  if (text == nullptr) return thread_sanitizer ? usual / 10 : usual;
  return std::strtoull(text, nullptr, 10);
}

/// Runs every `parts`-th schedule of `all` from `first` on, until one fails; saw(schedule) after
/// each. How many there were.
template <class Schedule, class Saw>
std::uint64_t run_schedules(std::uint64_t first, std::uint64_t parts, std::uint64_t all,
                            Saw&& saw) {
  std::uint64_t count = 0;
  for (std::uint64_t number = first; number < all; number += parts, ++count) {
    SCOPED_TRACE("schedule " + std::to_string(number));
    Schedule one(number);
    one.run();
    if (testing::Test::HasFailure()) break;
    saw(one);
  }
  return count;
}

}  // namespace support
