// Threads of the library: the process's, whatever the thread that makes them is bound to.
#include "base/thread.hpp"
#include "base/topology.hpp"
#include "cpu/team.hpp"
#include "device.hpp"
#include "gpu/devices.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using namespace hetmap::core;

/// Calls f on a thread of the library that this one makes.
void on_a_thread(std::function<void()> f) {
  threads const one(
      "a thread", 0, 1, [](void* c, unsigned) { (*static_cast<std::function<void()>*>(c))(); }, &f);
  ASSERT_EQ(one.size(), 1u);
}

std::set<int> blocked_here() {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  std::set<int> out;
  for (int s = 1; s <= SIGRTMAX; ++s)
    if (sigismember(&mask, s) == 1) out.insert(s);
  return out;
}

/// Binds the calling thread to the first of its CPUs.
void pin() {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpus_of_this_thread().front(), &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
}

TEST(Threads, EachIsCalledOnceWithItsNumber) {
  std::atomic<unsigned> seen{0};
  {
    threads const some(
        "some", 3, 4,
        [](void* c, unsigned k) { static_cast<std::atomic<unsigned>*>(c)->fetch_or(1u << k); },
        &seen);
    EXPECT_EQ(some.size(), 4u);
    EXPECT_EQ(some.refusal(), 0);
  }
  EXPECT_EQ(seen, 0x78u);
}

TEST(Threads, BlockAllSignalsButTheirOwnDoing) {
  std::set<int> blocked;
  on_a_thread([&] { blocked = blocked_here(); });
  std::set<int> const own{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
  for (int s = 1; s <= SIGRTMAX; ++s) {
    bool const ours = s != SIGKILL && s != SIGSTOP && (s < 32 || s >= SIGRTMIN) && !own.contains(s);
    EXPECT_EQ(blocked.contains(s), ours) << s;
  }
}

TEST(Threads, TheirMakersSignalMaskIsAsBefore) {
  std::thread([] {
    sigset_t mine;
    sigemptyset(&mine);
    sigaddset(&mine, SIGUSR2);
    sigaddset(&mine, SIGSEGV);
    pthread_sigmask(SIG_SETMASK, &mine, nullptr);
    std::set<int> blocked;
    on_a_thread([&] { blocked = blocked_here(); });
    EXPECT_FALSE(blocked.contains(SIGSEGV));
    EXPECT_EQ(blocked_here(), (std::set<int>{SIGUSR2, SIGSEGV}));
  }).join();
}

TEST(Threads, AreNotBoundToTheCpusOfTheirMaker) {
  auto const all = cpus_of_this_thread();
  std::thread([&] {
    pin();
    std::vector<unsigned> theirs;
    on_a_thread([&] { theirs = cpus_of_this_thread(); });
    EXPECT_EQ(theirs, all);
    EXPECT_EQ(cpus_of_this_thread().size(), 1u);
  }).join();
}

TEST(Threads, AreNotMoreUrgentThanTheProcess) {
  int const usual = sched_getscheduler(0);
  if (usual != SCHED_OTHER) GTEST_SKIP() << "this process is scheduled otherwise";
  for (int const policy : {SCHED_BATCH, SCHED_FIFO, SCHED_RR})
    std::thread([&] {
      sched_param how{};
      how.sched_priority = policy == SCHED_BATCH ? 0 : 1;
      if (sched_setscheduler(0, policy, &how) != 0) return;  // not permitted here
      int theirs = -1;
      on_a_thread([&] { theirs = sched_getscheduler(0); });
      EXPECT_EQ(theirs, usual) << policy;
      EXPECT_EQ(sched_getscheduler(0), policy);
    }).join();
  int const usually = getpriority(PRIO_PROCESS, 0);
  std::thread([&] {
    if (usually < 0 || setpriority(PRIO_PROCESS, 0, usually - 5) != 0) return;
    int theirs = -100;
    on_a_thread([&] { theirs = getpriority(PRIO_PROCESS, 0); });
    EXPECT_EQ(theirs, usually);
  }).join();
}

TEST(Threads, HaveANameOfTheirOwn) {
  char name[16] = "";
  on_a_thread([&] { pthread_getname_np(pthread_self(), name, sizeof name); });
  EXPECT_STREQ(name, "a thread");
  threads const longer(
      "a name that is too long", 0, 1,
      [](void* c, unsigned) { pthread_getname_np(pthread_self(), static_cast<char*>(c), 16); },
      name);
  const_cast<threads&>(longer).join();
  EXPECT_STREQ(name, "a name that is ");
}

/// While one exists, no thread can be had: none has room for such a stack.
class no_threads {
 public:
  no_threads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t vast = before_;
    pthread_attr_setstacksize(&vast, std::size_t{1} << 60);
    pthread_setattr_default_np(&vast);
  }
  ~no_threads() { pthread_setattr_default_np(&before_); }

 private:
  pthread_attr_t before_;
};

TEST(Threads, AThreadThatIsRefusedIsNoMoreThanOneLess) {
  auto const before = blocked_here();
  std::atomic<int> calls{0};
  auto const count = [](void* c, unsigned) { ++*static_cast<std::atomic<int>*>(c); };
  {
    no_threads const limit;
    threads const none("none", 0, 3, count, &calls);
    EXPECT_EQ(none.size(), 0u);
    EXPECT_NE(none.refusal(), 0);
    EXPECT_FALSE(start_detached(
        "none", [](void* c) { ++*static_cast<std::atomic<int>*>(c); }, &calls));
    EXPECT_EQ(blocked_here(), before);
    run_team_of_own_threads(3, count, &calls);
    EXPECT_EQ(calls, 1);
  }
  run_team_of_own_threads(3, count, &calls);
  EXPECT_EQ(calls, 4);
}

TEST(Threads, ADetachedOneRuns) {
  std::atomic<bool> ran{false};
  ASSERT_TRUE(start_detached(
      "alone", [](void* c) { *static_cast<std::atomic<bool>*>(c) = true; }, &ran));
  while (!ran) std::this_thread::yield();
}

/// Stands for a driver, which starts threads of its own when it is asked for devices.
class a_driver final : public device_provider {
 public:
  a_driver() { register_device_provider(*this); }
  ~a_driver() { unregister_device_provider(*this); }
  char const* vendor() const noexcept override { return "a driver"; }
  unsigned count(char const*&) noexcept override {
    blocked.push_back(blocked_here());
    return 1;
  }
  device* open(unsigned, status& why) noexcept override {
    blocked.push_back(blocked_here());
    why = {fault::refused, 1, "no"};
    return nullptr;
  }

  std::vector<std::set<int>> blocked;
};

TEST(Threads, ThoseOfADriverInheritTheSame) {
  auto const before = blocked_here();
  std::set<int> ours;
  on_a_thread([&] { ours = blocked_here(); });
  a_driver driver;
  EXPECT_EQ(find_device(std::nullopt).gpu, nullptr);
  EXPECT_EQ(driver.blocked, (std::vector{ours, ours}));
  EXPECT_EQ(blocked_here(), before);
}

TEST(AllowedCpus, AreThoseThatAnyThreadOfTheProcessMayUse) {
  auto const all = allowed_cpus();
  if (all.size() < 2) GTEST_SKIP() << "one CPU only";
  std::thread([&] {
    pin();
    EXPECT_EQ(cpus_of_this_thread().size(), 1u);
    EXPECT_EQ(allowed_cpus(), all);
  }).join();
}

}  // namespace
