// Collect mode: a value or an exception an element, and failures that disturb nobody else.
#include "support/backends.hpp"
#include "support/calls.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/map.hpp>

#include <any>
#include <forward_list>
#include <functional>
#include <memory>
#include <ranges>
#include <stop_token>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace {

class CollectContract : public support::on_each_backend {
 protected:
  [[nodiscard]] static hetmap::collect_options collecting() {
    return {.backend = GetParam(), .errors = hetmap::collect};
  }
};
INSTANTIATE_TEST_SUITE_P(On, CollectContract, support::each_backend(), support::backend_name);

/// Fails for every third element, with its index.
[[gnu::noinline]] int two_of_three(int i) { return i % 3 == 0 ? throw i : 2 * i; }

template <class Outcomes>
void expect_two_of_three(Outcomes const& y, std::size_t n) {
  ASSERT_EQ(y.size(), n);
  for (std::size_t i = 0; i != n; ++i) {
    int const k = static_cast<int>(i);
    ASSERT_EQ(y[i].has_value(), k % 3 != 0);
    ASSERT_EQ(static_cast<bool>(y[i]), k % 3 != 0);
    ASSERT_EQ(y[i].error() == nullptr, k % 3 != 0);
    if (y[i]) {
      ASSERT_EQ(y[i].value(), 2 * k);
    } else {
      try {
        static_cast<void>(y[i].value());
        FAIL() << "nothing was thrown";
      } catch (int thrown) {
        ASSERT_EQ(thrown, k);
      }
    }
  }
}

TEST_P(CollectContract, AnOutcomeAnElementAtEverySize) {
  for (std::size_t const n : support::sizes({0, 1, 15, 63, 64, 65, 129, 4097}))
    for (auto const& c : support::chunk_sizes(n)) {
      SCOPED_TRACE(testing::Message() << n << " elements, chunks of " << c.value_or(0));
      support::call_counter calls(n);
      std::function<int(int)> const f = [&](int i) {
        calls.count(static_cast<std::size_t>(i));
        return two_of_three(i);
      };
      auto how = collecting();
      how.chunk_size = c;
      auto const y = hetmap::map(how, f, support::indices(n));
      static_assert(std::is_same_v<decltype(y), hetmap::vector<hetmap::outcome<int>> const>);
      expect_two_of_three(y, n);
      EXPECT_TRUE(calls.once_each());
    }
}

TEST_P(CollectContract, TheOptionsInBracesPickIt) {
  auto const y = hetmap::map({.errors = hetmap::collect}, two_of_three, support::indices(100));
  expect_two_of_three(y, 100);
  EXPECT_THROW(hetmap::map({.errors = hetmap::raise}, two_of_three, support::indices(100)), int);
}

TEST_P(CollectContract, NothingToReturn) {
  support::call_counter calls(300);
  std::function<void(int)> const f = [&](int i) {
    calls.count(static_cast<std::size_t>(i));
    if (i % 3 == 0) throw std::to_string(i);
  };
  auto const y = hetmap::map(collecting(), f, support::indices(300));
  static_assert(std::is_same_v<decltype(y), hetmap::vector<hetmap::outcome<void>> const>);
  EXPECT_TRUE(calls.once_each());
  for (std::size_t i = 0; i != 300; ++i) ASSERT_EQ(y[i].has_value(), i % 3 != 0);
  EXPECT_THROW(y[3].value(), std::string);
  EXPECT_NO_THROW(y[4].value());
}

struct immovable {
  explicit immovable(int v) : value(v) {}
  immovable(immovable&&) = delete;
  int value;
};

TEST_P(CollectContract, MoveOnlyAndImmovableValues) {
  auto y = hetmap::map(collecting(),
                       std::function([](int i) { return std::make_unique<int>(two_of_three(i)); }),
                       support::indices(100));
  std::unique_ptr<int> const owner = std::move(y[4]).value();
  EXPECT_EQ(*owner, 8);
  EXPECT_EQ(y[4].value(), nullptr);
  auto const z = hetmap::map(
      collecting(), [](int i) { return immovable(two_of_three(i)); }, support::indices(100));
  EXPECT_EQ(z[5].value().value, 10);
  EXPECT_FALSE(z[6]);
}

TEST_P(CollectContract, ValuesThatCanBeMadeOfAnythingAreTheFunctions) {
  auto const y = hetmap::map(
      collecting(), [](int i) { return std::any(two_of_three(i)); }, support::indices(10));
  auto const z = hetmap::map(
      collecting(), [](int i) { return std::tuple<std::any>(two_of_three(i)); },
      support::indices(10));
  EXPECT_EQ(std::any_cast<int>(y[4].value()), 8);
  EXPECT_EQ(std::any_cast<int>(std::get<0>(z[4].value())), 8);
}

TEST_P(CollectContract, ReferencesAreStoredAsValues) {
  std::vector<std::string> words(50, "as it was");
  auto const y = hetmap::map(
      collecting(), [](std::string& s) -> std::string& { return s; }, words);
  static_assert(std::is_same_v<decltype(y[0].value()), std::string const&>);
  words[7] = "changed";
  EXPECT_EQ(y[7].value(), "as it was");
}

TEST_P(CollectContract, RowsAndOutputs) {
  std::vector<std::pair<int, int>> rows;
  for (int i = 0; i != 200; ++i) rows.emplace_back(i, i);
  std::function<int(int, int)> const f = [](int a, int b) { return (two_of_three(a) + 2 * b) / 2; };
  expect_two_of_three(hetmap::starmap(collecting(), f, rows), 200);
  auto const fresh = [] {
    return hetmap::map(hetmap::collect_options{.errors = hetmap::collect}, two_of_three,
                       support::indices(200));
  };
  auto out = fresh();
  hetmap::map_into(collecting(), out,
                   std::function<int(int)>([](int i) { return i == 9 ? throw i : i; }),
                   support::indices(200));
  EXPECT_EQ(out[0].value(), 0);
  EXPECT_FALSE(out[9]);
  hetmap::starmap_into(collecting(), out, f, rows);
  expect_two_of_three(out, 200);
}

TEST_P(CollectContract, OutcomesAreReadAsOptionalsAre) {
  auto const name = [](int i) { return i == 1 ? throw i : std::string("a name"); };
  auto names = hetmap::map(collecting(), name, support::indices(2));
  EXPECT_EQ(names[0]->size() + (*names[0]).size(), 12u);
  EXPECT_EQ(names[0].value_or("none"), "a name");
  EXPECT_EQ(std::move(names[1]).value_or("none"), "none");
  auto const own = [](int i) { return i == 1 ? throw i : std::make_unique<int>(7); };
  auto owned = hetmap::map(collecting(), own, support::indices(2));
  EXPECT_EQ(std::move(owned[1]).value_or(nullptr), nullptr);
  EXPECT_EQ(*std::move(owned[0]).value_or(nullptr), 7);
}

TEST_P(CollectContract, UnsizedInputs) {
  auto const x = support::indices(1000);
  std::forward_list<int> const list(x.begin(), x.end());
  expect_two_of_three(hetmap::map(collecting(), two_of_three, list), 1000);
}

TEST_P(CollectContract, AFailingInputIsStillTheCallsOwnFailure) {
  auto const x = std::views::iota(0, 500) | std::views::transform([](int i) {
                   return i == 300 ? throw std::string("input") : i;
                 });
  EXPECT_THROW(hetmap::map(collecting(), two_of_three, x), std::string);
  EXPECT_EQ(hetmap::failed_index(), 300u);
}

TEST_P(CollectContract, AStopStillStops) {
  std::stop_source stop;
  stop.request_stop();
  auto how = collecting();
  how.stop = stop.get_token();
  EXPECT_THROW(hetmap::map(how, two_of_three, support::indices(100)), hetmap::cancelled_error);
}

}  // namespace
