// Promises about forks, exits and unloading while threads are inside the library.
#include "support/child.hpp"
#include "support/sanitizers.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

support::finished child(std::string const& task) {
  // The thread sanitizer refuses threads in a forked child unless it is told not to; what a process
  // that ends in the middle of its work leaves is no leak.
  return support::run_program("TSAN_OPTIONS=die_after_fork=0 ASAN_OPTIONS=detect_leaks=0",
                              PROCESS_END_CHILD, task);
}

class ForkContract : public testing::TestWithParam<char const*> {};

TEST_P(ForkContract, AChildForkedWhileOthersAreInsideWorks) {
  auto const f = child(std::string("fork ") + GetParam());
  EXPECT_EQ(f.exit_code, 0) << f.output;
}
INSTANTIATE_TEST_SUITE_P(Loads, ForkContract,
                         testing::Values("blocks", "rates", "lanes", "streams", "futures", "pools",
                                         "arrays", "plans"),
                         [](auto const& one) { return std::string(one.param); });

TEST(ForkContract, AStreamIsRefusedInAChildAndCanBeDestroyedThere) {
  auto const f = child("fork-stream");
  EXPECT_EQ(f.exit_code, 0) << f.output;
}

TEST(ForkContract, AFutureOfTheParentsPoolIsRefusedInAChildUnlessItIsDone) {
  auto const f = child("fork-future");
  EXPECT_EQ(f.exit_code, 0) << f.output;
}

class ExitContract : public testing::TestWithParam<char const*> {};

TEST_P(ExitContract, TheStatusIsTheOneAskedForWhoeverCallsExitInF) {
  for (char const* const who : {"worker", "caller"})
    for (int round = 0; round != 5; ++round) {
      auto const f = child(std::string("exit ") + who + " " + GetParam());
      // 8: no thread of that kind took part.
      EXPECT_TRUE(f.exit_code == 7 || f.exit_code == 8) << who << ": " << f.exit_code << f.output;
    }
}
INSTANTIATE_TEST_SUITE_P(Verbs, ExitContract,
                         testing::Values("map", "reduce", "nested", "imap", "pool", "submit"),
                         [](auto const& one) { return std::string(one.param); });

class ReturnContract : public testing::TestWithParam<char const*> {};

TEST_P(ReturnContract, TheStatusIsTheOneReturnedWhileOthersAreInside) {
  for (int round = 0; round != 4; ++round) {
    auto const f = child(std::string("exit-under ") + GetParam());
    EXPECT_EQ(f.exit_code, 7) << f.output;
  }
}
INSTANTIATE_TEST_SUITE_P(Loads, ReturnContract,
                         testing::Values("blocks", "rates", "lanes", "streams", "futures", "pools",
                                         "arrays", "plans"),
                         [](auto const& one) { return std::string(one.param); });

TEST(UnloadContract, APluginThatLinksTheLibraryCanBeClosedAndLoadedAgain) {
  auto const f = support::run_program("", PLUGIN_LOADER, "'" PLUGIN "'");
  EXPECT_EQ(f.exit_code, 0) << f.output;
}

TEST(UnloadContract, SoCanOneThatHasItInside) {
  auto const f = support::run_program("", PLUGIN_LOADER, "'" PLUGIN_WITH_LIBRARY "'");
  EXPECT_EQ(f.exit_code, 0) << f.output;
}

}  // namespace
