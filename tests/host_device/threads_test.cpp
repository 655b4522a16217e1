// The ring and the arrays with real threads: a device that works beside its callers, several
// callers at once. For the thread sanitizer first of all.
#include "kernels.hpp"
#include "threaded_device.hpp"
#include "virtual_device.hpp"

#include "gpu/resources.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

namespace {

using namespace host_kernels;
using hetmap::backend;
using support::threaded_device;

class Threads : public testing::Test {
 protected:
  all_forms const forms;
  std::unique_ptr<threaded_device> gpu = std::make_unique<threaded_device>();
  std::unique_ptr<support::provided_devices> provider =
      std::make_unique<support::provided_devices>(std::vector<hetmap::core::device*>{gpu.get()});

  ~Threads() override { provider.reset(); }

  static hetmap::options in_chunks_of(std::size_t elements) {
    return {.backend = backend::gpu, .chunk_size = elements};
  }

  template <class Body>
  static void at_once(unsigned threads, Body body) {
    std::vector<std::thread> all;
    for (unsigned k = 0; k != threads; ++k) all.emplace_back(body, k);
    for (std::thread& t : all) t.join();
  }
};

TEST_F(Threads, SlotsAreReusedOnlyWhenTheyAreFree) {
  auto const x = counted(20'000);
  std::vector<std::int64_t> y(x.size());
  for (std::size_t const chunk : std::initializer_list<std::size_t>{64, 500, 5000}) {
    hetmap::map_into(in_chunks_of(chunk), y, triple{}, x);
    for (std::size_t i = 0; i != x.size(); ++i) ASSERT_EQ(y[i], triple{}(x[i]));
  }
}

TEST_F(Threads, PinnedResultsAreWrittenBesideTheCaller) {
  std::size_t const n = 20'000;
  auto const x = counted(n);
  auto* const pinned = static_cast<std::int64_t*>(gpu->bytes().pin(n * sizeof(std::int64_t)));
  std::span<std::int64_t> const y(pinned, n);
  hetmap::map_into(in_chunks_of(640), y, triple{}, x);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], triple{}(x[i]));
  provider.reset();
  gpu->bytes().unpin(pinned);
}

TEST_F(Threads, CallsOfSeveralThreadsShareTheDevice) {
  at_once(3, [&](unsigned k) {
    auto const x = counted(3000 + k);
    for (int call = 0; call != 5; ++call) {
      auto const y = hetmap::map(in_chunks_of(256), triple{}, x);
      for (std::size_t i = 0; i != x.size(); ++i) ASSERT_EQ(y[i], triple{}(x[i]));
    }
  });
}

TEST_F(Threads, FoldsOfSeveralThreadsShareTheDevice) {
  support::host_fold<std::plus<>, std::int64_t> const form;
  at_once(3, [&](unsigned k) {
    auto const x = counted(40'000 + k);
    std::int64_t expected = k;
    for (auto const v : x) expected += triple{}(v);
    for (int call = 0; call != 3; ++call)
      ASSERT_EQ(hetmap::map_reduce(in_chunks_of(256), triple{}, std::plus<>(), std::int64_t{k}, x),
                expected);
  });
}

TEST_F(Threads, OneArrayIsReadByMany) {
  hetmap::array<std::int64_t> const a(counted(5000));
  auto const b = hetmap::map({.backend = backend::gpu}, triple{}, a);
  at_once(3, [&](unsigned k) {
    auto const c = hetmap::map({.backend = k % 2 == 0 ? backend::gpu : backend::cpu}, triple{}, b);
    for (std::size_t i = 0; i != 5000; ++i)
      ASSERT_EQ(c.host()[i], triple{}(triple{}(static_cast<std::int64_t>(i))));
  });
}

TEST_F(Threads, FailuresAreFoundBesideOtherCalls) {
  std::atomic<int> right{0};
  at_once(3, [&](unsigned k) {
    auto const x = counted(4000);
    try {
      hetmap::map(in_chunks_of(320), fails_from{1000 + 7 * k, 3}, x);
    } catch (hetmap::kernel_error const&) {
      right += hetmap::failed_index() == 1000 + 7 * k;
    }
  });
  EXPECT_EQ(right, 3);
}

TEST_F(Threads, ADeviceThatDiesUnderSeveralCallsTearsNothing) {
  auto const x = counted(4000);
  for (int round = 0; round != 8; ++round) {
    SCOPED_TRACE(round);
    provider.reset();
    gpu = std::make_unique<threaded_device>(std::size_t{64} << 20, round);
    provider =
        std::make_unique<support::provided_devices>(std::vector<hetmap::core::device*>{gpu.get()});
    gpu->die_after(20 + 37 * round);
    at_once(2, [&](unsigned) {
      std::vector<std::int64_t> y(x.size(), -1);
      try {
        hetmap::map_into(in_chunks_of(200), y, triple{}, x);
      } catch (hetmap::device_error const&) {
      } catch (hetmap::device_unavailable const&) {
      }
      for (std::size_t i = 0; i != x.size(); ++i)
        ASSERT_TRUE(y[i] == -1 || y[i] == triple{}(x[i])) << i;
    });
    EXPECT_THROW(hetmap::map({.backend = backend::gpu}, triple{}, x), hetmap::device_unavailable);
    EXPECT_EQ(hetmap::map({.backend = backend::cpu}, triple{}, x)[7], triple{}(7));
  }
}

}  // namespace
