// The log of decisions: bounded, in order, whole whoever writes, and without its callers' memory.
#include "base/decision_log.hpp"
#include "base/call_notes.hpp"
#include "base/rates.hpp"
#include "support/sanitizers.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace hetmap;
using namespace hetmap::core;

decision record(std::size_t elements, bool sampled = false) {
  decision out;
  out.verb = "map";
  out.plan.elements = elements;
  out.sampled = sampled;
  return out;
}

std::unique_ptr<decision_log> fresh() { return std::make_unique<decision_log>(); }

TEST(DecisionLog, BeginsEmpty) { EXPECT_TRUE(fresh()->all().empty()); }

TEST(DecisionLog, KeepsTheLastInTheirOrder) {
  auto const log = fresh();
  for (std::size_t k = 0; k != 300; ++k) log->add(record(k), nullptr);
  auto const all = log->all();
  ASSERT_EQ(all.size(), decision_log::most_long);
  for (std::size_t k = 0; k != all.size(); ++k) {
    EXPECT_EQ(all[k].plan.elements, 300 - all.size() + k);
    EXPECT_EQ(all[k].number, 300 - all.size() + k);
  }
}

TEST(DecisionLog, ShortCallsPushNoLongOnesOut) {
  auto const log = fresh();
  for (std::size_t k = 0; k != 10; ++k) {
    log->add(record(k), nullptr);
    for (std::size_t s = 0; s != 100; ++s) log->add(record(1000 + s, true), nullptr);
  }
  auto const all = log->all();
  ASSERT_EQ(all.size(), 10 + decision_log::most_short);
  std::size_t next_long = 0;
  for (std::size_t k = 0; k != all.size(); ++k) {
    if (k != 0) {
      EXPECT_LT(all[k - 1].number, all[k].number);
    }
    if (!all[k].sampled) {
      EXPECT_EQ(all[k].plan.elements, next_long++);
    }
  }
  EXPECT_EQ(next_long, 10u);
}

TEST(DecisionLog, KeepsTextsThatItsCallersTakeAwayAndCutsLongOnes) {
  auto const log = fresh();
  std::string verb = "map_of_a_library", why = "a reason of its", scalar(1000, 's');
  auto r = record(1);
  r.verb = verb.c_str();
  r.plan.scalar = scalar.c_str();
  r.plan.candidates[2].unavailable = why.c_str();
  r.plan.candidates[3].unavailable = "the core's";
  log->add(r, why.c_str());
  verb = why = scalar = "gone";
  auto const all = log->all();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_STREQ(all[0].verb, "map_of_a_library");
  EXPECT_STREQ(all[0].plan.candidates[2].unavailable, "a reason of its");
  EXPECT_STREQ(all[0].plan.candidates[3].unavailable, "the core's");
  EXPECT_EQ(all[0].plan.candidates[0].unavailable, nullptr);
  EXPECT_EQ(std::string(all[0].plan.scalar), std::string(47, 's'));
}

template <class T, char C>
struct odd {};

TEST(DecisionLog, NamesTheKernelAsItIsWritten) {
  auto const log = fresh();
  auto const lambda = [](std::vector<int> const&, int) { return 1; };
  auto const add = [&](std::type_info const& type) {
    auto r = record(1);
    r.kernel = type.name();
    log->add(r, nullptr);
  };
  add(typeid(detail::kernel_name<odd<std::string, '('>, int, double>));
  add(typeid(detail::kernel_name<decltype(lambda), int>));
  add(typeid(detail::kernel_name<double (*)(double, int), int>));
  auto const all = log->all();
  EXPECT_NE(std::string(all[0].kernel).find("odd<std::"), std::string::npos) << all[0].kernel;
  std::string const of_lambda = all[1].kernel;
  EXPECT_NE(of_lambda.find("{lambda(std::vector<int"), std::string::npos) << of_lambda;
  EXPECT_EQ(of_lambda.find("kernel_name"), std::string::npos) << of_lambda;
  EXPECT_STREQ(all[2].kernel, "double (*)(double, int)");
}

TEST(DecisionLog, AForkedChildBeginsAnew) {
  auto const log = fresh();
  log->add(record(1), nullptr);
  pid_t const child = fork();
  if (child == 0) {
    alarm(5);
    bool right = log->all().empty();
    log->add(record(2), nullptr);
    auto const all = log->all();
    right = right && all.size() == 1 && all[0].number == 0 && all[0].plan.elements == 2;
    _exit(right ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(log->all().size(), 1u);
}

/// Every field says the same, so that a mixture of two records would show.
decision told_by(unsigned writer, std::size_t k) {
  auto r = record(writer * 1'000'000 + k, k % 3 == 0);
  r.done = r.plan.elements;
  r.seconds = static_cast<double>(r.plan.elements);
  r.thread = writer;
  r.fallbacks.back().elements = r.plan.elements;
  return r;
}

TEST(DecisionLog, WhatIsReadWhileManyWriteIsWholeAndInOrder) {
  auto const log = fresh();
  constexpr unsigned writers = 8;
  constexpr std::size_t each = support::sanitized ? 3000 : 20'000;
  std::atomic<unsigned> at_work{writers};
  std::vector<std::thread> threads;
  for (unsigned w = 0; w != writers; ++w)
    threads.emplace_back([&, w] {
      for (std::size_t k = 0; k != each; ++k) log->add(told_by(w, k), nullptr);
      --at_work;
    });
  std::size_t reads = 0;
  for (bool last = false; !last; ++reads) {
    last = at_work == 0;
    std::uint64_t before = 0;
    std::size_t of_writer[writers] = {};
    for (decision const& d : log->all()) {
      auto const told = told_by(static_cast<unsigned>(d.thread), d.done % 1'000'000);
      ASSERT_EQ(d.plan.elements, told.plan.elements);
      ASSERT_EQ(d.seconds, told.seconds);
      ASSERT_EQ(d.fallbacks.back().elements, told.done);
      ASSERT_EQ(d.sampled, told.sampled);
      ASSERT_LE(before, d.number);
      before = d.number + 1;
      ASSERT_LE(of_writer[d.thread], d.done % 1'000'000) << "a thread's own are out of order";
      of_writer[d.thread] = d.done % 1'000'000 + 1;
    }
  }
  for (std::thread& t : threads) t.join();
  EXPECT_GT(reads, 1u);
  EXPECT_EQ(log->all().size(), decision_log::most_long + decision_log::most_short);
  EXPECT_EQ(log->all().back().number, writers * each - 1);
}

/// What a call pays for being recorded. The figure is printed; the bound is that of the header, and
/// ten times more for machines that do other work.
TEST(CallNotes, AddsUpWhatIsAlikeAndKeepsTheFirstKinds) {
  call_notes notes;
  notes.note_fallback(fallback_kind::retried, 10, 0, "no memory");
  notes.note_fallback(fallback_kind::retried, 5, 0, "no memory");
  notes.note_fallback(fallback_kind::retried, 7, 1, "no memory");
  notes.note_fallback(fallback_kind::failed_over, 3, 0, "lost");
  notes.note_fallback(fallback_kind::given_back, 2, -1, "late");
  notes.note_fallback(fallback_kind::failed_over, 1, 1, "one too many");
  decision d;
  notes.tell(d);
  ASSERT_EQ(d.fallback_count, 4u);
  EXPECT_EQ(d.fallbacks[0].elements, 15u);
  EXPECT_EQ(d.fallbacks[1].device, 1);
  EXPECT_STREQ(d.fallbacks[2].why, "lost");
  EXPECT_EQ(d.fallbacks[3].what, fallback_kind::given_back);
}

}  // namespace
