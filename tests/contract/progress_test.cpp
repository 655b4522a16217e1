// Progress reports: one at a time, never falling, the total exactly once and last.
#include "support/backends.hpp"
#include "support/calls.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/map.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <forward_list>
#include <functional>
#include <list>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using int_function = std::function<int(int)>;

class ProgressContract : public support::on_each_backend {
 protected:
  /// Options that record every report, and notice two at once.
  [[nodiscard]] hetmap::options watched() {
    return {.backend = GetParam(), .chunk_size = 1, .progress = [this](hetmap::progress const& p) {
              support::concurrency_meter::call const running(meter);
              reports.push_back(p);
              std::this_thread::sleep_for(1ms);
            }};
  }
  void expect_good_reports(std::size_t n) const {
    EXPECT_LE(meter.peak(), 1);
    ASSERT_FALSE(reports.empty());
    EXPECT_TRUE(std::ranges::is_sorted(reports, {}, &hetmap::progress::done));
    EXPECT_EQ(std::ranges::count(reports, n, &hetmap::progress::done), 1);
    EXPECT_EQ(reports.back().done, n);
    EXPECT_EQ(reports.back().total, n);
    EXPECT_EQ(reports.back().remaining_seconds, 0);
    EXPECT_TRUE(std::ranges::is_sorted(reports, {}, &hetmap::progress::elapsed_seconds));
  }

  support::concurrency_meter meter;
  std::vector<hetmap::progress> reports;
};
INSTANTIATE_TEST_SUITE_P(On, ProgressContract, support::each_backend(), support::backend_name);

int_function const slow = [](int i) {
  std::this_thread::sleep_for(1ms);
  return i;
};

TEST_P(ProgressContract, ReportsWhileItRunsAndTheTotalOnce) {
  hetmap::map(watched(), slow, support::indices(400));
  expect_good_reports(400);
  EXPECT_GE(reports.size(), 2u) << "at least 0.2 s, a report each 0.1 s";
  for (auto const& p : reports) EXPECT_EQ(p.total, 400u);
  EXPECT_GT(reports.front().elements_per_second, 0);
  EXPECT_GT(reports.front().remaining_seconds, 0);
  EXPECT_GT(reports.front().elapsed_seconds, 0);
}

TEST_P(ProgressContract, ShortCallsReportTheTotalOnly) {
  for (std::size_t const n : support::sizes({0, 1, 2, 1000})) {
    reports.clear();
    hetmap::map(
        watched(), [](int i) { return i; }, support::indices(n));
    expect_good_reports(n);
  }
}

TEST_P(ProgressContract, AFailureReportsNoTotal) {
  EXPECT_THROW(hetmap::map(watched(), int_function([](int i) { return i == 99 ? throw i : i; }),
                           support::indices(100)),
               int);
  EXPECT_EQ(std::ranges::count(reports, 100u, &hetmap::progress::done), 0);
}

TEST_P(ProgressContract, SizedInputsReadInBatchesCountOverAllBatches) {
  std::vector<int> const x = support::indices(300);
  std::list<int> const list(x.begin(), x.end());
  hetmap::map(watched(), slow, list);
  expect_good_reports(300);
  for (auto const& p : reports) EXPECT_EQ(p.total, 300u);
}

TEST_P(ProgressContract, UnsizedInputsReportTheirLengthAtTheEnd) {
  std::vector<int> const x = support::indices(300);
  std::forward_list<int> const list(x.begin(), x.end());
  hetmap::map(watched(), slow, list);
  expect_good_reports(300);
  EXPECT_EQ(reports.front().total, 0u);
  EXPECT_EQ(reports.front().remaining_seconds, 0);
}

TEST_P(ProgressContract, TheLastElementOfAnUnsizedInputIsReportedOnce) {
  int_function const f = [](int i) {
    std::this_thread::sleep_for(130ms);  // longer than a report is away
    return i;
  };
  hetmap::map(watched(), f, std::forward_list<int>{1});
  expect_good_reports(1);
}

TEST_P(ProgressContract, WhatTheCallbackThrowsEndsTheCall) {
  auto const x = support::indices(10000);
  std::atomic<int> calls{0};
  int_function const f = [&](int i) {
    ++calls;
    return slow(i);
  };
  hetmap::options how{.backend = GetParam(), .chunk_size = 1};
  how.progress = [](hetmap::progress const&) { throw std::length_error("enough"); };
  auto const began = std::chrono::steady_clock::now();
  EXPECT_THROW(hetmap::map(how, f, x), std::length_error);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
  EXPECT_LT(calls, 10000);
  EXPECT_EQ(hetmap::map(here(), int_function([](int i) { return i; }), x)[9999], 9999);
}

TEST_P(ProgressContract, AFailingElementComesBeforeAFailingCallback) {
  int_function const f = [](int i) {
    std::this_thread::sleep_for(1ms);
    return i >= 150 ? throw i : i;
  };
  hetmap::options how{.backend = GetParam(), .workers = 1, .chunk_size = 200};
  how.progress = [](hetmap::progress const&) { throw std::length_error("enough"); };
  EXPECT_THROW(hetmap::map(how, f, support::indices(200)), int);
  EXPECT_EQ(hetmap::failed_index(), 150u);
}

TEST_P(ProgressContract, MapsIntoAndBlocksReportToo) {
  std::vector<int> out(200);
  hetmap::map_into(watched(), out, slow, support::indices(200));
  expect_good_reports(200);
  reports.clear();
  auto const block = [](std::span<int const>, std::span<int>) { std::this_thread::sleep_for(1ms); };
  hetmap::map_blocks(watched(), block, out, support::indices(200));
  expect_good_reports(200);
}

TEST(ProgressContract, TheBarsLineFitsItsWidth) {
  hetmap::progress const p{.done = 250,
                           .total = 1000,
                           .elapsed_seconds = 5,
                           .elements_per_second = 50,
                           .remaining_seconds = 15};
  for (std::size_t const width : {20u, 60u, 80u, 300u}) {
    auto const line = hetmap::terminal_bar::line("pricing", p, width);
    EXPECT_LE(line.size(), width);
    EXPECT_EQ(line.find("pricing"), 0u);
  }
  auto const line = hetmap::terminal_bar::line("pricing", p, 80);
  EXPECT_NE(line.find("25%"), std::string::npos);
  EXPECT_NE(line.find("##"), std::string::npos);
  EXPECT_NE(line.find("15 s left"), std::string::npos);
}

TEST_P(ProgressContract, AtMostTenASecond) {
  auto how = watched();
  hetmap::map(
      how,
      [](int i) {
        std::this_thread::sleep_for(2ms);
        return i;
      },
      support::indices(200));
  expect_good_reports(200);
  EXPECT_LE(static_cast<double>(reports.size()), 10 * reports.back().elapsed_seconds + 1);
}

}  // namespace
