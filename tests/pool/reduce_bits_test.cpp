// The bits of a map_reduce of numbers: those of one tree, whoever folds what and however.
#include "pool/reduce_at_o0.hpp"
#include "support/bits.hpp"
#include "support/sanitizers.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/map.hpp>
#include <hetmap/pool.hpp>
#include <hetmap/reduce.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace {

/// Sizes around which the tree changes, and some between.
std::vector<std::size_t> const around_trees{
    1,     2,     15,     31,     63,     64,     65,     127,    128,         129,   1000,
    2047,  2048,  2049,   4095,   4096,   4097,   5003,   8192,   20011,       32768, 65535,
    65536, 65537, 100003, 131071, 131072, 200003, 262144, 300007, 1048576 + 77};

/// values[begin..end) from left to right.
template <class T, class Op>
T in_turn(Op op, std::vector<T> const& values, std::size_t begin, std::size_t end) {
  T sum = values[begin];
  for (std::size_t i = begin + 1; i != end; ++i) sum = static_cast<T>(op(sum, values[i]));
  return sum;
}

/// A leaf whose elements are folded 256 bytes side by side.
template <class T, class Op>
T side_by_side(Op op, std::vector<T> const& values, std::size_t begin, std::size_t end) {
  std::size_t const width = std::min<std::size_t>(256 / sizeof(T), 64);
  if (end - begin < 2 * width) return in_turn(op, values, begin, end);
  std::vector<T> sums(values.begin() + static_cast<std::ptrdiff_t>(begin),
                      values.begin() + static_cast<std::ptrdiff_t>(begin + width));
  std::size_t i = begin + width;
  for (; end - i >= width; i += width)
    for (std::size_t j = 0; j != width; ++j) sums[j] = static_cast<T>(op(sums[j], values[i + j]));
  for (std::size_t half = width / 2; half != 0; half /= 2)
    for (std::size_t j = 0; j != half; ++j) sums[j] = static_cast<T>(op(sums[j], sums[j + half]));
  for (; i != end; ++i) sums[0] = static_cast<T>(op(sums[0], values[i]));
  return sums[0];
}

/// The tree of docs/design.md, Reduction, in plain loops.
template <class T, class Op>
T by_the_tree(Op op, T init, std::vector<T> const& values, bool any_order) {
  std::size_t const n = values.size();
  std::size_t leaf = 4096;
  if (!any_order || n > 65536)
    while (leaf > 1 && n / leaf < 1024) leaf /= 2;
  std::vector<std::pair<T, unsigned>> trees;  // and their levels
  for (std::size_t begin = 0; begin < n; begin += leaf) {
    std::size_t const end = std::min(n, begin + leaf);
    std::pair<T, unsigned> next{
        any_order ? side_by_side(op, values, begin, end) : in_turn(op, values, begin, end), 0};
    while (!trees.empty() && trees.back().second == next.second) {
      next = {static_cast<T>(op(trees.back().first, next.first)), next.second + 1};
      trees.pop_back();
    }
    trees.push_back(next);
  }
  T sum = trees.front().first;
  for (std::size_t k = 1; k != trees.size(); ++k) sum = static_cast<T>(op(sum, trees[k].first));
  return static_cast<T>(op(init, sum));
}

template <class T>
std::string text_of(T value) {
  std::array<unsigned char, sizeof(T)> bytes{};
  std::memcpy(bytes.data(), &value, std::is_same_v<T, long double> ? 10 : sizeof(T));
  std::string text;
  for (unsigned char const b : bytes) text += std::to_string(b) + ' ';
  return text + '(' + std::to_string(value) + ')';
}

/// Every way to make one call gives the tree's bits.
template <class T, class F, class Op, class... In>
void expect_tree(F f, Op op, T init, bool any_order, In const&... in) {
  auto const made = hetmap::map({.backend = hetmap::backend::serial}, f, in...);
  std::vector<T> values;
  for (auto const& v : made) values.push_back(static_cast<T>(v));
  T const expected = by_the_tree(op, init, values, any_order);
  SCOPED_TRACE(testing::Message() << values.size() << " elements");
  auto const expect = [&](T got) { ASSERT_EQ(text_of(got), text_of(expected)); };
  for (auto const b : {hetmap::backend::serial, hetmap::backend::cpu, hetmap::backend::automatic})
    for (std::optional<std::size_t> const chunk :
         std::initializer_list<std::optional<std::size_t>>{{}, 1000, 4096}) {
      SCOPED_TRACE(testing::Message() << hetmap::name(b) << ", chunks of " << chunk.value_or(0));
      // Learned, and then shared with whoever is awake.
      for (int round = 0; round != 5; ++round)
        expect(hetmap::map_reduce({.backend = b, .chunk_size = chunk}, f, op, init, in...));
    }
  static hetmap::pool pool{3u};
  expect(pool.map_reduce(f, op, init, in...));
  if (values.size() < 10000) expect(pool.map_reduce({.chunk_size = 1}, f, op, init, in...));
}

template <class T>
std::vector<T> some(std::size_t n, unsigned seed) {
  std::vector<T> x(n);
  for (std::size_t i = 0; i != n; ++i) {
    auto const k = (i * 7919 + seed) % 10007;
    if constexpr (std::is_floating_point_v<T>)
      x[i] = static_cast<T>(1 + 1e-3 * static_cast<double>(k));
    else
      x[i] = static_cast<T>(k % 11);
  }
  return x;
}

template <class T>
class ReduceBits : public testing::Test {};
using numbers = testing::Types<std::int8_t, std::int64_t, float, double, long double>;
TYPED_TEST_SUITE(ReduceBits, numbers);

TYPED_TEST(ReduceBits, OfSumsAreTheTrees) {
  using T = TypeParam;
  for (std::size_t const n : around_trees) {
    auto const x = some<T>(n, 1);
    expect_tree(std::identity{}, std::plus<>{}, T{1}, true, x);
  }
}

TYPED_TEST(ReduceBits, OfProductsAddedUpAreTheTrees) {
  using T = TypeParam;
  T const factor{3};
  for (std::size_t const n : around_trees) {
    auto const x = some<T>(n, 1);
    auto const y = some<T>(n, 5);
    // A product and a sum are two operations, wherever they meet.
    expect_tree([&](T a, T b) { return static_cast<T>(factor * a * b); }, std::plus<>{}, T{1}, true,
                x, y);
    auto const add = [](T a, T b) { return static_cast<T>(a + b); };
    expect_tree([=](T a, T b) { return static_cast<T>(factor * a * b); }, add, T{1}, false, x, y);
  }
}

TYPED_TEST(ReduceBits, OfTheLargestAreTheTrees) {
  using T = TypeParam;
  for (std::size_t const n : around_trees) {
    auto const x = some<T>(n, 3);
    auto const larger = [](T a, T b) { return a > b ? a : b; };
    expect_tree(std::identity{}, larger, std::numeric_limits<T>::lowest(), false, x);
    expect_tree([](T v) { return static_cast<T>(v * v); }, larger, std::numeric_limits<T>::lowest(),
                false, x);
    expect_tree(std::identity{}, hetmap::maximum{}, std::numeric_limits<T>::lowest(), true, x);
    expect_tree(std::identity{}, hetmap::minimum{}, std::numeric_limits<T>::max(), true, x);
  }
}

TEST(ReduceBitsOf, AccumulatorsOfOtherTypesAreTheTrees) {
  for (std::size_t const n : around_trees) {
    auto const ints = some<int>(n, 1);
    auto const floats = some<float>(n, 2);
    expect_tree(std::identity{}, std::plus<>{}, 0.0, true, ints);
    expect_tree([](int v) { return v; }, std::plus<>{}, 0.0f, true, ints);
    expect_tree(std::identity{}, std::plus<>{}, 0.0, true, floats);
    expect_tree([](float v) { return v > 5; }, std::plus<>{}, std::int64_t{0}, true, floats);
    expect_tree([](float v, int k) { return v * static_cast<float>(k); },
                [](double a, double b) { return a + b; }, 0.0, false, floats, ints);
  }
}

/// Associative, and of two operations that could be fused.
struct compound {
  HETMAP_FN double operator()(double a, double b) const { return a + b + a * b; }
};

TEST(ReduceBitsOf, OperationsThatCouldBeFusedDoNotDependOnWhoFoldsWhat) {
  for (std::size_t const n : support::sizes({1000, 4096, 5003, 65536, 100003, 300007})) {
    auto x = some<double>(n, 1);
    for (double& v : x) v *= 1e-6;
    auto const f = [](double v) { return v * 1.5; };
    double const first =
        hetmap::map_reduce({.backend = hetmap::backend::serial}, f, compound{}, 0.0, x);
    hetmap::pool pool{3u};
    for (std::size_t const chunk : {1u, 7u, 64u, 1000u, 5000u})
      ASSERT_EQ(text_of(pool.map_reduce({.chunk_size = chunk}, f, compound{}, 0.0, x)),
                text_of(first));
    for (int round = 0; round != 20; ++round)
      ASSERT_EQ(text_of(hetmap::map_reduce(f, compound{}, 0.0, x)), text_of(first));
  }
}

TEST(ReduceBitsOf, AFileAtO0AreThoseOfOneAtO2) {
  for (std::size_t const n : support::sizes({1000, 4096, 65536, 70000, 300007})) {
    auto const x = some<float>(n, 1);
    auto const y = some<float>(n, 5);
    auto const here = reduced::sums(x, y);
    auto const there = reduced::sums_at_o0(x, y);
    for (std::size_t k = 0; k != here.size(); ++k)
      EXPECT_EQ(text_of(here[k]), text_of(there[k])) << n << ", " << k;
  }
}

TEST(ReduceBitsOf, CallsWhoseCostChangesMidwayAreTheTrees) {
  struct turning_slow {
    std::size_t const* slow;  // from this element on five are, if any
    float operator()(std::size_t i) const {
      if (i >= *slow && i < *slow + 5) std::this_thread::sleep_for(std::chrono::milliseconds(3));
      return 1 + 1e-3f * static_cast<float>(i * 7919 % 10007);
    }
  };
  std::size_t slow = ~std::size_t{0} - 5;
  turning_slow const f{&slow};
  for (std::size_t const n : support::sizes({100, 200, 4096, 5003})) {
    auto const x = support::indices<std::size_t>(n);
    auto const sum = [&] { return hetmap::map_reduce(f, std::plus<>{}, 0.0f, x); };
    float const expected = sum();
    for (int round = 0; round != 20; ++round) ASSERT_EQ(text_of(sum()), text_of(expected));
    for (std::size_t const from :
         {std::size_t{0}, std::size_t{63}, std::size_t{70}, n / 2, n - 3}) {
      SCOPED_TRACE(testing::Message() << n << " elements, slow from " << from);
      slow = from;
      float const changed = sum();
      slow = ~std::size_t{0} - 5;
      EXPECT_EQ(text_of(changed), text_of(expected));
      for (int round = 0; round != 50; ++round) ASSERT_EQ(text_of(sum()), text_of(expected));
    }
  }
}

TEST(ReduceCalls, CapturesOfAnyKindMeanWhatTheyDoInALoop) {
  for (std::size_t const n : support::sizes({1000, 4096, 65536, 100003})) {
    auto const x = support::indices(n);
    std::int64_t expected = 0;
    for (int const i : x) expected += 3 * std::int64_t{i};
    std::int64_t const factor = 3;
    std::int64_t const* const pointer = &factor;
    std::vector<std::int64_t> const one{factor};
    std::span<std::int64_t const> const span(one);
    auto const sum = [&](auto f) {
      return hetmap::map_reduce(f, std::plus<>{}, std::int64_t{}, x);
    };
    auto const add = [&](auto f) {
      return hetmap::map_reduce(
          f, [](std::int64_t a, std::int64_t b) { return a + b; }, std::int64_t{}, x);
    };
    auto const expect = [&](auto f) {
      EXPECT_EQ(sum(f), expected) << n;
      EXPECT_EQ(add(f), expected) << n;
    };
    expect([factor](int i) { return factor * i; });
    expect([&](int i) { return factor * i; });
    expect([pointer](int i) { return *pointer * i; });
    expect([span](int i) { return span[0] * i; });
    expect([factor](int i) mutable { return factor * i; });
    expect(+[](int i) { return 3 * std::int64_t{i}; });
    // What f counts, on one thread, is counted as in a loop.
    std::vector<int> histogram(7);
    auto const counting = [&](int i) { return ++histogram[static_cast<std::size_t>(i % 7)], i; };
    for (auto const any_order : {true, false}) {
      std::fill(histogram.begin(), histogram.end(), 0);
      hetmap::options const alone{.backend = hetmap::backend::serial};
      std::int64_t const all =
          any_order ? hetmap::map_reduce(alone, counting, std::plus<>{}, std::int64_t{}, x)
                    : hetmap::map_reduce(
                          alone, counting, [](std::int64_t a, std::int64_t b) { return a + b; },
                          std::int64_t{}, x);
      EXPECT_EQ(all * 3, expected);
      for (std::size_t k = 0; k != histogram.size(); ++k)
        EXPECT_EQ(histogram[k], static_cast<int>((n + 6 - k) / 7)) << k;
    }
  }
}

TEST(ReduceCalls, TheLowestFailureIsThatOfALoop) {
  struct picky {
    int operator()(int a, int b) const {
      return b == -1 ? throw std::string("op") : std::max(a, b);
    }
  };
  for (std::size_t const n : support::sizes({4096, 65536, 150000})) {
    auto x = support::indices(n);
    auto const index_after = [&](auto f, std::optional<std::size_t> minus, char const* expected) {
      if (minus) x[*minus] = -1;
      std::optional<std::size_t> index;
      try {
        static_cast<void>(hetmap::map_reduce(f, picky{}, 0, x));
        ADD_FAILURE() << "nothing was thrown";
      } catch (std::string const& what) {
        EXPECT_EQ(what, expected);
        index = hetmap::failed_index();
      }
      if (minus) x[*minus] = static_cast<int>(*minus);
      return index.value_or(0);
    };
    auto const same = [](int i) { return i; };
    for (int round = 0; round != 3; ++round) {
      for (std::size_t const at : {std::size_t{3}, n / 2 + 1, n - 1})
        EXPECT_EQ(index_after(same, at, "op"), at);
      // Within a leaf: where leaves are joined, the element is not said.
      std::size_t const fails = n / 3 / 64 * 64 + 10;
      auto const at = static_cast<int>(fails);
      auto const failing = [&](int i) { return i >= at ? throw std::string("f") : i; };
      EXPECT_EQ(index_after(failing, {}, "f"), fails);
      EXPECT_EQ(index_after(failing, fails - 1, "op"), fails - 1);
    }
  }
}

}  // namespace
