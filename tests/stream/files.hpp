// What the tests of files share.
#pragma once

#include "../support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <hetmap/error.hpp>
#include <hetmap/kernel.hpp>
#include <hetmap/npy.hpp>

#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>

#include <dirent.h>
#include <sys/wait.h>
#include <unistd.h>

namespace stream_tests {

struct twice {
  template <class T>
  HETMAP_FN double operator()(T v) const {
    return 2 * static_cast<double>(v);
  }
};

inline std::string bytes_of(std::string const& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// A .npy file of 0, factor, 2 factor, ... and nothing else.
inline void expect_multiples(std::string const& path, std::size_t n, double factor = 2) {
  hetmap::npy::mapped<double> const y(path);
  ASSERT_EQ(y.size(), n);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y.data()[i], factor * static_cast<double>(i));
}

/// The text and the code of the io_error that call() throws.
template <class Call>
std::pair<std::string, int> io_failure(Call&& call) {
  try {
    static_cast<void>(call());
  } catch (hetmap::io_error const& e) {
    return {e.what(), e.code()};
  } catch (std::exception const& e) {
    return {std::string("not an io_error: ") + e.what(), -1};
  }
  return {"nothing was thrown", -1};
}

inline std::size_t open_descriptors() {
  std::size_t n = 0;
  DIR* const all = opendir("/proc/self/fd");
  if (all == nullptr) return 0;
  while (readdir(all) != nullptr) ++n;
  closedir(all);
  return n;
}

/// Runs part() in a forked process. Returns: what it returns, 100 + the signal that ended it.
template <class Part>
int in_a_child(Part part) {
  pid_t const child = fork();
  if (child == 0) {
    int result = 99;
    try {
      result = part();
    } catch (...) {
    }
    _exit(result);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? 100 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace stream_tests
