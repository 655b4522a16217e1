// What f may do: keep thread-local counts, throw in the middle, map again, run beside other maps.
#include "support/backends.hpp"
#include "support/calls.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <numeric>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace {

using int_function = std::function<int(int)>;

class SemanticsContract : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, SemanticsContract, support::each_backend(), support::backend_name);

/// Counts into one of eight bins of the thread that runs it, through a plain captured pointer: two
/// calls interleaved within a thread would lose counts.
class histogram {
 public:
  using bins = std::array<std::size_t, 8>;

  bins& mine() {
    std::lock_guard const guard(guard_);
    return by_thread_[std::this_thread::get_id()];
  }
  [[nodiscard]] bins sum() const {
    bins out{};
    for (auto const& [thread, b] : by_thread_)
      for (std::size_t k = 0; k != 8; ++k) out[k] += b[k];
    return out;
  }

 private:
  std::mutex guard_;
  std::map<std::thread::id, bins> by_thread_;
};

TEST_P(SemanticsContract, AThreadsHistogramCountsEveryCall) {
  for (std::size_t const n : support::sizes({1, 64, 1000, 100000})) {
    auto const x = support::indices<unsigned>(n);
    histogram counts;
    static std::atomic<int> generation{0};
    int const now = ++generation;
    auto const f = [&](unsigned i) __attribute__((noinline)) {
      thread_local int made_in = 0;
      thread_local histogram::bins* bins = nullptr;
      if (made_in != now) {
        made_in = now;
        bins = &counts.mine();
      }
      ++(*bins)[i & 7];
      return i;
    };
    hetmap::map(here(), f, x);
    auto const sum = counts.sum();
    for (std::size_t k = 0; k != 8; ++k) EXPECT_EQ(sum[k], n / 8 + (k < n % 8 ? 1 : 0));
  }
}

/// The same as a kernel that is inlined into the vectorised loop.
struct counting_kernel {
  std::size_t* bins;
  HETMAP_FN float operator()(float v) const {
    ++bins[static_cast<int>(v) & 7];
    return v * 2;
  }
};

TEST_P(SemanticsContract, AnInlinedHistogramCountsEveryCall) {
  std::vector<float> x(10000);
  std::iota(x.begin(), x.end(), 0.0f);
  std::array<std::size_t, 8> bins{};
  hetmap::map({.backend = GetParam(), .workers = 1}, counting_kernel{bins.data()}, x);
  for (std::size_t const count : bins) EXPECT_EQ(count, 1250u);
}

/// Each result depends on the call before it: right only if calls come in order, one by one.
struct running_sum {
  double sum = 0;
  HETMAP_FN double operator()(double v) { return sum += v; }
};

TEST_P(SemanticsContract, OneWorkerCallsInOrder) {
  std::vector<double> x(1000, 0.1), oracle(1000);
  std::partial_sum(x.begin(), x.end(), oracle.begin());
  hetmap::options const how{.backend = GetParam(), .workers = 1};
  EXPECT_TRUE(std::ranges::equal(hetmap::map(how, running_sum{}, x), oracle));
  hetmap::map_into(how, x, running_sum{}, x);
  EXPECT_EQ(x, oracle);
}

TEST_P(SemanticsContract, CallsOfOneThreadNeverOverlap) {
  auto const x = support::indices(20000);
  std::atomic<bool> interleaved{false};
  std::function<int(int)> const f = [&](int i) {
    thread_local bool inside = false;
    thread_local int last = -1;
    if (inside) interleaved = true;
    inside = true;
    last = i;
    for (int volatile k = 0; k != 5;) k = k + 1;
    if (last != i) interleaved = true;
    inside = false;
    return i;
  };
  hetmap::map(here(), f, x);
  EXPECT_FALSE(interleaved);
}

TEST_P(SemanticsContract, AThrowInTheMiddleOfABlockStopsItThere) {
  for (int const at : {1, 30, 63, 64, 100, 129, 4999}) {
    std::vector<int> order;
    int_function const f = [&](int i) {
      order.push_back(i);
      return i == at ? throw i : i;
    };
    EXPECT_THROW(hetmap::map({.backend = GetParam(), .workers = 1, .chunk_size = 5000}, f,
                             support::indices(5000)),
                 int);
    EXPECT_EQ(order, support::indices(static_cast<std::size_t>(at) + 1));
  }
}

TEST_P(SemanticsContract, AMapInsideAMapInsideAMap) {
  auto const x = support::indices(12);
  hetmap::options const how = here();
  std::function<long(int, int)> const depth = [&](int level, int i) -> long {
    if (level == 0) return i;
    std::function<long(int)> const inner = [&](int j) { return depth(level - 1, j) + i; };
    auto const y = hetmap::map(how, inner, x);
    return std::accumulate(y.begin(), y.end(), 0L);
  };
  // Each level adds 12 values, 0 + ... + 11 = 66 at the bottom, and 12 times its own index.
  EXPECT_EQ(depth(1, 5), 66 + 12 * 5);
  std::function<long(int)> const outer = [&](int i) { return depth(2, i); };
  auto const y = hetmap::map(how, outer, x);
  for (std::size_t i = 0; i != 12; ++i)
    EXPECT_EQ(y[i], (12 * 66 + 12 * 66) + 12 * static_cast<long>(i));
}

TEST_P(SemanticsContract, ManyThreadsMapAtOnce) {
  auto const x = support::indices(3000);
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t != 8; ++t)
    threads.emplace_back([&, t] {
      for (int round = 0; round != 30; ++round) {
        std::function<int(int)> const f = [=](int i) {
          return round % 5 == 4 && i == 100 * t ? throw i : i + t;
        };
        try {
          auto const y = hetmap::map(here(), f, x);
          for (std::size_t i = 0; i != y.size(); ++i) wrong += y[i] != static_cast<int>(i) + t;
          wrong += round % 5 == 4;
        } catch (int i) {
          wrong += round % 5 != 4 || i != 100 * t ||
                   hetmap::failed_index() != static_cast<std::size_t>(i);
        }
      }
    });
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

TEST_P(SemanticsContract, AMapMayRunOnAnyThread) {
  auto const x = support::indices(5000);
  for (int k = 0; k != 5; ++k) {
    int last = 0;
    std::thread([&] {
      last = hetmap::map(
          here(), [](int i) { return i + 1; }, x)[4999];
    }).join();
    EXPECT_EQ(last, 5000);
  }
}

TEST_P(SemanticsContract, AResultThatCannotFitIsRefusedBeforeTheFunctionRuns) {
  std::atomic<int> calls{0};
  std::function<double(long)> const square = [&](long i) {
    ++calls;
    return static_cast<double>(i) * static_cast<double>(i);
  };
  try {
    hetmap::map(here(), square, std::views::iota(0L, 100'000'000'000L));
    FAIL() << "nothing was thrown";
  } catch (hetmap::result_too_large const& e) {
    std::string const text = e.what();
    EXPECT_NE(text.find("800000000000 bytes"), std::string::npos) << text;
    EXPECT_NE(text.find("imap"), std::string::npos) << text;
  }
  EXPECT_THROW(hetmap::map(here(), square, std::views::iota(0L, 0x7FFF'FFFF'FFFF'FFFFL)),
               std::bad_alloc);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(hetmap::map(here(), square, std::views::iota(0L, 10L))[9], 81.0);
}

/// Large enough that results are written past the caches, in memory of their own and in f's order.
TEST_P(SemanticsContract, ResultsLargerThanTheCachesAreWholeAlsoUpToAFailure) {
  std::size_t const n = (std::size_t{1} << 24) + 77;  // 128 MiB of inputs and results
  std::vector<float> x(n), out(n + 2, -1.0f);
  for (std::size_t i = 0; i != n; ++i) x[i] = static_cast<float>(i % 1000);
  auto const into = std::span(out).subspan(1, n);  // not aligned to any vector
  hetmap::map_into(
      here(), into, [](float v) { return v * 3; }, x);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i != n; ++i) wrong += into[i] != 3 * x[i];
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(out.front(), -1.0f);
  EXPECT_EQ(out.back(), -1.0f);

  x[n - 1001] = -5;
  auto const refuse = [](float v) { return v < 0 ? throw v : v + 1; };
  EXPECT_THROW(hetmap::map_into(here(), into, refuse, x), float);
  EXPECT_EQ(hetmap::failed_index(), n - 1001);
  for (std::size_t i = 0; i != n - 1001; ++i) wrong += into[i] != x[i] + 1;
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(into[n - 1001], 3 * static_cast<float>((n - 1001) % 1000));  // as it was
}

TEST_P(SemanticsContract, HugeRangesEndAtTheFirstFailure) {
  std::atomic<std::size_t> calls{0};
  std::function<void(long)> const f = [&](long i) {
    ++calls;
    if (i >= 20) throw i;
  };
  long const far = 0x7FFF'FFFF'FFFF'FFFFL;
  for (auto const& c : {std::optional<std::size_t>(), std::optional<std::size_t>(1)}) {
    try {
      hetmap::map({.backend = GetParam(), .chunk_size = c}, f, std::views::iota(0L, far));
      FAIL() << "nothing was thrown";
    } catch (long i) {
      EXPECT_EQ(i, 20);
      EXPECT_EQ(hetmap::failed_index(), 20u);
    }
  }
}

}  // namespace
