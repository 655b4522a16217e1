// The plan of a call, and that what was learned changes it.
#include "support/backends.hpp"
#include "support/sizes.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <forward_list>
#include <functional>
#include <list>
#include <mutex>
#include <ranges>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

/// The threads that took part in a run; as good as free for a thread that is known already.
class participants {
 public:
  void restart() {
    static std::atomic<int> runs{0};
    threads_.clear();
    run_ = ++runs;
  }
  /// Nobody is written down until the next restart, so that nothing but the kernel costs time.
  void rest() { run_ = 0; }
  void add_this_thread() {
    thread_local int known_in = 0;
    if (run_ == 0 || known_in == run_) return;
    known_in = run_;
    std::lock_guard const lock(guard_);
    threads_.insert(std::this_thread::get_id());
  }
  [[nodiscard]] std::size_t count() const { return threads_.size(); }

 private:
  int run_ = 0;
  std::mutex guard_;
  std::set<std::thread::id> threads_;
};

/// Waits as long as it is told; Tag makes it a kernel of its own.
template <class Tag>
struct waits {
  std::chrono::microseconds time;
  participants* who;

  [[gnu::noinline]] int operator()(int i) const {
    if (time > 0us) std::this_thread::sleep_for(time);
    who->add_this_thread();
    return i;
  }
};

template <class Tag>
class experiment {
 public:
  explicit experiment(std::chrono::microseconds time) : f_{time, &who_} {}

  [[nodiscard]] hetmap::plan plan(std::size_t n) {
    return hetmap::explain(f_, support::indices(n));
  }
  /// Maps n elements.
  void teach(std::size_t n) {
    who_.rest();
    hetmap::map(f_, support::indices(n));
  }
  /// Maps n elements; how many threads took part.
  std::size_t run(std::size_t n) {
    who_.restart();
    hetmap::map(f_, support::indices(n));
    return who_.count();
  }

 private:
  participants who_;
  waits<Tag> f_;
};

bool several_cores() { return hetmap::physical_cores() > 1; }

TEST(ExplainContract, AnUnknownKernelIsSharedAtOnce) {
  experiment<struct unknown> slow(5ms);
  auto const before = slow.plan(24);
  EXPECT_EQ(before.chosen, several_cores() ? hetmap::backend::cpu : hetmap::backend::serial);
  EXPECT_LT(before.element_nanoseconds, 0);
  EXPECT_NE(hetmap::to_string(before).find("not known"), std::string::npos);
  // Those who begin may be others than those who go on.
  EXPECT_GE(slow.run(24), hetmap::physical_cores());
}

TEST(ExplainContract, ACheapKernelStaysWithItsCallerOnceThatIsLearned) {
  experiment<struct cheap> kernel(0us);
  auto const before = kernel.plan(16);
  EXPECT_EQ(before.chosen == hetmap::backend::cpu, several_cores());
  // A busy machine may interrupt any of these calls, so as many are allowed as it takes.
  for (int round = 0; round != 5000; ++round) {
    if (round >= 50 && kernel.plan(16).chosen == hetmap::backend::serial) break;
    kernel.teach(16);
  }
  auto const learned = kernel.plan(16);
  EXPECT_EQ(learned.chosen, hetmap::backend::serial);
  EXPECT_GE(learned.element_nanoseconds, 0);
  EXPECT_LT(learned.element_nanoseconds, 100'000);
  EXPECT_EQ(learned.workers, 1u);
  EXPECT_NE(std::string(learned.reason), before.reason);
  EXPECT_EQ(kernel.run(16), 1u);
}

TEST(ExplainContract, ASlowKernelIsSharedAlsoOnceItIsLearned) {
  experiment<struct slow_one> kernel(3ms);
  kernel.run(8);
  auto const learned = kernel.plan(8);
  EXPECT_EQ(learned.chosen, several_cores() ? hetmap::backend::cpu : hetmap::backend::serial);
  EXPECT_GT(learned.element_nanoseconds, 2e6);
  EXPECT_EQ(learned.workers, hetmap::physical_cores());
  EXPECT_EQ(kernel.run(8), hetmap::physical_cores());
}

/// A cost may rise again: what was once cheap does not stay alone for ever.
TEST(ExplainContract, AKernelThatTurnsSlowIsSharedAgain) {
  std::atomic<bool> slow{false};
  auto const f = [&](int i) {
    if (slow) support::spin(5us);
    return i;
  };
  auto const x = support::indices(32);
  for (int round = 0; round != 5000; ++round) {
    if (hetmap::explain(f, x).chosen == hetmap::backend::serial) break;
    hetmap::map(f, x);
  }
  EXPECT_EQ(hetmap::explain(f, x).chosen, hetmap::backend::serial);
  slow = true;
  int rounds = 0;
  while (several_cores() && hetmap::explain(f, x).chosen == hetmap::backend::serial &&
         rounds != 2000) {
    hetmap::map(f, x);
    ++rounds;
  }
  EXPECT_LT(rounds, 2000);
}

/// Calls of some 5 us, too short to wake anybody for, are shared with threads that are still awake.
TEST(ExplainContract, ShortCallsThatComeOftenAreSharedUnlessTheirChunkIsGiven) {
  participants who;
  auto const f = [&](int i) {
    who.add_this_thread();
    support::spin(1us);
    return i;
  };
  auto const x = support::indices(5);
  for (int round = 0; round != 200; ++round) hetmap::map({.backend = hetmap::backend::cpu}, f, x);
  auto const threads = [&](hetmap::options const& how) {
    who.restart();
    hetmap::map(how, f, x);
    return who.count();
  };
  auto const long_enough = std::chrono::steady_clock::now() + 25s;
  std::size_t most = 0;
  while (most < 2 && std::chrono::steady_clock::now() < long_enough)
    most = std::max(most, threads({.backend = hetmap::backend::cpu}));
  EXPECT_EQ(most > 1, several_cores());
  for (int round = 0; round != 1000; ++round)
    ASSERT_EQ(threads({.backend = hetmap::backend::cpu, .chunk_size = x.size()}), 1u);
}

int wait_a_little(int i) { return std::this_thread::sleep_for(2ms), i; }
int do_nothing(int i) { return i; }

TEST(ExplainContract, FunctionPointersAreRememberedByValue) {
  auto const x = support::indices(16);
  hetmap::map(&wait_a_little, x);
  EXPECT_GT(hetmap::explain(&wait_a_little, x).element_nanoseconds, 1e6);
  EXPECT_LT(hetmap::explain(&do_nothing, x).element_nanoseconds, 0);
  hetmap::map(&do_nothing, x);
  EXPECT_GE(hetmap::explain(&do_nothing, x).element_nanoseconds, 0);
  EXPECT_LT(hetmap::explain(&do_nothing, x).element_nanoseconds, 1e6);
  EXPECT_GT(hetmap::explain(&wait_a_little, x).element_nanoseconds, 1e6);
  // The same for functions that come as such.
  hetmap::map(wait_a_little, x);
  EXPECT_GT(hetmap::explain(wait_a_little, x).element_nanoseconds, 1e6);
  EXPECT_LT(hetmap::explain(do_nothing, x).element_nanoseconds, 0);
}

struct worker {
  int id = 0;
  int waits() const { return std::this_thread::sleep_for(2ms), id; }
  int hurries() const { return id; }
};

TEST(ExplainContract, MemberFunctionsOfOneTypeAreNotTakenForOneAnother) {
  std::vector<worker> const x(16);
  for (int round = 0; round != 20; ++round) hetmap::map(&worker::hurries, x);
  EXPECT_LT(hetmap::explain(&worker::waits, x).element_nanoseconds, 0);
  EXPECT_EQ(hetmap::explain(&worker::waits, x).workers, hetmap::physical_cores());
}

TEST(ExplainContract, ErasedFunctionsAreNeverRemembered) {
  std::function<int(int)> const f = do_nothing;
  auto const x = support::indices(1000);
  for (int round = 0; round != 20; ++round) hetmap::map(f, x);
  EXPECT_LT(hetmap::explain(f, x).element_nanoseconds, 0);
  EXPECT_LT(hetmap::explain(std::ref(f), x).element_nanoseconds, 0);
}

TEST(ExplainContract, TouchesNeitherFunctionNorInput) {
  int touched = 0;
  auto const f = [&](int i) { return ++touched, i; };
  auto const watched =
      std::views::iota(0, 1000) | std::views::transform([&](int i) { return ++touched, i; });
  std::istringstream text("1 2 3");
  static_cast<void>(hetmap::explain(f, watched));
  static_cast<void>(hetmap::explain(f, std::views::istream<int>(text)));
  EXPECT_EQ(touched, 0);
}

TEST(ExplainContract, SaysHowInputsAreReadAndHowMuch) {
  std::vector<double> const a(1000);
  std::list<float> const b(1000);
  auto const f = [](double v, auto const&...) { return static_cast<float>(v); };
  auto const arrays = hetmap::explain(f, a, a);
  EXPECT_EQ(arrays.reads, hetmap::access::contiguous);
  EXPECT_EQ(arrays.elements, 1000u);
  EXPECT_EQ(arrays.bytes_in, 2 * sizeof(double));
  EXPECT_EQ(arrays.bytes_out, sizeof(float));
  EXPECT_EQ(hetmap::explain(f, std::views::iota(0, 7)).reads, hetmap::access::indexed);
  EXPECT_EQ(hetmap::explain(f, std::views::iota(0, 7)).bytes_in, 0u);
  EXPECT_EQ(hetmap::explain(f, b).reads, hetmap::access::batched);
  EXPECT_EQ(hetmap::explain(f, b).elements, 1000u);
  EXPECT_EQ(hetmap::explain([](int) {}, support::indices(5)).bytes_out, 0u);
}

TEST(ExplainContract, TheTextNamesEveryBackendAndItsCase) {
  std::function<int(int)> const f = do_nothing;
  std::ostringstream text;
  text << hetmap::explain({.backend = hetmap::backend::cpu}, f, support::indices(100000));
  for (char const* const word :
       {"100000 elements", "on cpu", "asked: cpu", "serial", "gpu", "hybrid", "workers:", "arrays"})
    EXPECT_NE(text.str().find(word), std::string::npos) << word << " in\n" << text.str();
  EXPECT_NE(text.str().find(hetmap::name(hetmap::isa_level())), std::string::npos);
}

TEST(ExplainContract, OneCandidateABackendAndReasonsForTheAbsent) {
  auto const p = hetmap::explain(do_nothing, support::indices(100));
  std::set<hetmap::backend> seen;
  for (auto const& c : p.candidates) {
    seen.insert(c.where);
    bool const absent = c.where == hetmap::backend::gpu || c.where == hetmap::backend::hybrid;
    EXPECT_EQ(c.unavailable != nullptr, absent);
  }
  EXPECT_EQ(seen.size(), 4u);
}

TEST(ExplainContract, WhatKeepsALoopScalarIsSaidWhereItShows) {
  auto const x = support::indices(100);
  int (*const pointer)(int) = [](int i) { return i; };
  std::function<int(int)> const erased = pointer;
  auto const lambda = [&x](int i) { return x[0] + i; };
  EXPECT_EQ(hetmap::explain(lambda, x).scalar, nullptr);
  EXPECT_EQ(hetmap::explain(hetmap::compose(lambda, lambda), x).scalar, nullptr);
  for (char const* const why :
       {hetmap::explain(pointer, x).scalar, hetmap::explain(erased, x).scalar,
        hetmap::explain(std::ref(erased), x).scalar,
        hetmap::explain(hetmap::compose(lambda, pointer), x).scalar})
    EXPECT_STREQ(why, "f is called through a pointer");
  EXPECT_NE(to_string(hetmap::explain(pointer, x)).find("one element at a time: f is called"),
            std::string::npos);
}

}  // namespace
