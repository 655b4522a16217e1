// What the tutorials share: a line for scripts/tutorials, with what was done and the seconds that
// it took: the first time, the median, the least.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

/// Does the work three times, and up to nine times while two seconds last.
template <class Work>
void timed(std::string const& what, Work&& work) {
  using seconds = std::chrono::duration<double>;
  std::vector<double> took;
  auto const began = std::chrono::steady_clock::now();
  for (auto last = began; took.size() < 3 || (took.size() < 9 && last - began < seconds(2));) {
    work();
    auto const now = std::chrono::steady_clock::now();
    took.push_back(seconds(now - last).count());
    last = now;
  }
  double const first = took.front();
  std::sort(took.begin(), took.end());
  std::printf("%s\t%.6f\t%.6f\t%.6f\n", what.c_str(), first, took[took.size() / 2], took.front());
}

inline void require(bool holds, char const* what) {
  if (holds) return;
  std::fprintf(stderr, "wrong: %s\n", what);
  std::exit(1);
}
