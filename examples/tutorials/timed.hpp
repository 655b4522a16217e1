// What the tutorials share: a line for scripts/tutorials, with what was done and the seconds it
// took.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

template <class Work>
void timed(std::string const& what, Work&& work) {
  auto const began = std::chrono::steady_clock::now();
  work();
  std::chrono::duration<double> const took = std::chrono::steady_clock::now() - began;
  std::printf("%s\t%.6f\n", what.c_str(), took.count());
}

inline void require(bool holds, char const* what) {
  if (holds) return;
  std::fprintf(stderr, "wrong: %s\n", what);
  std::exit(1);
}
