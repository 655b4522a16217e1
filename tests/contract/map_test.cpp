// map equals the serial transform, at every size, for every kind of result, one call an element.
#include "support/backends.hpp"
#include "support/calls.hpp"
#include "support/guarded.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/map.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

class MapContract : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, MapContract, support::each_backend(), support::backend_name);

struct move_only {
  explicit move_only(int v) : value(std::make_unique<int>(v)) {}
  std::unique_ptr<int> value;
  friend bool operator==(move_only const& a, move_only const& b) { return *a.value == *b.value; }
};

struct no_default {
  explicit no_default(int v) : value(v) {}
  int value;
  friend bool operator==(no_default, no_default) = default;
};

struct three_bytes {
  unsigned char bytes[3];
  friend bool operator==(three_bytes const&, three_bytes const&) = default;
};
static_assert(sizeof(three_bytes) == 3);

template <class R>
R result_of(int i) {
  if constexpr (std::is_same_v<R, bool>)
    return i % 3 == 0;
  else if constexpr (std::is_same_v<R, double>)
    return 0.5 * i - 1;
  else if constexpr (std::is_same_v<R, std::string>)
    return "number " + std::to_string(i);  // longer than what a string holds within itself
  else if constexpr (std::is_same_v<R, three_bytes>)
    return {{static_cast<unsigned char>(i), static_cast<unsigned char>(i >> 8),
             static_cast<unsigned char>(i >> 16)}};
  else
    return R(3 * i + 1);
}

template <class R>
struct counted {
  support::call_counter* calls;
  R operator()(int i) const {
    calls->count(static_cast<std::size_t>(i));
    return result_of<R>(i);
  }
};

/// The whole grid, with a function whose cost is remembered and with one whose never is: the second
/// is shared among the workers at every size.
template <class R>
void equals_transform(hetmap::backend where) {
  for (std::size_t const n : support::edge_sizes()) {
    auto const x = support::indices(n);
    std::vector<R> oracle;
    std::transform(x.begin(), x.end(), std::back_inserter(oracle), result_of<R>);
    for (auto const& c : support::chunk_sizes(n)) {
      SCOPED_TRACE(testing::Message() << n << " elements, chunks of " << c.value_or(0));
      auto const check = [&](auto const& f, support::call_counter const& calls) {
        auto const y = hetmap::map({.backend = where, .chunk_size = c}, f, x);
        static_assert(std::is_same_v<decltype(y), hetmap::vector<R> const>);
        EXPECT_TRUE(std::equal(y.begin(), y.end(), oracle.begin(), oracle.end()));
        EXPECT_TRUE(calls.once_each());
      };
      support::call_counter remembered(n), erased(n);
      check(counted<R>{&remembered}, remembered);
      check(std::function<R(int)>(counted<R>{&erased}), erased);
    }
  }
}

TEST_P(MapContract, EqualsTransformForInt) { equals_transform<int>(GetParam()); }
TEST_P(MapContract, EqualsTransformForDouble) { equals_transform<double>(GetParam()); }
TEST_P(MapContract, EqualsTransformForBool) { equals_transform<bool>(GetParam()); }
TEST_P(MapContract, EqualsTransformForString) { equals_transform<std::string>(GetParam()); }
TEST_P(MapContract, EqualsTransformForMoveOnly) { equals_transform<move_only>(GetParam()); }
TEST_P(MapContract, EqualsTransformForNoDefault) { equals_transform<no_default>(GetParam()); }
TEST_P(MapContract, EqualsTransformForThreeBytes) { equals_transform<three_bytes>(GetParam()); }

TEST_P(MapContract, CallsOnceEachForVoid) {
  for (std::size_t const n : support::edge_sizes())
    for (auto const& c : support::chunk_sizes(n)) {
      SCOPED_TRACE(testing::Message() << n << " elements, chunks of " << c.value_or(0));
      auto const x = support::indices(n);
      support::call_counter calls(n);
      auto const f = [&](int i) { calls.count(static_cast<std::size_t>(i)); };
      static_assert(std::is_void_v<decltype(hetmap::map(f, x))>);
      hetmap::map({.backend = GetParam(), .chunk_size = c}, f, x);
      EXPECT_TRUE(calls.once_each());
    }
}

TEST_P(MapContract, AnyNumberOfWorkersGivesTheSame) {
  auto const x = support::indices(5000);
  std::vector<int> oracle;
  std::transform(x.begin(), x.end(), std::back_inserter(oracle), result_of<int>);
  for (unsigned const workers : {1u, 2u, 3u, 8u, 1000u, ~0u}) {
    SCOPED_TRACE(workers);
    support::call_counter calls(x.size());
    std::function<int(int)> const f = counted<int>{&calls};
    auto const y = hetmap::map({.backend = GetParam(), .workers = workers, .chunk_size = 3}, f, x);
    EXPECT_TRUE(std::ranges::equal(y, oracle));
    EXPECT_TRUE(calls.once_each());
  }
}

TEST_P(MapContract, HugeChunkSizesAreOneChunk) {
  auto const x = support::indices(1000);
  std::size_t const most = ~std::size_t{0};
  for (std::size_t const c :
       {std::size_t{1} << 31, (std::size_t{1} << 32) - 1, std::size_t{1} << 32,
        (std::size_t{1} << 32) + 1, most / 2, most / 2 + 1, most - 63, most - 1, most}) {
    SCOPED_TRACE(c);
    support::call_counter calls(x.size());
    std::function<int(int)> const f = counted<int>{&calls};
    auto const y = hetmap::map({.backend = GetParam(), .chunk_size = c}, f, x);
    EXPECT_EQ(y[999], result_of<int>(999));
    EXPECT_TRUE(calls.once_each());
  }
}

struct cube {
  HETMAP_FN double operator()(double v) const { return v * v * v; }
};

TEST_P(MapContract, TouchesNothingOutsideTheRange) {
  for (std::size_t const n : support::edge_sizes())
    for (support::guard const side : {support::guard::before, support::guard::after}) {
      SCOPED_TRACE(n);
      support::guarded_array<double> const in(n, side), out(n, side);
      std::iota(in.all().begin(), in.all().end(), 1.0);
      hetmap::map_into(here(), out.all(), cube{}, in.all());
      hetmap::map_into({.backend = GetParam(), .chunk_size = 7}, in.all(), cube{}, in.all());
      for (std::size_t i = 0; i != n; ++i) {
        double const v = static_cast<double>(i) + 1;
        ASSERT_EQ(out.all()[i], v * v * v);
        ASSERT_EQ(in.all()[i], v * v * v);
      }
    }
}

TEST_P(MapContract, LeavesTheRestOfALongerOutputAlone) {
  for (std::size_t const n : support::edge_sizes()) {
    SCOPED_TRACE(n);
    std::vector<int> const x = support::indices(n);
    std::vector<int> out(n + 130, -7);
    hetmap::map_into(here(), std::span(out).subspan(65), std::negate<>{}, x);
    EXPECT_EQ(std::count(out.begin(), out.begin() + 65, -7), 65);
    EXPECT_EQ(std::count(out.end() - 65, out.end(), -7), 65);
    for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(out[65 + i], -static_cast<int>(i));
  }
}

TEST_P(MapContract, RefusesAShortOutputBeforeCallingTheFunction) {
  std::vector<int> const x = support::indices(100);
  std::vector<int> out(99, -1);
  int calls = 0;
  EXPECT_THROW(hetmap::map_into(
                   here(), out, [&](int i) { return ++calls, i; }, x),
               hetmap::size_error);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(std::count(out.begin(), out.end(), -1), 99);
}

TEST_P(MapContract, LeavesItsInputAsItWas) {
  std::vector<std::string> x(1000, "a string that does not fit within itself");
  auto const before = x;
  auto const y = hetmap::map(
      here(), [](std::string s) { return s + "!"; }, x);
  EXPECT_EQ(x, before);
  EXPECT_EQ(y[999], before[999] + "!");
}

}  // namespace
