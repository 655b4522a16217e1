// Maps on a real GPU, held against the same maps on the CPU. Skips where there is none.
#include "device_memory.hpp"
#include "gpu_fixture.hpp"
#include "kernels.hpp"

#include <hetmap/hetmap.hpp>

#include <gtest/gtest.h>

#include <cuda_runtime_api.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <numeric>
#include <ranges>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace cuda_tests;
using namespace cuda_kernels;
using support::on_device;
using support::pinned;

/// For compute-sanitizer, which counts what was not freed when a context is destroyed.
class LeavesNothing : public testing::Environment {
  void TearDown() override {
    if (std::getenv("HETMAP_TEST_LEAKS") == nullptr || !support::no_gpu_here().empty()) return;
    hetmap::release_cached_memory();
    EXPECT_EQ(cudaDeviceReset(), cudaSuccess);
  }
};
auto* const leaves_nothing [[maybe_unused]] = testing::AddGlobalTestEnvironment(new LeavesNothing);

// -- 12 to 15 --

TEST_F(CudaMap, EqualsTheCpuAtEverySize) {
  for (std::size_t const n : edge_sizes) {
    SCOPED_TRACE(n);
    auto const in = numbers(n);
    EXPECT_TRUE(same(hetmap::map(on_gpu, triple{}, in), hetmap::map(on_cpu, triple{}, in)));
  }
}

TEST_F(CudaMap, OverDeviceMemoryEqualsTheCpuAtEverySize) {
  for (std::size_t const n : edge_sizes) {
    if (n == 0) continue;
    SCOPED_TRACE(n);
    auto const in = numbers(n);
    on_device<std::int32_t> const from(in), to(n);
    hetmap::map_into(to.span(), triple{}, from.span());
    EXPECT_TRUE(same(to.host(), hetmap::map(on_cpu, triple{}, in)));
  }
}

TEST_F(CudaMap, InPlaceEqualsOutOfPlace) {
  for (std::size_t const n :
       {std::size_t{1}, std::size_t{4097}, std::size_t{100000}, std::size_t{5000001}}) {
    SCOPED_TRACE(n);
    auto data = numbers(n);
    auto const expected = hetmap::map(on_cpu, triple{}, data);
    on_device<std::int32_t> const resident(data);
    hetmap::map_into(on_gpu, data, triple{}, data);
    EXPECT_TRUE(same(data, expected));
    hetmap::map_into(resident.span(), triple{}, resident.span());
    EXPECT_TRUE(same(resident.host(), expected));
  }
}

TEST_F(CudaMap, StartsAtAnyElementAndTouchesNothingElse) {
  for (std::size_t const offset : {1u, 2u, 4u, 8u, 15u, 16u})
    for (std::size_t const n : {std::size_t{1000}, std::size_t{50001}}) {
      SCOPED_TRACE(std::to_string(offset) + " of " + std::to_string(n));
      std::vector<std::int8_t> in(n + 64);
      for (std::size_t i = 0; i != in.size(); ++i) in[i] = static_cast<std::int8_t>(i * 7);
      std::vector<std::int8_t> expected(n + 64, 0x55);
      hetmap::map_into(on_cpu, std::span(expected).subspan(32, n), flipped{},
                       std::span(std::as_const(in)).subspan(offset, n));

      std::vector<std::int8_t> out(n + 64, 0x55);
      hetmap::map_into(on_gpu, std::span(out).subspan(32, n), flipped{},
                       std::span(std::as_const(in)).subspan(offset, n));
      EXPECT_TRUE(same(out, expected)) << "over host memory";

      on_device<std::int8_t> const from(in), to(std::vector<std::int8_t>(n + 64, 0x55));
      hetmap::map_into(to.span(32, n), flipped{}, from.span(offset, n));
      EXPECT_TRUE(same(to.host(), expected)) << "over device memory";
    }
}

template <class T>
void expect_each_byte_up(std::size_t n, T (*make)(std::size_t)) {
  std::vector<T> in(n);
  for (std::size_t i = 0; i != n; ++i) in[i] = make(i);
  auto const expected = hetmap::map(on_cpu, each_byte_up{}, in);
  EXPECT_TRUE(same(hetmap::map(on_gpu, each_byte_up{}, in), expected)) << "over host memory";
  on_device<T> const from(in), to(n);
  hetmap::map_into(to.span(), each_byte_up{}, from.span());
  EXPECT_TRUE(same(to.host(), expected)) << "over device memory";
}

template <std::size_t N>
bytes<N> pattern(std::size_t i) {
  bytes<N> out;
  for (std::size_t k = 0; k != N; ++k) out.b[k] = static_cast<unsigned char>(i * 31 + k);
  return out;
}

TEST_F(CudaMap, TakesElementsOfAnySizeAndAlignment) {
  for (std::size_t const n : {100u, 20000u}) {
    SCOPED_TRACE(n);
    expect_each_byte_up<bytes<3>>(n, pattern<3>);
    expect_each_byte_up<bytes<12>>(n, pattern<12>);
    expect_each_byte_up<bytes<666>>(n, pattern<666>);
    expect_each_byte_up<aligned<64>>(n, [](std::size_t i) { return aligned<64>{int(i)}; });
    expect_each_byte_up<aligned<256>>(n, [](std::size_t i) { return aligned<256>{int(i)}; });
  }
}

TEST_F(CudaMap, IsRightPastTwoAndFourGiB) {
  try {
    {
      std::size_t const n = (std::size_t{1} << 31) + 123;
      on_device<std::int8_t> from(n), to(n);
      support::check(cudaMemset(from.data(), 3, n));
      for (std::size_t const i :
           {std::size_t{0}, (std::size_t{1} << 31) - 1, std::size_t{1} << 31, n - 1})
        from.set(i, static_cast<std::int8_t>(i % 101));
      hetmap::map_into(to.span(), flipped{}, from.span());
      for (std::size_t const i :
           {std::size_t{0}, (std::size_t{1} << 31) - 1, std::size_t{1} << 31, n - 1})
        EXPECT_EQ(to.at(i), static_cast<std::int8_t>(~static_cast<std::int8_t>(i % 101))) << i;
      EXPECT_EQ(to.at(12345), static_cast<std::int8_t>(~3));
    }
    std::size_t const n = (std::size_t{1} << 30) + 5;
    on_device<std::int32_t> from(n), to(n);
    support::check(cudaMemset(from.data(), 0, n * sizeof(std::int32_t)));
    from.set(n - 1, 70);
    from.set(n - 6, 60);
    hetmap::map_into(to.span(), triple{}, from.span());
    EXPECT_EQ(to.at(n - 1), 211);
    EXPECT_EQ(to.at(n - 6), 181);
    EXPECT_EQ(to.at(0), 1);
  } catch (std::bad_alloc const&) {
    GTEST_SKIP() << "this GPU has too little free memory: 8 GiB are needed";
  }
}

// -- shapes --

TEST_F(CudaMap, TakesOneToEightInputsAndGivesSeveralOutputs) {
  std::size_t const n = 50000;
  auto const a = numbers(n);
  EXPECT_TRUE(same(hetmap::map(on_gpu, sum_of_eight{}, a, a, a, a, a, a, a, a),
                   hetmap::map(on_cpu, sum_of_eight{}, a, a, a, a, a, a, a, a)));
  std::vector<float> x(n), y(n), low(n), high(n);
  for (std::size_t i = 0; i != n; ++i) {
    x[i] = static_cast<float>(i % 17);
    y[i] = static_cast<float>(i % 23);
  }
  hetmap::map_into(on_gpu, hetmap::columns(low, high), minmax{}, x, y);
  for (std::size_t i = 0; i != n; ++i) {
    ASSERT_EQ(low[i], std::min(x[i], y[i])) << i;
    ASSERT_EQ(high[i], std::max(x[i], y[i])) << i;
  }
}

TEST_F(CudaMap, CopiesAKernelsState) {
  std::vector<double> const in(20000, 3.0);
  EXPECT_EQ(hetmap::map(on_gpu, scaled<double>{2.5}, in)[19999], 7.5);
  EXPECT_EQ(hetmap::map(on_gpu, scaled<double>{-1.0}, in)[0], -3.0);
}

TEST_F(CudaMap, GeneratesIotaOnTheDevice) {
  for (std::int32_t const n : {1000, 3'000'000}) {
    auto const got = hetmap::map(on_gpu, triple{}, std::views::iota(std::int32_t{5}, n));
    ASSERT_EQ(got.size(), static_cast<std::size_t>(n - 5));
    EXPECT_EQ(got[0], 16);
    EXPECT_EQ(got[got.size() - 1], 3 * (n - 1) + 1);
  }
}

TEST_F(CudaMap, ReadsAndWritesPinnedMemory) {
  std::size_t const n = 5'000'001;
  pinned<std::int32_t> const in(n), out(n);
  std::iota(in.begin(), in.end(), 0);
  hetmap::map_into(on_gpu, std::span(out.data(), n), triple{},
                   std::span<std::int32_t const>(in.data(), n));
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(out[i], 3 * static_cast<std::int32_t>(i) + 1) << i;
}

TEST_F(CudaMap, OfMemoryThatIsPinnedInPart) {
  std::size_t const page = 4096, n = 1'000'000;
  std::vector<std::int32_t> in(n), out(n);
  std::iota(in.begin(), in.end(), 0);
  for (auto* const data : {in.data(), out.data()})
    ASSERT_EQ(cudaHostRegister(data, 64 * page, cudaHostRegisterDefault), cudaSuccess);
  hetmap::map_into(on_gpu, out, triple{}, in);
  EXPECT_TRUE(same(out, hetmap::map(on_cpu, triple{}, in)));
  for (auto* const data : {in.data(), out.data()}) ASSERT_EQ(cudaHostUnregister(data), cudaSuccess);
}

TEST_F(CudaMap, OfArraysStaysOnTheDevice) {
  std::vector<double> const values(100000, 2.0);
  hetmap::array<double> const x(values);
  auto const y = hetmap::map(on_gpu, scaled<double>{3}, x);
  auto const z = hetmap::map(on_gpu, scaled<double>{5}, y);
  EXPECT_TRUE(z.is_on_device());
  EXPECT_FALSE(z.is_on_host());
  EXPECT_EQ(z.host()[99999], 30.0);
}

TEST_F(CudaMap, GathersThroughRefs) {
  std::size_t const n = 100000;
  std::vector<double> values(n);
  for (std::size_t i = 0; i != n; ++i) values[i] = static_cast<double>(i % 1000);
  hetmap::array<double> const table(values);
  auto const inner = std::views::iota(std::int64_t{1}, static_cast<std::int64_t>(n) - 1);
  auto const got = hetmap::map(on_gpu, window{hetmap::ref(table)}, inner);
  EXPECT_TRUE(same(got, hetmap::map(on_cpu, window{hetmap::ref(table)}, inner)));
  // By indices that lie in memory, so that Thrust runs it.
  std::vector<std::int64_t> indices(inner.size());
  std::iota(indices.begin(), indices.end(), 1);
  EXPECT_TRUE(same(hetmap::map(on_gpu, window{hetmap::ref(table)}, indices), got));
}

TEST_F(CudaMap, TakesItsTurnInTheCallersStream) {
  std::size_t const n = 1 << 20;
  on_device<std::int32_t> const from(n), to(n);
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
  std::vector<std::int32_t> const ones(n, 1);
  ASSERT_EQ(cudaMemcpyAsync(from.data(), ones.data(), n * sizeof(std::int32_t),
                            cudaMemcpyHostToDevice, stream),
            cudaSuccess);
  for (int k = 0; k != 2; ++k)
    hetmap::map_into(hetmap::device_span<std::int32_t>{to.data(), n, stream}, triple{},
                     k == 0 ? from.span() : to.span());
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  EXPECT_EQ(to.at(n - 1), 13);
  ASSERT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

TEST_F(CudaMap, InTheCallersStreamReadsArraysThatAreGoneByThen) {
  std::size_t const n = 100000;
  std::vector<double> values(n);
  std::iota(values.begin(), values.end(), 0.0);
  on_device<double> const to(n - 2);
  cudaStream_t stream = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  auto const inner = std::views::iota(std::int64_t{1}, static_cast<std::int64_t>(n) - 1);
  hetmap::device_span<double> const out{to.data(), n - 2, stream};
  {
    hetmap::array<double> const table(values);
    hetmap::map_into(out, window{hetmap::ref(table)}, inner);  // what is made once, is made
    ASSERT_EQ(
        cudaLaunchHostFunc(
            stream, [](void*) { std::this_thread::sleep_for(std::chrono::milliseconds(300)); },
            nullptr),
        cudaSuccess);
    hetmap::map_into(out, window{hetmap::ref(table)}, inner);
  }
  hetmap::array<double> const other(std::vector<double>(n, -1.0));
  EXPECT_EQ(hetmap::map(on_gpu, window{hetmap::ref(other)}, inner)[0], -4.0);
  ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
  auto const got = to.host();
  for (std::size_t i = 0; i != n - 2; ++i) ASSERT_EQ(got[i], 4.0 * static_cast<double>(i + 1));
  ASSERT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

// Run alone it is the first call of its process, and everything has yet to be made.
TEST_F(CudaMap, IsCapturedInAGraphWhateverElseGoesOn) {
  for (std::size_t const n : {std::size_t{1000}, std::size_t{100000}}) {
    SCOPED_TRACE(n);
    on_device<std::int32_t> const data(std::vector<std::int32_t>(n, 1));
    on_device<double> const one(1);
    cudaStream_t stream = nullptr;
    ASSERT_EQ(cudaStreamCreate(&stream), cudaSuccess);
    hetmap::device_span<std::int32_t> const both{data.data(), n, stream};
    auto const in = numbers(n);
    std::vector<std::int32_t> here, there;

    ASSERT_EQ(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), cudaSuccess);
    hetmap::map_into(both, triple{}, data.span());
    hetmap::array<double> const table(std::vector<double>(n, 1.0));
    EXPECT_THROW(hetmap::map_into(hetmap::device_span<double>{one.data(), 1, stream},
                                  window{hetmap::ref(table)},
                                  std::views::iota(std::int64_t{1}, std::int64_t{2})),
                 hetmap::device_unavailable);
    for (auto* const out : {&here, &there}) {
      auto const map = [&] {
        auto const y = hetmap::map(on_gpu, triple{}, in);
        out->assign(y.begin(), y.end());
      };
      if (out == &here)
        map();
      else
        std::thread(map).join();
    }
    cudaGraph_t graph = nullptr;
    ASSERT_EQ(cudaStreamEndCapture(stream, &graph), cudaSuccess);
    EXPECT_EQ(data.at(n - 1), 1) << "nothing has run yet";
    EXPECT_TRUE(same(here, hetmap::map(on_cpu, triple{}, in)));
    EXPECT_TRUE(same(there, here));

    cudaGraphExec_t ready = nullptr;
    ASSERT_EQ(cudaGraphInstantiate(&ready, graph, 0), cudaSuccess);
    hetmap::release_cached_memory();  // nothing that the graph needs
    for (int k = 0; k != 2; ++k) ASSERT_EQ(cudaGraphLaunch(ready, stream), cudaSuccess);
    ASSERT_EQ(cudaStreamSynchronize(stream), cudaSuccess);
    EXPECT_EQ(data.at(0), 13);
    EXPECT_EQ(data.at(n - 1), 13);
    ASSERT_EQ(cudaGraphExecDestroy(ready), cudaSuccess);
    ASSERT_EQ(cudaGraphDestroy(graph), cudaSuccess);
    ASSERT_EQ(cudaStreamDestroy(stream), cudaSuccess);
  }
}

TEST_F(CudaMap, FillsSeveralColumnsOfTheDevice) {
  std::size_t const n = 100003;
  on_device<float> const a(std::vector<float>(n, 2)), b(std::vector<float>(n, 1)), low(n), high(n);
  hetmap::map_into(hetmap::columns(low.span(), high.span()), minmax{}, a.span(), b.span());
  auto const [lows, highs] =
      hetmap::map_columns(on_gpu, minmax{}, hetmap::array(std::vector<float>(n, 2)),
                          hetmap::array(std::vector<float>(n, 1)));
  EXPECT_TRUE(lows.is_on_device() && highs.is_on_device());
  for (std::size_t const i : {std::size_t{0}, n / 2, n - 1}) {
    EXPECT_EQ(low.at(i), 1.0f);
    EXPECT_EQ(high.at(i), 2.0f);
    EXPECT_EQ(lows.host()[i], 1.0f);
    EXPECT_EQ(highs.host()[i], 2.0f);
  }
}

TEST_F(CudaMap, RunsForSeveralThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::vector<int> right(4);
  for (int t = 0; t != 4; ++t)
    threads.emplace_back([&, t] {
      std::vector<double> const in(300000, t);
      for (int k = 0; k != 5; ++k)
        right[static_cast<std::size_t>(t)] +=
            hetmap::map(on_gpu, scaled<double>{2}, in)[299999] == 2.0 * t;
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(right, std::vector<int>(4, 5));
}

TEST_F(CudaMap, SharedWithTheCpuEqualsTheCpu) {
  hetmap::options const shared{.backend = hetmap::backend::hybrid};
  for (std::size_t const n : edge_sizes) {
    SCOPED_TRACE(n);
    auto data = numbers(n);
    auto const expected = hetmap::map(on_cpu, triple{}, data);
    EXPECT_TRUE(same(hetmap::map(shared, triple{}, data), expected));
    pinned<std::int32_t> const direct(n + 1);
    std::span<std::int32_t> const out(direct.data(), n);
    hetmap::map_into(shared, out, triple{}, data);
    EXPECT_TRUE(std::equal(out.begin(), out.end(), expected.begin(), expected.end()));
    hetmap::array<std::int32_t> const there(data);
    auto const of_array = hetmap::map(shared, triple{}, there);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), of_array.host().begin()));
    std::size_t i = 0;
    for (auto const v : hetmap::imap(shared, triple{}, data)) EXPECT_EQ(v, expected[i++]);
    EXPECT_EQ(i, n);
    hetmap::map_into(shared, data, triple{}, data);
    EXPECT_TRUE(same(data, expected));
  }
}

TEST_F(CudaMap, DiffersFromTheCpuByRoundingOnly) {
  std::vector<float> in(100000);
  for (std::size_t i = 0; i != in.size(); ++i) in[i] = static_cast<float>(i) / 20000 - 2.5f;
  auto const got = hetmap::map(on_gpu, bell{}, in);
  for (std::size_t i = 0; i != in.size(); ++i) {
    double const exact = std::exp(-static_cast<double>(in[i]) * in[i]);
    // -v * v is rounded once, and exp has 2 ULP: 8 in all, with |v * v| below 6.25.
    ASSERT_NEAR(got[i], exact, 8 * 6e-8 * exact) << in[i];
  }
}

}  // namespace
