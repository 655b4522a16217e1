// Every way in which writing files can end early: an io_error that names the file and why, no
// signal, and what was complete stays readable.
#include "early_end.hpp"
#include "../support/refused_calls.hpp"
#include "files.hpp"
#include "inputs.hpp"

#include <gtest/gtest.h>
#include <hetmap/imap.hpp>
#include <hetmap/map.hpp>
#include <hetmap/npy.hpp>
#include <hetmap/raw.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ranges>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
namespace npy = hetmap::npy;
using namespace stream_tests;

TEST_F(EarlyEnd, AFileSizeLimitIsNoSignal) {
  EXPECT_EQ(in_a_child([&] {
              rlimit const limit{100'000, 100'000};
              setrlimit(RLIMIT_FSIZE, &limit);
              if (io_failure([&] { return fill(100'000, npy::save(path_)); }).second != EFBIG)
                return 1;
              if (io_failure([&] {
                    return fill(100'000, hetmap::raw::save(folder_ / "y.bin"));
                  }).second != EFBIG)
                return 2;
              // The caller's own signals are as they were.
              sigset_t pending, blocked;
              sigpending(&pending);
              pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
              if (sigismember(&pending, SIGXFSZ) != 0 || sigismember(&blocked, SIGXFSZ) != 0)
                return 3;
              sigset_t own;
              sigemptyset(&own);
              sigaddset(&own, SIGXFSZ);
              pthread_sigmask(SIG_BLOCK, &own, nullptr);
              raise(SIGXFSZ);
              static_cast<void>(io_failure([&] { return fill(100'000, npy::save(path_)); }));
              sigpending(&pending);
              return sigismember(&pending, SIGXFSZ) == 1 ? 0 : 4;
            }),
            0);
  expect_multiples(path_, 12'000);
  double i = 0;
  for (double const v : hetmap::raw::reader<double>(folder_ / "y.bin")) EXPECT_EQ(v, 2 * i++);
  EXPECT_EQ(i, 12'500);
}

TEST_F(EarlyEnd, AFullDiskLeavesWhatFitsAndARunThatGoesOn) {
  int const result = in_a_child([&] {
    if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) return 77;
    mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    if (mount("none", folder_.path().c_str(), "tmpfs", 0, "size=128k") != 0) return 77;
    std::ofstream(folder_ / "ballast") << std::string(40'000, 'x');
    if (io_failure([&] { return fill(20'000, npy::save(path_)); }).second != ENOSPC) return 1;
    std::size_t const had = npy::inspect(path_).elements();
    if (had == 0 || had % 1000 != 0) return 2;
    double expected = 0;
    for (double const v : npy::reader<double>(path_))
      if (v != 2 * expected++) return 3;
    // There is no room for even a header.
    std::string const other = folder_ / "other.npy";
    if (io_failure([&] { return fill(20'000, npy::save(other)); }).second != ENOSPC) return 4;
    fs::remove(folder_ / "ballast");
    if (fill(14'000, npy::save(path_), true) != 14'000) return 5;
    if (npy::inspect(path_).elements() != 14'000) return 6;
    fs::remove(path_);
    if (fill(10, npy::save(other), true) != 10) return 7;
    // Read-only from one moment to the next.
    if (mount("none", folder_.path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0)
      return 77;
    if (io_failure([&] { return fill(10, npy::save(other)); }).second != EROFS) return 8;
    if (io_failure([&] { return fill(10, npy::save(path_)); }).second != EROFS) return 9;
    return npy::inspect(other).elements() == 10 ? 0 : 10;
  });
  if (result == 77) GTEST_SKIP() << "no file system of its own can be mounted here";
  EXPECT_EQ(result, 0);
}

TEST_F(EarlyEnd, AQuotaThatIsUsedUpLeavesWhatFitsAndARunThatGoesOn) {
  // While elements are written, and where the system says so only when it writes them out.
  for (bool const late : {false, true}) {
    SCOPED_TRACE(late);
    int const result = in_a_child([&] {
      auto const use_up = [&](int i) {
        bool const now = i == 5000;
        if (now && !(late ? support::refuse_calls({SYS_fsync, SYS_fdatasync}, EDQUOT)
                          : support::refuse_calls({SYS_write, SYS_pwrite64}, EDQUOT)))
          _exit(77);
        return 2.0 * i;
      };
      auto stream = hetmap::imap({.backend = hetmap::backend::serial, .chunk_size = 1000}, use_up,
                                 std::views::iota(0, 20'000));
      auto const got = io_failure([&] { return stream | npy::save(path_); });
      return says(got, path_, EDQUOT) ? 0 : 1;
    });
    if (result == 77) GTEST_SKIP() << "calls to the system cannot be refused here";
    EXPECT_EQ(result, 0);
    std::size_t const there = late ? 20'000 : 5000;
    expect_multiples(path_, there);
    EXPECT_EQ(fill(20'000, npy::save(path_), true), 20'000u);
    expect_multiples(path_, 20'000);
    fs::remove(path_);
  }
}

TEST_F(EarlyEnd, AFolderThatVanishesIsNoSuccess) {
  for (bool const raw : {false, true}) {
    for (bool const old : {false, true}) {
      SCOPED_TRACE(std::to_string(raw) + std::to_string(old));
      fs::create_directory(folder_ / "gone");
      std::string const path = folder_ / "gone/y.npy";
      if (old) npy::write(path, std::vector<double>(10));
      auto stream = hetmap::imap(
          {.chunk_size = 10},
          [&](int i) {
            if (i == 50) fs::remove_all(folder_ / "gone");
            return 2.0 * i;
          },
          std::views::iota(0, 100));
      auto const got = io_failure(
          [&] { return raw ? stream | hetmap::raw::save(path) : stream | npy::save(path); });
      EXPECT_TRUE(says(got, path, ENOENT));
    }
  }
}

TEST_F(EarlyEnd, WhatCannotBeWrittenSaysWhy) {
  fs::create_directory(folder_ / "folder");
  std::string const nul = folder_ / std::string("a\0b", 3);
  for (auto const& [path, code] :
       std::vector<std::pair<std::string, int>>{{folder_ / "folder", EISDIR},
                                                {folder_ / "none/y.npy", ENOENT},
                                                {"", ENOENT},
                                                {folder_ / std::string(300, 'x'), ENAMETOOLONG},
                                                {"/dev/full", ENOSPC}}) {
    auto const n = open_descriptors();
    EXPECT_TRUE(says(io_failure([&] { return fill(10, npy::save(path)); }), path, code));
    EXPECT_TRUE(says(io_failure([&] { return fill(10, hetmap::raw::save(path)); }), path, code));
    EXPECT_TRUE(says(io_failure([&] { return fill(10, npy::save(path), true); }), path, code));
    EXPECT_TRUE(says(io_failure([&] {
                       npy::write(path, std::vector<double>(10));
                       return 0;
                     }),
                     path, code));
    EXPECT_EQ(open_descriptors(), n);
  }
  EXPECT_EQ(io_failure([&] { return fill(10, npy::save(nul)); }).second, EINVAL);
  EXPECT_EQ(io_failure([&] { return npy::reader<double>(nul); }).second, EINVAL);
  EXPECT_FALSE(fs::exists(folder_ / "a"));
  EXPECT_EQ(fill(10, npy::save("/dev/null")), 10u);
  EXPECT_EQ(fill(10, hetmap::raw::save("/dev/null")), 10u);
}

TEST_F(EarlyEnd, AFileThatMayNotBeWrittenStaysAsItIs) {
  npy::write(path_, std::vector<double>(10));
  fs::permissions(path_, fs::perms::owner_read | fs::perms::others_read);
  fs::permissions(folder_.path(), fs::perms::all);
  std::string const old = bytes_of(path_);
  EXPECT_EQ(in_a_child([&] {
              if (geteuid() == 0 && setuid(65534) != 0) return 2;
              return io_failure([&] { return fill(20, npy::save(path_)); }).second == EACCES ? 0
                                                                                             : 1;
            }),
            0);
  EXPECT_EQ(bytes_of(path_), old);
}

TEST_F(EarlyEnd, ARunThatEndedInItsHeaderIsBegunAgain) {
  for (std::size_t const bytes : {0U, 1U, 9U, 64U, 127U}) {
    fill(0, npy::save(path_));
    fs::resize_file(path_, bytes);
    EXPECT_EQ(fill(10, npy::save(path_), true), 10u) << bytes;
    expect_multiples(path_, 10);
  }
  std::ofstream(path_) << "short and other";
  EXPECT_THROW(fill(10, npy::save(path_), true), npy::format_error);
  EXPECT_EQ(bytes_of(path_), "short and other");
}

TEST_F(EarlyEnd, NoDescriptorIsKept) {
  npy::write(path_, std::vector<double>(100'000));
  std::ofstream(folder_ / "broken.npy") << "no such file";
  std::string const whole = bytes_of(path_);
  std::ofstream(folder_ / "cut.npy", std::ios::binary) << whole.substr(0, 10'000);
  auto const n = open_descriptors();
  for (int k = 0; k != 3; ++k) {
    EXPECT_THROW(npy::reader<double>(folder_ / "broken.npy"), npy::format_error);
    EXPECT_THROW(npy::mapped<double>(folder_ / "broken.npy"), npy::format_error);
    EXPECT_THROW(npy::mapped<double>(folder_ / "cut.npy"), npy::format_error);
    EXPECT_THROW(npy::mapped<double>{folder_.path()}, hetmap::io_error);
    EXPECT_THROW(npy::reader<double>{folder_.path()}, hetmap::io_error);
    EXPECT_THROW(static_cast<void>(npy::inspect(folder_ / "none")), hetmap::io_error);
    EXPECT_THROW(hetmap::raw::reader<double>(path_, 10'000'000), hetmap::io_error);
    npy::save broken(folder_ / "broken.npy");  // stays after it has thrown
    EXPECT_THROW(hetmap::imap({.resume = true}, twice{}, std::views::iota(0, 10)) | broken,
                 npy::format_error);
    npy::save lasting(folder_ / "lasting.npy");
    EXPECT_THROW(hetmap::imap(
                     [](int i) {
                       if (i == 5) throw std::runtime_error("5");
                       return i;
                     },
                     std::views::iota(0, 10)) |
                     lasting,
                 std::runtime_error);
    EXPECT_EQ(open_descriptors(), n);
  }
}

TEST_F(EarlyEnd, NoDescriptorReachesAnotherProgram) {
  npy::write(path_, std::vector<double>(10));
  npy::write(folder_ / "old.npy", std::vector<double>(10));
  struct stat input {};
  ASSERT_EQ(stat(path_.c_str(), &input), 0);
  std::size_t open = 0;
  auto const descriptors = open_descriptors();
  std::vector<int> before;  // whoever started this program may have left some
  for (int d = 3; d != 64; ++d)
    if (fcntl(d, F_GETFD) != -1) before.push_back(d);
  hetmap::imap(
      {.backend = hetmap::backend::serial},
      [&](double v) {
        open = open_descriptors();
        for (int d = 3; d != 64; ++d) {
          if (std::find(before.begin(), before.end(), d) != before.end()) continue;
          int const flags = fcntl(d, F_GETFD);
          struct stat s {};
          if (flags != -1 && fstat(d, &s) == 0 && S_ISREG(s.st_mode) &&
              (s.st_ino == input.st_ino || s.st_nlink == 1) && s.st_dev == input.st_dev) {
            EXPECT_TRUE(flags & FD_CLOEXEC) << d;
          }
        }
        return v;
      },
      npy::reader<double>(path_)) |
      npy::save(folder_ / "old.npy");
  EXPECT_GE(open, descriptors + 2);
}

}  // namespace
