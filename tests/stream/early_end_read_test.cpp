// Every way in which reading files can end early: an io_error that names the file and why, no
// signal, and what was read before is used.
#include "../support/refused_calls.hpp"
#include "early_end.hpp"
#include "files.hpp"
#include "inputs.hpp"

#include <gtest/gtest.h>
#include <hetmap/imap.hpp>
#include <hetmap/map.hpp>
#include <hetmap/npy.hpp>
#include <hetmap/raw.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ranges>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

namespace {

namespace fs = std::filesystem;
namespace npy = hetmap::npy;
using namespace stream_tests;

TEST_F(EarlyEnd, AFileThatShrinksWhileItIsReadEndsInAnError) {
  npy::write(path_, std::vector<double>(100'000));
  npy::reader<double> in(path_);
  auto const got = io_failure([&] {
    std::size_t k = 0;
    for (double const v : in) {
      if (k++ == 10) fs::resize_file(path_, 1000);
      static_cast<void>(v);
    }
    return k;
  });
  EXPECT_TRUE(says(got, path_, 0));
}

TEST_F(EarlyEnd, AStreamOfAFileThatShrinksGivesAllThatIsThere) {
  constexpr std::size_t all = 20'000, there = 10'000;
  // Takes what comes; how much that was is told by the index of what failed.
  auto const expect_all = [&](auto results) {
    std::size_t n = 0;
    auto const got = io_failure([&] {
      while (results.next()) ++n;
      return n;
    });
    EXPECT_TRUE(says(got, path_, 0));
    EXPECT_EQ(n, there);
    EXPECT_EQ(hetmap::failed_index(), there);
    EXPECT_FALSE(results.next());
  };
  for (std::size_t const chunk : {0, 1, 7, 64, 5000, 15'000}) {
    SCOPED_TRACE(chunk);
    hetmap::options how;
    if (chunk != 0) how.chunk_size = chunk;
    auto const cut = [&](auto reader) {
      fs::resize_file(path_, fs::file_size(path_) - (all - there) * sizeof(double) + 3);
      return reader;
    };
    auto const anew = [&] { npy::write(path_, std::vector<double>(all)); };
    anew();
    expect_all(hetmap::imap(how, twice{}, cut(npy::reader<double>(path_))));
    anew();
    expect_all(hetmap::imap_unordered(how, twice{}, cut(npy::reader<double>(path_))));
    anew();
    expect_all(hetmap::imap(how, twice{}, cut(hetmap::raw::reader<double>(path_, 128))));
    anew();  // beside an input that goes on
    auto const sum = [](double a, std::size_t b) { return a + static_cast<double>(b); };
    expect_all(hetmap::imap(how, sum, cut(npy::reader<double>(path_)),
                            std::views::iota(std::size_t{0}, all)));
    anew();  // of which the beginning was read by an iterator
    npy::reader<double> begun(path_);
    EXPECT_EQ(*begun.begin(), 0);
    expect_all(hetmap::imap(how, twice{}, cut(std::move(begun))));
    anew();
    npy::reader<double> kept(path_);
    auto const in = cut(std::ref(kept));
    std::vector<double> out(all, -1);
    EXPECT_TRUE(says(io_failure([&] {
                       hetmap::map_into(how, out, twice{}, in.get());
                       return 0;
                     }),
                     path_, 0));
    EXPECT_EQ(std::count(out.begin(), out.end(), 0), static_cast<std::ptrdiff_t>(there));
  }
}

TEST_F(EarlyEnd, ADiskThatCannotReadOnGivesAllThatWasRead) {
  npy::write(path_, std::vector<double>(20'000));
  int const result = in_a_child([&] {
    auto const breaks = [&](double v) {
      static int calls = 0;
      if (calls++ == 5000 && !support::refuse_calls({SYS_read}, EIO)) _exit(77);
      return v;
    };
    auto results = hetmap::imap({.backend = hetmap::backend::serial, .chunk_size = 1000}, breaks,
                                npy::reader<double>(path_));
    std::size_t n = 0;
    auto const got = io_failure([&] {
      while (results.next()) ++n;
      return n;
    });
    if (n != 6000 || hetmap::failed_index() != n) return 1;
    if (!says(got, path_, EIO)) return 2;
    return says(io_failure([&] { return npy::reader<double>(path_); }), path_, EIO) ? 0 : 3;
  });
  if (result == 77) GTEST_SKIP() << "calls to the system cannot be refused here";
  EXPECT_EQ(result, 0);
}

TEST_F(EarlyEnd, APipeThatEndsEarlyEndsInAnError) {
  npy::write(path_, std::vector<double>(1000));
  std::string const whole = bytes_of(path_), pipe = folder_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (std::size_t const bytes :
       {std::size_t{0}, std::size_t{5}, std::size_t{100}, whole.size() - 1}) {
    std::jthread writer([&] { std::ofstream(pipe, std::ios::binary) << whole.substr(0, bytes); });
    try {
      for (double const v : npy::reader<double>(pipe)) EXPECT_EQ(v, 0);
      ADD_FAILURE() << "nothing was thrown after " << bytes;
    } catch (npy::format_error const&) {
      EXPECT_LT(bytes, 128u);
    } catch (hetmap::io_error const&) {
      EXPECT_GE(bytes, 128u);
    }
  }
}

TEST_F(EarlyEnd, FoldersAndEmptyFilesAreNoFilesOfNumbers) {
  EXPECT_TRUE(says(io_failure([&] { return npy::reader<double>(folder_.path()); }), folder_.path(),
                   EISDIR));
  EXPECT_TRUE(says(io_failure([&] { return npy::mapped<double>(folder_.path()); }), folder_.path(),
                   EISDIR));
  EXPECT_TRUE(says(io_failure([&] { return hetmap::raw::reader<double>(folder_.path()); }),
                   folder_.path(), EISDIR));
  std::ofstream(path_).close();
  EXPECT_THROW(npy::reader<double>{path_}, npy::format_error);
  EXPECT_THROW(npy::mapped<double>{path_}, npy::format_error);
  EXPECT_EQ(hetmap::raw::reader<double>(path_).size(), 0u);
}

TEST_F(EarlyEnd, WhatWasMovedFromIsEmpty) {
  npy::write(path_, std::vector<double>{1, 2, 3});
  npy::mapped<double> in(path_);
  npy::mapped<double> const moved = std::move(in);
  EXPECT_EQ(moved.size(), 3u);
  EXPECT_EQ(moved.data()[2], 3);
  EXPECT_EQ(in.size(), 0u);  // NOLINT(bugprone-use-after-move): that is the promise
  EXPECT_EQ(in.begin(), in.end());
  npy::reader<double> reader(path_);
  EXPECT_EQ(*reader.begin(), 1);
  npy::reader<double> rest = std::move(reader);
  EXPECT_EQ(*rest.begin(), 1);
  std::vector<double> room(5);
  EXPECT_EQ(rest.read(room), 3u);
  EXPECT_EQ(reader.read(room), 0u);  // NOLINT(bugprone-use-after-move): as above
  EXPECT_TRUE(reader.begin() == reader.end());
}

TEST_F(EarlyEnd, MoreThanWillComeCannotBeResumed) {
  fill(20, hetmap::raw::save(path_));
  std::string const old = bytes_of(path_);
  EXPECT_THROW(fill(10, hetmap::raw::save(path_), true), hetmap::io_error);
  EXPECT_EQ(bytes_of(path_), old);
}

}  // namespace
