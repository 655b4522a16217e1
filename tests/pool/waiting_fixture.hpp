// Pools whose work waits, each with a guard against hanging.
#pragma once

#include "support/no_hang.hpp"
#include "support/sizes.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <iterator>
#include <numeric>
#include <string>
#include <vector>

namespace pool_tests {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

int sum(auto const& v) { return std::accumulate(v.begin(), v.end(), 0); }

inline std::ptrdiff_t threads_now() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

class Waiting : public testing::Test {
 protected:
  support::no_hang guard{100};
};
class WaitingOn : public testing::TestWithParam<unsigned> {
 protected:
  support::no_hang guard{100};
  hetmap::pool a{GetParam()}, b{GetParam()}, c{GetParam()};
};

/// Every way to wait for a future, with a limit and without.
inline std::vector<std::function<int(hetmap::future<int>)>> ways_to_wait() {
  return {
      [](auto f) { return f.get(); },
      [](auto f) { return std::move(f).get(); },
      [](auto f) { return f.get(90s); },
      [](auto f) { return std::move(f).get(90s); },
      [](auto f) { return f.get(std::chrono::hours::max()); },
      [](auto f) { return f.wait(), f.get(0s); },
      [](auto f) { return f.wait(90s) ? f.get() : -1; },
      [](auto f) { return f.exception() == nullptr ? f.get(0s) : -1; },
      [](auto f) { return f.then([](int v) { return v; }).get(90s); },
      [](auto f) { return hetmap::wait(std::vector{f}).done.at(0).get(); },
      [](auto f) {
        return hetmap::wait(std::vector{f}, hetmap::return_when::first_completed, 90s)
            .done.at(0)
            .get();
      },
      [](auto f) {
        int got = -1;
        for (auto const& done : hetmap::as_completed(std::vector{f})) got = done.get();
        return got;
      },
      [](auto f) {
        int got = -1;
        for (auto const& done : hetmap::as_completed(std::vector{f}, 90s)) got = done.get();
        return got;
      },
  };
}

}  // namespace pool_tests
