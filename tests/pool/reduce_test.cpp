// map_reduce: any associative operation, and the same bits whoever folds what.
#include "support/sanitizers.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/pool.hpp>
#include <hetmap/reduce.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <ranges>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

std::uint32_t bits(float v) {
  std::uint32_t b;
  std::memcpy(&b, &v, sizeof b);
  return b;
}

/// The ways to make one call: on pools of 1, 2 and 8, and free on each backend.
template <class Call>
void on_every_executor(Call&& call) {
  for (unsigned const n : {1u, 2u, 8u}) {
    SCOPED_TRACE(testing::Message() << "pool of " << n);
    hetmap::pool pool{n};
    call([&](auto&&... args) { return pool.map_reduce(args...); });
  }
  for (auto const b : {hetmap::backend::serial, hetmap::backend::cpu, hetmap::backend::automatic}) {
    SCOPED_TRACE(hetmap::name(b));
    call([&](hetmap::options how, auto&&... args) {
      how.backend = b;
      return hetmap::map_reduce(how, args...);
    });
  }
}

TEST(MapReduce, OfStringsIsTheSerialFoldWhateverTheSplit) {
  auto const text = [](int i) { return std::to_string(i) + ","; };
  for (std::size_t const n : support::sizes({0, 1, 2, 3, 63, 64, 65, 127, 1000})) {
    auto const x = support::indices(n);
    std::string expected = ">";
    for (int const i : x) expected += text(i);
    on_every_executor([&](auto&& reduce) {
      for (auto const& chunk : support::chunk_sizes(n))
        ASSERT_EQ(
            reduce(hetmap::options{.chunk_size = chunk}, text, std::plus<>(), std::string(">"), x),
            expected);
    });
  }
}

/// The product of 2x2 matrices modulo a prime: associative, not commutative, trivially copyable.
struct matrix {
  std::uint64_t a = 1, b = 0, c = 0, d = 1;
  static constexpr std::uint64_t p = 1'000'003;
  friend matrix operator*(matrix const& x, matrix const& y) {
    return {(x.a * y.a + x.b * y.c) % p, (x.a * y.b + x.b * y.d) % p, (x.c * y.a + x.d * y.c) % p,
            (x.c * y.b + x.d * y.d) % p};
  }
  friend bool operator==(matrix const&, matrix const&) = default;
};

TEST(MapReduce, OfMatricesIsTheSerialFoldAroundEverySizeThatMatters) {
  auto const make = [](int i) {
    auto const v = static_cast<std::uint64_t>(i);
    return matrix{v + 1, v, 3, v * v % matrix::p};
  };
  for (std::size_t const n : support::sizes({1, 4095, 4096, 4097, 65535, 65536, 65537, 70001})) {
    auto const x = support::indices(n);
    matrix expected{2, 1, 1, 1};
    for (int const i : x) expected = expected * make(i);
    for (unsigned const workers : {1u, 3u}) {
      hetmap::pool pool{workers};
      ASSERT_EQ(pool.map_reduce(make, std::multiplies<>(), matrix{2, 1, 1, 1}, x), expected);
    }
    ASSERT_EQ(hetmap::map_reduce(make, std::multiplies<>(), matrix{2, 1, 1, 1}, x), expected);
  }
}

TEST(MapReduce, CallsFOncePerElement) {
  for (std::size_t const n : support::sizes({0, 1, 100, 65536, 65537, 200000})) {
    std::atomic<std::size_t> calls{0};
    hetmap::pool pool{2u};
    auto const sum = pool.map_reduce([&](long i) { return ++calls, i; }, std::plus<>(), 5L,
                                     support::indices<long>(n));
    EXPECT_EQ(sum, 5 + static_cast<long>(n * (n - (n != 0)) / 2));
    EXPECT_EQ(calls, n);
  }
}

TEST(MapReduce, SeveralRangesAndAnOperationThatTakesAnything) {
  // Cannot be called with an element and a stop token.
  auto const larger = [](auto a, auto b) { return std::max(a, b); };
  std::vector<double> const x{2, 7, 1, 7};
  auto const at =
      hetmap::map_reduce([](std::size_t i, double v) { return std::pair(v, i); }, larger,
                         std::pair(0.0, std::size_t{0}), std::views::iota(std::size_t{0}), x);
  EXPECT_EQ(at, std::pair(7.0, std::size_t{3}));
  hetmap::pool pool{2u};
  EXPECT_EQ(pool.map_reduce(std::plus<>(), larger, 0.0, x, x), 14);
}

TEST(MapReduce, NumbersOfAnyTypeAddUpRight) {
  auto const check = [](auto zero) {
    using T = decltype(zero);
    for (std::size_t const n : support::sizes({1, 31, 64, 127, 129, 4097, 70000})) {
      auto const x = support::indices<std::int64_t>(n);
      T expected{};
      for (auto const i : x) expected = static_cast<T>(expected + static_cast<T>(i % 3));
      EXPECT_EQ(hetmap::map_reduce([](std::int64_t i) { return static_cast<T>(i % 3); },
                                   std::plus<>(), zero, x),
                expected)
          << n;
    }
  };
  check(std::int8_t{});
  check(std::uint16_t{});
  check(std::int32_t{});
  check(std::uint64_t{});
  check(float{});
  check(double{});
  using extended = long double;
  check(extended{});
  auto const squares = std::views::iota(std::uint64_t{0}, std::uint64_t{3'000'000});
  std::uint64_t expected = 0;
  for (auto const i : squares) expected += i * i;
  EXPECT_EQ(hetmap::map_reduce([](std::uint64_t i) { return i * i; }, std::plus<>(),
                               std::uint64_t{0}, squares),
            expected);
  EXPECT_EQ(
      hetmap::map_reduce([](int i) { return 1u << i; }, std::bit_or<>(), 0u, support::indices(20)),
      (1u << 20) - 1);
}

TEST(MapReduce, SumsOfFloatsHaveTheSameBitsWhoeverFoldsWhat) {
  auto const f = [](float v) { return 1 / v - 0.25f * v * v; };
  for (std::size_t const n : support::sizes({1000, 65536, 65537, 300000})) {
    std::vector<float> x(n);
    for (std::size_t i = 0; i != n; ++i) x[i] = 1 + 1e-3f * static_cast<float>(i * 7919 % 10007);
    float const first = hetmap::map_reduce(f, std::plus<>(), 0.0f, x);
    // Floats are not associative: a sum that is the plain loop's would be a coincidence.
    on_every_executor([&](auto&& reduce) {
      for (std::optional<std::size_t> const chunk :
           std::initializer_list<std::optional<std::size_t>>{{}, 1000, 64, 100000})
        for (int round = 0; round != 4; ++round)
          ASSERT_EQ(bits(reduce(hetmap::options{.chunk_size = chunk}, f, std::plus<>(), 0.0f, x)),
                    bits(first));
    });
    double exact = 0;
    for (float const v : x) exact += f(v);
    EXPECT_NEAR(first, exact, 1e-5 * std::abs(exact) + 1e-3);
    hetmap::options const anywhere{.reproducible = true};
    EXPECT_EQ(bits(hetmap::map_reduce(anywhere, f, std::plus<>(), 0.0f, x)),
              bits(hetmap::pool(3u).map_reduce(anywhere, f, std::plus<>(), 0.0f, x)));
  }
}

struct moments {
  double n = 0, mean = 0, squares = 0;
  moments() = default;
  explicit moments(double v) : n(1), mean(v) {}
  friend moments operator+(moments const& a, moments const& b) {
    if (a.n == 0) return b;
    moments both;
    both.n = a.n + b.n;
    double const apart = b.mean - a.mean;
    both.mean = a.mean + apart * b.n / both.n;
    both.squares = a.squares + b.squares + apart * apart * a.n * b.n / both.n;
    return both;
  }
};

TEST(MapReduce, AnAccumulatorOfAnotherTypeIsMadeOfEachValue) {
  auto const x = support::indices(100001);
  auto const f = [](int i) { return 2.0 * i; };
  auto const first = hetmap::map_reduce(f, std::plus<>(), moments(), x);
  EXPECT_EQ(first.n, 100001);
  EXPECT_DOUBLE_EQ(first.mean, 100000);
  EXPECT_NEAR(first.squares / first.n, (100001.0 * 100001 - 1) / 3, 1);
  on_every_executor([&](auto&& reduce) {
    auto const again = reduce(hetmap::options{.chunk_size = 100}, f, std::plus<>(), moments(), x);
    EXPECT_EQ(std::memcmp(&again, &first, sizeof first), 0);
  });
}

using counts = std::map<std::string, int>;
struct count_words {
  counts operator()(counts a, std::string const& word) const { return ++a[word], a; }
  counts operator()(counts a, counts b) const {
    if (a.size() < b.size()) std::swap(a, b);
    for (auto const& [word, n] : b) a[word] += n;
    return a;
  }
};

TEST(MapReduce, OrTakesEachValueUp) {
  std::vector<int> const x = support::indices(500);
  auto const word = [](int i) { return std::string(static_cast<std::size_t>(i % 5 + 1), 'w'); };
  on_every_executor([&](auto&& reduce) {
    auto const all = reduce(hetmap::options{}, word, count_words(), counts{{"w", 1}}, x);
    EXPECT_EQ(all.size(), 5u);
    EXPECT_EQ(all.at("w"), 101);
    EXPECT_EQ(all.at("wwwww"), 100);
  });
}

TEST(MapReduce, MoveOnlyAccumulatorsWork) {
  using box = std::unique_ptr<long>;
  auto const join = [](box a, box b) { return *a += *b, std::move(a); };
  EXPECT_EQ(*hetmap::pool(2u).map_reduce([](int i) { return std::make_unique<long>(i); }, join,
                                         std::make_unique<long>(1), support::indices(1000)),
            499501);
}

TEST(MapReduce, InputsThatCannotBeIndexedAndSeveralRanges) {
  hetmap::pool pool{2u};
  std::list<int> const list(1000, 3);
  auto const same = [](int i) { return i; };
  EXPECT_EQ(pool.map_reduce(same, std::plus<>(), 1, list), 3001);
  std::string expected;
  for (int i = 0; i != 500; ++i) expected += std::to_string(i);
  std::ostringstream numbers;
  for (int i = 0; i != 500; ++i) numbers << i << ' ';
  std::istringstream in(numbers.str());
  EXPECT_EQ(hetmap::map_reduce([](int i) { return std::to_string(i); }, std::plus<>(),
                               std::string(), std::views::istream<int>(in)),
            expected);
  EXPECT_EQ(pool.map_reduce(std::multiplies<>(), std::plus<>(), 0, support::indices(4),
                            std::vector<int>(100, 10)),
            60);
}

TEST(MapReduce, OfArraysRunsOnThePoolsWorkers) {
  hetmap::pool pool{3u};
  auto const me = std::this_thread::get_id();
  std::atomic<int> by_me{0};
  for (std::size_t const n : support::sizes({0, 1, 1000, 65536, 65537, 200000})) {
    auto const x = support::indices(n);
    hetmap::array<int> const a(x);
    auto const f = [&](int i) {
      by_me += std::this_thread::get_id() == me;
      return 2 * std::int64_t{i};
    };
    auto const expected = 7 + static_cast<std::int64_t>(n * (n - (n != 0)));
    EXPECT_EQ(pool.map_reduce(f, std::plus<>(), std::int64_t{7}, a), expected);
    EXPECT_EQ(pool.map_reduce({.chunk_size = 100}, f, std::plus<>(), std::int64_t{7}, a), expected);
    // Beside a range.
    auto const equal = [](int i, int k) { return i == k ? 1.0 : 0.0; };
    EXPECT_EQ(pool.map_reduce(equal, std::plus<>(), 0.0, a, x), static_cast<double>(n));
  }
  EXPECT_EQ(by_me, 0);
  hetmap::array<int> const some(support::indices(1000));
  auto const slow = [](int i) { return std::this_thread::sleep_for(1ms), i; };
  EXPECT_THROW(static_cast<void>(pool.map_reduce({.chunk_size = 1, .deadline = 20ms}, slow,
                                                 std::plus<>(), 0, some)),
               hetmap::timeout_error);
  EXPECT_THROW(static_cast<void>(pool.map_reduce(
                   [](int i) { return i < 500 ? i : throw std::domain_error("no"); }, std::plus<>(),
                   0, some)),
               std::domain_error);
  EXPECT_EQ(hetmap::failed_index(), 500u);
  pool.close();
  EXPECT_THROW(static_cast<void>(pool.map_reduce(slow, std::plus<>(), 0, some)),
               hetmap::closed_error);
}

TEST(MapReduce, TheLowestFailureComesOutAndNothingIsLeftBehind) {
  hetmap::pool pool{3u};
  for (std::size_t const n : support::sizes({1000, 100000})) {
    for (int round = 0; round != 100; ++round) {
      auto const f = [](int i) {
        if (i >= 100) throw std::domain_error(std::to_string(i));
        return std::to_string(i);
      };
      try {
        static_cast<void>(pool.map_reduce(f, std::plus<>(), std::string(), support::indices(n)));
        FAIL();
      } catch (std::domain_error const& e) {
        ASSERT_STREQ(e.what(), "100");
        ASSERT_EQ(hetmap::failed_index(), 100u);
      }
    }
  }
  auto const picky = [](int a, int b) -> int { return a + b > 100 ? throw a : a + b; };
  EXPECT_THROW(
      static_cast<void>(pool.map_reduce([](int i) { return i; }, picky, 0, support::indices(1000))),
      int);
  EXPECT_THROW(
      static_cast<void>(pool.map_reduce(
          {.chunk_size = 0}, [](int i) { return i; }, std::plus<>(), 0, support::indices(3))),
      std::invalid_argument);
}

TEST(MapReduce, StopsReportsAndNestsAsAMapDoes) {
  hetmap::pool pool{2u};
  std::size_t last = 0;
  int ends = 0;
  for (std::size_t const n : support::sizes({100, 100000})) {
    EXPECT_EQ(pool.map_reduce(
                  {.progress =
                       [&](hetmap::progress const& p) {
                         last = p.done;
                         ends += p.done == n;
                       }},
                  [](int) { return 1; }, std::plus<>(), 0, support::indices(n)),
              static_cast<int>(n));
    EXPECT_EQ(last, n);
  }
  EXPECT_EQ(ends, 2);
  EXPECT_THROW(static_cast<void>(pool.map_reduce(
                   {.chunk_size = 1, .deadline = 20ms},
                   [](int i) { return std::this_thread::sleep_for(1ms), i; }, std::plus<>(), 0,
                   support::indices(100000))),
               hetmap::timeout_error);
  auto const row = [&](int i) {
    return pool.map_reduce([i](int k) { return i * k; }, std::plus<>(), 0, support::indices(10));
  };
  EXPECT_EQ(pool.map_reduce(row, std::plus<>(), 0, support::indices(10)), 45 * 45);
}

}  // namespace
