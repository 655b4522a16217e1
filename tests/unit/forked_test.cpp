#include "base/forked.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace hetmap::core;
using namespace std::chrono_literals;

/// Whether `act` returns true in a forked child, within five seconds.
template <class Act>
bool in_child(Act act) {
  pid_t const child = fork();
  if (child == 0) {
    alarm(5);
    _exit(act() ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status == 0;
}

constinit process_mutex outer;
constinit process_mutex inner;

TEST(ProcessMutex, IsFreeInAChildThatWasForkedWhileAnotherThreadHeldIt) {
  std::atomic<bool> held{false};
  std::thread other([&] {
    std::lock_guard const lock(outer);
    held = true;
    std::this_thread::sleep_for(20ms);
  });
  while (!held) std::this_thread::yield();
  EXPECT_TRUE(in_child([] {
    std::lock_guard const lock(outer);
    return true;
  }));
  other.join();
}

TEST(ProcessMutex, StaysWithTheThreadThatForksWhileItHoldsIt) {
  outer.lock();
  EXPECT_TRUE(in_child([] {
    outer.unlock();
    std::lock_guard const lock(outer);
    return true;
  }));
  outer.unlock();
}

TEST(ProcessMutex, SeveralThatAreTakenInAnyOrderDoNotBlockAFork) {
  std::atomic<bool> over{false};
  std::thread inwards([&] {
    while (!over) {
      std::lock_guard const first(outer);
      std::lock_guard const second(inner);
    }
  });
  for (int k = 0; k != 50; ++k)
    EXPECT_TRUE(in_child([] {
      std::lock_guard const first(inner);
      std::lock_guard const second(outer);
      return true;
    }));
  over = true;
  inwards.join();
}

TEST(ProcessMutex, OneThatHasLeftIsNotTouchedByForks) {
  {
    process_mutex gone;
    gone.lock();
    gone.unlock();
    gone.leave();
  }
  EXPECT_TRUE(in_child([] { return true; }));
}

TEST(MadeOnce, IsMadeAnewAfterAFailureAndThenKept) {
  static constinit made_once<int> number;
  EXPECT_THROW(number.get([]() -> int { throw std::runtime_error("no"); }), std::runtime_error);
  EXPECT_EQ(number.get([] { return 7; }), 7);
  EXPECT_EQ(number.get([] { return 8; }), 7);
}

TEST(OnceAProcess, AForkedChildGetsOneOfItsOwn) {
  static constinit once_a_process<int> number;
  int const& mine = number.get([] { return new int(1); });
  EXPECT_TRUE(in_child([&] {
    int const& childs = number.get([] { return new int(2); });
    return &childs != &mine && childs == 2 && fork_count() == 1;
  }));
  EXPECT_EQ(&number.get([] { return new int(3); }), &mine);
}

}  // namespace
