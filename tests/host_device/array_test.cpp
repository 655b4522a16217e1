// hetmap::array, ref and device_span over a pretended GPU.
#include "host_device.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <ranges>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace {

using namespace host_kernels;
using hetmap::backend;
using hetmap::device_span;
using support::on_virtual_device;
using support::operation;
using support::strike;

hetmap::options const on_gpu{.backend = backend::gpu};
hetmap::options const on_cpu{.backend = backend::cpu};

class Array : public on_virtual_device {
 protected:
  static constexpr std::size_t n = 10'000;
  static constexpr std::size_t bytes = n * sizeof(std::int64_t);
  std::vector<std::int64_t> const x = counted(n);

  void dies_now() {
    gpu().strike_with([](operation, std::uint64_t) { return strike::lost; });
    EXPECT_THROW(hetmap::map(on_gpu, triple{}, x), hetmap::device_error);
    EXPECT_TRUE(gpu().is_dead());
  }
};

TEST_F(Array, AChainOfMapsStaysOnTheDevice) {
  hetmap::array<std::int64_t> const a(x);
  auto const b = hetmap::map(on_gpu, triple{}, a);
  auto const c = hetmap::map(on_gpu, triple{}, b);
  auto const d = hetmap::map(on_gpu, triple{}, c);
  EXPECT_EQ(gpu().bytes_in(), bytes);
  EXPECT_EQ(gpu().bytes_out(), 0u);
  EXPECT_TRUE(d.is_on_device());
  EXPECT_FALSE(d.is_on_host());
  auto const result = d.host();
  EXPECT_EQ(gpu().bytes_out(), bytes);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(result[i], triple{}(triple{}(triple{}(x[i]))));
  static_cast<void>(d.host());
  EXPECT_EQ(gpu().bytes_out(), bytes) << "it was there already";
}

TEST_F(Array, WritingOnTheHostMakesTheDeviceCopyStale) {
  hetmap::array<std::int64_t> a(x);
  auto b = hetmap::map(on_gpu, triple{}, a);
  a.host()[7] = 1000;
  EXPECT_FALSE(a.is_on_device());
  b = hetmap::map(on_gpu, triple{}, a);
  EXPECT_EQ(gpu().bytes_in(), 2 * bytes);
  EXPECT_EQ(std::as_const(b).host()[7], 3001);
}

TEST_F(Array, TheCpuGetsWhatTheDeviceHasComputedAndBack) {
  hetmap::array<std::int64_t> a(x);
  a = hetmap::map(on_gpu, triple{}, a);
  a = hetmap::map(on_cpu, triple{}, a);
  EXPECT_TRUE(a.is_on_host());
  EXPECT_FALSE(a.is_on_device());
  a = hetmap::map(on_gpu, triple{}, a);
  for (std::size_t i = 0; i != n; ++i)
    ASSERT_EQ(std::as_const(a).host()[i], triple{}(triple{}(triple{}(x[i]))));
}

TEST_F(Array, ATupleHasAnArrayAColumn) {
  hetmap::array<std::int64_t> const a(x);
  auto const [low, high] = hetmap::map_columns(on_gpu, split{}, a);
  EXPECT_EQ(gpu().bytes_out(), 0u);
  EXPECT_TRUE(low.is_on_device() && high.is_on_device());
  auto const [by_cpu, kept] = hetmap::map_columns(on_cpu, split{}, high);
  EXPECT_TRUE(kept.is_on_host());
  hetmap::pool pool(2u);
  auto const by_pool = pool.map_columns({.backend = backend::gpu, .host_copy = true}, split{}, a);
  EXPECT_TRUE(std::get<1>(by_pool).is_on_host());
  for (std::size_t i = 0; i != n; ++i) {
    auto const [l, h] = split{}(x[i]);
    ASSERT_EQ(low.host()[i], l);
    ASSERT_EQ(high.host()[i], h);
    ASSERT_EQ(std::get<1>(by_pool).host()[i], h);
    auto const [low_of_high, high_of_high] = split{}(h);
    ASSERT_EQ(by_cpu.host()[i], low_of_high);
    ASSERT_EQ(kept.host()[i], high_of_high);
  }
}

TEST_F(Array, PoolsMapThem) {
  hetmap::pool pool{{.workers = 2, .backend = backend::gpu}};
  hetmap::array<std::int64_t> const a(x);
  auto b = pool.map(triple{}, a);
  EXPECT_FALSE(b.is_on_host());
  EXPECT_TRUE(pool.map({.host_copy = true}, triple{}, b).is_on_host());
  auto later = pool.map_async(on_gpu, triple{}, b);
  later.wait();
  pool.map_into(on_cpu, b, triple{}, b);
  EXPECT_TRUE(std::ranges::equal(std::as_const(b).host(), later.get().host()));
  EXPECT_EQ(b.host()[5], triple{}(triple{}(x[5])));
  EXPECT_THROW(pool.map({.host_copy = true}, triple{}, x), hetmap::option_error);
  hetmap::array<std::int64_t> const wide(n + 1);
  EXPECT_THROW(pool.map_into(b, triple{}, wide), hetmap::size_error);
  pool.terminate();
  EXPECT_THROW(pool.map(triple{}, a), hetmap::closed_error);
}

TEST_F(Array, MapsOverItself) {
  hetmap::array<std::int64_t> a(x);
  for (backend const where : {backend::gpu, backend::cpu, backend::gpu})
    hetmap::map_into({.backend = where}, a, triple{}, a);
  for (std::size_t i = 0; i != n; ++i)
    ASSERT_EQ(std::as_const(a).host()[i], triple{}(triple{}(triple{}(x[i]))));
  hetmap::array<std::int64_t> shorter(n - 1), longer(n + 1);
  EXPECT_THROW(hetmap::map_into(shorter, triple{}, a), hetmap::size_error);
  EXPECT_THROW(hetmap::map_into(longer, triple{}, a), hetmap::size_error);
}

TEST_F(Array, TakesRangesBesideIt) {
  hetmap::array<double> const a(std::vector<double>(n, 2.0));
  std::vector<float> const f(n, 0.5f);
  auto const c = hetmap::map(on_gpu, mixed{}, f, std::views::iota(std::int32_t{0}), a);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(c.host()[i], 0.5 + 2.0 * static_cast<double>(i));
}

TEST_F(Array, AutoStaysWhereTheDataIs) {
  support::host_form<costs<10>, double(double)> const form;
  hetmap::array<double> const a(std::vector<double>(n, 1.0));
  EXPECT_NE(hetmap::explain(costs<10>{}, a).chosen, backend::gpu) << "nothing is there yet";
  auto const b = hetmap::map(on_gpu, costs<10>{}, a);
  auto const plan = hetmap::explain(costs<10>{}, b);
  EXPECT_EQ(plan.chosen, backend::gpu) << plan;
  EXPECT_EQ(plan.link_bytes_in, 0u);
  auto const c = hetmap::map(costs<10>{}, b);
  EXPECT_FALSE(c.is_on_host());
  EXPECT_EQ(c.host()[n - 1], 34.0);
  EXPECT_NE(hetmap::explain(formless{}, b).chosen, backend::gpu);
}

TEST_F(Array, EmptyOnesAreFine) {
  hetmap::array<std::int64_t> const none;
  EXPECT_EQ(hetmap::map(on_gpu, triple{}, none).size(), 0u);
  EXPECT_EQ(hetmap::map(on_cpu, triple{}, none).size(), 0u);
  EXPECT_TRUE(none.host().empty());
  hetmap::array<std::int64_t> const copy(none);
  EXPECT_TRUE(copy.empty());
}

TEST_F(Array, CopiesAndMovesAreValues) {
  hetmap::array<std::int64_t> a{1, 2, 3};
  hetmap::array<std::int64_t> b = hetmap::map(on_gpu, triple{}, a);
  hetmap::array<std::int64_t> c = b;
  c.host()[0] = 0;
  EXPECT_EQ(std::as_const(b).host()[0], 4);
  a = std::move(c);
  EXPECT_EQ(std::as_const(a).host()[0], 0);
  EXPECT_EQ(std::as_const(a).host()[2], 10);
}

TEST_F(Array, AFailingElementLeavesTheOutputAsItWas) {
  hetmap::array<std::int64_t> const a(x);
  hetmap::array<std::int64_t> out(std::vector<std::int64_t>(n, -1));
  for (backend const where : {backend::gpu, backend::cpu}) {
    try {
      hetmap::map_into({.backend = where}, out, fails_from{4321, 100}, a);
      FAIL();
    } catch (hetmap::kernel_error const& e) {
      EXPECT_EQ(e.code(), 321);
      EXPECT_EQ(hetmap::failed_index(), 4321u);
    }
    EXPECT_TRUE(std::ranges::all_of(std::as_const(out).host(), [](auto v) { return v == -1; }));
  }
}

TEST_F(Array, WhatWasOnALostDeviceOnlySaysSo) {
  hetmap::array<std::int64_t> const a(x);
  auto const b = hetmap::map(on_gpu, triple{}, a);
  auto how = on_gpu;
  how.host_copy = true;
  auto const kept = hetmap::map(how, triple{}, a);
  EXPECT_TRUE(kept.is_on_host());
  dies_now();
  EXPECT_THROW(static_cast<void>(b.host()), hetmap::device_data_lost);
  EXPECT_THROW(hetmap::map(on_cpu, triple{}, b), hetmap::device_data_lost);
  EXPECT_EQ(kept.host()[5], triple{}(5));
  EXPECT_EQ(a.host()[5], 5);
  EXPECT_EQ(hetmap::map(triple{}, a).host()[5], triple{}(5)) << "the CPU goes on";
  EXPECT_THROW(hetmap::map(on_gpu, triple{}, a), hetmap::device_unavailable);
}

TEST_F(Array, WithoutRoomOnTheDeviceAutoUsesTheCpuAndGpuSaysSo) {
  start({.capacity = bytes / 2});
  hetmap::array<std::int64_t> const a(x);
  try {
    hetmap::map(on_gpu, triple{}, a);
    FAIL();
  } catch (hetmap::device_error const& e) {
    EXPECT_NE(std::string(e.what()).find("out of memory"), std::string::npos) << e.what();
  }
  EXPECT_EQ(hetmap::map(triple{}, a).host()[n - 1], triple{}(n - 1));
}

TEST_F(Array, HostCopiesAreTheArraysOptionOnly) {
  EXPECT_THROW(hetmap::map({.host_copy = true}, triple{}, x), hetmap::option_error);
}

// -- ref --

TEST_F(Array, ARefIsReadWhereTheFunctorRuns) {
  hetmap::array<std::int64_t> const table = hetmap::map(on_gpu, triple{}, hetmap::array(x));
  EXPECT_FALSE(table.is_on_host());
  gather const reversed{hetmap::ref(table), n};
  auto const indices = std::views::iota(std::int64_t{0}, static_cast<std::int64_t>(n));
  auto const expected = [&](std::size_t i) {
    return triple{}(static_cast<std::int64_t>(n - 1 - i));
  };
  auto const there = hetmap::map(on_gpu, reversed, indices);
  EXPECT_FALSE(table.is_on_host()) << "nothing had to come back";
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(there[i], expected(i));
  auto const here = hetmap::map(on_cpu, reversed, indices);
  EXPECT_TRUE(table.is_on_host());
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(here[i], expected(i));
}

TEST_F(Array, ARefToWhatIsOnTheHostGoesToTheDevice) {
  hetmap::array<std::int64_t> const table(x);
  auto const y = hetmap::map(on_gpu, gather{hetmap::ref(table), n},
                             std::views::iota(std::int64_t{0}, static_cast<std::int64_t>(n)));
  EXPECT_EQ(gpu().bytes_in(), bytes);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], static_cast<std::int64_t>(n - 1 - i));
}

TEST_F(Array, ARefInALambdaIsCurrentToo) {
  hetmap::array<std::int64_t> const table = hetmap::map(on_gpu, triple{}, hetmap::array(x));
  auto const first = [t = hetmap::ref(table)](int i) { return t[static_cast<std::size_t>(i)]; };
  std::vector<int> const i{0, 1, 2};
  EXPECT_EQ(hetmap::map(first, i)[2], triple{}(2));
  EXPECT_EQ(hetmap::starmap(first, std::vector<std::tuple<int>>{{1}, {2}})[1], triple{}(2));
}

// -- device_span --

class DeviceSpan : public Array {};

TEST_F(DeviceSpan, IsMappedWhereItIs) {
  auto const in = given(x), out = given(x);
  hetmap::map_into(out, triple{}, in);
  hetmap::map_into(on_gpu, out, triple{}, out);
  EXPECT_EQ(gpu().bytes_in() + gpu().bytes_out(), 0u);
  auto const y = taken(out);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], triple{}(triple{}(x[i])));
  taken(in);
}

TEST_F(DeviceSpan, PoolsMapIt) {
  auto const in = given(x), low = given(x), high = given(x);
  hetmap::pool pool(2u);
  pool.map_into(low, triple{}, in);
  pool.map_into(on_gpu, hetmap::columns(high, low), split{}, low);
  EXPECT_EQ(gpu().bytes_in() + gpu().bytes_out(), 0u);
  EXPECT_THROW(pool.map_into(on_cpu, low, triple{}, in), hetmap::device_unavailable);
  auto const highs = taken(high), lows = taken(low);
  for (std::size_t i = 0; i != n; ++i) {
    auto const [first, second] = split{}(triple{}(x[i]));
    ASSERT_EQ(highs[i], first);
    ASSERT_EQ(lows[i], second);
  }
  taken(in);
}

TEST_F(DeviceSpan, InPlaceAFailureStillHasItsIndex) {
  auto const both = given(x);
  try {
    hetmap::map_into(both, fails_from{777, 100}, both);
    FAIL();
  } catch (hetmap::kernel_error const& e) {
    EXPECT_EQ(e.code(), 777);
    EXPECT_EQ(hetmap::failed_index(), 777u);
  }
  auto const y = taken(both);
  for (std::size_t i = 0; i != n; ++i)
    ASSERT_TRUE(y[i] == 2 * x[i] || (y[i] == x[i] && i >= 777)) << i;
}

TEST_F(DeviceSpan, TakesItsTurnInAStreamOfTheCallers) {
  auto const in = given(x), out = given(x);
  hetmap::core::device::stream stream = nullptr;
  ASSERT_TRUE(gpu().create(stream).ok());
  hetmap::map_into(on_gpu, out, triple{}, in);  // what is made once, is made
  auto const before = gpu().now();
  auto ordered = out;
  ordered.stream = stream;
  hetmap::map_into(ordered, triple{}, in);
  hetmap::map_into(ordered, triple{}, out);
  EXPECT_LT((gpu().now() - before).count(), 5000) << "a launch alone takes 2000 ns";
  ASSERT_TRUE(gpu().block_until_idle(stream).ok());
  gpu().destroy(stream);
  auto const y = taken(out);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], triple{}(triple{}(x[i])));
  taken(in);
}

TEST_F(DeviceSpan, TuplesGoToAColumnAnElement) {
  auto const in = given(x), low = given(x), high = given(x);
  hetmap::map_into(hetmap::columns(low, high), split{}, in);
  EXPECT_EQ(gpu().bytes_in() + gpu().bytes_out(), 0u);
  hetmap::core::device::stream stream = nullptr, other = nullptr;
  ASSERT_TRUE(gpu().create(stream).ok());
  auto ordered = high;
  ordered.stream = stream;
  hetmap::map_into(hetmap::columns(in, ordered), split{}, high);  // in place, behind nothing
  auto elsewhere = low;
  elsewhere.stream = &other;
  EXPECT_THROW(hetmap::map_into(hetmap::columns(elsewhere, ordered), split{}, in),
               hetmap::option_error);
  auto shorter = low;
  shorter.size = n - 1;
  EXPECT_THROW(hetmap::map_into(hetmap::columns(shorter, high), split{}, in), hetmap::size_error);
  ASSERT_TRUE(gpu().block_until_idle(stream).ok());
  gpu().destroy(stream);
  auto const lows = taken(low), highs = taken(high), lows_again = taken(in);
  for (std::size_t i = 0; i != n; ++i) {
    auto const [l, h] = split{}(x[i]);
    auto const [l_of_h, h_of_h] = split{}(h);
    ASSERT_EQ(lows[i], l);
    ASSERT_EQ(lows_again[i], l_of_h);
    ASSERT_EQ(highs[i], h_of_h);
  }
}

TEST_F(DeviceSpan, HostMemoryDoesNotTravelInAStreamOfTheCallers) {
  auto const out = given(x);
  hetmap::core::device::stream stream = nullptr;
  ASSERT_TRUE(gpu().create(stream).ok());
  EXPECT_THROW(hetmap::map_into(device_span<std::int64_t>{out.data, n, stream}, triple{}, x),
               hetmap::device_unavailable);
  hetmap::map_into(device_span<std::int64_t>{out.data, n, stream}, triple{},
                   std::views::iota(std::int64_t{5}, static_cast<std::int64_t>(n + 5)));
  ASSERT_TRUE(gpu().block_until_idle(stream).ok());
  gpu().destroy(stream);
  EXPECT_EQ(taken(out)[3], triple{}(8));
}

TEST_F(DeviceSpan, IsNoBusinessOfTheCpus) {
  auto const in = given(x), out = given(x);
  EXPECT_THROW(hetmap::map_into(on_cpu, out, triple{}, in), hetmap::device_unavailable);
  EXPECT_THROW(hetmap::map_into(device_span<std::int64_t>{out.data, n - 1}, triple{}, in),
               hetmap::size_error);
  EXPECT_THROW(hetmap::map_into(device_span<std::int64_t>{out.data + 1, n - 1}, triple{},
                                device_span<std::int64_t>{out.data, n - 1}),
               hetmap::overlap_error);
  taken(in);
  taken(out);
}

}  // namespace
