// Writing over a file that is there: onto the one that is read, and over results of an earlier run.
#include "overwrite.hpp"
#include "files.hpp"
#include "inputs.hpp"

#include <gtest/gtest.h>
#include <hetmap/generate.hpp>
#include <hetmap/imap.hpp>
#include <hetmap/map.hpp>
#include <hetmap/npy.hpp>
#include <hetmap/pool.hpp>
#include <hetmap/raw.hpp>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
namespace npy = hetmap::npy;
using namespace stream_tests;

TEST_F(Overwrite, TheFileThatIsReadIsRefusedWhateverItsName) {
  fs::create_symlink(path_, folder_ / "link.npy");
  fs::create_symlink("link.npy", folder_ / "linked_twice.npy");
  fs::create_hard_link(path_, folder_ / "same.npy");
  fs::create_directory_symlink(folder_.path(), folder_ / "here");
  int const d = open(path_.c_str(), O_RDONLY);
  std::string const old = bytes_of(path_);
  for (std::string const& to :
       {path_, folder_ / "./x.npy", folder_ / "link.npy", folder_ / "linked_twice.npy",
        folder_ / "same.npy", folder_ / "here/x.npy", fs::relative(path_).string(),
        "/proc/self/fd/" + std::to_string(d)}) {
    SCOPED_TRACE(to);
    for (std::string const& from : {path_, folder_ / "same.npy", folder_ / "link.npy"}) {
      auto const [text, code] = io_failure(
          [&] { return hetmap::imap(twice{}, npy::reader<double>(from)) | npy::save(to); });
      EXPECT_NE(text.find(to), std::string::npos) << text;
      EXPECT_NE(text.find("read"), std::string::npos) << text;
      EXPECT_EQ(bytes_of(path_), old);
    }
  }
  close(d);
}

TEST_F(Overwrite, TheFileThatIsReadIsRefusedWhateverReadsIt) {
  std::string const old = bytes_of(path_);
  std::string const other = folder_ / "other.npy";
  npy::write(other, counted());
  npy::mapped<double> const whole(other);
  auto const refused = [&](auto&& call) {
    EXPECT_NE(io_failure(call).first.find("read"), std::string::npos) << io_failure(call).first;
    EXPECT_EQ(bytes_of(path_), old);
  };
  refused([&] {
    return hetmap::imap(std::plus<>{}, whole, npy::reader<double>(path_)) | npy::save(path_);
  });
  refused([&] {
    return hetmap::imap_unordered(twice{}, npy::reader<double>(path_)) | npy::save(path_);
  });
  refused([&] {
    return hetmap::imap(twice{}, hetmap::raw::reader<double>(path_, 128)) |
           hetmap::raw::save(path_);
  });
  refused([&] {
    hetmap::pool pool({.workers = 2});
    return pool.imap(twice{}, npy::reader<double>(path_)) | npy::save(path_);
  });
  refused([&] {
    return hetmap::imap({.resume = true}, twice{}, npy::reader<double>(path_)) | npy::save(path_);
  });
  refused([&] {
    return hetmap::imap(
               {.resume = true}, [](float v) { return double{v}; },
               hetmap::raw::reader<float>(path_)) |
           hetmap::raw::save(path_);
  });
  refused([&] {
    npy::reader<double> first(path_);
    npy::reader<double> moved = std::move(first);
    return hetmap::imap(twice{}, moved) | npy::save(path_);
  });

  npy::mapped<double> const in(path_);
  refused([&] { return hetmap::imap(twice{}, in) | npy::save(path_); });
  refused([&] { return hetmap::imap(twice{}, in | std::views::take(7)) | npy::save(path_); });
  refused([&] {
    return hetmap::imap(twice{}, std::span(in.data() + 5, 10)) | hetmap::raw::save(path_);
  });
  refused([&] {
    return hetmap::imap([&](std::size_t i) { return in.data()[i]; },
                        std::views::iota(std::size_t{0}, n)) |
           npy::save(path_);
  });
  refused([&] {
    npy::write(path_, hetmap::map(twice{}, in));
    return 0;
  });
}

TEST_F(Overwrite, WhatReadsNoMoreRefusesNothing) {
  std::vector<double> y;
  {
    npy::mapped<double> const in(path_);
    npy::mapped<double> const again(path_);
    y.assign(in.begin(), in.end());
  }
  for (double& v : y) v *= 3;
  npy::write(path_, y);
  expect_multiples(path_, n, 3);
  for (double& v : y) v = 0;
  for (std::size_t i = 0; double const v : npy::reader<double>(path_)) y[i++] = v + v;
  npy::write(path_, y);
  expect_multiples(path_, n, 6);
  EXPECT_THROW(npy::reader<float>{path_}, npy::format_error) << "nor does what was refused";
  npy::write(path_, counted());
  expect_multiples(path_, n, 1);
}

TEST_F(Overwrite, AResumedRunMayBeLookedAt) {
  npy::write(path_, std::vector<double>{0, 2, 4});
  npy::mapped<double> const so_far(path_);
  EXPECT_EQ(hetmap::imap({.resume = true}, twice{}, std::views::iota(0, 100)) | npy::save(path_),
            100u);
  EXPECT_EQ(so_far.data()[2], 4);
  expect_multiples(path_, 100);
}

/// Numbers of a .npy file, read by other means than hetmap's.
auto unseen(std::string const& path) {
  return hetmap::generate([in = std::make_shared<std::ifstream>(path, std::ios::binary),
                           first = true]() mutable -> std::optional<double> {
    if (std::exchange(first, false)) in->seekg(128);
    double v = 0;
    if (!in->read(reinterpret_cast<char*>(&v), sizeof v)) return std::nullopt;
    return v;
  });
}

TEST_F(Overwrite, AnInputThatCannotBeSeenStaysWhole) {
  EXPECT_EQ(hetmap::imap(twice{}, unseen(path_)) | npy::save(path_), n);
  expect_multiples(path_, n);

  // Mapped by the caller.
  int const d = open(path_.c_str(), O_RDONLY);
  std::size_t const bytes = fs::file_size(path_);
  void* const all = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, d, 0);
  close(d);
  ASSERT_NE(all, MAP_FAILED);
  std::span<double const> const in(reinterpret_cast<double const*>(static_cast<char*>(all) + 128),
                                   n);
  EXPECT_EQ(hetmap::imap(twice{}, in) | npy::save(path_), n);
  expect_multiples(path_, n, 4);
  npy::write(path_, hetmap::map([](double v) { return 4 * v; }, in));
  expect_multiples(path_, n, 8);
  munmap(all, bytes);

  // Read by another process, into a pipe.
  std::string const pipe = folder_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  pid_t const child = fork();
  if (child == 0) {
    execlp("sh", "sh", "-c", "cat \"$0\" >\"$1\"", path_.c_str(), pipe.c_str(), nullptr);
    _exit(1);
  }
  EXPECT_EQ(hetmap::imap(twice{}, npy::reader<double>(pipe)) | npy::save(path_), n);
  int status = 0;
  waitpid(child, &status, 0);
  expect_multiples(path_, n, 16);
  EXPECT_FALSE(fs::exists(part()));
}

TEST_F(Overwrite, AFailureLeavesTheOldFileAndARunThatGoesOn) {
  std::string const old = bytes_of(path_);
  std::atomic<int> calls{0};
  bool broken = true;
  std::function<double(long)> const f = [&](long i) {
    ++calls;
    if (broken && i == 577) throw std::runtime_error("577");
    return 3.0 * static_cast<double>(i);
  };
  auto const run = [&](bool resume) {
    return hetmap::imap({.chunk_size = 10, .resume = resume}, f, counting_input(1000)) |
           npy::save(path_);
  };
  EXPECT_THROW(run(false), std::runtime_error);
  EXPECT_EQ(bytes_of(path_), old);
  expect_multiples(part(), 577, 3);
  EXPECT_THROW(run(true), std::runtime_error);
  EXPECT_EQ(bytes_of(path_), old);
  expect_multiples(part(), 577, 3);
  broken = false;
  calls = 0;
  EXPECT_EQ(run(true), 1000u);
  EXPECT_EQ(calls, 423);
  expect_multiples(path_, 1000, 3);
  EXPECT_FALSE(fs::exists(part()));
  EXPECT_EQ(run(true), 1000u);
  EXPECT_EQ(calls, 423);
}

TEST_F(Overwrite, AKilledRunLeavesTheOldFileAndARunThatGoesOn) {
  std::string const old = bytes_of(path_);
  bool kills = true;
  auto const f = [&](long i) {
    if (kills && i == 577) raise(SIGKILL);
    return 3.0 * static_cast<double>(i);
  };
  EXPECT_EQ(in_a_child([&] {
              hetmap::imap({.backend = hetmap::backend::serial, .chunk_size = 10}, f,
                           counting_input(1000)) |
                  npy::save(path_);
              return 0;
            }),
            100 + SIGKILL);
  EXPECT_EQ(bytes_of(path_), old);
  std::size_t const had = npy::inspect(part()).elements();
  EXPECT_GT(had, 0u);
  EXPECT_LT(had, 577u);
  kills = false;
  EXPECT_EQ(hetmap::imap({.resume = true}, f, counting_input(1000)) | npy::save(path_), 1000u);
  expect_multiples(path_, 1000, 3);
  EXPECT_FALSE(fs::exists(part()));
}

TEST_F(Overwrite, RawFilesToo) {
  auto const run = [&](bool resume, int last) {
    return hetmap::imap(
               {.chunk_size = 10, .resume = resume},
               [last](int i) {
                 if (i == last) throw std::runtime_error("last");
                 return i;
               },
               std::views::iota(0, 100)) |
           hetmap::raw::save(path_);
  };
  std::string const old = bytes_of(path_);
  EXPECT_THROW(run(false, 42), std::runtime_error);
  EXPECT_EQ(bytes_of(path_), old);
  EXPECT_EQ(fs::file_size(part()), 42 * sizeof(int));
  EXPECT_EQ(run(true, -1), 100u);
  EXPECT_EQ(fs::file_size(path_), 100 * sizeof(int));
  EXPECT_FALSE(fs::exists(part()));
  int k = 0;
  for (int const v : hetmap::raw::reader<int>(path_)) EXPECT_EQ(v, k++);
}

TEST_F(Overwrite, WhatAnEarlierRunLeftIsNotTakenForAnother) {
  std::string const old = bytes_of(path_);
  auto const fails = [&] {
    EXPECT_THROW(hetmap::imap(
                     {.chunk_size = 10},
                     [](int i) {
                       if (i == 42) throw std::runtime_error("42");
                       return 7.0;
                     },
                     std::views::iota(0, 100)) |
                     npy::save(path_),
                 std::runtime_error);
    ASSERT_TRUE(fs::exists(part()));
  };
  // A run that begins anew.
  fails();
  hetmap::imap(twice{}, std::views::iota(0, 50)) | npy::save(path_);
  expect_multiples(path_, 50);
  EXPECT_FALSE(fs::exists(part()));
  // A file that was removed, so that a run begins anew although it may go on.
  fails();
  fs::remove(path_);
  hetmap::imap({.resume = true}, twice{}, std::views::iota(0, 60)) | npy::save(path_);
  expect_multiples(path_, 60);
  EXPECT_FALSE(fs::exists(part()));
  // A file that was made anew.
  fails();
  fs::remove(path_);
  npy::write(path_, std::vector<double>{0, 2});
  EXPECT_FALSE(fs::exists(part()));
  hetmap::imap({.resume = true}, twice{}, std::views::iota(0, 70)) | npy::save(path_);
  expect_multiples(path_, 70);
}

TEST_F(Overwrite, AnArrayIsWrittenWholeOrNotAtAll) {
  std::string const old = bytes_of(path_);
  EXPECT_EQ(in_a_child([&] {
              rlimit const limit{50'000, 50'000};
              setrlimit(RLIMIT_FSIZE, &limit);
              auto const [text, code] = io_failure([&] {
                npy::write(path_, counted());
                return 0;
              });
              return code == EFBIG ? 0 : 1;
            }),
            0);
  EXPECT_EQ(bytes_of(path_), old);
  EXPECT_FALSE(fs::exists(part())) << "nobody goes on with it";
}

}  // namespace
