// A GPU that is late with what it has of a call that the CPU shares: who computes that, and what it
// may still touch when it gets there.
#include "gpu/resources.hpp"
#include "gpu_fold.hpp"
#include "learned.hpp"
#include "threaded_device.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

namespace host_kernels {

/// Whether the device has been given something to compute.
inline std::atomic<bool> launched{false};

/// The CPU begins once it has, so that both have a part.
inline void await_launch() {
  if (support::virtual_device::current() >= 0 || launched) return;
  auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!launched && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
}

struct doubles {
  std::int64_t operator()(std::int64_t v) const {
    await_launch();
    return 2 * v;
  }
};

struct negates {
  std::int64_t operator()(std::int64_t v) const {
    await_launch();
    return -v;
  }
};

/// Holds an address of the caller's.
struct adds {
  std::int64_t const* what;
  std::int64_t operator()(std::int64_t v) const {
    await_launch();
    return v + *what;
  }
};

/// The same, but nobody can tell.
struct looks_up {
  hetmap::array_ref<std::int64_t> table;
  std::int64_t operator()(std::int64_t v) const {
    await_launch();
    return table[static_cast<std::size_t>(v % 10)];
  }
};

/// On the device it waits until it may go on, for as long as a test may last.
struct waits_there {
  static inline std::atomic<bool> may_go{false};
  static inline std::atomic<bool> waited_in_vain{false};
  std::int64_t operator()(std::int64_t v) const {
    auto const limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (support::threaded_device::is_here() && !may_go)
      if (std::chrono::steady_clock::now() > limit) {
        waited_in_vain = true;
        may_go = true;
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    return 2 * v;
  }
};

}  // namespace host_kernels

namespace {

using namespace host_kernels;
using hetmap::backend;
using hetmap::fallback_kind;
using std::chrono::hours;

hetmap::options const both{.backend = backend::hybrid};

/// What the device did not do of the last call, if anything; the CPU may have been late as well.
std::optional<hetmap::fallback> left_by_device() {
  hetmap::decision const last = hetmap::decisions().back();
  for (std::size_t k = 0; k != last.fallback_count; ++k)
    if (last.fallbacks[k].device == 0) return last.fallbacks[k];
  return std::nullopt;
}

class LateDevice : public support::on_virtual_device {
 protected:
  /// A launch takes it hours, and nothing but what is asked of it takes time: it stands still.
  LateDevice() {
    start({.element_nanoseconds = 1e12});
    passing.reset();
    begin_anew();
    gpu().strike_with([](support::operation what, std::uint64_t) {
      if (what == support::operation::launch) launched = true;
      return support::strike::none;
    });
  }

  /// Nothing is known of the kernel, and the CPU waits for a launch.
  static void begin_anew() {
    launched = false;
    doubles const f{};
    support::forget<doubles const, support::source<std::vector<std::int64_t> const>>(f);
  }

  /// Until the device has done all that it was given.
  void catch_up() { gpu().pass(hours(1'000'000)); }

  support::host_form<doubles, std::int64_t(std::int64_t)> const form;
  support::host_fold<std::plus<>, std::int64_t> const plus;
  std::size_t const n = 100'000;
  std::vector<std::int64_t> const x = counted(n);
};

TEST_F(LateDevice, IsNotWaitedForAndItsResultsGoNowhere) {
  std::vector<std::int64_t> y(n, -1);
  {
    auto const gone = x;
    hetmap::map_into(both, y, doubles{}, gone);
  }
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], 2 * x[i]) << i;
  EXPECT_GT(gpu().launches(), 0u);
  auto const left = left_by_device();
  ASSERT_TRUE(left);
  EXPECT_EQ(left->what, fallback_kind::given_back);
  EXPECT_GT(left->elements, 0u);
  std::ranges::fill(y, -1);
  catch_up();
  EXPECT_EQ(std::ranges::count(y, -1), static_cast<std::ptrdiff_t>(n));
}

TEST_F(LateDevice, GetsNothingMoreUntilItHasCaughtUp) {
  auto const check = [&] {
    auto const y = hetmap::map(both, doubles{}, x);
    for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], 2 * x[i]) << i;
  };
  check();
  auto const launches = gpu().launches();
  ASSERT_GT(launches, 0u);
  check();
  EXPECT_EQ(gpu().launches(), launches);
  auto const left = left_by_device();
  ASSERT_TRUE(left);
  EXPECT_EQ(left->what, fallback_kind::failed_over);
  catch_up();
  begin_anew();
  check();
  EXPECT_GT(gpu().launches(), launches);
}

TEST_F(LateDevice, LeavesPiecesOfFoldsToTheCpuToo) {
  std::int64_t expected = 3;
  for (auto const v : x) expected += 2 * v;
  EXPECT_EQ(hetmap::map_reduce(both, doubles{}, std::plus<>(), std::int64_t{3}, x), expected);
  EXPECT_GT(gpu().launches(), 0u);
  EXPECT_TRUE(left_by_device());
}

TEST_F(LateDevice, MayDieThen) {
  hetmap::map(both, doubles{}, x);
  ASSERT_TRUE(left_by_device());
  gpu().break_now();
  auto const y = hetmap::map({.backend = backend::automatic}, doubles{}, x);
  EXPECT_EQ(y[77], 2 * x[77]);
  try {
    auto const z = hetmap::map(both, doubles{}, x);
    EXPECT_EQ(z[77], 2 * x[77]);
  } catch (hetmap::device_unavailable const&) {
  }
}

// Its code is running.
TEST_F(LateDevice, IsWaitedForWhenItsKernelIsWithdrawn) {
  {
    support::host_form<negates, std::int64_t(std::int64_t)> const negated;
    hetmap::map(both, negates{}, x);
    ASSERT_TRUE(left_by_device());
    EXPECT_TRUE(hetmap::core::works_on_abandoned(gpu()));
  }
  EXPECT_FALSE(hetmap::core::works_on_abandoned(gpu()));
}

// Whatever the device refers to that is the caller's has to stay as long as the device works.
TEST_F(LateDevice, IsWaitedForWhereItRefersToMemoryOfTheCallers) {
  support::host_form<adds, std::int64_t(std::int64_t)> const added;
  support::host_form<looks_up, std::int64_t(std::int64_t)> const looked_up;
  auto const expect_waiting = [&] {
    EXPECT_TRUE(launched.exchange(false));
    EXPECT_FALSE(left_by_device());
  };
  std::int64_t const seven = 7;
  auto const y = hetmap::map(both, adds{&seven}, x);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], x[i] + 7) << i;
  expect_waiting();

  auto* const pinned = static_cast<std::int64_t*>(gpu().bytes().pin(n * sizeof(std::int64_t)));
  gpu().bytes().open();
  std::span<std::int64_t> const there(pinned, n);
  std::ranges::copy(x, there.begin());
  hetmap::map_into(both, there, doubles{}, x);
  expect_waiting();
  hetmap::map_into(both, there, doubles{}, there);
  expect_waiting();
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(there[i], 4 * x[i]) << i;
  gpu().bytes().close();
  gpu().bytes().unpin(pinned);

  hetmap::array<std::int64_t> const table(counted(10));
  auto const z = hetmap::map(both, looks_up{hetmap::ref(table)}, x);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(z[i], x[i] % 10) << i;
  expect_waiting();
}

TEST(LateDeviceThreads, TheCallReturnsWhileTheDeviceIsAtWork) {
  support::threaded_device gpu;
  auto provider =
      std::make_unique<support::provided_devices>(std::vector<hetmap::core::device*>{&gpu});
  auto const x = counted(200'000);
  for (int round = 0; round != 3; ++round) {
    support::host_form<waits_there, std::int64_t(std::int64_t)> const form;
    waits_there::may_go = false;
    std::vector<std::int64_t> y(x.size());
    hetmap::map_into(both, y, waits_there{}, x);
    for (std::size_t i = 0; i != x.size(); ++i) ASSERT_EQ(y[i], 2 * x[i]) << i;
    waits_there::may_go = true;  // the kernel is withdrawn once the device has done with it
    EXPECT_FALSE(waits_there::waited_in_vain);
  }
  EXPECT_GT(gpu.launches(), 0u);
  provider.reset();
}

}  // namespace
