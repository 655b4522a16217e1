// Memory that a GPU cannot use where it lies: refused before anything is launched, and the GPU can
// be used as before. An error here that goes unnoticed ends the GPU for the process.
#include "device_memory.hpp"
#include "kernels.hpp"

#include <hetmap/hetmap.hpp>

#include <gtest/gtest.h>

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace {

using namespace cuda_kernels;
using support::on_device;
using support::pinned;

using integers = hetmap::device_span<std::int32_t>;

hetmap::options const on_gpu{.backend = hetmap::backend::gpu};

class CudaMemory : public testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override {
    if (std::string const why = support::no_gpu_here(); !why.empty())
      GTEST_SKIP() << "no GPU here: " << why;
    ASSERT_EQ(cudaStreamCreate(&stream_), cudaSuccess);
  }
  void TearDown() override {
    if (IsSkipped()) return;
    EXPECT_EQ(cudaStreamSynchronize(stream_), cudaSuccess);
    EXPECT_EQ(cudaStreamDestroy(stream_), cudaSuccess);
    EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess) << "an error was left pending";
  }

  /// One size for a kernel of hetmap's, one for Thrust's.
  [[nodiscard]] static std::size_t n() { return GetParam(); }

  /// What f throws says this, and the GPU works.
  template <class Error = hetmap::memory_error, class F>
  static void refused(F const& f, std::string_view says, std::string_view and_says = {}) {
    try {
      f();
      ADD_FAILURE() << "nothing was thrown";
    } catch (Error const& e) {
      EXPECT_NE(std::string_view(e.what()).find(says), std::string_view::npos) << e.what();
      EXPECT_NE(std::string_view(e.what()).find(and_says), std::string_view::npos) << e.what();
    }
    works();
  }
  static void works() {
    on_device<std::int32_t> const a(std::vector<std::int32_t>(n(), 1));
    hetmap::map_into(a.span(), triple{}, a.span());
    EXPECT_EQ(a.at(n() - 1), 4);
  }

  /// As an input and as an output, waited for and in a stream, mapped and folded.
  void refused_everywhere(integers bad, std::string_view says) {
    on_device<std::int32_t> const good(std::vector<std::int32_t>(n(), 5));
    integers in_stream = good.span();
    in_stream.stream = stream_;
    refused([&] { hetmap::map_into(good.span(), triple{}, bad); }, "input 0", says);
    refused([&] { hetmap::map_into(in_stream, triple{}, bad); }, "input 0", says);
    refused([&] { hetmap::map_into(bad, triple{}, good.span(0, bad.size)); }, "output 0", says);
    bad.stream = stream_;
    refused([&] { hetmap::map_into(bad, triple{}, good.span(0, bad.size)); }, "output 0", says);
    bad.stream.reset();
    refused(
        [&] {
          static_cast<void>(
              hetmap::map_reduce(std::identity{}, std::plus<>{}, std::int32_t{0}, bad));
        },
        "input 0", says);
    EXPECT_EQ(good.at(0), 5);
    EXPECT_EQ(good.at(n() - 1), 5);
  }

  cudaStream_t stream_ = nullptr;
};
INSTANTIATE_TEST_SUITE_P(Sizes, CudaMemory, testing::Values(100, 20000));

template <class T>
T* moved(T* p, std::ptrdiff_t bytes) {
  return reinterpret_cast<T*>(reinterpret_cast<std::intptr_t>(p) + bytes);
}

TEST_P(CudaMemory, OfASpanThatIsNotAligned) {
  on_device<std::int32_t> const data(n() + 1);
  for (std::ptrdiff_t const bytes : {1, 2, 3})
    refused_everywhere({moved(data.data(), bytes), n()}, "a multiple of 4");
  on_device<double> const wide(n() + 1), to(n());
  refused(
      [&] {
        hetmap::map_into(to.span(), scaled<double>{2},
                         hetmap::device_span<double>{moved(wide.data(), 4), n() / 2});
      },
      "a multiple of 8");
  on_device<aligned<64>> const over(n() + 1);
  refused(
      [&] {
        hetmap::map_into(over.span(0, 10), each_byte_up{},
                         hetmap::device_span<aligned<64>>{moved(over.data(), 64 * 20 + 32), 10});
      },
      "a multiple of 64");
  on_device<float> const floats(4 * n() + 1);
  auto const column = [&](std::size_t k) {
    return hetmap::device_span<float>{floats.data() + k * n(), n()};
  };
  auto odd = column(3);
  odd.data = moved(odd.data, 2);
  refused(
      [&] { hetmap::map_into(hetmap::columns(column(0), odd), minmax{}, column(1), column(2)); },
      "output 1", "a multiple of 4");
  refused(
      [&] { hetmap::map_into(hetmap::columns(column(0), column(1)), minmax{}, column(2), odd); },
      "input 1", "a multiple of 4");
}

TEST_P(CudaMemory, OfTheHostIsNoDeviceSpan) {
  std::vector<std::int32_t> pageable(n(), 3);
  refused_everywhere({pageable.data(), n()}, "not in the memory of GPU 0");
  pinned<std::int32_t> const whole(n());
  refused_everywhere({whole.data(), n()}, "not in the memory of GPU 0");
  std::vector<std::int32_t> part(1'000'000, 3);
  ASSERT_EQ(cudaHostRegister(part.data(), 4096, cudaHostRegisterDefault), cudaSuccess);
  refused_everywhere({part.data(), n()}, "not in the memory of GPU 0");
  ASSERT_EQ(cudaHostUnregister(part.data()), cudaSuccess);
  EXPECT_EQ(pageable, std::vector<std::int32_t>(n(), 3));
}

TEST_P(CudaMemory, OfAnArrayMayBePinnedInPart) {
  hetmap::array<double> a(std::vector<double>(1'000'000, 2));
  auto* const data = a.host().data();
  ASSERT_EQ(cudaHostRegister(data, 64 * 4096, cudaHostRegisterDefault), cudaSuccess);
  auto b = hetmap::map(on_gpu, scaled<double>{3}, a);
  ASSERT_EQ(cudaHostUnregister(data), cudaSuccess);
  EXPECT_EQ(std::as_const(b).host()[999'999], 6);
}

TEST_P(CudaMemory, EndsWhereItsAllocationDoes) {
  on_device<std::int32_t> const a(n());
  std::size_t const longer = n() + (std::size_t{1} << 44);
  integers const all{a.data(), longer};
  refused([&] { hetmap::map_into(all, triple{}, all); }, "output 0", "beyond");
  refused(
      [&] {
        static_cast<void>(hetmap::map_reduce(std::identity{}, std::plus<>{}, std::int32_t{0}, all));
      },
      "input 0", "beyond");
}

TEST_P(CudaMemory, ThatIsNullHoldsNoElements) { refused_everywhere({nullptr, n()}, "is null"); }

TEST_P(CudaMemory, OfNoElementsMayBeAnywhere) {
  on_device<std::int32_t> const data(1);
  std::int32_t host = 0;
  for (std::int32_t* const p :
       {static_cast<std::int32_t*>(nullptr), moved(data.data(), 1), data.data() + 1, &host}) {
    hetmap::map_into(integers{p, 0}, triple{}, integers{p, 0});
    hetmap::map_into(integers{p, 0, stream_}, triple{}, integers{p, 0});
    EXPECT_EQ(hetmap::map_reduce(std::identity{}, std::plus<>{}, std::int32_t{5}, integers{p, 0}),
              5);
  }
  works();
}

TEST_P(CudaMemory, ThatWasFreedIsRefused) {
  std::int32_t* freed = nullptr;
  ASSERT_EQ(cudaMalloc(reinterpret_cast<void**>(&freed), std::size_t{64} << 20), cudaSuccess);
  ASSERT_EQ(cudaFree(freed), cudaSuccess);
  // Far from what is given out next.
  refused_everywhere({freed + (std::size_t{8} << 20), n()}, "freed");
}

TEST_P(CudaMemory, ThatOverlapsInPartIsRefused) {
  on_device<std::int32_t> const data(n() + 1);
  refused<hetmap::overlap_error>(
      [&] { hetmap::map_into(data.span(1, n()), triple{}, data.span(0, n())); }, "overlaps");
}

TEST_P(CudaMemory, OfTheGpuThatIsGivenAsARangeIsCheckedToo) {
  on_device<double> const data(std::vector<double>(n() + 1, 2));
  std::span<double> const range(data.data(), n());
  hetmap::map_into(on_gpu, range, scaled<double>{3}, range);
  EXPECT_EQ(data.at(n() - 1), 6);
  refused(
      [&] {
        std::span<double> const odd(moved(data.data(), 4), n());
        static_cast<void>(hetmap::map(on_gpu, scaled<double>{3}, odd));
      },
      "input 0", "a multiple of 8");
  using row = std::tuple<float, std::int32_t, double>;
  std::span<row const> const rows(reinterpret_cast<row const*>(data.data()), 20);
  refused([&] { static_cast<void>(hetmap::starmap(on_gpu, mixed{}, rows)); }, "rows");
}

TEST_P(CudaMemory, OfAnotherGpuIsTheOthersToMap) {
  int devices = 0;
  ASSERT_EQ(cudaGetDeviceCount(&devices), cudaSuccess);
  if (devices < 2) GTEST_SKIP() << "there is one GPU only";
  ASSERT_EQ(cudaSetDevice(1), cudaSuccess);
  on_device<std::int32_t> const there(std::vector<std::int32_t>(n(), 1));
  cudaStream_t its_stream = nullptr;
  ASSERT_EQ(cudaStreamCreate(&its_stream), cudaSuccess);
  ASSERT_EQ(cudaSetDevice(0), cudaSuccess);
  on_device<std::int32_t> const here(std::vector<std::int32_t>(n(), 1));

  refused<hetmap::device_unavailable>(
      [&] { hetmap::map_into(here.span(), triple{}, there.span()); }, "input 0", "GPU 1");
  refused<hetmap::device_unavailable>(
      [&] { hetmap::map_into(there.span(), triple{}, here.span()); }, "output 0", "GPU 1");
  hetmap::options const on_the_other{.backend = hetmap::backend::gpu, .device = 1};
  refused<hetmap::device_unavailable>(
      [&] { hetmap::map_into(on_the_other, here.span(), triple{}, there.span()); }, "output 0",
      "GPU 0");
  integers in_its_stream = here.span();
  in_its_stream.stream = its_stream;
  refused<hetmap::device_error>([&] { hetmap::map_into(in_its_stream, triple{}, here.span()); },
                                "stream");
  EXPECT_EQ(here.at(0), 1);
  integers both = there.span();
  both.stream = its_stream;
  hetmap::map_into(on_the_other, both, triple{}, there.span());
  ASSERT_EQ(cudaStreamSynchronize(its_stream), cudaSuccess);
  EXPECT_EQ(there.at(n() - 1), 4);
  ASSERT_EQ(cudaStreamDestroy(its_stream), cudaSuccess);
}

TEST_P(CudaMemory, IsMappedRightWhateverErrorIsPending) {
  on_device<std::int32_t> const data(std::vector<std::int32_t>(n(), 1));
  ASSERT_NE(cudaSetDevice(-1), cudaSuccess);
  ASSERT_NE(cudaPeekAtLastError(), cudaSuccess);
  hetmap::map_into(data.span(), triple{}, data.span());
  EXPECT_EQ(data.at(n() - 1), 4);
  static_cast<void>(cudaGetLastError());  // may have been cleared, and may not
}

TEST_P(CudaMemory, OfAnInputIsNotWaitedForInAStreamOfItsOwn) {
  on_device<std::int32_t> const data(n());
  integers in = data.span();
  in.stream = stream_;
  refused<hetmap::option_error>([&] { hetmap::map_into(data.span(), triple{}, in); }, "stream");
}

}  // namespace
