// How a call is shared between a device and the CPU, in time that is computed: each claim that
// either makes takes as long as its elements cost there.
#include "gpu/device_share.hpp"
#include "base/ledger.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <vector>

namespace {

using hetmap::core::device_share;
using hetmap::core::ledger;
using hetmap::core::range;

constexpr std::size_t granule = 64;

/// What a call meets.
struct scene {
  std::size_t elements = 10'000'000;
  unsigned workers = 8;
  double cpu = 100;                // nanoseconds an element takes a worker
  double device = 12.5;            // the same in a load
  double latency = 20'000;         // nanoseconds until a load that was sent begins
  std::size_t slots = 4;           // loads under way at once
  device_share::costs expected{};  // an element's, as the plan has it
};

struct end {
  double seconds = 0;
  std::size_t by_device = 0;
  std::size_t loads = 0;
  double efficiency = 0;  // of both rates together
};

/// Plays it: whoever is free first acts first.
end play(scene const& s) {
  constexpr double claim = 100'000;  // nanoseconds
  ledger account(s.elements, granule, s.workers + 1, s.workers);
  device_share share(s.elements, granule, s.expected);
  struct load {
    double arrives;
    range elements;
  };
  std::deque<load> sent;
  std::vector<double> free_at(s.workers, 0.0);
  std::vector<bool> gone(s.workers, false);
  std::size_t under_way = 0;
  double device_free = 0, now = 0;
  bool device_gone = false;
  end out;
  auto const at = [&] { return std::chrono::nanoseconds(static_cast<std::int64_t>(now)); };
  auto const send = [&] {
    while (!device_gone && sent.size() != s.slots) {
      std::size_t const wanted = share.next(account.left(), under_way, at());
      range const r = wanted != 0 ? account.claim_back(s.workers, wanted) : range{};
      if (r.empty()) {
        device_gone = sent.empty();
        return;
      }
      device_free =
          std::max(device_free, now + s.latency) + static_cast<double>(r.size()) * s.device;
      sent.push_back({device_free, r});
      under_way += r.size();
      ++out.loads;
    }
  };
  send();
  for (;;) {
    // Whose turn is it?
    unsigned next = s.workers;
    double when = sent.empty() ? 1e300 : sent.front().arrives;
    for (unsigned k = 0; k != s.workers; ++k)
      if (!gone[k] && free_at[k] < when) when = free_at[next = k];
    if (when == 1e300) break;
    now = std::max(now, when);
    if (next == s.workers) {
      range const r = sent.front().elements;
      sent.pop_front();
      under_way -= r.size();
      account.finish(s.workers, r);
      share.arrived(r.size(), at());
      out.by_device += r.size();
      send();
    } else if (range const r =
                   account.claim(next, static_cast<std::size_t>(std::max(claim / s.cpu, 64.0)));
               !r.empty()) {
      free_at[next] = now + static_cast<double>(r.size()) * s.cpu;
      account.finish(next, r);
    } else {
      gone[next] = true;
    }
  }
  for (double const f : free_at) now = std::max(now, f);
  EXPECT_EQ(account.done(), s.elements);
  EXPECT_EQ(account.finals().size(), 1u) << "every element once";
  out.seconds = now * 1e-9;
  double const rates = s.workers / s.cpu + 1 / s.device;
  out.efficiency = static_cast<double>(s.elements) / rates / now;
  return out;
}

double device_for(scene const& s, double ratio) { return s.cpu / s.workers / ratio; }

TEST(DeviceShare, ReachesNineTenthsOfBothRatesWhereverTheyAreWithinFourTimes) {
  for (double const ratio : {0.25, 0.5, 1.0, 2.0, 4.0})
    for (double const cpu : {20.0, 100.0, 2000.0}) {
      SCOPED_TRACE(testing::Message() << "device " << ratio << " times the CPU, " << cpu << " ns");
      scene s{.cpu = cpu};
      s.device = device_for(s, ratio);
      s.expected = {.on_device = s.device, .on_cpu = s.cpu / s.workers};
      EXPECT_GT(play(s).efficiency, 0.95);
    }
}

TEST(DeviceShare, AWrongExpectationCostsLittle) {
  for (double const ratio : {0.25, 1.0, 4.0})
    for (double const wrong : {0.25, 4.0})
      for (bool const of_device : {false, true}) {
        SCOPED_TRACE(testing::Message() << "device " << ratio << " times the CPU, "
                                        << (of_device ? "device " : "CPU ") << wrong);
        scene s{};
        s.device = device_for(s, ratio);
        s.expected = {.on_device = s.device * (of_device ? wrong : 1),
                      .on_cpu = s.cpu / s.workers * (of_device ? 1 : wrong)};
        EXPECT_GT(play(s).efficiency, 0.9);
      }
}

TEST(DeviceShare, NothingNeedBeKnown) {
  for (double const ratio : {0.25, 1.0, 4.0}) {
    SCOPED_TRACE(ratio);
    scene s{};
    s.device = device_for(s, ratio);
    EXPECT_GT(play(s).efficiency, 0.85);
  }
}

TEST(DeviceShare, ASlowDeviceIsLeftAloneAndASlowCpuToo) {
  scene s{.elements = 100'000};
  s.device = 1e6;
  s.expected = {.on_device = s.device, .on_cpu = s.cpu / s.workers};
  EXPECT_EQ(play(s).by_device, 0u);
  scene t{.elements = 100'000, .cpu = 1e7, .device = 10};
  t.expected = {.on_device = t.device, .on_cpu = t.cpu / t.workers};
  EXPECT_GT(play(t).by_device, t.elements - 10 * t.workers * 64);
}

TEST(DeviceShare, LoadsShrinkUntilBothSidesMeetAndAreWorthSending) {
  scene s{};
  s.expected = {.on_device = s.device, .on_cpu = s.cpu / s.workers};
  end const met = play(s);
  EXPECT_GT(met.loads, 8u);
  EXPECT_LT(met.loads, 200u);
  device_share const share(s.elements, granule, s.expected);
  std::size_t last = s.elements;
  for (std::size_t left = s.elements; left > s.elements / 100; left /= 2) {
    std::size_t const n = share.next(left, 0, std::chrono::nanoseconds(0));
    EXPECT_LE(n, last);
    EXPECT_GE(static_cast<double>(n) * s.device, 0.99e5) << "100 us at least";
    last = n;
  }
  EXPECT_EQ(share.next(1000, 0, std::chrono::nanoseconds(0)), 0u) << "the CPU ends sooner";
  EXPECT_EQ(share.next(0, 0, std::chrono::nanoseconds(0)), 0u);
}

// -- what the device is late with --

// 1000 elements on either side; the device is expected to take 1 us an element, the CPU took 2.
TEST(DeviceShare, ADeviceIsLateOnceItHasHadItsTimeAndTheCpusBeyondThat) {
  using std::chrono::microseconds;
  // (What was expected of the CPU counts no more.)
  device_share const share(2000, 1, {.on_device = 1000, .on_cpu = 1e9});
  microseconds const both(1000 + 2000);
  EXPECT_FALSE(share.is_overdue(1000, both, microseconds(2000)));
  EXPECT_TRUE(share.is_overdue(1000, both + 2 * device_share::worthwhile_load, microseconds(2000)));
}

TEST(DeviceShare, WhatTheCpuTakesDoesNotGrowWhileItWaits) {
  using std::chrono::milliseconds;
  // The device has nine tenths, and the CPU took 10 ms for the rest: 90 ms for what is under way.
  device_share const share(10'000, 1, {});
  EXPECT_FALSE(share.is_overdue(9000, milliseconds(89), milliseconds(10)));
  EXPECT_TRUE(share.is_overdue(9000, milliseconds(91), milliseconds(10)));
}

TEST(DeviceShare, ADeviceIsWaitedForWhereNobodyKnowsWhatTheCpuTakes) {
  device_share const share(1000, 1, {});
  EXPECT_FALSE(share.is_overdue(1000, std::chrono::hours(1), std::chrono::nanoseconds(0)));
}

}  // namespace
