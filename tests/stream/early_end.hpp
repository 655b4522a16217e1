// Files that end early, and what is said of them.
#pragma once

#include "../support/refused_calls.hpp"
#include "files.hpp"
#include "inputs.hpp"

#include <gtest/gtest.h>
#include <hetmap/imap.hpp>
#include <hetmap/map.hpp>
#include <hetmap/npy.hpp>
#include <hetmap/raw.hpp>

#include <cstddef>
#include <filesystem>
#include <ranges>
#include <string>
#include <utility>

namespace stream_tests {

namespace fs = std::filesystem;
namespace npy = hetmap::npy;

class EarlyEnd : public testing::Test {
 protected:
  support::temporary_folder folder_;
  std::string path_ = folder_ / "y.npy";
};

/// Streams n doubles into a sink. Serial, because it runs in forked processes too, which may not
/// start threads under every sanitizer.
template <class Sink>
std::size_t fill(int n, Sink sink, bool resume = false) {
  return hetmap::imap({.backend = hetmap::backend::serial, .chunk_size = 1000, .resume = resume},
                      twice{}, std::views::iota(0, n)) |
         sink;
}

/// Whether io_error says this of this file.
inline testing::AssertionResult says(std::pair<std::string, int> const& got,
                                     std::string const& path, int code) {
  bool const right = got.second == code && got.first.find(path) != std::string::npos;
  return (right ? testing::AssertionSuccess() : testing::AssertionFailure())
         << got.first << " (" << got.second << ")";
}

}  // namespace stream_tests
