// starmap takes rows apart; map takes several ranges side by side and stops at the shortest.
#include "support/backends.hpp"
#include "support/calls.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/map.hpp>

#include <algorithm>
#include <array>
#include <forward_list>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <ranges>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace {

class StarmapContract : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, StarmapContract, support::each_backend(), support::backend_name);

template <class Row, class R, class... Elements>
void equals_apply(hetmap::backend where, std::function<R(Elements...)> const& f, Row (*row)(int)) {
  for (std::size_t const n : support::sizes({0, 1, 15, 64, 65, 4097})) {
    std::vector<Row> rows;
    for (std::size_t i = 0; i != n; ++i) rows.push_back(row(static_cast<int>(i)));
    std::vector<R> oracle;
    std::transform(rows.begin(), rows.end(), std::back_inserter(oracle),
                   [&](Row const& r) { return std::apply(f, r); });
    auto const y = hetmap::starmap({.backend = where}, f, rows);
    EXPECT_TRUE(std::ranges::equal(y, oracle)) << n;
    std::vector<R> out(n);
    hetmap::starmap_into({.backend = where, .chunk_size = 7}, out, f, std::as_const(rows));
    EXPECT_TRUE(std::ranges::equal(out, oracle)) << n;
  }
}

TEST_P(StarmapContract, EqualsApplyOverTuplesPairsAndArrays) {
  equals_apply<std::tuple<int, double, std::string>>(
      GetParam(), std::function([](int i, double d, std::string const& s) {
        return s + std::to_string(i + static_cast<int>(d));
      }),
      [](int i) { return std::tuple(i, 0.5 * i, std::string("row ")); });
  equals_apply<std::pair<int, long>>(GetParam(), std::function([](int a, long b) { return a - b; }),
                                     [](int i) { return std::pair(i, 3L * i); });
  equals_apply<std::array<float, 3>>(
      GetParam(), std::function([](float a, float b, float c) { return a + b * c; }), [](int i) {
        auto const v = static_cast<float>(i);
        return std::array{v, v + 1, v + 2};
      });
  equals_apply<std::tuple<int>>(GetParam(), std::function([](int i) { return -i; }),
                                [](int i) { return std::tuple(i); });
}

TEST_P(StarmapContract, RowsMayComeFromAnyRange) {
  std::function<int(int, int)> const f = [](int a, int b) { return 10 * a + b; };
  std::map<int, int> table;
  std::forward_list<std::pair<int, int>> list;
  for (int i = 299; i >= 0; --i) {
    table[i] = i + 1;
    list.emplace_front(i, i + 1);
  }
  auto const made =
      std::views::iota(0, 300) | std::views::transform([](int i) { return std::pair(i, i + 1); });
  EXPECT_EQ(hetmap::starmap(here(), f, table)[299], 3290);
  EXPECT_EQ(hetmap::starmap(here(), f, list)[299], 3290);
  EXPECT_EQ(hetmap::starmap(here(), f, made)[299], 3290);
}

TEST_P(StarmapContract, ElementsOfRowsKeepTheirKind) {
  std::vector<std::tuple<int, std::unique_ptr<int>>> rows;
  for (int i = 0; i != 200; ++i) rows.emplace_back(i, std::make_unique<int>(i));
  hetmap::starmap(
      here(), [](int& a, std::unique_ptr<int> const& p) { a += *p; }, rows);
  EXPECT_EQ(std::get<0>(rows[199]), 398);
  int shared = 0;
  std::vector<std::tuple<int, int&>> const references(1, {5, shared});
  hetmap::starmap(
      here(), [](int a, int& r) { r = a; }, references);
  EXPECT_EQ(shared, 5);
}

TEST_P(StarmapContract, RowsThatAreMadeOnTheWayAreMovedIn) {
  auto const rows = std::views::iota(0, 100) | std::views::transform([](int i) {
                      return std::tuple(std::make_unique<int>(i), i);
                    });
  std::function<int(std::unique_ptr<int>, int)> const f = [](std::unique_ptr<int> p, int i) {
    return *p + i;
  };
  EXPECT_EQ(hetmap::starmap(here(), f, rows)[99], 198);
}

struct account {
  int balance;
  int plus(int more) const { return balance + more; }
};

TEST_P(StarmapContract, MemberPointersAndFailuresWork) {
  std::vector<std::pair<account, int>> const rows(100, {account{5}, 4});
  EXPECT_EQ(hetmap::starmap(here(), &account::plus, rows)[99], 9);
  std::vector<std::pair<int, int>> pairs(1000, {1, 1});
  pairs[700].second = 0;
  std::function<int(int, int)> const divide = [](int a, int b) {
    return b == 0 ? throw std::string("zero") : a / b;
  };
  EXPECT_THROW(hetmap::starmap(here(), divide, pairs), std::string);
  EXPECT_EQ(hetmap::failed_index(), 700u);
}

TEST_P(StarmapContract, NothingToReturn) {
  support::call_counter calls(1000);
  std::vector<std::pair<int, int>> rows;
  for (int i = 0; i != 1000; ++i) rows.emplace_back(i, i);
  hetmap::starmap(
      here(), [&](int i, int) { calls.count(static_cast<std::size_t>(i)); }, rows);
  EXPECT_TRUE(calls.once_each());
}

TEST_P(StarmapContract, SeveralRangesEndWithTheShortest) {
  std::function<int(int, int, int)> const f = [](int a, int b, int c) { return a + b + c; };
  for (std::size_t const a : support::sizes({0, 1, 64, 1000}))
    for (std::size_t const b : support::sizes({0, 1, 65, 999}))
      for (std::size_t const c : support::sizes({0, 2, 1001})) {
        auto const x = support::indices(a), y = support::indices(b), z = support::indices(c);
        std::size_t const n = std::min({a, b, c});
        auto const sum = hetmap::map(here(), f, x, y, z);
        ASSERT_EQ(sum.size(), n);
        for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(sum[i], 3 * static_cast<int>(i));
      }
}

TEST_P(StarmapContract, RangesOfDifferentKindsMeet) {
  auto const x = support::indices(700);
  std::forward_list<int> const list(x.begin(), x.end());
  std::function<int(int, int)> const f = [](int a, int b) { return 1000 * a + b; };
  for (std::size_t const n : support::sizes({0, 1, 64, 600})) {
    auto const short_one = support::indices(n);
    auto const left = hetmap::map(here(), f, list, short_one);
    auto const right = hetmap::map(here(), f, short_one, list);
    ASSERT_EQ(left.size(), n);
    ASSERT_EQ(right.size(), n);
    if (n != 0) {
      EXPECT_EQ(left[n - 1], 1001 * static_cast<int>(n - 1));
    }
  }
  EXPECT_EQ(hetmap::map(here(), f, list, list).size(), 700u);
  std::forward_list<int> const empty;
  EXPECT_EQ(hetmap::map(here(), f, empty, list).size(), 0u);
}

TEST_P(StarmapContract, SixRangesAtOnce) {
  std::vector<double> const x(500, 1.5);
  using six = std::function<double(double, double, double, double, double, double)>;
  six const sum = [](auto... v) { return (v + ...); };
  EXPECT_EQ(hetmap::map(here(), sum, x, x, x, x, x, x)[499], 9.0);
}

// -- arity: told from outside, without a hard error ------------------------------------------

template <class F, class... In>
constexpr bool maps = requires(F& f, In&... in) { hetmap::map(f, in...); };
template <class F, class Rows>
constexpr bool starmaps = requires(F& f, Rows& rows) { hetmap::starmap(f, rows); };
template <class Out, class F, class... In>
constexpr bool maps_into = requires(Out& out, F& f, In&... in) { hetmap::map_into(out, f, in...); };
template <class F, class... In>
constexpr bool explains = requires(F& f, In&... in) { hetmap::explain(f, in...); };
template <class Out, class F, class Rows>
constexpr bool starmaps_into =
    requires(Out& out, F& f, Rows& rows) { hetmap::starmap_into(out, f, rows); };
template <class F, class Out, class... In>
constexpr bool maps_blocks =
    requires(F& f, Out& out, In&... in) { hetmap::map_blocks(f, out, in...); };
template <class F, class... In>
constexpr bool maps_with_options =
    requires(hetmap::options const& how, F& f, In&... in) { hetmap::map(how, f, in...); };

TEST(StarmapContract, WrongArityIsIllFormedNotAHardError) {
  using ints = std::vector<int>;
  using words = std::vector<std::string>;
  auto one = [](int i) { return i; };
  auto two = [](int a, int b) { return a + b; };
  using F1 = decltype(one);
  using F2 = decltype(two);
  static_assert(maps<F1, ints> && maps<F2, ints, ints> && maps_with_options<F1, ints>);
  static_assert(!maps<F1, ints, ints> && !maps<F2, ints> && !maps<F1, words> && !maps<F1>);
  static_assert(!maps_with_options<F1, ints, ints> && !maps_with_options<F1>);
  static_assert(explains<F1, ints> && !explains<F1, ints, ints>);
  static_assert(maps_into<ints, F1, ints> && !maps_into<ints, F1, ints, ints>);
  static_assert(!maps_into<ints const, F1, ints> && !maps_into<words, F1, words>);
  static_assert(!maps_into<std::vector<bool>, F1, ints>);

  using pairs = std::vector<std::pair<int, int>>;
  using triples = std::vector<std::array<int, 3>>;
  static_assert(starmaps<F2, pairs> && !starmaps<F1, pairs> && !starmaps<F2, triples>);
  static_assert(!starmaps<F2, ints> && starmaps<F1, std::vector<std::tuple<int>>>);
  static_assert(starmaps_into<ints, F2, pairs> && !starmaps_into<ints, F2, triples>);
  static_assert(!starmaps_into<words, F1, pairs>);

  auto block = [](std::span<int const>, std::span<int>) {};
  using B = decltype(block);
  static_assert(maps_blocks<B, ints, ints> && !maps_blocks<B, ints, ints, ints>);
  static_assert(!maps_blocks<B, ints> && !maps_blocks<B, ints, std::forward_list<int>>);
}

}  // namespace
