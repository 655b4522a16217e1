// A file that is there, to be written over.
#pragma once

#include "files.hpp"
#include "inputs.hpp"

#include <gtest/gtest.h>
#include <hetmap/generate.hpp>
#include <hetmap/imap.hpp>
#include <hetmap/map.hpp>
#include <hetmap/npy.hpp>
#include <hetmap/pool.hpp>
#include <hetmap/raw.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace stream_tests {

namespace fs = std::filesystem;
namespace npy = hetmap::npy;

constexpr std::size_t n = 20'000;
hetmap::options const serially{.backend = hetmap::backend::serial};

inline std::vector<double> counted() {
  std::vector<double> x(n);
  for (std::size_t i = 0; i != n; ++i) x[i] = static_cast<double>(i);
  return x;
}

class Overwrite : public testing::Test {
 protected:
  void SetUp() override { npy::write(path_, counted()); }

  [[nodiscard]] std::string part() const { return path_ + ".hetmap-part"; }

  support::temporary_folder folder_;
  std::string path_ = folder_ / "x.npy";
};

inline ino_t inode(std::string const& path) {
  struct stat s {};
  return stat(path.c_str(), &s) == 0 ? s.st_ino : 0;
}

}  // namespace stream_tests
