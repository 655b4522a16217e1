// Functions that return tuples: one array a column.
#include "support/backends.hpp"
#include "support/kernels.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <array>
#include <forward_list>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

class ColumnsContract : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, ColumnsContract, support::each_backend(), support::backend_name);

std::function<std::tuple<int, double, std::string>(int)> const split = [](int i) {
  return std::tuple(i, 0.5 * i, std::to_string(i));
};

TEST_P(ColumnsContract, MapIntoWritesEachElementToItsColumn) {
  for (std::size_t const n : support::edge_sizes())
    for (auto const& c : support::chunk_sizes(n)) {
      if (n > 5000 && c == 1u) continue;
      std::vector<int> a(n);
      std::vector<double> b(n + 2, -1.0);
      std::vector<std::string> s(n);
      hetmap::map_into({.backend = GetParam(), .chunk_size = c}, hetmap::columns(a, b, s), split,
                       support::indices(n));
      for (std::size_t i = 0; i != n; ++i) {
        ASSERT_EQ(a[i], static_cast<int>(i));
        ASSERT_EQ(b[i], 0.5 * static_cast<int>(i));
        ASSERT_EQ(s[i], std::to_string(i));
      }
      ASSERT_EQ(b[n], -1.0);
      ASSERT_EQ(b[n + 1], -1.0);
    }
}

TEST_P(ColumnsContract, MapColumnsReturnsOneVectorAColumn) {
  for (std::size_t const n : support::sizes({0, 1, 64, 65, 5000})) {
    auto const [a, b, s] = hetmap::map_columns(here(), split, support::indices(n));
    static_assert(std::is_same_v<decltype(s), hetmap::vector<std::string> const>);
    ASSERT_EQ(a.size(), n);
    ASSERT_EQ(b.size(), n);
    ASSERT_EQ(s.size(), n);
    if (n != 0) {
      EXPECT_EQ(s[n - 1], std::to_string(n - 1));
    }
    if (n != 0) {
      EXPECT_EQ(b[n - 1], 0.5 * static_cast<int>(n - 1));
    }
  }
}

TEST_P(ColumnsContract, PairsAndArraysAreTuplesToo) {
  auto const [lesser, greater] = hetmap::map_columns(
      here(), [](int i) { return std::pair(i - 1, i + 1); }, support::indices(500));
  EXPECT_EQ(lesser[499], 498);
  EXPECT_EQ(greater[499], 500);
  auto const [x, y, z] = hetmap::map_columns(
      here(),
      [](int i) {
        return std::array{i, 2 * i, 3 * i};
      },
      support::indices(500));
  EXPECT_EQ(z[499], 1497);
}

TEST_P(ColumnsContract, OneColumnIsATupleOfOne) {
  for (std::size_t const n : support::sizes({0, 1, 65, 1000})) {
    auto const f = [](int i) { return std::tuple(i + 1); };
    std::vector<long> out(n);
    hetmap::map_into(here(), hetmap::columns(out), f, support::indices(n));
    auto const [same] = hetmap::map_columns(here(), f, support::indices(n));
    auto x = support::indices(n);
    hetmap::map_into(here(), hetmap::columns(x), f, x);
    for (std::size_t i = 0; i != n; ++i) {
      ASSERT_EQ(out[i], static_cast<long>(i) + 1);
      ASSERT_EQ(same[i], static_cast<int>(i) + 1);
      ASSERT_EQ(x[i], static_cast<int>(i) + 1);
    }
  }
}

TEST_P(ColumnsContract, FiveColumnsOfThreeInputsEqualTheSerialLoop) {
  std::size_t const n = 1000;
  std::vector<double> spot(n), strike(n), years(n);
  for (std::size_t i = 0; i != n; ++i) {
    spot[i] = 80 + 0.05 * static_cast<double>(i);
    strike[i] = 130 - 0.04 * static_cast<double>(i);
    years[i] = 0.1 + 0.002 * static_cast<double>(i);
  }
  bench::greeks<double, support::vector_math> const f;
  auto const columns = hetmap::map_columns(here(), f, spot, strike, years);
  for (std::size_t i = 0; i != n; ++i) {
    auto const [price, delta, gamma, vega, theta] = f(spot[i], strike[i], years[i]);
    // The clone may contract where this loop does not: a few units in the last place.
    EXPECT_NEAR(std::get<0>(columns)[i], price, 1e-9);
    EXPECT_NEAR(std::get<1>(columns)[i], delta, 1e-12);
    EXPECT_NEAR(std::get<2>(columns)[i], gamma, 1e-12);
    EXPECT_NEAR(std::get<3>(columns)[i], vega, 1e-9);
    EXPECT_NEAR(std::get<4>(columns)[i], theta, 1e-9);
  }
}

TEST_P(ColumnsContract, UnsizedInputsFillColumns) {
  auto const x = support::indices(777);
  std::forward_list<int> const list(x.begin(), x.end());
  std::vector<int> a(777);
  std::vector<double> b(777);
  std::vector<std::string> s(777);
  hetmap::map_into(here(), hetmap::columns(a, b, s), split, list);
  EXPECT_EQ(s[776], "776");
  std::vector<int> small(776);
  EXPECT_THROW(hetmap::map_into(here(), hetmap::columns(small, b, s), split, list),
               hetmap::size_error);
  std::list<int> const sized(x.begin(), x.end());
  EXPECT_EQ(std::get<2>(hetmap::map_columns(here(), split, sized))[776], "776");
}

TEST_P(ColumnsContract, AShortColumnIsRefusedBeforeCallingTheFunction) {
  std::vector<int> a(10), b(9);
  int calls = 0;
  std::function<std::pair<int, int>(int)> const twin = [&](int i) {
    return ++calls, std::pair(i, i);
  };
  EXPECT_THROW(hetmap::map_into(here(), hetmap::columns(a, b), twin, support::indices(10)),
               hetmap::size_error);
  EXPECT_EQ(calls, 0);
}

TEST_P(ColumnsContract, AFailureLeavesColumnsOldOrFinal) {
  std::size_t const n = 2000;
  for (int const at : {0, 64, 1111, 1999}) {
    std::vector<int> a(n, -1), b(n, -1);
    std::function<std::pair<int, int>(int)> const f = [&](int i) {
      return i == at ? throw std::string("at") : std::pair(i, 2 * i);
    };
    EXPECT_THROW(hetmap::map_into(here(), hetmap::columns(a, b), f, support::indices(n)),
                 std::string);
    EXPECT_EQ(hetmap::failed_index(), static_cast<std::size_t>(at));
    for (int i = 0; i != static_cast<int>(n); ++i) {
      auto const k = static_cast<std::size_t>(i);
      if (i < at) {
        ASSERT_EQ(a[k], i);
      }
      ASSERT_EQ(b[k], a[k] == -1 ? -1 : 2 * i);
    }
    ASSERT_EQ(a[static_cast<std::size_t>(at)], -1);
  }
}

TEST_P(ColumnsContract, MoveOnlyElementsAreMovedToTheirColumns) {
  std::vector<std::unique_ptr<int>> owners(300);
  std::vector<int> values(300);
  hetmap::map_into(
      here(), hetmap::columns(owners, values),
      [](int i) { return std::pair(std::make_unique<int>(i), i); }, support::indices(300));
  EXPECT_EQ(*owners[299], 299);
  EXPECT_EQ(values[299], 299);
}

template <class Columns, class F>
constexpr bool fits =
    requires(Columns& out, F& f, std::vector<int>& x) { hetmap::map_into(out, f, x); };

TEST(ColumnsContract, TheNumberAndTypesOfColumnsAreChecked) {
  std::vector<int> a, b, c;
  std::vector<std::string> s;
  auto twin = [](int i) { return std::pair(i, i); };
  using F = decltype(twin);
  using two = decltype(hetmap::columns(a, b));
  using three = decltype(hetmap::columns(a, b, c));
  using pointers = std::vector<int*>;
  pointers p;
  using wrong = decltype(hetmap::columns(a, p));
  static_assert(fits<two, F> && !fits<three, F> && !fits<wrong, F>);
  auto scalar = [](int i) { return i; };
  static_assert(!fits<two, decltype(scalar)>);
}

TEST(Tuple, IsWhatStdTupleIsToHostCodeAndTriviallyCopiable) {
  using pair = hetmap::tuple<int, double>;
  static_assert(std::is_trivially_copyable_v<pair> && std::tuple_size_v<pair> == 2);
  static_assert(std::is_same_v<decltype(hetmap::tuple(1, 'c')), hetmap::tuple<int, char>>);
  pair both{1, 2.5};
  get<1>(both) = 3;
  auto const [i, d] = both;
  EXPECT_EQ(i + d, 4);
  EXPECT_EQ(both, (pair{1, 3}));
  EXPECT_EQ(hetmap::tuple<>(), hetmap::tuple<>());
  auto const columns = hetmap::map_columns(
      [](int v) {
        return pair{v, v / 2.0};
      },
      support::indices(100));
  EXPECT_EQ(std::get<0>(columns)[7], 7);
  EXPECT_EQ(std::get<1>(columns)[7], 3.5);
}

}  // namespace
