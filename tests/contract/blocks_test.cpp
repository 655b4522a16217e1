// map_blocks: spans of whole blocks, a scratch a worker.
#include "support/backends.hpp"
#include "support/calls.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/map.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace {

class BlocksContract : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, BlocksContract, support::each_backend(), support::backend_name);

using ints = std::span<int const>;
// Erased, so that the bodies are compiled once and not into every clone of the loop.
using block_function = std::function<void(ints, std::span<int>)>;
using scratch_function = std::function<void(ints, std::span<int>, hetmap::scratch&)>;

void doubled(ints in, std::span<int> out) {
  for (std::size_t i = 0; i != in.size(); ++i) out[i] = 2 * in[i];
}

TEST_P(BlocksContract, BlocksTileTheRangeAtMultiplesOfTheChunkSize) {
  for (std::size_t const n : support::edge_sizes())
    for (auto const& c : support::chunk_sizes(n)) {
      SCOPED_TRACE(testing::Message() << n << " elements, blocks of " << c.value_or(0));
      std::size_t const block = c.value_or(4096);
      auto const x = support::indices(n);
      std::vector<int> out(n, -1);
      std::mutex guard;
      std::map<std::size_t, std::size_t> seen;  // first index, length
      block_function const f = [&](ints in, std::span<int> o) {
        ASSERT_EQ(in.size(), o.size());
        ASSERT_EQ(in.data() - x.data(), o.data() - out.data());
        {
          std::lock_guard const lock(guard);
          seen.emplace(in.data() - x.data(), in.size());
        }
        doubled(in, o);
      };
      hetmap::map_blocks({.backend = GetParam(), .chunk_size = c}, f, out, x);
      for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(out[i], 2 * static_cast<int>(i));
      ASSERT_EQ(seen.size(), (n + block - 1) / block);
      for (auto const& [first, length] : seen) {
        ASSERT_EQ(first % block, 0u);
        ASSERT_EQ(length, std::min(block, n - first));
      }
    }
}

TEST_P(BlocksContract, SeveralInputsOfDifferentTypesEndWithTheShortest) {
  std::vector<double> const weights(10000, 0.5);
  std::vector<std::string> const words(9000, "four");
  auto const x = support::indices(20000);
  std::vector<double> out(9500, -1);
  std::size_t elements = 0;
  std::mutex guard;
  using weigh = std::function<void(std::span<double const>, std::span<std::string const>, ints,
                                   std::span<double>)>;
  hetmap::map_blocks(here(),
                     weigh([&](std::span<double const> w, std::span<std::string const> s, ints i,
                               std::span<double> o) {
                       for (std::size_t k = 0; k != o.size(); ++k)
                         o[k] = w[k] * static_cast<double>(s[k].size()) + i[k];
                       std::lock_guard const lock(guard);
                       elements += o.size();
                     }),
                     out, weights, words, x);
  EXPECT_EQ(elements, 9000u);
  EXPECT_EQ(out[8999], 9001.0);
  EXPECT_EQ(out[9000], -1.0);
}

TEST_P(BlocksContract, ScratchIsKeptByItsWorkerAndAligned) {
  auto const x = support::indices(20000);
  std::vector<int> out(x.size());
  std::mutex guard;
  std::map<hetmap::scratch*, std::set<std::thread::id>> users;
  std::set<void const*> memory;
  scratch_function const f = [&](ints in, std::span<int> o, hetmap::scratch& scratch) {
    auto const room = scratch.get<double>(in.size());
    ASSERT_EQ(room.size(), in.size());
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(room.data()) % alignof(double), 0u);
    std::copy(in.begin(), in.end(), room.begin());
    std::transform(room.begin(), room.end(), o.begin(),
                   [](double v) { return static_cast<int>(v) + 1; });
    std::lock_guard const lock(guard);
    users[&scratch].insert(std::this_thread::get_id());
    memory.insert(room.data());
  };
  hetmap::map_blocks({.backend = GetParam(), .chunk_size = 100}, f, out, x);
  for (std::size_t i = 0; i != x.size(); ++i) ASSERT_EQ(out[i], x[i] + 1);
  EXPECT_LE(users.size(), hetmap::physical_cores());
  EXPECT_EQ(memory.size(), users.size());  // asked for 200 times, given once a worker
  for (auto const& [scratch, threads] : users) EXPECT_EQ(threads.size(), 1u);
}

TEST_P(BlocksContract, ScratchGrowsAndServesAnyType) {
  struct alignas(512) wide {
    char bytes[512];
  };
  std::vector<int> x = support::indices(10), out(10);
  scratch_function const f = [](ints in, std::span<int> o, hetmap::scratch& scratch) {
    auto const small = scratch.get<char>(10);
    std::fill(small.begin(), small.end(), 'x');
    auto const large = scratch.get<long>(100000);
    std::fill(large.begin(), large.end(), 7L);
    auto const aligned = scratch.get<wide>(3);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(aligned.data()) % 512, 0u);
    ASSERT_EQ(scratch.get<int>(0).size(), 0u);
    doubled(in, o);
  };
  hetmap::map_blocks({.backend = GetParam(), .chunk_size = 1}, f, out, x);
  EXPECT_EQ(out[9], 18);
}

TEST_P(BlocksContract, TheFirstFailingBlockIsReported) {
  auto const x = support::indices(10000);
  std::vector<int> out(x.size(), -1);
  block_function const f = [](ints in, std::span<int> o) {
    if (in[0] >= 4300) throw in[0];
    doubled(in, o);
  };
  for (int round = 0; round != 20; ++round) {
    try {
      hetmap::map_blocks({.backend = GetParam(), .chunk_size = 100}, f, out, x);
      FAIL() << "nothing was thrown";
    } catch (int first) {
      ASSERT_EQ(first, 4300);
      ASSERT_EQ(hetmap::failed_index(), 4300u);
      for (std::size_t i = 0; i != 4300; ++i) ASSERT_EQ(out[i], 2 * static_cast<int>(i));
      ASSERT_EQ(out[4300], -1);
    }
  }
}

TEST_P(BlocksContract, AShortOutputIsRefused) {
  int calls = 0;
  std::vector<int> const x(100);
  std::vector<int> out(99);
  block_function const f = [&](ints, std::span<int>) { ++calls; };
  EXPECT_THROW(hetmap::map_blocks(here(), f, out, x), hetmap::size_error);
  EXPECT_EQ(calls, 0);
}

TEST_P(BlocksContract, InputsMayBeChanged) {
  std::vector<int> x(5000, 1), out(5000);
  std::function<void(std::span<int>, std::span<int>)> const f = [](auto in, auto o) {
    std::fill(in.begin(), in.end(), 2);
    std::fill(o.begin(), o.end(), 3);
  };
  hetmap::map_blocks(here(), f, out, x);
  EXPECT_EQ(x, std::vector<int>(5000, 2));
  EXPECT_EQ(out, std::vector<int>(5000, 3));
}

}  // namespace
