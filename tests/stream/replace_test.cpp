// The file that takes the place of one that is there: its rights, its name, where it cannot be
// another.
#include "files.hpp"
#include "inputs.hpp"
#include "overwrite.hpp"

#include <gtest/gtest.h>
#include <hetmap/generate.hpp>
#include <hetmap/imap.hpp>
#include <hetmap/map.hpp>
#include <hetmap/npy.hpp>
#include <hetmap/pool.hpp>
#include <hetmap/raw.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
namespace npy = hetmap::npy;
using namespace stream_tests;

TEST_F(Overwrite, TheNewFileIsLikeTheOldOne) {
  fs::create_directory(folder_ / "deep");
  fs::create_symlink("../x.npy", folder_ / "deep/link.npy");
  fs::create_hard_link(path_, folder_ / "same.npy");
  ASSERT_EQ(chmod(path_.c_str(), 0640), 0);
  bool const root = geteuid() == 0;
  if (root) {
    ASSERT_EQ(chown(path_.c_str(), 12, 34), 0);
  }
  bool const named = setxattr(path_.c_str(), "user.origin", "here", 4, 0) == 0;
  mode_t const mask = umask(077);
  npy::write(folder_ / "deep/link.npy", std::vector<double>{0, 2, 4});
  umask(mask);

  EXPECT_TRUE(fs::is_symlink(folder_ / "deep/link.npy"));
  expect_multiples(path_, 3);
  struct stat s {};
  ASSERT_EQ(stat(path_.c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 07777u, 0640u);
  if (root) {
    EXPECT_EQ(s.st_uid, 12u);
    EXPECT_EQ(s.st_gid, 34u);
  }
  if (named) {
    char value[4] = {};
    EXPECT_EQ(getxattr(path_.c_str(), "user.origin", value, 4), 4);
  }
  expect_multiples(folder_ / "same.npy", n, 1);
}

TEST_F(Overwrite, WhereNoFileCanBeMadeAlongsideItIsWrittenInPlace) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root, to be somebody else";
  ASSERT_EQ(chmod(path_.c_str(), 0666), 0);
  ASSERT_EQ(chmod(folder_.path().c_str(), 0555), 0);
  auto const before = inode(path_);
  EXPECT_EQ(in_a_child([&] {
              if (setgid(65534) != 0 || setuid(65534) != 0) return 2;
              hetmap::imap(serially, twice{}, std::views::iota(0, 10)) | npy::save(path_);
              return 0;
            }),
            0);
  expect_multiples(path_, 10);
  EXPECT_EQ(inode(path_), before);
  // Another's file, in a folder where one can write: it stays the other's.
  ASSERT_EQ(chmod(folder_.path().c_str(), 0777), 0);
  EXPECT_EQ(in_a_child([&] {
              if (setgid(65534) != 0 || setuid(65534) != 0) return 2;
              hetmap::imap(serially, twice{}, std::views::iota(0, 20)) | npy::save(path_);
              return 0;
            }),
            0);
  expect_multiples(path_, 20);
  EXPECT_EQ(inode(path_), before);
  EXPECT_FALSE(fs::exists(part()));
}

TEST_F(Overwrite, ADescriptorsFileIsWrittenInPlace) {
  int const d = open(path_.c_str(), O_RDWR);
  auto const before = inode(path_);
  hetmap::imap(twice{}, std::views::iota(0, 10)) | npy::save("/proc/self/fd/" + std::to_string(d));
  EXPECT_EQ(inode(path_), before) << "or the descriptor would be of a file without a name";
  close(d);
  expect_multiples(path_, 10);
  int const unnamed = static_cast<int>(memfd_create("unnamed", 0));
  std::string const name = "/proc/self/fd/" + std::to_string(unnamed);
  for (int const count : {10, 5}) {
    hetmap::imap(twice{}, std::views::iota(0, count)) | npy::save(name);
    expect_multiples(name, static_cast<std::size_t>(count));
  }
  close(unnamed);
}

TEST_F(Overwrite, AnEmptyFileIsFilled) {
  std::ofstream(folder_ / "empty.npy").close();
  auto const before = inode(folder_ / "empty.npy");
  hetmap::imap(twice{}, std::views::iota(0, 10)) | npy::save(folder_ / "empty.npy");
  EXPECT_EQ(inode(folder_ / "empty.npy"), before);
  expect_multiples(folder_ / "empty.npy", 10);
}

TEST_F(Overwrite, ARelativeNameMeansTheFolderOfTheBeginning) {
  EXPECT_EQ(in_a_child([&] {
              if (chdir(folder_.path().c_str()) != 0) return 2;
              hetmap::imap(
                  serially,
                  [](int i) {
                    if (i == 5 && chdir("/") != 0) throw std::runtime_error("chdir");
                    return 2.0 * i;
                  },
                  std::views::iota(0, 10)) |
                  npy::save("x.npy");
              return 0;
            }),
            0);
  expect_multiples(path_, 10);
}

}  // namespace
