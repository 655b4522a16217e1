// How many workers are at work elsewhere, seen from a caller, a worker and a forked child.
#include "cpu/load.hpp"
#include "call/machine.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <atomic>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace hetmap::core;

TEST(Load, CountsTheWorkersOfCallsUnderWay) {
  EXPECT_EQ(workers_elsewhere(), 0u);
  {
    call_at_work const first(3);
    call_at_work const second(2);
    EXPECT_EQ(workers_elsewhere(), 5u);
    worker_at_work const me;
    EXPECT_EQ(workers_elsewhere(), 4u) << "this thread's own processor is not somebody else's";
    worker_at_work const nested;
    EXPECT_EQ(workers_elsewhere(), 4u);
  }
  EXPECT_EQ(workers_elsewhere(), 0u);
  worker_at_work const of_a_short_call;
  EXPECT_EQ(workers_elsewhere(), 0u);
}

TEST(Load, OfAForkedChildIsItsOwn) {
  std::atomic<bool> ready{false}, done{false};
  std::thread other([&] {
    call_at_work const call(5);
    ready = true;
    while (!done) std::this_thread::yield();
  });
  while (!ready) std::this_thread::yield();
  int status = 0;
  {
    call_at_work const mine(2);
    pid_t const child = fork();
    if (child == 0) _exit(static_cast<int>(workers_elsewhere()));
    waitpid(child, &status, 0);
  }
  done = true;
  other.join();
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 2);
}

TEST(Load, IsSeenByPlansWhileACallRuns) {
  std::atomic<bool> held{false}, released{false};
  unsigned seen = 0;
  std::thread other([&] {
    std::vector<int> const x(2);
    hetmap::map(
        {.backend = hetmap::backend::serial},
        [&](int) {
          held = true;
          while (!released) std::this_thread::yield();
          return 0;
        },
        x);
  });
  while (!held) std::this_thread::yield();
  seen = machine_here({}, nullptr).busy;
  released = true;
  other.join();
  EXPECT_EQ(seen, 1u);
  EXPECT_EQ(machine_here({}, nullptr).busy, 0u);
  EXPECT_EQ(workers_elsewhere(), 0u);
}

}  // namespace
