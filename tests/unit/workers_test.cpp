// The library's own threads: every task once, in order, and those that are taken back never.
#include "cpu/workers.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <latch>
#include <thread>
#include <vector>

namespace {

using namespace hetmap::core;

struct counting : task {
  explicit counting(std::atomic<int>& c) : task{&counting::add}, count(&c) {}
  static void add(task& self) noexcept { ++*static_cast<counting&>(self).count; }
  std::atomic<int>* count;
};

struct blocking : task {
  blocking() : task{&blocking::wait} {}
  static void wait(task& self) noexcept {
    static_cast<blocking&>(self).started.count_down();
    static_cast<blocking&>(self).release.wait();
  }
  std::latch started{1};
  std::latch release{1};
};

TEST(Workers, RunEveryTaskOnceBeforeTheyEnd) {
  std::atomic<int> count{0};
  std::vector<counting> tasks(1000, counting(count));
  {
    workers team(3);
    EXPECT_EQ(team.size(), 3u);
    for (counting& t : tasks) team.post(t);
  }
  EXPECT_EQ(count, 1000);
}

TEST(Workers, ATaskTakenBackNeverRuns) {
  std::atomic<int> count{0};
  std::vector<counting> tasks(5, counting(count));
  {
    workers team(1);
    blocking first;
    team.post(first);
    first.started.wait();
    EXPECT_FALSE(team.withdraw(first));
    for (counting& t : tasks) team.post(t);
    // The last, the first and one between.
    for (std::size_t const k : {4u, 0u, 2u}) EXPECT_TRUE(team.withdraw(tasks[k]));
    EXPECT_FALSE(team.withdraw(tasks[4]));
    first.release.count_down();
  }
  EXPECT_EQ(count, 2);
}

TEST(Workers, ATaskMayBeAskedAboutAndTakenBackWhileItIsPosted) {
  workers team(1);
  std::atomic<counting*> asked{nullptr};
  std::atomic<int> settled{0}, count{0};
  std::atomic<bool> over{false};
  std::jthread const other([&] {
    while (!over) {
      counting* const t = asked.exchange(nullptr);
      if (t == nullptr) {
        std::this_thread::yield();
        continue;
      }
      int const before = count;
      while (count == before) {
        static_cast<void>(team.queues(*t));
        if (team.withdraw(*t)) ++count;
      }
      ++settled;
    }
  });
  for (int k = 0; k != 2000; ++k) {
    counting t(count);
    asked = &t;
    while (asked != nullptr) std::this_thread::yield();
    team.post(t);
    while (settled != k + 1) std::this_thread::yield();
    ASSERT_EQ(count, k + 1);
  }
  over = true;
}

TEST(Workers, KnowTheirOwnThreads) {
  struct asking : task {
    asking() : task{&asking::ask} {}
    static void ask(task& self) noexcept {
      auto& me = static_cast<asking&>(self);
      me.own = me.team->own_this_thread();
      me.other = me.others->own_this_thread();
    }
    workers* team = nullptr;
    workers* others = nullptr;
    bool own = false;
    bool other = true;
  } question;
  workers others(1);
  {
    workers team(1);
    question.team = &team;
    question.others = &others;
    team.post(question);
    EXPECT_FALSE(team.own_this_thread());
  }
  EXPECT_TRUE(question.own);
  EXPECT_FALSE(question.other);
}

TEST(Workers, ThoseThatAreHeldStayAfterClose) {
  std::atomic<int> count{0};
  counting first(count), late(count);
  workers team(2);
  team.post(first);
  ASSERT_TRUE(team.hold());
  team.close();
  EXPECT_TRUE(team.closed());
  EXPECT_FALSE(team.hold()) << "nobody new holds what is closed";
  team.post(late);
  team.release();
  EXPECT_TRUE(team.join());
  EXPECT_TRUE(team.join());
  EXPECT_EQ(count, 2);
}

TEST(Workers, SeveralPostedTogetherRunInTheirOrder) {
  struct numbered : task {
    numbered()
        : task{[](task& self) noexcept {
            auto& me = static_cast<numbered&>(self);
            me.seen->push_back(me.number);
          }} {}
    std::vector<int>* seen = nullptr;
    int number = 0;
  };
  std::vector<int> seen;
  std::vector<numbered> tasks(10);
  for (int k = 0; k != 10; ++k) {
    auto const at = static_cast<std::size_t>(k);
    tasks[at].seen = &seen;
    tasks[at].number = k;
    if (k != 0) tasks[at].next = &tasks[at - 1];
  }
  {
    workers team(1);
    blocking first;
    team.post(first);
    first.started.wait();
    team.post(tasks[9], tasks[0]);
    EXPECT_EQ(team.take(), &tasks[0]) << "taken by somebody else, not run";
    first.release.count_down();
  }
  EXPECT_EQ(seen, (std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

}  // namespace
