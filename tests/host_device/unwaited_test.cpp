// Maps in streams of the caller's, which nobody waits for: what they read and where failures go,
// and streams that are being captured.
#include "host_device.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <optional>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace host_kernels;
using hetmap::device_span;
using support::on_virtual_device;
using support::operation;
using support::strike;

hetmap::options const on_gpu{.backend = hetmap::backend::gpu};

class Unwaited : public on_virtual_device {
 protected:
  static constexpr std::size_t n = 10'000;

  Unwaited() {
    // 10 ms a launch: time for much else.
    start({.bytes_out_per_second = 1000, .element_nanoseconds = 1000});
    EXPECT_TRUE(gpu().create(stream_).ok());
    out_ = given(x);
    out_.stream = stream_;
  }
  ~Unwaited() override {
    if (gpu().is_dead()) return;
    gpu().destroy(stream_);
    if (out_.data != nullptr) taken(out_);
  }

  /// Enqueues out[i] = table[n - 1 - i].
  void enqueue_reversed(hetmap::array<std::int64_t> const& table) {
    hetmap::map_into(out_, gather{hetmap::ref(table), n}, indices);
  }
  std::vector<std::int64_t> result() {
    EXPECT_TRUE(gpu().block_until_idle(stream_).ok());
    return taken(std::exchange(out_, {}));
  }
  void expect_reversed() {
    auto const y = result();
    for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], x[n - 1 - i]);
  }

  std::vector<std::int64_t> const x = counted(n);
  decltype(std::views::iota(std::int64_t{}, std::int64_t{})) const indices =
      std::views::iota(std::int64_t{0}, static_cast<std::int64_t>(n));
  hetmap::core::device::stream stream_ = nullptr;
  device_span<std::int64_t> out_;
};

TEST_F(Unwaited, ADestroyedArrayIsReadToTheEnd) {
  {
    hetmap::array<std::int64_t> const table(x);
    enqueue_reversed(table);
  }
  // Of the same size: it would get the memory that the other has left.
  hetmap::array<std::int64_t> const other(std::vector<std::int64_t>(n, -1));
  auto const y = hetmap::map(on_gpu, gather{hetmap::ref(other), n}, indices);
  expect_reversed();
  EXPECT_EQ(y[0], -1);
}

TEST_F(Unwaited, AnArrayThatIsWrittenIsReadAsItWas) {
  hetmap::array<std::int64_t> table(x);
  enqueue_reversed(table);
  table.host()[0] = -1;
  auto const y = hetmap::map(on_gpu, triple{}, table);
  EXPECT_EQ(y.host()[0], -2);
  expect_reversed();
}

TEST_F(Unwaited, ReleasingMemoryLeavesWhatIsStillRead) {
  {
    hetmap::array<std::int64_t> const table(x);
    static_cast<void>(hetmap::map(on_gpu, triple{}, table));
    hetmap::release_cached_memory();  // of all else, since freeing anything may wait for the device
    enqueue_reversed(table);
  }
  auto const held = gpu().bytes().used();
  hetmap::release_cached_memory();
  EXPECT_EQ(gpu().bytes().used(), held);
  expect_reversed();
  hetmap::release_cached_memory();
  EXPECT_EQ(gpu().bytes().used(), 0u);
}

TEST_F(Unwaited, NothingGrowsWithTheNumberOfCalls) {
  for (int k = 0; k != 2000; ++k) {
    hetmap::array<std::int64_t> const table(x);
    enqueue_reversed(table);
    ASSERT_TRUE(gpu().block_until_idle(stream_).ok());
  }
  EXPECT_LE(gpu().bytes().most_used(), 8 * n * sizeof(std::int64_t));
  hetmap::array<std::int64_t> const table(x);
  for (int k = 0; k != 2000; ++k) {
    enqueue_reversed(table);
    if (k % 20 == 0) {
      ASSERT_TRUE(gpu().block_until_idle(stream_).ok());
    }
  }
  EXPECT_LE(gpu().events(), 100u);
  expect_reversed();
}

TEST_F(Unwaited, AStreamThatStandsStillHoldsUpNoOther) {
  hetmap::core::device::stream still = nullptr;
  ASSERT_TRUE(gpu().create(still).ok());
  void* pinned = nullptr;
  ASSERT_TRUE(gpu().pin(pinned, n * sizeof(std::int64_t)).ok());
  hetmap::array<std::int64_t> const table(x);
  auto const slow = given(x);
  // 80 s, in an engine that nothing else here uses.
  ASSERT_TRUE(gpu().copy_out(still, pinned, slow.data, n * sizeof(std::int64_t)).ok());
  hetmap::map_into(device_span<std::int64_t>{slow.data, n, still}, gather{hetmap::ref(table), n},
                   indices);
  for (int k = 0; k != 1000; ++k) {
    enqueue_reversed(table);
    if (k % 20 == 0) {
      ASSERT_TRUE(gpu().block_until_idle(stream_).ok());
    }
  }
  EXPECT_LE(gpu().events(), 300u);
  expect_reversed();
  gpu().destroy(still);
  gpu().unpin(pinned);
  taken(slow);
}

TEST_F(Unwaited, ADeviceThatDiesMeanwhileIsLeftAlone) {
  auto table = std::optional<hetmap::array<std::int64_t>>(x);
  enqueue_reversed(*table);
  gpu().strike_with([](operation, std::uint64_t) { return strike::lost; });
  EXPECT_THROW(hetmap::map(on_gpu, triple{}, x), hetmap::device_error);
  table.reset();
  hetmap::release_cached_memory();
  EXPECT_EQ(gpu().misuse(), "");
}

TEST_F(Unwaited, ReproducibleResultsAreTheCpus) {
  auto const before = gpu().launches();
  for (bool const in_stream : {true, false}) {
    auto out = out_;
    if (!in_stream) out.stream.reset();
    EXPECT_THROW(hetmap::map_into({.reproducible = true}, out, triple{}, indices),
                 hetmap::device_unavailable);
  }
  EXPECT_EQ(gpu().launches(), before);
}

TEST_F(Unwaited, WithoutAnEventNothingIsLaunched) {
  hetmap::array<std::int64_t> const table(x);
  static_cast<void>(hetmap::map(on_gpu, triple{}, table));  // what is made once, is made
  auto const before = gpu().launches();
  gpu().strike_with([](operation what, std::uint64_t) {
    return what == operation::create ? strike::refused : strike::none;
  });
  EXPECT_THROW(enqueue_reversed(table), hetmap::device_error);
  EXPECT_EQ(gpu().launches(), before);
}

TEST_F(Unwaited, FailingElementsHaveNobodyToTell) {
  support::host_form<tells_at_once, std::int64_t(std::int64_t), support::telling::word> const form;
  auto const in = given(x);
  hetmap::map_into(out_, fails_from{5, 100}, in);
  hetmap::map_into(out_, tells_at_once{{5, 100}}, in);
  EXPECT_EQ(gpu().bytes().pinned(), 0u) << "words that may be given up before they are written";
  hetmap::release_cached_memory();
  auto const y = result();
  EXPECT_EQ(y[8], 16);
  EXPECT_EQ(hetmap::map(on_gpu, triple{}, x)[1], 4) << "they are no failures of others";
  taken(in);
}

// -- captures --

class Captured : public Unwaited {};

TEST_F(Captured, AMapRunsWheneverTheGraphDoes) {
  gpu().begin_capture(stream_);
  hetmap::map_into(out_, triple{}, device_span<std::int64_t>{out_.data, n});
  hetmap::map_into(out_, triple{}, device_span<std::int64_t>{out_.data, n});
  hetmap::array<std::int64_t> const meanwhile = hetmap::map(on_gpu, triple{}, hetmap::array(x));
  EXPECT_EQ(meanwhile.host()[2], 7) << "other calls are none of the capture's business";
  gpu().run_captured(stream_);
  gpu().run_captured(stream_);
  auto const y = result();
  for (std::size_t i = 0; i != n; ++i) {
    auto expected = x[i];
    for (int k = 0; k != 4; ++k) expected = triple{}(expected);
    ASSERT_EQ(y[i], expected);
  }
}

TEST_F(Captured, ARefIsRefusedBeforeAnythingIsLaunched) {
  hetmap::array<std::int64_t> const table(x);
  gpu().begin_capture(stream_);
  auto const before = gpu().launches();
  try {
    enqueue_reversed(table);
    FAIL();
  } catch (hetmap::device_unavailable const& e) {
    EXPECT_NE(std::string(e.what()).find("captured"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("hetmap::ref"), std::string::npos) << e.what();
  }
  EXPECT_EQ(gpu().launches(), before);
  gpu().run_captured(stream_);
  enqueue_reversed(table);
  expect_reversed();
}

}  // namespace
