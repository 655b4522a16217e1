// Whatever users call theirs is theirs: no function or operator of a user's namespace is taken for
// one of the library's, and none of the library's is looked for there.
#include "support/hostile.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

// The program of a report: names of a desk that trades options.
namespace desk {

struct smile {
  double level;
  double operator()(double strike) const { return level + strike; }
};
inline double call(smile const&, double) { return -1; }

struct rod {
  double metres;
};
inline double length_of(std::vector<rod> const& rods) {
  double sum = 0;
  for (rod const& r : rods) sum += r.metres;
  return sum;
}

struct tick {
  int value = 0;
};
inline int commas = 0;
inline tick& operator,(tick&, tick& right) {
  ++commas;
  return right;
}

}  // namespace desk

// Rows of a user's own, taken apart by the user's own get.
namespace shelf {

struct by_member {
  int a, b;
  template <std::size_t I>
  [[nodiscard]] int get() const {
    return I == 0 ? a : b;
  }
};
struct by_function {
  int a, b;
};
template <std::size_t I>
int get(by_function const& row) {
  return I == 0 ? row.a : row.b;
}
/// Inherits a tuple, and what that has to say is not what it says.
struct reversed : std::tuple<int, int> {
  using std::tuple<int, int>::tuple;
};
template <std::size_t I>
int get(reversed const& row) {
  return std::get<1 - I>(row);
}

}  // namespace shelf
template <>
struct std::tuple_size<shelf::by_member> : std::integral_constant<std::size_t, 2> {};
template <>
struct std::tuple_size<shelf::by_function> : std::integral_constant<std::size_t, 2> {};
template <>
struct std::tuple_size<shelf::reversed> : std::integral_constant<std::size_t, 2> {};
template <std::size_t I>
struct std::tuple_element<I, shelf::by_member> {
  using type = int;
};
template <std::size_t I>
struct std::tuple_element<I, shelf::by_function> {
  using type = int;
};
template <std::size_t I>
struct std::tuple_element<I, shelf::reversed> {
  using type = int;
};

// Without a namespace: found wherever a type without one is among the arguments.
struct nowhere {
  int value = 0;
};
template <class... T>
void call(T&&...) = delete;
template <class... T>
void element(T&&...) = delete;
template <class... T>
void source_of(T&&...) = delete;

namespace {

using hostile::number;

template <class Range>
void counts_by(Range&& results, int step, int count) {
  int i = 0;
  for (auto&& r : results) EXPECT_EQ(r.value, step * i++);
  EXPECT_EQ(i, count);
}

TEST(Names, AConstKernelIsCalledAndNotAUsersCall) {
  std::vector<double> const strikes(1000, 2.0);
  desk::smile const smile{1};
  for (double const v : hetmap::map(smile, strikes)) ASSERT_EQ(v, 3);
  for (double const v : hetmap::imap(smile, strikes)) ASSERT_EQ(v, 3);
  EXPECT_EQ(hetmap::map_reduce(smile, std::plus<>(), 0.0, strikes), 3000);
}

TEST(Names, AConstRangeIsCountedAndNotMeasuredByAUsersLength) {
  std::vector<desk::rod> const rods(1000, desk::rod{0.0005});
  EXPECT_EQ(hetmap::map([](desk::rod const& r) { return r.metres; }, rods).size(), 1000u);
}

TEST(Names, AUsersCommaIsNotCalledForRows) {
  std::vector<double> const in(1000, 2.0);
  std::vector<desk::tick> bids(1000);
  std::vector<desk::tick> asks(1000);
  hetmap::map_into(
      hetmap::columns(bids, asks),
      [](double v) {
        int const n = static_cast<int>(v);
        return std::pair(desk::tick{n}, desk::tick{n + 1});
      },
      in);
  EXPECT_EQ(bids[999].value, 2);
  EXPECT_EQ(asks[999].value, 3);
  EXPECT_EQ(desk::commas, 0);
}

template <class In>
void every_verb_over(In const& in, int n) {
  hostile::twice const twice;
  hostile::sum const sum;
  counts_by(hetmap::map(twice, in), 2, n);
  counts_by(hetmap::map({.backend = hetmap::backend::cpu, .chunk_size = 3}, twice, in), 2, n);
  counts_by(hetmap::map(sum, in, in), 2, n);
  hetmap::map([](number const&) {}, in);
  auto const outcomes = hetmap::map({.errors = hetmap::collect}, hostile::twice_or_error(), in);
  EXPECT_FALSE(outcomes[7].has_value());
  EXPECT_EQ(outcomes[8]->value, 16);
  EXPECT_THROW(hetmap::map(hostile::twice_or_error(), in), hostile::error);
  EXPECT_EQ(hetmap::failed_index(), 7u);

  std::vector<number> out(static_cast<std::size_t>(n));
  hetmap::map_into(out, twice, in);
  counts_by(out, 2, n);
  std::vector<number> more(static_cast<std::size_t>(n));
  hetmap::map_into(
      hetmap::columns(out, more), [](number const& v) { return std::pair(v, number{-v.value}); },
      in);
  counts_by(out, 1, n);
  counts_by(more, -1, n);

  EXPECT_EQ(hetmap::map_reduce(twice, sum, number{1}, in).value, 1 + n * (n - 1));
  EXPECT_EQ(hetmap::map_reduce([](number const& v) { return v.value; }, std::plus<>(), 0, in),
            n * (n - 1) / 2);
  EXPECT_FALSE(hetmap::to_string(hetmap::explain(twice, in)).empty());
  EXPECT_FALSE(hetmap::to_string(hetmap::explain(twice, sum, number(), in)).empty());

  counts_by(hetmap::imap(twice, in), 2, n);
  int seen = 0;
  for (auto const block : hetmap::imap(twice, in).chunks())
    for (number const& v : block) EXPECT_EQ(v.value, 2 * seen++);
  EXPECT_EQ(seen, n);
  long total = 0;
  for (auto const [index, value] : hetmap::imap_unordered(twice, in).indexed())
    total += value.value - static_cast<int>(index);
  EXPECT_EQ(total, n * (n - 1) / 2);
  auto stream = hetmap::imap({.errors = hetmap::collect}, hostile::twice_or_error(), in);
  EXPECT_EQ(stream.next()->value().value, 0);
  auto other = std::move(stream);
  EXPECT_EQ(other.next()->value().value, 2);
  other = hetmap::imap({.errors = hetmap::collect}, hostile::twice_or_error(), in);
  EXPECT_EQ(other.next()->value().value, 0);
  total = 0;
  EXPECT_EQ(hetmap::imap(twice, in) | hetmap::each([&](std::span<number const> block) {
              for (number const& v : block) total += v.value;
            }),
            static_cast<std::size_t>(n));
  EXPECT_EQ(total, n * (n - 1));

  hetmap::pool pool(2);
  counts_by(pool.map(twice, in), 2, n);
  counts_by(pool.map_async(twice, in).get(), 2, n);
  EXPECT_EQ(pool.map_async({.errors = hetmap::collect}, hostile::twice_or_error(), in).get().size(),
            static_cast<std::size_t>(n));
  pool.map_into(out, twice, in);
  EXPECT_EQ(pool.map_reduce(twice, sum, number{1}, in).value, 1 + n * (n - 1));
  counts_by(pool.imap(twice, in), 2, n);
  total = 0;
  for (number const& v : pool.imap_unordered(twice, in)) total += v.value;
  EXPECT_EQ(total, n * (n - 1));
}

TEST(Names, EveryVerbOverElementsOfAHostileNamespace) {
  constexpr int n = 300;
  std::vector<number> elements(n);
  for (int i = 0; i != n; ++i) elements[static_cast<std::size_t>(i)].value = i;
  every_verb_over(elements, n);
  every_verb_over(std::as_const(elements), n);
  every_verb_over(hostile::numbers(n), n);
}

TEST(Names, EveryVerbOverIteratorsOfAHostileNamespace) {
  every_verb_over(hostile::walked<std::random_access_iterator_tag>(300), 300);
  every_verb_over(hostile::walked<std::forward_iterator_tag>(300), 300);
  every_verb_over(hostile::walked<std::input_iterator_tag>(300), 300);
}

TEST(Names, GeneratorsOfAHostileNamespace) {
  auto const numbers = [] {
    return hetmap::generate([i = 0]() mutable -> std::optional<number> {
      if (i == 300) return std::nullopt;
      return number{i++};
    });
  };
  counts_by(hetmap::map(hostile::twice(), numbers()), 2, 300);
  counts_by(hetmap::imap(hostile::twice(), numbers()), 2, 300);
  EXPECT_EQ(hetmap::map_reduce(hostile::twice(), hostile::sum(), number(), numbers()).value,
            300 * 299);
}

TEST(Names, RowsOfAHostileNamespace) {
  constexpr int n = 300;
  hostile::sum const sum;
  std::vector<std::pair<number, number>> pairs;
  std::vector<std::tuple<number, number>> tuples;
  std::vector<std::array<number, 2>> arrays;
  std::vector<hetmap::tuple<number, number>> own;
  for (int i = 0; i != n; ++i) {
    pairs.emplace_back(number{i}, number{i});
    tuples.emplace_back(number{i}, number{i});
    arrays.push_back({number{i}, number{i}});
    own.emplace_back(number{i}, number{i});
  }
  auto const each = [&](auto& rows) {
    counts_by(hetmap::starmap(sum, rows), 2, n);
    counts_by(hetmap::starmap(sum, std::as_const(rows)), 2, n);
    counts_by(hetmap::starmap(sum, std::move(rows)), 2, n);
    std::vector<number> out(static_cast<std::size_t>(n));
    hetmap::starmap_into(out, sum, rows);
    counts_by(out, 2, n);
    hetmap::starmap_into({.backend = hetmap::backend::serial}, out, sum, rows);
    EXPECT_EQ(hetmap::starmap({.errors = hetmap::collect}, sum, rows).size(), out.size());
    counts_by(hetmap::istarmap(sum, rows), 2, n);
    long total = 0;
    for (number const& v : hetmap::istarmap_unordered(sum, rows)) total += v.value;
    EXPECT_EQ(total, n * (n - 1));
    hetmap::pool pool(2);
    counts_by(pool.starmap(sum, rows), 2, n);
    counts_by(pool.starmap_async(sum, rows).get(), 2, n);
    counts_by(pool.istarmap(sum, rows), 2, n);
    auto const [first, second] = hetmap::map_columns([](auto const& row) { return row; }, rows);
    counts_by(first, 1, n);
    counts_by(second, 1, n);
  };
  each(pairs);
  each(tuples);
  each(arrays);
  each(own);
}

TEST(Names, RowsOfUsersAreTakenApartByTheirOwnGet) {
  auto const less = [](int a, int b) { return a - b; };
  EXPECT_EQ(hetmap::starmap(less, std::vector(10, shelf::by_member{5, 3}))[9], 2);
  EXPECT_EQ(hetmap::starmap(less, std::vector(10, shelf::by_function{5, 3}))[9], 2);
  EXPECT_EQ(hetmap::starmap(less, std::vector(10, shelf::reversed(5, 3)))[9], -2);
  std::vector<int> a(10);
  std::vector<int> b(10);
  hetmap::map_into(
      hetmap::columns(a, b),
      [](int v) {
        return shelf::by_member{v, v + 1};
      },
      a);
  EXPECT_EQ(b[9], 1);
}

TEST(Names, BlocksAndArraysOfAHostileNamespace) {
  constexpr int n = 300;
  hostile::numbers in(n);
  std::vector<number> out(n);
  hetmap::map_blocks(
      [](std::span<number const> from, std::span<number> to, hetmap::scratch& room) {
        auto const aside = room.get<int>(from.size());
        for (std::size_t i = 0; i != from.size(); ++i) aside[i] = 2 * from[i].value;
        for (std::size_t i = 0; i != from.size(); ++i) to[i].value = aside[i];
      },
      out, std::as_const(in));
  counts_by(out, 2, n);

  hetmap::array<number> const held(in);
  counts_by(hetmap::map(hostile::twice(), held).host(), 2, n);
  hetmap::array<number> doubled(static_cast<std::size_t>(n));
  hetmap::map_into(doubled, hostile::twice(), held);
  counts_by(std::as_const(doubled).host(), 2, n);
  EXPECT_EQ(hetmap::map_reduce(hostile::twice(), hostile::sum(), number(), held).value,
            n * (n - 1));
  auto const [same, negative] = hetmap::map_columns(
      [](number const& v) { return hetmap::tuple<number, number>(v, number{-v.value}); }, held);
  counts_by(same.host(), 1, n);
  counts_by(negative.host(), -1, n);
  EXPECT_FALSE(hetmap::to_string(hetmap::explain(hostile::twice(), held)).empty());
  swap(doubled, doubled);
}

TEST(Names, FuturesOfAHostileNamespace) {
  hetmap::pool pool(2);
  auto const four = pool.submit(hostile::twice(), number{2});
  EXPECT_EQ(four.get().value, 4);
  EXPECT_EQ(four.then(hostile::twice()).get().value, 8);
  int told = 0;
  four.on_value([&](number const& v) { told = v.value; });
  four.on_done([&](hetmap::future<number> const& f) { told += f.get().value; });
  EXPECT_EQ(told, 8);
  EXPECT_THROW(static_cast<void>(pool.submit(hostile::twice_or_error(), number{7}).get()),
               hostile::error);
  std::vector<hetmap::future<number>> futures;
  for (int i = 0; i != 10; ++i) futures.push_back(pool.submit(hostile::twice(), number{i}));
  auto const waited = hetmap::wait(futures);
  EXPECT_EQ(waited.done.size(), 10u);
  int total = 0;
  for (auto& done : hetmap::as_completed(futures)) total += done.get().value;
  EXPECT_EQ(total, 90);
  EXPECT_TRUE(futures[0] == futures[0]);
  auto moved = std::move(futures[3]);
  EXPECT_EQ(std::move(moved).get().value, 6);
}

TEST(Names, StopTokensAndComposition) {
  std::vector<number> const in(100, number{3});
  EXPECT_EQ(
      hetmap::map(hetmap::compose(hostile::twice(), hostile::twice(), hostile::twice()), in)[99]
          .value,
      24);
  struct never {
    [[nodiscard]] bool stop_requested() const { return false; }
    [[nodiscard]] bool stop_possible() const { return true; }
  };
  EXPECT_EQ(hetmap::map({.stop = never()}, hostile::twice(), in)[99].value, 6);
  EXPECT_EQ(hetmap::select(true, 1, 2), 1);
}

TEST(Names, OfTheGlobalNamespace) {
  std::vector<nowhere> const in(100, nowhere{3});
  auto const same = [](nowhere const& v) { return v; };
  EXPECT_EQ(hetmap::map(same, in)[99].value, 3);
  std::vector<std::pair<nowhere, nowhere>> const rows(100);
  EXPECT_EQ(hetmap::starmap([](nowhere const& a, nowhere const&) { return a; }, rows).size(), 100u);
}

}  // namespace
