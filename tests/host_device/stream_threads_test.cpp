// Streams on a device that works beside everybody else, with consumers and closers on threads of
// their own. For the thread sanitizer first of all.
#include "kernels.hpp"
#include "learned.hpp"
#include "stream/inputs.hpp"
#include "threaded_device.hpp"
#include "virtual_device.hpp"

#include "gpu/resources.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <ranges>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace host_kernels;
using namespace std::chrono_literals;
using hetmap::backend;
using stream_tests::counting_input;
using support::threaded_device;

class StreamThreads : public testing::Test {
 protected:
  all_forms const forms;
  std::unique_ptr<threaded_device> gpu;
  std::unique_ptr<support::provided_devices> provider;

  StreamThreads() { start(1); }
  ~StreamThreads() override { provider.reset(); }

  void start(std::uint64_t seed) {
    provider.reset();
    gpu = std::make_unique<threaded_device>(std::size_t{64} << 20, seed);
    provider =
        std::make_unique<support::provided_devices>(std::vector<hetmap::core::device*>{gpu.get()});
  }
};

template <class Stream>
void expect_triples(Stream stream, std::int64_t n) {
  std::int64_t expected = 0;
  while (auto const v = stream.next(30s)) ASSERT_EQ(*v, triple{}(expected++));
  EXPECT_EQ(expected, n);
}

TEST_F(StreamThreads, EveryKindOfInput) {
  auto const x = counted(10'000);
  for (std::size_t const chunk : std::initializer_list<std::size_t>{64, 500, 3000})
    for (std::size_t const window : std::initializer_list<std::size_t>{1, 3, 9}) {
      hetmap::options const how{.backend = backend::gpu, .chunk_size = chunk, .window = window};
      expect_triples(hetmap::imap(how, triple{}, x), 10'000);
      expect_triples(hetmap::imap(how, triple{}, counting_input(10'000)), 10'000);
      expect_triples(
          hetmap::imap(how, triple{}, std::views::iota(std::int64_t{0}, std::int64_t{10'000})),
          10'000);
    }
}

TEST_F(StreamThreads, FailuresAndUnorderedOnes) {
  auto const x = counted(3000);
  fails_from const f{100, 700};
  auto s = hetmap::imap({.backend = backend::gpu, .chunk_size = 128}, f, x);
  for (std::int64_t i = 0; i != 3000; ++i)
    if (i % 700 == 100)
      EXPECT_THROW(static_cast<void>(s.next()), hetmap::kernel_error) << i;
    else
      ASSERT_EQ(s.next(), 2 * i);
  std::int64_t sum = 0;
  for (auto const chunk :
       hetmap::imap_unordered({.backend = backend::gpu, .chunk_size = 50}, triple{}, x).chunks())
    for (std::int64_t const v : chunk) sum += v;
  EXPECT_EQ(sum, 3 * 2999 * 3000 / 2 + 3000);
}

TEST_F(StreamThreads, SeveralAtOnceBesideMaps) {
  std::vector<std::thread> all;
  for (int k = 0; k != 3; ++k)
    all.emplace_back([k] {
      auto const x = counted(2000);
      for (int turn = 0; turn != 3; ++turn) {
        expect_triples(hetmap::imap({.backend = backend::gpu, .chunk_size = 100}, triple{}, x),
                       2000);
        expect_triples(hetmap::imap({.backend = backend::gpu, .chunk_size = 70}, triple{},
                                    counting_input(900)),
                       900);
        auto const y = hetmap::map({.backend = backend::gpu, .chunk_size = 300}, triple{}, x);
        ASSERT_EQ(y[1999], triple{}(1999)) << k;
      }
    });
  for (std::thread& t : all) t.join();
}

TEST_F(StreamThreads, ClosedAndDroppedAtRandomMoments) {
  for (int round = 0; round != 60; ++round) {
    counting_input input;
    auto s = hetmap::imap({.backend = backend::gpu,
                           .chunk_size = 1 + static_cast<std::size_t>(round) % 7,
                           .window = 1 + static_cast<std::size_t>(round) % 5},
                          triple{}, input);
    std::thread closer([&] {
      std::this_thread::sleep_for(std::chrono::microseconds(round * 3));
      s.close();
    });
    std::int64_t expected = 0;
    try {
      while (round % 4 != 0 || expected != round) {
        auto const v = s.next(30s);
        ASSERT_TRUE(v) << "ended in silence";
        ASSERT_EQ(*v, triple{}(expected++));
      }
    } catch (hetmap::closed_error const&) {
    }
    closer.join();
  }
}

TEST_F(StreamThreads, ADeviceThatDiesLosesNothing) {
  for (int round = 0; round != 16; ++round) {
    SCOPED_TRACE(round);
    start(static_cast<std::uint64_t>(round));
    gpu->die_after(5 + 11 * round);
    std::int64_t const n = 3000;
    // Under automatic the CPU goes on; by name the stream ends behind what was whole.
    triple const f{};
    support::believe<triple const, support::stream_source<counting_input>>(f, 4e6);
    expect_triples(hetmap::imap({.chunk_size = 40}, f, counting_input(n)), n);
    start(static_cast<std::uint64_t>(round));
    gpu->die_after(5 + 11 * round);
    auto s = hetmap::imap({.backend = backend::gpu, .chunk_size = 40}, f, counting_input(n));
    std::int64_t expected = 0;
    try {
      while (auto const v = s.next(30s)) ASSERT_EQ(*v, triple{}(expected++));
      EXPECT_EQ(expected, n);
      EXPECT_NE(round, 0) << "it dies early there";
    } catch (hetmap::device_error const&) {
      EXPECT_EQ(s.next(), std::nullopt);
    }
  }
}

}  // namespace
