// Functions whose last parameter is a stop token, in every verb that serves them.
#include "support/sizes.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/map.hpp>
#include <hetmap/pool.hpp>
#include <hetmap/reduce.hpp>

#include <atomic>
#include <functional>
#include <list>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

/// Doubles what it is given, or says that a stop was asked for before.
int doubled(int i, std::stop_token const& stop) { return stop.stop_requested() ? -1 : 2 * i; }
int product(int a, int b, std::stop_token stop) { return stop.stop_requested() ? -1 : a * b; }

std::vector<std::pair<int, int>> rows_of(int n) {
  std::vector<std::pair<int, int>> rows;
  for (int i = 0; i != n; ++i) rows.emplace_back(i, 3);
  return rows;
}

/// The free verbs under a pool's names.
struct free_verbs {
  void map_into(auto&&... a) const { hetmap::map_into(a...); }
  auto starmap(auto&&... a) const { return hetmap::starmap(a...); }
  void starmap_into(auto&&... a) const { hetmap::starmap_into(a...); }
  auto map_reduce(auto&&... a) const { return hetmap::map_reduce(a...); }
};

/// Calls check with the free verbs and with a pool.
void on_both(auto&& check) {
  check(free_verbs());
  check(hetmap::pool(2u));
}

hetmap::collect_options const collect{.errors = hetmap::collect};
std::vector<hetmap::outcome<int>> const no_outcomes(1000, hetmap::outcome<int>(nullptr));

TEST(StopArgument, OfMapInto) {
  auto const x = support::indices(1000);
  std::list<int> const list(x.begin(), x.end());
  on_both([&](auto&& verbs) {
    std::vector<int> y(1000);
    verbs.map_into(y, doubled, x);
    EXPECT_EQ(y[999], 1998);
    verbs.map_into(hetmap::options{.chunk_size = 7}, y, doubled, y);
    EXPECT_EQ(y[999], 3996);
    verbs.map_into(y, doubled, list);
    EXPECT_EQ(y[999], 1998);
    auto z = no_outcomes;
    verbs.map_into(collect, z, doubled, x);
    EXPECT_EQ(z[999].value(), 1998);
  });
}

TEST(StopArgument, OfStarmap) {
  auto const rows = rows_of(1000);
  on_both([&](auto&& verbs) {
    EXPECT_EQ(verbs.starmap(product, rows)[999], 2997);
    EXPECT_EQ(verbs.starmap(collect, product, rows)[999].value(), 2997);
    std::vector<int> y(1000);
    verbs.starmap_into(y, product, rows);
    EXPECT_EQ(y[999], 2997);
    auto z = no_outcomes;
    verbs.starmap_into(collect, z, product, rows);
    EXPECT_EQ(z[999].value(), 2997);
  });
  hetmap::pool pool{2u};
  EXPECT_EQ(pool.starmap_async(product, rows).get()[999], 2997);
  EXPECT_EQ(pool.starmap_async(collect, product, rows).get()[999].value(), 2997);
}

TEST(StopArgument, OfMapReduce) {
  auto const text = [](int i, std::stop_token const&) { return std::to_string(i); };
  auto const wide = [](int i, std::stop_token const& stop) {
    return stop.stop_requested() ? -1 : std::int64_t{i};
  };
  std::list<int> const list{1, 2, 3};
  std::plus<> const op;
  on_both([&](auto&& verbs) {
    EXPECT_EQ(verbs.map_reduce(text, op, std::string(">"), support::indices(5)), ">01234");
    EXPECT_EQ(verbs.map_reduce(wide, op, std::int64_t{1}, support::indices(1000)), 499'501);
    EXPECT_EQ(verbs.map_reduce(wide, op, std::int64_t{0}, support::indices(100'000)),
              4'999'950'000);
    EXPECT_EQ(verbs.map_reduce(wide, op, std::int64_t{0}, list), 6);
  });
}

/// Whether `call` with a stop token ends its function, which runs until it is asked to stop.
void expect_stopped(auto&& call) {
  std::stop_source source;
  std::atomic<int> started{0}, seen{0};
  auto const f = [&](int, std::stop_token const& stop) {
    ++started;
    while (!stop.stop_requested()) std::this_thread::yield();
    return ++seen;
  };
  std::jthread const asks([&] {
    while (started == 0) std::this_thread::yield();
    source.request_stop();
  });
  EXPECT_THROW(call(hetmap::options{.chunk_size = 1, .stop = source.get_token()}, f),
               hetmap::cancelled_error);
  EXPECT_EQ(seen, started);
}

TEST(StopArgument, SeesTheStopWhileItRuns) {
  auto const x = support::indices(1000);
  std::vector<std::pair<int, int>> const rows = rows_of(1000);
  hetmap::pool pool{2u};
  expect_stopped([&](auto const& how, auto const& f) {
    std::vector<int> y(1000);
    hetmap::map_into(how, y, f, x);
  });
  expect_stopped([&](auto const& how, auto const& f) {
    std::vector<int> y(1000);
    pool.map_into(how, y, f, x);
  });
  expect_stopped([&](auto const& how, auto const& f) {
    hetmap::starmap(
        how, [&](int a, int, std::stop_token const& stop) { return f(a, stop); }, rows);
  });
  for (std::size_t const n : {std::size_t{1000}, std::size_t{100'000}}) {
    expect_stopped([&](auto const& how, auto const& f) {
      static_cast<void>(hetmap::map_reduce(how, f, std::plus<>(), 0, support::indices(n)));
    });
    expect_stopped([&](auto const& how, auto const& f) {
      static_cast<void>(pool.map_reduce(how, f, std::plus<>(), 0, support::indices(n)));
    });
  }
}

// What is known of a function by its type and its address is known of it behind a stop token as
// well, and in whatever else the verbs put around it.
template <class F>
using behind_adaptors =
    hetmap::detail::collected<hetmap::detail::with_stop<hetmap::detail::starred<F>>>;

TEST(StopArgument, HidesNeitherTheFunctionNorThatItsTypeSaysNothing) {
  using erased = std::function<int(int, std::stop_token)>;
  using pointer = int (*)(int, std::stop_token const&);
  static_assert(!hetmap::detail::cost_known_by_type<hetmap::detail::with_stop<erased>>);
  static_assert(!hetmap::detail::cost_known_by_type<behind_adaptors<erased const>>);
  static_assert(hetmap::detail::cost_known_by_type<behind_adaptors<pointer>>);

  pointer f = doubled;
  hetmap::detail::starred<pointer> by_row{f};
  hetmap::detail::with_stop<decltype(by_row)> with{by_row, nullptr};
  hetmap::detail::collected<decltype(with)> safe{with};
  EXPECT_EQ(hetmap::detail::function_address(safe), reinterpret_cast<void const*>(doubled));
  EXPECT_EQ(&hetmap::detail::bare(safe), &f);
}

}  // namespace
