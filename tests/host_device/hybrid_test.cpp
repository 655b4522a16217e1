// One call on the CPU and a GPU together: who computes what, what is refused, and what is left when
// the GPU fails.
#include "gpu_fold.hpp"
#include "learned.hpp"
#include "threaded_device.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace host_kernels {

/// -1 for an element of the CPU's, else the device's index.
struct says_where {
  int operator()(int) const { return support::virtual_device::current(); }
};

/// The same, where the device waits until the CPU has begun, for as long as a test may last.
template <int Which>
struct meets {
  std::atomic<bool>* begun;
  int operator()(int) const {
    int const at = support::virtual_device::current();
    if (at < 0) {
      *begun = true;
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
    auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!*begun && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
    return at;
  }
};

/// Notes how many calls run at once on the CPU.
struct counts_at_once {
  std::atomic<int>* now;
  std::atomic<int>* most;
  int operator()(int v) const {
    if (support::virtual_device::current() >= 0) {
      std::this_thread::sleep_for(std::chrono::microseconds(20));
      return v;
    }
    int const here = ++*now;
    for (int seen = *most; seen < here && !most->compare_exchange_weak(seen, here);) {
    }
    std::this_thread::sleep_for(std::chrono::microseconds(50));
    --*now;
    return v;
  }
};

/// Takes so long on either side, and notes who computes what, how often.
struct takes {
  std::atomic<int>* visits;
  std::atomic<int>* on_device;
  std::chrono::microseconds here;
  std::chrono::microseconds there;
  std::int64_t operator()(std::int64_t i) const {
    bool const away = support::threaded_device::is_here();
    ++visits[i];
    if (away) ++*on_device;
    std::this_thread::sleep_for(away ? there : here);
    return 3 * i + 1;
  }
};

}  // namespace host_kernels

namespace {

using namespace host_kernels;
using hetmap::backend;
using support::host_form;
using support::operation;
using support::strike;

class Hybrid : public support::on_virtual_device {
 protected:
  static hetmap::options both() { return {.backend = backend::hybrid}; }

  template <class F>
  static std::size_t by_gpu(F const& f, hetmap::options const& how, std::size_t n) {
    auto const where = hetmap::map(how, f, std::vector<int>(n));
    return n - static_cast<std::size_t>(std::count(where.begin(), where.end(), -1));
  }

  support::host_fold<std::plus<>, std::int64_t> const plus;
};

TEST_F(Hybrid, BothTakePart) {
  host_form<meets<0>, int(int)> const form;
  std::size_t const n = 20'000;
  for (int call = 0; call != 3; ++call) {
    std::atomic<bool> begun{false};
    meets<0> const f{&begun};
    std::size_t const there = by_gpu(f, both(), n);
    EXPECT_GT(there, 0u);
    EXPECT_LT(there, n);
  }
}

TEST_F(Hybrid, EachElementIsComputedOnce) {
  says_where const f;
  host_form<says_where, int(int)> const form;
  for (std::size_t const n : {1u, 2u, 63u, 64u, 65u, 1000u, 3000u}) {
    std::atomic<int> on_cpu{0};
    auto const where = hetmap::map(both(), f, std::vector<int>(n));
    ASSERT_EQ(where.size(), n);
    for (int const w : where) on_cpu += w < 0;
    EXPECT_TRUE(std::all_of(where.begin(), where.end(), [](int w) { return w == -1 || w == 0; }));
  }
}

TEST_F(Hybrid, WhatOnlyOneSideReachesIsRefusedWithItsReason) {
  auto const x = counted(100);
  EXPECT_THROW(static_cast<void>(hetmap::map(both(), formless{}, std::vector<double>(9))),
               hetmap::device_unavailable);
  auto const there = given(x);
  EXPECT_THROW(static_cast<void>(
                   hetmap::map_reduce(both(), triple{}, std::plus<>(), std::int64_t{0}, there)),
               hetmap::device_unavailable);
  static_cast<void>(taken(there));
}

TEST_F(Hybrid, FoldsKeepTheOrderWhoeverFoldsAPiece) {
  std::size_t const n = 20 * hetmap::detail::fold_piece + 77;
  auto const x = counted(n);
  std::int64_t expected = 3;
  for (auto const v : x) expected += triple{}(v);
  for (int call = 0; call != 5; ++call)
    EXPECT_EQ(hetmap::map_reduce(both(), triple{}, std::plus<>(), std::int64_t{3}, x), expected);
  hetmap::array<std::int64_t> const a(x);
  EXPECT_EQ(hetmap::map_reduce(both(), triple{}, std::plus<>(), std::int64_t{3}, a), expected);
}

TEST_F(Hybrid, ArraysComeToTheHost) {
  auto const x = counted(20'000);
  hetmap::array<std::int64_t> a(x);
  for (backend const before : {backend::cpu, backend::gpu}) {
    auto const there = hetmap::map({.backend = before}, triple{}, a);
    auto const y = hetmap::map(both(), triple{}, there);
    for (std::size_t i = 0; i != x.size(); ++i) ASSERT_EQ(y.host()[i], triple{}(triple{}(x[i])));
  }
  hetmap::map_into(both(), a, triple{}, a);
  for (std::size_t i = 0; i != x.size(); ++i) ASSERT_EQ(a.host()[i], triple{}(x[i]));
}

TEST_F(Hybrid, RefsAreReadOnBothSides) {
  hetmap::array<std::int64_t> const table(counted(10'000));
  auto const x = counted(10'000);
  auto const y = hetmap::map(both(), gather{hetmap::ref(table), table.size()}, x);
  for (std::size_t i = 0; i != y.size(); ++i) ASSERT_EQ(y[i], x[x.size() - 1 - i]);
}

TEST_F(Hybrid, PinnedMemoryIsWrittenByBoth) {
  std::size_t const n = 30'000;
  auto* const pinned = static_cast<std::int64_t*>(gpu().bytes().pin(n * sizeof(std::int64_t)));
  gpu().bytes().open();
  hetmap::map_into(both(), std::span(pinned, n), triple{}, counted(n));
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(pinned[i], triple{}(static_cast<std::int64_t>(i)));
  gpu().bytes().close();
  gpu().bytes().unpin(pinned);
}

TEST_F(Hybrid, StreamsUseBoth) {
  std::atomic<bool> begun{false};
  meets<2> const f{&begun};
  host_form<meets<2>, int(int)> const form;
  std::size_t const n = 50'000;
  std::vector<int> const x(n);
  std::size_t there = 0, all = 0;
  for (int const w : hetmap::imap(both(), f, x)) {
    there += w == 0;
    ++all;
  }
  EXPECT_EQ(all, n);
  EXPECT_GT(there, 0u);
  EXPECT_LT(there, n);
}

TEST_F(Hybrid, StreamsGoOnWithoutTheGpu) {
  for (strike const kind : {strike::lost, strike::late_lost, strike::torn, strike::out_of_memory})
    for (std::uint64_t const from : {0u, 5u, 20u, 40u}) {
      SCOPED_TRACE(testing::Message() << static_cast<int>(kind) << " from operation " << from);
      start({});
      gpu().strike_with(
          [=](operation, std::uint64_t k) { return k >= from ? kind : strike::none; });
      auto const x = counted(40'000);
      std::size_t i = 0;
      try {
        for (auto const v : hetmap::imap(both(), triple{}, x)) ASSERT_EQ(v, triple{}(x[i++]));
        ASSERT_EQ(i, x.size());
      } catch (hetmap::device_unavailable const&) {
        EXPECT_EQ(from, 0u) << "it was dead before the call";
      }
    }
}

TEST_F(Hybrid, NoMoreWorkersComputeThanWereAskedFor) {
  host_form<counts_at_once, int(int)> const form;
  start({.element_nanoseconds = 1e6});  // it gives up soon, and its thread would compute as well
  for (unsigned const workers : {1u, 2u}) {
    SCOPED_TRACE(workers);
    std::atomic<int> now{0}, most{0};
    counts_at_once const f{&now, &most};
    hetmap::options const how{.backend = backend::hybrid, .workers = workers};
    for (int call = 0; call != 3; ++call) hetmap::map(how, f, std::vector<int>(3000));
    std::size_t all = 0;
    for ([[maybe_unused]] int const v : hetmap::imap(how, f, std::vector<int>(3000))) ++all;
    EXPECT_EQ(all, 3000u);
    EXPECT_LE(most, static_cast<int>(workers));
  }
}

TEST_F(Hybrid, PoolsShareWithIt) {
  std::atomic<bool> begun{false};
  meets<3> const f{&begun};
  host_form<meets<3>, int(int)> const form;
  hetmap::pool pool({.workers = 3, .backend = backend::hybrid});
  auto const where = pool.map(f, std::vector<int>(20'000));
  auto const there = std::count(where.begin(), where.end(), 0);
  EXPECT_GT(there, 0);
  EXPECT_LT(there, 20'000);
  EXPECT_EQ(pool.map_async(triple{}, counted(5000)).get()[7], triple{}(7));
}

TEST_F(Hybrid, AutoTakesBothWhereThatWins) {
  host_form<costs<20>, double(double)> const form;
  costs<20> const f{};
  std::vector<double> const x(1'000'000, 1.5);
  using in = support::source<std::vector<double> const>;
  support::believe<costs<20> const, in>(f, 1000);
  auto* const known = hetmap::detail::rate_for<costs<20> const, in>(f);
  unsigned const workers = hetmap::explain({.backend = backend::cpu}, f, x).workers;
  if (workers < 2) GTEST_SKIP() << "one worker only";
  // As fast as one worker that is left: together they gain a third at least.
  auto const on_gpu = std::chrono::nanoseconds(1'000'000'000 / workers);
  known->on_gpu(true).learn(1'000'000, on_gpu);
  auto const plan = hetmap::explain(f, x);
  EXPECT_EQ(plan.chosen, backend::hybrid) << plan;
  EXPECT_LT(plan.at(backend::hybrid).predicted_seconds, plan.at(backend::cpu).predicted_seconds);
  auto const y = hetmap::map(f, x);
  EXPECT_EQ(y[999'999], f(1.5));
}

TEST_F(Hybrid, AutoDeclinesWhereTheCpuWaitsForMemory) {
  host_form<costs<21>, double(double)> const form;
  costs<21> const f{};
  std::vector<double> const x(1'000'000, 1.5);
  using in = support::source<std::vector<double> const>;
  support::believe<costs<21> const, in>(f, 2);
  hetmap::detail::rate_for<costs<21> const, in>(f)->on_gpu(true).learn(
      1'000'000, std::chrono::nanoseconds(1'000'000));
  EXPECT_NE(hetmap::explain(f, x).chosen, backend::hybrid) << hetmap::explain(f, x);
}

TEST_F(Hybrid, WhatTheGpuLeftIsInTheDecision) {
  gpu().strike_with([](operation what, std::uint64_t) {
    return what == operation::launch ? strike::late_lost : strike::none;
  });
  // The CPU takes its time, so that the device has something to launch.
  host_form<meets<4>, int(int)> const form;
  std::atomic<bool> begun{false};
  EXPECT_EQ(by_gpu(meets<4>{&begun}, both(), 20'000), 0u);
  auto const all = hetmap::decisions();
  ASSERT_FALSE(all.empty());
  hetmap::decision const& last = all[all.size() - 1];
  EXPECT_EQ(last.plan.chosen, backend::hybrid);
  ASSERT_GT(last.fallback_count, 0u);
  EXPECT_EQ(last.fallbacks[0].what, hetmap::fallback_kind::failed_over);
  EXPECT_EQ(last.fallbacks[0].device, 0);
  EXPECT_GT(last.fallbacks[0].elements, 0u);
}

// -- with real threads --

TEST(HybridThreads, LoadsAndClaimsMeetBesideOneAnother) {
  all_forms const forms;
  support::threaded_device gpu;
  auto provider =
      std::make_unique<support::provided_devices>(std::vector<hetmap::core::device*>{&gpu});
  auto const x = counted(200'000);
  std::vector<std::int64_t> y(x.size());
  for (int call = 0; call != 5; ++call) {
    std::fill(y.begin(), y.end(), -1);
    hetmap::map_into({.backend = backend::hybrid}, y, triple{}, x);
    for (std::size_t i = 0; i != x.size(); ++i) ASSERT_EQ(y[i], triple{}(x[i])) << i;
  }
  provider.reset();
}

TEST(HybridThreads, WhateverTheShareEachElementIsComputedOnceAndIntegersAreTheSame) {
  host_form<takes, std::int64_t(std::int64_t)> const form;
  struct split {
    backend where;
    std::chrono::microseconds here, there;
    double least, most;  // of the device
  };
  using us = std::chrono::microseconds;
  constexpr std::size_t n = 400;
  auto const x = counted(n);
  for (split const& s :
       {split{backend::cpu, us(0), us(0), 0, 0}, split{backend::hybrid, us(50), us(20'000), 0, 0.1},
        split{backend::hybrid, us(500), us(500), 0.15, 0.85},
        split{backend::hybrid, us(20'000), us(50), 0.85, 1},
        split{backend::gpu, us(0), us(0), 1, 1}}) {
    support::threaded_device gpu;
    auto provider =
        std::make_unique<support::provided_devices>(std::vector<hetmap::core::device*>{&gpu});
    double share = -1;
    // On a busy machine threads that sleep wake up late, on either side.
    for (int round = 0; round != 5 && (share < s.least || share > s.most); ++round) {
      std::vector<std::atomic<int>> visits(n);
      std::atomic<int> on_device{0};
      takes const f{visits.data(), &on_device, s.here, s.there};
      support::forget<takes const, support::source<std::vector<std::int64_t> const>>(f);
      auto const y = hetmap::map({.backend = s.where}, f, x);
      for (std::size_t i = 0; i != n; ++i) {
        ASSERT_EQ(visits[i], 1) << i;
        ASSERT_EQ(y[i], 3 * static_cast<std::int64_t>(i) + 1);
      }
      share = static_cast<double>(on_device) / n;
    }
    EXPECT_GE(share, s.least) << hetmap::name(s.where);
    EXPECT_LE(share, s.most) << hetmap::name(s.where);
    std::printf("  %s: %.0f %% on the device\n", hetmap::name(s.where), 100 * share);
    provider.reset();
  }
}

TEST(HybridThreads, ADeviceThatDiesLeavesTheRestToTheCpu) {
  all_forms const forms;
  auto const x = counted(50'000);
  for (int round = 0; round != 8; ++round) {
    SCOPED_TRACE(round);
    support::threaded_device gpu(std::size_t{64} << 20, round);
    auto provider =
        std::make_unique<support::provided_devices>(std::vector<hetmap::core::device*>{&gpu});
    gpu.die_after(10 + 13 * round);
    std::vector<std::int64_t> y(x.size(), -1);
    hetmap::map_into({.backend = backend::hybrid}, y, triple{}, x);
    for (std::size_t i = 0; i != x.size(); ++i) ASSERT_EQ(y[i], triple{}(x[i])) << i;
    std::size_t i = 0;
    try {
      for (auto const v : hetmap::imap({.backend = backend::hybrid}, triple{}, x))
        ASSERT_EQ(v, triple{}(x[i++]));
    } catch (hetmap::device_unavailable const&) {
      // It died in the call before.
    }
    provider.reset();
  }
}

}  // namespace
