// The file of a profile: found where it should be, whole or as before, and ignored with a reason.
#include "base/profile_file.hpp"
#include "base/kept_file.hpp"
#include "base/profile_in_use.hpp"
#include "base/this_machine.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <hetmap/error.hpp>
#include <hetmap/profile.hpp>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace hetmap;
using namespace hetmap::core;

machine_profile of_this_machine() {
  machine_profile out;
  out.machine = this_machine();
  out.build = this_build();
  return out;
}

/// What is said of the file at `path`, and whether its values are used.
struct verdict {
  bool used;
  std::string status;
};
verdict look_at(profile_place const& where) {
  verdict out{};
  out.used = !profile_at(where, this_machine(), this_build(), out.status).machine.empty();
  return out;
}
verdict look_at_file(std::string const& path) { return look_at({.path = path, .by_name = true}); }

void write(std::string const& path, std::string const& text) { std::ofstream(path) << text; }

testing::AssertionResult says(verdict const& v, std::string const& words) {
  if (v.status.find(words) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << v.status;
}

TEST(ProfileFile, LiesWhereTheEnvironmentSays) {
  std::string const m = "a machine";
  EXPECT_EQ(place_for("/x/p", "/c", "/h", m).path, "/x/p");
  EXPECT_TRUE(place_for("p", "/c", "/h", m).by_name);
  std::string const cached = place_for("", "/c", "/h", m).path;
  EXPECT_TRUE(cached.starts_with("/c/hetmap/profile-")) << cached;
  EXPECT_FALSE(place_for("", "/c", "/h", m).by_name);
  EXPECT_TRUE(place_for("", "", "/h", m).path.starts_with("/h/.cache/hetmap/profile-"));
  EXPECT_TRUE(place_for("", "relative", "/h", m).path.starts_with("/h/.cache/hetmap/profile-"));
  EXPECT_NE(place_for("", "/c", "/h", "another").path, cached);
  EXPECT_EQ(place_for("off", "/c", "/h", m).path, "");
  EXPECT_EQ(place_for("", "", "", m).path, "");
  EXPECT_TRUE(says(look_at(place_for("off", "/c", "/h", m)), "HETMAP_PROFILE=off"));
  EXPECT_TRUE(says(look_at(place_for("", "", "", m)), "HOME"));
}

TEST(ProfileFile, IsUsedOnTheMachineThatItIsOf) {
  support::temporary_folder const folder;
  std::string const path = folder / "profile";
  save_profile(of_this_machine(), path);
  verdict const v = look_at_file(path);
  EXPECT_TRUE(v.used);
  EXPECT_TRUE(says(v, "measured, from '" + path));
}

TEST(ProfileFile, OfAnotherMachineOrBuildIsIgnored) {
  support::temporary_folder const folder;
  std::string const path = folder / "profile";
  machine_profile other = of_this_machine();
  other.machine = "another processor";
  save_profile(other, path);
  EXPECT_FALSE(look_at_file(path).used);
  EXPECT_TRUE(says(look_at_file(path), "is of another machine: another processor; this is "));
  other = of_this_machine();
  other.build += " patched";
  save_profile(other, path);
  EXPECT_FALSE(look_at_file(path).used);
  EXPECT_TRUE(says(look_at_file(path), "is of another build"));
}

TEST(ProfileFile, ThatIsDamagedOrNoneIsIgnoredWithAReason) {
  support::temporary_folder const folder;
  std::string const path = folder / "profile";
  std::string const text = profile_text(of_this_machine());
  write(path, text.substr(0, text.size() / 2));
  EXPECT_FALSE(look_at_file(path).used);
  EXPECT_TRUE(says(look_at_file(path), "is damaged: it was cut off or changed"));
  write(path, "");
  EXPECT_TRUE(says(look_at_file(path), "is damaged"));
  write(path, std::string(1 << 20, 'x'));
  EXPECT_TRUE(says(look_at_file(path), "too large"));
  EXPECT_TRUE(says(look_at_file(folder.path()), "it is a folder"));
  EXPECT_TRUE(says(look_at_file(folder / "missing"), "cannot be read: No such file"));
  EXPECT_TRUE(says(look_at({.path = folder / "missing"}), "hetmap-calibrate makes it"));
  EXPECT_TRUE(says(look_at_file("/dev/zero"), "it is no regular file"));
  std::string const pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_TRUE(says(look_at_file(pipe), "it is no regular file"));  // and nobody is waited for
  EXPECT_THROW(static_cast<void>(load_profile(folder.path())), io_error);
}

TEST(ProfileFile, LoadingSaysWhetherItWasTheSystemOrTheFile) {
  support::temporary_folder const folder;
  try {
    static_cast<void>(load_profile(folder / "missing"));
    ADD_FAILURE() << "read what is not there";
  } catch (io_error const& e) {
    EXPECT_EQ(e.code(), ENOENT);
  }
  write(folder / "damaged", "hetmap machine profile, format 1\n");
  try {
    static_cast<void>(load_profile(folder / "damaged"));
    ADD_FAILURE() << "read what is damaged";
  } catch (io_error const& e) {
    EXPECT_EQ(e.code(), 0);
  }
}

TEST(ProfileFile, IsMadeWithItsFoldersForThisUserOnly) {
  support::temporary_folder const folder;
  std::string const path = folder / "a/b/profile";
  save_profile(of_this_machine(), path);
  struct stat s {};
  ASSERT_EQ(::stat(path.c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat((folder / "a").c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777, 0700u);
}

TEST(ProfileFile, ThatCannotBeWrittenSaysSoAndLeavesNothing) {
  support::temporary_folder const folder;
  write(folder / "file", "x");
  std::filesystem::create_directory(folder / "folder");
  for (std::string const& path :
       {folder / "file/profile", folder / "folder", std::string("/proc/profile")}) {
    EXPECT_THROW(save_profile(of_this_machine(), path), io_error) << path;
  }
  unsigned left = 0;
  for (auto const& entry : std::filesystem::directory_iterator(folder.path())) {
    static_cast<void>(entry);
    ++left;
  }
  EXPECT_EQ(left, 2u);
  machine_profile wrong = of_this_machine();
  wrong.cpu.tile_bytes = 1e9;
  EXPECT_THROW(save_profile(wrong, folder / "wrong"), io_error);
  EXPECT_FALSE(std::filesystem::exists(folder / "wrong"));
}

TEST(ProfileFile, WrittenByManyAtOnceIsAlwaysOneOfTheirs) {
  support::temporary_folder const folder;
  std::string const path = folder / "profile";
  constexpr unsigned writers = 4;
  auto const version = [](unsigned k) {
    machine_profile p = of_this_machine();
    p.machine += std::string(k * 1000, 'x');  // of another length
    p.cpu.team_wake_seconds = 1e-6 * (k + 1);
    return p;
  };
  save_profile(version(0), path);
  pid_t children[writers];
  for (unsigned k = 0; k != writers; ++k) {
    children[k] = ::fork();
    if (children[k] != 0) continue;
    int error = 0;
    std::string const text = profile_text(version(k));
    for (int round = 0; round != 150 && error == 0; ++round) error = write_kept_file(path, text);
    ::_exit(error == 0 ? 0 : 1);
  }
  unsigned ended = 0;
  for (unsigned reads = 0; ended != writers; ++reads) {
    machine_profile const read = load_profile(path);
    auto const k = static_cast<unsigned>(read.cpu.team_wake_seconds * 1e6 + 0.5) - 1;
    ASSERT_LT(k, writers);
    ASSERT_EQ(read.machine, version(k).machine) << reads;
    int status = 0;
    while (ended != writers && ::waitpid(children[ended], &status, WNOHANG) > 0) {
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
      ++ended;
    }
  }
  unsigned files = 0;
  for (auto const& entry : std::filesystem::directory_iterator(folder.path())) {
    static_cast<void>(entry);
    ++files;
  }
  EXPECT_EQ(files, 1u) << "parts were left";
}

}  // namespace
