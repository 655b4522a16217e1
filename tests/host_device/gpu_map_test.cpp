// Maps on a pretended GPU: the ring, where data lies, what is missing, what fails.
#include "host_device.hpp"
#include "support/refusal.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <numeric>
#include <ranges>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace host_kernels;
using hetmap::backend;
using support::on_virtual_device;
using support::refusal;

hetmap::options const on_gpu{.backend = backend::gpu};

class GpuMap : public on_virtual_device {};

TEST_F(GpuMap, EqualsTheLoopAtEverySizeAndChunk) {
  for (std::size_t const n :
       std::initializer_list<std::size_t>{0, 1, 2, 63, 64, 65, 127, 128, 129, 4095, 4097, 100'000})
    for (std::size_t const chunk :
         {std::size_t{0}, std::size_t{1000}, std::size_t{64}, 10 * n + 1}) {
      SCOPED_TRACE(std::to_string(n) + " elements, chunks of " + std::to_string(chunk));
      auto const x = counted(n);
      auto how = on_gpu;
      if (chunk != 0) how.chunk_size = chunk;
      auto const y = hetmap::map(how, triple{}, x);
      ASSERT_EQ(y.size(), n);
      for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], triple{}(x[i])) << i;
    }
}

TEST_F(GpuMap, TakesSeveralInputsOfDifferentSizes) {
  std::size_t const n = 10'007;
  std::vector<float> a(n);
  std::vector<std::int32_t> b(n);
  std::vector<double> c(n), out(n);
  for (std::size_t i = 0; i != n; ++i) {
    a[i] = static_cast<float>(i) / 3;
    b[i] = static_cast<std::int32_t>(i % 17);
    c[i] = static_cast<double>(i) * 1e-3;
  }
  auto how = on_gpu;
  how.chunk_size = 1000;
  hetmap::map_into(how, out, mixed{}, a, b, c);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(out[i], mixed{}(a[i], b[i], c[i])) << i;
}

TEST_F(GpuMap, FillsColumns) {
  std::vector<double> a(5000), b(5000), low(5000), high(5000);
  for (std::size_t i = 0; i != a.size(); ++i) {
    a[i] = static_cast<double>(i * 7919 % 5000);
    b[i] = static_cast<double>(i);
  }
  hetmap::map_into(on_gpu, hetmap::columns(low, high), minmax{}, a, b);
  auto const [l, h] = hetmap::map_columns(on_gpu, minmax{}, a, b);
  for (std::size_t i = 0; i != a.size(); ++i) {
    ASSERT_EQ(low[i], std::min(a[i], b[i]));
    ASSERT_EQ(high[i], std::max(a[i], b[i]));
    ASSERT_EQ(l[i], low[i]);
    ASSERT_EQ(h[i], high[i]);
  }
}

TEST_F(GpuMap, SplitsRowsIntoColumns) {
  std::vector<std::pair<double, double>> pairs;
  std::vector<std::tuple<float, std::int32_t, double>> tuples;
  for (int i = 0; i != 3000; ++i) {
    pairs.emplace_back(i, 3000 - i);
    tuples.emplace_back(static_cast<float>(i), i % 5, 0.5 * i);
  }
  auto how = on_gpu;
  how.chunk_size = 640;
  std::vector<double> low(3000), high(3000);
  hetmap::starmap_into(how, hetmap::columns(low, high), minmax{}, pairs);
  auto const sums = hetmap::starmap(how, mixed{}, tuples);
  for (std::size_t i = 0; i != 3000; ++i) {
    ASSERT_EQ(low[i], std::min(pairs[i].first, pairs[i].second));
    ASSERT_EQ(high[i], std::max(pairs[i].first, pairs[i].second));
    ASSERT_EQ(sums[i], std::apply(mixed{}, tuples[i]));
  }
}

TEST_F(GpuMap, NothingGeneratedTravels) {
  auto const y =
      hetmap::map(on_gpu, triple{}, std::views::iota(std::int64_t{-5}, std::int64_t{9995}));
  for (std::size_t i = 0; i != y.size(); ++i)
    ASSERT_EQ(y[i], triple{}(static_cast<std::int64_t>(i) - 5));
  EXPECT_EQ(gpu().bytes_in(), 0u);
  EXPECT_EQ(gpu().bytes_out(), y.size() * sizeof(y[0]));
}

TEST_F(GpuMap, ComputesInPlace) {
  auto x = counted(9999);
  auto how = on_gpu;
  how.chunk_size = 500;
  hetmap::map_into(how, x, triple{}, x);
  for (std::size_t i = 0; i != x.size(); ++i)
    ASSERT_EQ(x[i], triple{}(static_cast<std::int64_t>(i)));
}

TEST_F(GpuMap, CopiesThatWaitForNothingOverlap) {
  // As long in as out as in the kernel: a ring takes about as long as one of them, a call after the
  // other three times that.
  auto const x = counted(1'000'000);
  std::vector<std::int64_t> y(x.size());
  auto how = on_gpu;
  how.chunk_size = 20'000;
  hetmap::map_into(how, y, triple{}, x);  // memory is taken
  auto const began = gpu().now();
  hetmap::map_into(how, y, triple{}, x);
  double const taken = std::chrono::duration<double>(gpu().now() - began).count();
  double const one_way = 8e6 / 10e9;
  EXPECT_LT(taken, 1.8 * one_way);
  EXPECT_GT(taken, 0.9 * one_way);
}

TEST_F(GpuMap, KeepsTheBoundThatThePlanStates) {
  auto const x = counted(3'000'000);
  std::vector<std::int64_t> y(x.size());
  hetmap::release_cached_memory();
  gpu().bytes().restart_peaks();
  auto const plan = hetmap::explain(on_gpu, triple{}, x);
  hetmap::map_into(on_gpu, y, triple{}, x);
  EXPECT_GT(plan.device_bytes, 0u);
  EXPECT_LT(plan.device_bytes, 2 * 8 * x.size());
  // Rounded up by an eighth at most; the failure words are beside it.
  EXPECT_LE(gpu().bytes().most_used(), plan.device_bytes + plan.device_bytes / 8);
  EXPECT_LE(gpu().bytes().most_pinned(), plan.pinned_bytes + plan.pinned_bytes / 8 + 4096);
}

TEST_F(GpuMap, DataLargerThanTheDeviceStreams) {
  start({.capacity = 1 << 20});
  auto const x = counted(1'000'000);
  auto const y = hetmap::map(on_gpu, triple{}, x);
  for (std::size_t i = 0; i != x.size(); ++i) ASSERT_EQ(y[i], triple{}(x[i]));
  EXPECT_LE(gpu().bytes().most_used(), std::size_t{1} << 20);
}

TEST_F(GpuMap, PinnedMemoryIsCopiedWithoutSlots) {
  std::size_t const n = 100'000;
  auto* const x = static_cast<std::int64_t*>(gpu().bytes().pin(n * 8));
  auto* const y = static_cast<std::int64_t*>(gpu().bytes().pin(n * 8));
  std::iota(x, x + n, 0);
  auto how = on_gpu;
  how.chunk_size = 6400;
  std::span const in(x, n), out(y, n);
  hetmap::map_into(how, out, triple{}, in);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], triple{}(x[i]));
  hetmap::map_into(how, in, triple{}, in);  // over its own input: by way of slots
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(x[i], y[i]);
  gpu().bytes().unpin(x);
  gpu().bytes().unpin(y);
}

TEST_F(GpuMap, FailsWhereTheLoopWouldHaveFailedFirst) {
  auto const x = counted(50'000);
  for (std::int64_t const first : {0, 1, 777, 24'999, 49'999}) {
    SCOPED_TRACE(first);
    auto how = on_gpu;
    how.chunk_size = 1000;
    std::vector<std::int64_t> y(x.size(), -1);
    try {
      hetmap::map_into(how, y, fails_from{first, 100}, x);
      FAIL() << "nothing was thrown";
    } catch (hetmap::kernel_error const& e) {
      EXPECT_EQ(e.code(), static_cast<int>(first % 1000));
      EXPECT_EQ(hetmap::failed_index(), static_cast<std::size_t>(first));
    }
    for (std::size_t i = 0; i != x.size(); ++i)
      ASSERT_TRUE(y[i] == 2 * x[i] || (y[i] == -1 && i >= static_cast<std::size_t>(first))) << i;
  }
}

TEST_F(GpuMap, CallsNothingOfTheUsersWithinAGroup) {
  // There the device is current, and the thread may do what a capture forbids.
  struct looking_stop {
    int* within;
    bool stop_requested() const {
      *within += support::virtual_device::groups();
      return false;
    }
  };
  int within = 0, reports = 0;
  auto const x = counted(100'000);
  std::vector<std::int64_t> y(x.size());
  for (bool const stops : {true, false}) {
    auto how = on_gpu;
    how.chunk_size = 64;
    if (stops) how.stop = looking_stop{&within};
    how.progress = [&](hetmap::progress const&) {
      within += support::virtual_device::groups();
      ++reports;
    };
    hetmap::map_into(how, y, triple{}, x);
  }
  hetmap::map_into(on_gpu, y, triple{}, x);
  for (std::int64_t const v : hetmap::imap({.backend = backend::gpu}, triple{}, x))
    within += v < 0 ? 1 : support::virtual_device::groups();
  EXPECT_EQ(within, 0);
  EXPECT_GT(reports, 0);
  EXPECT_EQ(support::virtual_device::groups(), 0);
  gpu().strike_with([](support::operation, std::uint64_t) { return support::strike::lost; });
  EXPECT_THROW(hetmap::map_into(on_gpu, y, triple{}, x), hetmap::device_error);
  EXPECT_EQ(support::virtual_device::groups(), 0);
}

TEST_F(GpuMap, StopsBetweenSlots) {
  struct counting_stop {
    int* calls;
    bool stop_requested() const { return ++*calls > 5; }
  };
  int calls = 0;
  auto how = on_gpu;
  how.chunk_size = 64;
  how.stop = counting_stop{&calls};
  auto const x = counted(100'000);
  std::vector<std::int64_t> y(x.size(), -1);
  try {
    hetmap::map_into(how, y, triple{}, x);
    FAIL();
  } catch (hetmap::cancelled_error const& e) {
    EXPECT_GT(e.done(), 0u);
    EXPECT_LT(e.done(), 2000u);
    for (std::size_t i = 0; i != x.size(); ++i)
      ASSERT_EQ(y[i], i < e.done() ? triple{}(x[i]) : -1) << i;
  }
}

TEST_F(GpuMap, ElementsOfAnySizeAndAlignment) {
  auto const check = [&]<class T>(std::type_identity<T>) {
    SCOPED_TRACE(sizeof(T));
    support::host_form<twice<T>, T(T)> const form;
    std::vector<T> x(777), y(777);
    for (std::size_t i = 0; i != x.size(); ++i)
      for (std::size_t b = 0; b != sizeof x[i].bytes; ++b)
        x[i].bytes[b] = static_cast<unsigned char>(i * 31 + b);
    auto how = on_gpu;
    how.chunk_size = 100;
    hetmap::map_into(how, y, twice<T>{}, x);
    for (std::size_t i = 0; i != x.size(); ++i)
      ASSERT_EQ(std::memcmp(twice<T>{}(x[i]).bytes, y[i].bytes, sizeof x[i].bytes), 0) << i;
  };
  check(std::type_identity<element<3, 1>>{});
  check(std::type_identity<element<12, 4>>{});
  check(std::type_identity<element<666, 1>>{});
  check(std::type_identity<element<64, 64>>{});
  check(std::type_identity<element<256, 256>>{});
}

TEST_F(GpuMap, SpansThatStartAnywhereAndNothingAroundThem) {
  for (std::size_t const shift : std::initializer_list<std::size_t>{1, 2, 4, 8, 15, 16})
    for (bool const pinned : {false, true}) {
      SCOPED_TRACE(shift);
      std::size_t const n = 1000, room = n + 64;
      std::vector<std::int64_t> pageable(2 * room);
      auto* const memory =
          pinned ? static_cast<std::int64_t*>(gpu().bytes().pin(2 * room * 8)) : pageable.data();
      std::fill_n(memory, 2 * room, -7);
      std::span<std::int64_t> const in(memory + shift, n), out(memory + room + shift, n);
      std::iota(in.begin(), in.end(), 0);
      auto how = on_gpu;
      how.chunk_size = 192;
      hetmap::map_into(how, out, triple{}, in);
      for (std::size_t i = 0; i != room; ++i)
        ASSERT_EQ(memory[room + i], i < shift || i >= shift + n
                                        ? -7
                                        : triple{}(static_cast<std::int64_t>(i - shift)));
      if (pinned) gpu().bytes().unpin(memory);
    }
}

TEST_F(GpuMap, AForkedChildHasNoGpuButItsCpu) {
  auto const x = counted(100'000);
  hetmap::map(on_gpu, triple{}, x);
  pid_t const child = fork();
  if (child == 0) {
    int result = 1;
    try {
      hetmap::map(on_gpu, triple{}, x);
    } catch (hetmap::device_unavailable const&) {
      result = hetmap::map({.backend = backend::cpu}, triple{}, x)[99] == triple{}(99) ? 0 : 2;
    }
    hetmap::release_cached_memory();
    _exit(result);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(hetmap::map(on_gpu, triple{}, x)[99], triple{}(99)) << "the parent goes on";
}

// -- what is missing --

TEST_F(GpuMap, SaysWhichFormIsMissing) {
  std::vector<double> const x(10, 1.0);
  std::vector<float> const y(10, 1.0f);
  auto const none = refusal([&] { hetmap::map(on_gpu, formless{}, x); });
  EXPECT_SAYS(none, "formless");
  EXPECT_SAYS(none, "no GPU form for double (double)");
  EXPECT_SAYS(none, "HETMAP_GPU_KERNEL");
  auto const other = refusal([&] { hetmap::map(on_gpu, scaled{2}, y); });
  EXPECT_SAYS(other, "no GPU form for double (float)");
  EXPECT_SAYS(other, "it has one for double(double)");
  auto const plain = refusal([&] {
    hetmap::map(
        on_gpu, +[](double v) { return v; }, x);
  });
  EXPECT_SAYS(plain, "functor");
  auto const tuples = refusal([&] { hetmap::map(on_gpu, minmax{}, x, x); });
  EXPECT_SAYS(tuples, "use map_columns");
  std::vector<long double> wide(10);
  EXPECT_SAYS(refusal([&] { hetmap::map_into(on_gpu, wide, scaled{2}, x); }), "another type");
  auto const outcomes = refusal(
      [&] { hetmap::map({.backend = backend::gpu, .errors = hetmap::collect}, scaled{2}, x); });
  EXPECT_SAYS(outcomes, "the kernel is no trivially copyable functor");
  std::vector<bool> const bits(10);
  EXPECT_SAYS(refusal([&] { hetmap::map(on_gpu, triple{}, bits); }), "neither an array");
}

TEST_F(GpuMap, SaysWhyThereIsNoDevice) {
  std::vector<double> const x(10, 1.0);
  {
    support::provided_devices none({}, "the driver is older than the runtime");
    EXPECT_SAYS(refusal([&] { hetmap::map(on_gpu, scaled{2}, x); }),
                "the driver is older than the runtime");
  }
  EXPECT_SAYS(refusal([&] { hetmap::map(on_gpu, scaled{2}, x); }), "GPU half");
}

TEST_F(GpuMap, IsChosenByIndex) {
  support::virtual_device second({}, 1);
  support::host_form<asks_where, int(int)> const form;
  support::provided_devices two({&gpu(), &second});
  std::vector<double> const x(1000, 1.0);
  auto how = on_gpu;
  how.device = 1;
  hetmap::map(how, scaled{2}, x);
  EXPECT_EQ(gpu().launches(), 0u);
  EXPECT_EQ(second.launches(), 1u);
  EXPECT_EQ(hetmap::map(how, asks_where{}, std::vector<int>(3))[2], 1) << "the current device";
  EXPECT_EQ(support::virtual_device::current(), -1);
  how.device = 2;
  EXPECT_SAYS(refusal([&] { hetmap::map(how, scaled{2}, x); }), "no GPU 2");
}

TEST_F(GpuMap, APoolMayHaveItForItsBackend) {
  auto const x = counted(1000);
  hetmap::pool pool{{.workers = 2, .backend = backend::gpu}};
  EXPECT_EQ(pool.map(triple{}, x), hetmap::map(on_gpu, triple{}, x));
  EXPECT_EQ(gpu().launches(), 2u);
  provider.reset();
  support::provided_devices none({});
  EXPECT_SAYS(refusal([] { hetmap::pool({.backend = backend::gpu}); }), "pool: backend gpu");
}

TEST_F(GpuMap, ProgramsWithoutFormsProbeNothing) {
  std::vector<double> const x(1000, 1.0);
  hetmap::map(formless{}, x);
  hetmap::map({.backend = backend::cpu}, scaled{1}, x);
  EXPECT_EQ(provider->counted(), 0u);
  hetmap::map(on_gpu, scaled{2}, x);
  EXPECT_EQ(provider->counted(), 1u);
}

TEST_F(GpuMap, FormsComeAndGo) {
  std::vector<double> const x(1000, 1.0);
  auto const call = [&] { return hetmap::map(on_gpu, late{}, x)[999]; };
  EXPECT_SAYS(refusal(call), "no GPU form");
  {
    support::host_form<late, double(double)> const form;
    EXPECT_EQ(call(), 0.0);
  }
  EXPECT_SAYS(refusal(call), "no GPU form");
}

}  // namespace
