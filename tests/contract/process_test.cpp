// Promises about the whole process: its environment, its cores, its memory, its forks, its silence.
#include "support/child.hpp"
#include "support/sanitizers.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <sstream>
#include <string>
#include <thread>

#include <sched.h>

namespace {

support::finished child(std::string const& environment, std::string const& task) {
  return support::run_program(environment, CONTRACT_CHILD, task);
}

testing::AssertionResult says(support::finished const& f, std::string const& text) {
  if (f.output.find(text) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "no \"" << text << "\" in: " << f.output;
}

// -- HETMAP_PROFILE --------------------------------------------------------------------------

TEST(ProcessContract, AProfileThatCannotBeUsedIsSaidAndCallsGoOn) {
  for (auto const& [set, why] :
       {std::pair{"off", "defaults; turned off by HETMAP_PROFILE=off"},
        {"/", "defaults; '/' cannot be read: it is a folder"},
        {"/dev/null", "defaults; '/dev/null' cannot be read: it is no regular file"},
        {"/no/such/file", "defaults; '/no/such/file' cannot be read: No such file or directory"},
        {"'" CONTRACT_CHILD "'", "is too large to be a profile"}}) {
    auto const f = child(std::string("HETMAP_PROFILE=") + set, "profile");
    EXPECT_EQ(f.exit_code, 0);
    EXPECT_TRUE(says(f, "  profile: "));
    EXPECT_TRUE(says(f, why));
    EXPECT_TRUE(says(f, "right\nright\nright\n"));
  }
  auto const f = child("HETMAP_PROFILE= XDG_CACHE_HOME=/no/such/folder", "profile");
  EXPECT_TRUE(says(f, "defaults; '/no/such/folder/hetmap/profile-"));
  EXPECT_TRUE(says(f, "is not there; hetmap-calibrate makes it"));
}

// -- HETMAP_BACKEND --------------------------------------------------------------------------

TEST(EnvironmentContract, ABackendIsTakenFromTheEnvironment) {
  for (char const* const name : {"auto", "serial", "cpu"}) {
    auto const f = child(std::string("HETMAP_BACKEND=") + name, "backend");
    EXPECT_EQ(f.exit_code, 0);
    EXPECT_TRUE(says(f, std::string("asked ") + name + "\n"));
    bool const shared = std::string(name) != "serial" && hetmap::physical_cores() > 1;
    EXPECT_TRUE(says(f, shared ? "shared" : "alone"));
  }
  EXPECT_TRUE(says(child("HETMAP_BACKEND=", "backend"), "asked auto\n"));
  EXPECT_TRUE(says(child("-u HETMAP_BACKEND", "backend"), "asked auto\n"));
}

TEST(EnvironmentContract, TheCallsOwnChoiceWins) {
  auto const cpu = child("HETMAP_BACKEND=serial", "backend cpu");
  EXPECT_TRUE(says(cpu, "asked cpu\n"));
  EXPECT_TRUE(says(cpu, hetmap::physical_cores() > 1 ? "shared" : "alone"));
  auto const serial = child("HETMAP_BACKEND=cpu", "backend serial");
  EXPECT_TRUE(says(serial, "asked serial\n"));
  EXPECT_TRUE(says(serial, "alone"));
  EXPECT_TRUE(says(child("HETMAP_BACKEND=gpu", "backend cpu"), "asked cpu\n"));
  EXPECT_TRUE(says(child("HETMAP_BACKEND=gpu", "backend auto"), "asked auto\n"));
}

TEST(EnvironmentContract, ABackendThatIsNotThereIsNeverReplaced) {
  for (char const* const name : {"gpu", "hybrid"}) {
    auto const f = child(std::string("HETMAP_BACKEND=") + name, "backend");
    EXPECT_EQ(f.exit_code, 3);
    EXPECT_TRUE(says(f, "device_unavailable: "));
    EXPECT_TRUE(says(f, name));
  }
}

TEST(EnvironmentContract, AWrongBackendIsAnErrorThatNamesTheValidOnes) {
  for (char const* const wrong : {"cuda", "CPU", "inherit", "1"}) {
    auto const f = child(std::string("HETMAP_BACKEND=") + wrong, "backend");
    EXPECT_EQ(f.exit_code, 3);
    EXPECT_TRUE(says(f, std::string("option_error: HETMAP_BACKEND=") + wrong));
    for (char const* const valid : {"auto", "serial", "cpu", "gpu", "hybrid"})
      EXPECT_TRUE(says(f, valid));
  }
}

// -- HETMAP_ISA ------------------------------------------------------------------------------

TEST(EnvironmentContract, ALevelIsTakenFromTheEnvironment) {
  for (auto const level : {hetmap::isa::baseline, hetmap::isa::avx2, hetmap::isa::avx512}) {
    auto const f = child(std::string("HETMAP_ISA=") + hetmap::name(level), "level");
    if (level <= hetmap::isa_level()) {
      EXPECT_TRUE(says(f, std::string("level ") + hetmap::name(level) + "\n"));
    } else {
      EXPECT_TRUE(says(f, "option_error: HETMAP_ISA="));
      EXPECT_TRUE(says(f, hetmap::name(hetmap::isa_level())));
    }
  }
}

TEST(EnvironmentContract, AWrongLevelIsAnErrorThatNamesTheValidOnes) {
  for (char const* const wrong : {"sse", "AVX2", "avx1024"}) {
    auto const f = child(std::string("HETMAP_ISA=") + wrong, "level");
    EXPECT_EQ(f.exit_code, 3);
    EXPECT_TRUE(says(f, std::string("option_error: HETMAP_ISA=") + wrong));
    for (char const* const valid : {"baseline", "avx2", "avx512"}) EXPECT_TRUE(says(f, valid));
  }
}

/// The lines of `text` that begin with `word`.
std::string lines(std::string const& text, std::string const& word) {
  std::istringstream in(text);
  std::string out;
  for (std::string line; std::getline(in, line);)
    if (line.rfind(word, 0) == 0) out += line + "\n";
  return out;
}

TEST(EnvironmentContract, ForcingALevelChangesTheBitsAndReproducibleDoesNot) {
  auto const baseline = child("HETMAP_ISA=baseline", "digests");
  ASSERT_EQ(baseline.exit_code, 0) << baseline.output;
  auto const plain = lines(baseline.output, "plain axpb<float>");
  auto const fixed = lines(baseline.output, "reproducible");
  ASSERT_FALSE(plain.empty());
  ASSERT_FALSE(fixed.empty());
#ifndef __FMA__  // else the file's own flags are above the baseline
  for (auto const level : {hetmap::isa::avx2, hetmap::isa::avx512}) {
    if (level > hetmap::isa_level()) continue;
    auto const f = child(std::string("HETMAP_ISA=") + hetmap::name(level), "digests");
    // One rounding in a * x + b instead of two: proof that the loop of that level ran.
    EXPECT_NE(lines(f.output, "plain axpb<float>"), plain);
    EXPECT_NE(lines(f.output, "plain cross<double>"),
              lines(baseline.output, "plain cross<double>"));
    EXPECT_EQ(lines(f.output, "reproducible"), fixed);
  }
#endif
}

TEST(EnvironmentContract, TheSameBitsWhateverTheBackend) {
  auto const serial = child("HETMAP_BACKEND=serial", "digests");
  EXPECT_EQ(serial.output, child("HETMAP_BACKEND=cpu", "digests").output);
  EXPECT_EQ(serial.output, child("HETMAP_BACKEND=auto", "digests").output);
}

// -- the process -----------------------------------------------------------------------------

TEST(ProcessContract, ThereIsAtLeastOneCore) { EXPECT_GE(hetmap::physical_cores(), 1u); }

TEST(ProcessContract, CoresRespectTheAffinityMask) {
  auto const f = child("", "cores");
  EXPECT_TRUE(says(f, "cores 1, at once 1\n"));
}

TEST(ProcessContract, CoresRespectTheAffinityMaskThatTheProcessWasStartedWith) {
  std::thread([] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<unsigned>(sched_getcpu()), &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_TRUE(says(child("", "cores-as-started"), "cores 1\n"));
  }).join();
}

TEST(ProcessContract, APinnedThreadDoesNotStandForItsProcess) {
  EXPECT_TRUE(
      says(child("", "cores-pinned"), "cores " + std::to_string(hetmap::physical_cores()) + "\n"));
}

TEST(ProcessContract, AForkedChildHasTheCoresThatItKeepsTo) {
  auto const f = child("", "cores-forked");
  EXPECT_TRUE(says(f, "cores " + std::to_string(hetmap::physical_cores()) + "\n"));
  EXPECT_TRUE(says(f, "child 1\n"));
}

TEST(ProcessContract, ThreadsBlockSignalsAndAreNotBoundByTheThreadThatMadeThem) {
  auto const f = child("", "threads");
  EXPECT_EQ(f.exit_code, 0);
  EXPECT_EQ(f.output.find("open to signals"), std::string::npos) << f.output;
  EXPECT_EQ(f.output.find("bound"), std::string::npos) << f.output;
  EXPECT_TRUE(says(f, "threads "));
}

TEST(ProcessContract, AForkedChildMapsAndTheParentGoesOn) {
  // The thread sanitizer refuses threads in a forked child unless it is told not to; the search for
  // leaks at the child's end meets threads of its own that are still going.
  std::string const environment = "TSAN_OPTIONS=die_after_fork=0 ASAN_OPTIONS=detect_leaks=0";
  for (char const* const task : {"fork-unused", "fork-used"}) {
    auto const f = child(environment, task);
    EXPECT_EQ(f.exit_code, 0);
    EXPECT_EQ(f.output,
              "child right\nparent right\nchild right\nparent right\nchild right\nparent right\n")
        << task;
  }
}

TEST(ProcessContract, AMapInPlaceNeedsNoMemoryOfItsOwn) {
  if (support::sanitized) GTEST_SKIP() << "sanitizers keep memory of their own for all memory";
  auto const f = child("", "memory");
  long grown = -1;
  double last = 0;
  ASSERT_EQ(std::sscanf(f.output.c_str(), "grew %ld KiB, last %lf", &grown, &last), 2) << f.output;
  EXPECT_LT(grown, 16 * 1024);
  EXPECT_EQ(last, 4.75);
}

TEST(ProcessContract, TheLibraryPrintsNothingUnlessAsked) {
  auto const quiet = child("-u HETMAP_EXPLAIN", "quiet");
  EXPECT_EQ(quiet.exit_code, 0);
  EXPECT_EQ(quiet.output, "");
  EXPECT_EQ(child("HETMAP_EXPLAIN=0", "quiet").output, "");
  EXPECT_EQ(child("HETMAP_EXPLAIN=", "quiet").output, "");
}

std::size_t count(std::string const& text, std::string const& part) {
  std::size_t out = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++out;
  return out;
}

TEST(ProcessContract, EveryCallIsALineWhereThatIsAskedFor) {
  auto const f = child("HETMAP_EXPLAIN=1", "quiet");  // two calls
  EXPECT_EQ(f.exit_code, 0);
  EXPECT_EQ(count(f.output, "\n"), 2u) << f.output;
  EXPECT_TRUE(says(f, "hetmap: map: 10 elements on "));
  EXPECT_TRUE(says(f, "\nhetmap: map: 100000 elements on "));
  for (char const* const part : {"(asked: auto)", "predicted not known", "took "})
    EXPECT_EQ(count(f.output, part), 2u) << part << " in " << f.output;
}

TEST(ProcessContract, AllCandidatesAndNotesAreSaidWhereThatIsAskedFor) {
  auto const f = child("HETMAP_EXPLAIN=2", "quiet");
  EXPECT_EQ(f.exit_code, 0);
  EXPECT_EQ(count(f.output, "hetmap: map: "), 2u) << f.output;
  for (char const* const part : {"\n  serial ", "\n  cpu ", "\n  gpu ", "\n  hybrid ",
                                 "note: f is called through a pointer"})
    EXPECT_EQ(count(f.output, part), 2u) << part << " in " << f.output;
}

TEST(ProcessContract, LinesOfThreadsDoNotMix) {
  auto const f = child("HETMAP_EXPLAIN=1", "loud");  // 4 threads with 500 calls each
  EXPECT_EQ(f.exit_code, 0);
  EXPECT_EQ(count(f.output, "hetmap: map: 100 elements on "), 2000u);
  EXPECT_EQ(count(f.output, "\nhetmap: map: 100 elements on "), 1999u);
  EXPECT_EQ(count(f.output, "\n"), 2000u);
}

TEST(ProcessContract, AWrongLevelOfExplanationIsAnErrorThatNamesTheValidOnes) {
  for (char const* const wrong : {"3", "yes", "-1", "01"}) {
    auto const f = child(std::string("HETMAP_EXPLAIN=") + wrong, "quiet");
    EXPECT_NE(f.exit_code, 0) << wrong;
    EXPECT_TRUE(says(f, std::string("HETMAP_EXPLAIN=") + wrong));
    EXPECT_TRUE(says(f, "0, 1 (a line a call), 2 (all candidates)"));
  }
}

}  // namespace
