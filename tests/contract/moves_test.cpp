// Values that are made and moved, and no more than that; and what is left of an object of the
// library's that was moved.
#include "support/backends.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>
#include <hetmap/npy.hpp>
#include <hetmap/raw.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

class MovesContract : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, MovesContract, support::each_backend(), support::backend_name);

/// Has const members, so it can be copied and not assigned.
struct reading {
  int const id;
  double const value;
};
/// Can be moved, and nothing else.
class ticket {
 public:
  explicit ticket(int n) : number_(std::make_unique<int>(n)) {}
  ticket(ticket&&) noexcept = default;
  ticket& operator=(ticket&&) = delete;
  [[nodiscard]] int number() const { return *number_; }

 private:
  std::unique_ptr<int> number_;
};
/// Cannot even be moved.
struct fixed {
  explicit fixed(int n) : number(n) {}
  fixed(fixed const&) = delete;
  fixed& operator=(fixed const&) = delete;
  int number;
};
/// Refers to something.
struct bound {
  int& to;
};
/// Its move may throw.
struct careless {
  explicit careless(int n) : number(n) {}
  careless(careless const& other) noexcept(false) : number(other.number) {}
  careless& operator=(careless const&) = delete;
  int number;
};

auto readings(int count) {
  return hetmap::generate([i = 0, count]() mutable -> std::optional<reading> {
    if (i == count) return std::nullopt;
    int const id = i++;
    return reading{id, id * 0.5};
  });
}

TEST_P(MovesContract, ValuesNeedNotBeAssignable) {
  auto const value = [](reading const& r) { return r.value; };
  auto const later = [](reading const& r) { return reading{r.id + 1, r.value * 2}; };
  EXPECT_EQ(hetmap::map(here(), value, readings(300))[299], 149.5);
  auto const results = hetmap::map(here(), later, readings(300));
  ASSERT_EQ(results.size(), 300u);
  EXPECT_EQ(results[299].id, 300);
  int n = 0;
  for (reading const& r : hetmap::imap(here(), later, readings(300))) n += r.id == n + 1 ? 1 : 0;
  EXPECT_EQ(n, 300);
  auto stream = hetmap::imap(here(), later, readings(3));
  EXPECT_EQ(stream.next()->id, 1);
  auto const outcomes =
      hetmap::map({.backend = GetParam(), .errors = hetmap::collect}, later, readings(300));
  EXPECT_EQ(outcomes[299]->id, 300);
  std::map<std::string, int> const prices{{"a", 1}, {"b", 2}, {"c", 3}};
  EXPECT_EQ(hetmap::map(
                here(), [](auto const& p) { return p; }, prices)[1]
                .first,
            "b");
}

TEST_P(MovesContract, AccumulatorsNeedNotBeAssignable) {
  auto const one = [](int i) { return reading{i, 1}; };
  auto const both = [](reading const& a, reading const& b) {
    return reading{std::max(a.id, b.id), a.value + b.value};
  };
  auto const numbers = std::views::iota(0, 5000);
  reading const all = hetmap::map_reduce(here(), one, both, reading{-1, 0}, numbers);
  EXPECT_EQ(all.id, 4999);
  EXPECT_EQ(all.value, 5000);
  std::list<int> const listed(numbers.begin(), numbers.end());
  EXPECT_EQ(hetmap::map_reduce(here(), one, both, reading{-1, 0}, listed).value, 5000);

  auto const to_ticket = [](int i) { return ticket(i); };
  auto const sum = [](ticket a, ticket b) { return ticket(a.number() + b.number()); };
  EXPECT_EQ(hetmap::map_reduce(here(), to_ticket, sum, ticket(1), numbers).number(),
            1 + 4999 * 2500);
  EXPECT_EQ(hetmap::map_reduce(here(), to_ticket, sum, ticket(1), listed).number(),
            1 + 4999 * 2500);
  auto const to_careless = [](int i) { return careless(i); };
  auto const greater = [](careless const& a, careless const& b) {
    return a.number < b.number ? b : a;
  };
  EXPECT_EQ(hetmap::map_reduce(here(), to_careless, greater, careless(0), listed).number, 4999);
}

TEST_P(MovesContract, ValuesNeedNotBeCopiableOrMovable) {
  auto const tickets = hetmap::map(
      here(), [](int i) { return ticket(i); }, std::views::iota(0, 100));
  EXPECT_EQ(tickets[99].number(), 99);
  EXPECT_EQ(hetmap::map(
                here(), [](ticket&& t) { return std::move(t); },
                hetmap::generate([i = 0]() mutable -> std::optional<ticket> {
                  if (i == 100) return std::nullopt;
                  return ticket(i++);
                }))[99]
                .number(),
            99);
  EXPECT_EQ(hetmap::map(
                here(), [](int i) { return fixed(i); }, std::views::iota(0, 100))[99]
                .number,
            99);
  int n = 0;
  for (fixed const& f : hetmap::imap(
           here(), [](int i) { return fixed(i); }, std::list<int>(100, 3)))
    n += f.number;
  EXPECT_EQ(n, 300);
  EXPECT_EQ(hetmap::map(
                {.backend = GetParam(), .errors = hetmap::collect}, [](int i) { return fixed(i); },
                std::views::iota(0, 100))[99]
                ->number,
            99);
  int target = 0;
  auto const bounds = hetmap::map(
      here(), [&](int) { return bound{target}; }, std::list<int>(100, 1));
  EXPECT_EQ(&bounds[99].to, &target);
  EXPECT_EQ(hetmap::map(
                here(), [](int i) { return careless(i); },
                std::views::iota(0, 1000) | std::views::filter([](int) { return true; }))[999]
                .number,
            999);
}

TEST(Moves, FuturesOfWhatCannotBeAssigned) {
  hetmap::pool pool(2);
  EXPECT_EQ(pool.submit([] { return reading{7, 1.5}; }).get().id, 7);
  EXPECT_EQ(pool.submit([] { return ticket(7); }).get().number(), 7);
  auto const held = pool.submit([] { return fixed(7); });
  EXPECT_EQ(held.get().number, 7);
  EXPECT_EQ(held.then([](fixed const& f) { return reading{f.number, 0}; }).get().id, 7);
  EXPECT_EQ(pool.submit([](ticket t) { return t; }, ticket(8)).get().number(), 8);
  EXPECT_EQ(pool.map_async(
                    [](ticket const& t) {
                      return reading{t.number(), 0};
                    },
                    std::array{ticket(1), ticket(2)})
                .get()[1]
                .id,
            2);
  int target = 0;
  EXPECT_EQ(&pool.submit([&] { return bound{target}; }).get().to, &target);
}

// -- the library's own objects -------------------------------------------------------------------

template <class T>
constexpr bool moves = std::is_nothrow_move_constructible_v<T> && std::is_move_assignable_v<T>;
template <class T>
constexpr bool stays = !std::is_move_constructible_v<T> && !std::is_move_assignable_v<T> &&
                       !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T>;

static_assert(stays<hetmap::pool> && stays<hetmap::terminal_bar> && stays<hetmap::scratch>);
static_assert(moves<hetmap::vector<ticket>> && moves<hetmap::array<int>> &&
              moves<hetmap::future<ticket>>);
static_assert(moves<hetmap::stream<ticket>> && moves<hetmap::stream<fixed>::iterator>);
static_assert(moves<hetmap::outcome<std::string>> && moves<hetmap::outcome<void>>);
static_assert(moves<hetmap::raw::reader<int>> && moves<hetmap::raw::save>);

template <class T>
void move_to_itself(T& object) {
  T& same = object;
  object = std::move(same);
}

TEST(Moves, AnOutcomeThatFailedHasFailedAfterItWasMoved) {
  hetmap::outcome<std::string> failed(std::make_exception_ptr(std::runtime_error("no")));
  auto const taken = std::move(failed);
  EXPECT_FALSE(taken.has_value());
  EXPECT_FALSE(failed.has_value());  // NOLINT(bugprone-use-after-move): that is the promise
  EXPECT_THROW(static_cast<void>(failed.value()), std::runtime_error);
  move_to_itself(failed);
  EXPECT_THROW(static_cast<void>(failed.value()), std::runtime_error);
  hetmap::outcome<void> nothing(std::make_exception_ptr(std::runtime_error("no")));
  auto const other = std::move(nothing);
  EXPECT_FALSE(other.has_value());
  EXPECT_FALSE(nothing.has_value());  // NOLINT(bugprone-use-after-move)
  EXPECT_THROW(nothing.value(), std::runtime_error);
  hetmap::outcome<std::string> fine(std::in_place, [] { return std::string("yes"); });
  auto const got = std::move(fine);
  EXPECT_EQ(got.value(), "yes");
  EXPECT_TRUE(fine.has_value());  // NOLINT(bugprone-use-after-move)
}

TEST(Moves, ContainersGiveUpWhatTheyHold) {
  hetmap::vector<int> from{1, 2, 3};
  auto to = std::move(from);
  EXPECT_EQ(to.size(), 3u);
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move)
  move_to_itself(to);
  EXPECT_EQ(to.size(), 3u);
  from = std::move(to);
  EXPECT_EQ(from[2], 3);

  hetmap::array<int> held{1, 2, 3};
  auto other = std::move(held);
  EXPECT_TRUE(held.empty());  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(std::as_const(held).host().empty());
  move_to_itself(other);
  EXPECT_EQ(std::as_const(other).host()[2], 3);

  hetmap::tuple<std::unique_ptr<int>, int&> row(std::make_unique<int>(4), from[0]);
  auto const taken = hetmap::get<0>(std::move(row));
  EXPECT_EQ(*taken, 4);
  static_assert(std::is_same_v<decltype(hetmap::get<1>(std::move(row))), int&>);
}

TEST(Moves, AFutureIsEmptyThen) {
  hetmap::pool pool(1);
  auto first = pool.submit([] { return 4; });
  auto second = std::move(first);
  EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move)
  EXPECT_THROW(static_cast<void>(first.get()), std::logic_error);
  move_to_itself(second);
  EXPECT_EQ(second.get(), 4);
}

TEST(Moves, AStreamGoesOnWhereItWas) {
  auto const numbers = [] {
    return hetmap::imap(std::negate<>(), std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7});
  };
  auto first = numbers();
  EXPECT_EQ(first.next(), 0);
  auto second = std::move(first);
  EXPECT_EQ(second.next(), -1);
  move_to_itself(second);
  EXPECT_EQ(second.next(), -2);
  {
    auto i = second.begin();
    EXPECT_EQ(*i, -3);
    auto j = std::move(i);
    ++j;
    EXPECT_EQ(*j, -4);
    move_to_itself(j);
    EXPECT_EQ(*j, -4);
    EXPECT_EQ(i, std::default_sentinel);  // NOLINT(bugprone-use-after-move)
  }
  EXPECT_EQ(second.next(), -5);
  second = numbers();
  EXPECT_EQ(second.next(), 0);
  first = std::move(second);
  EXPECT_EQ(first.next(), -1);

  // Into views and members, begun or not.
  int sum = 0;
  for (int const v : numbers() | std::views::transform([](int& r) { return -r; })) sum += v;
  EXPECT_EQ(sum, 28);
  auto chunks = numbers().chunks();
  auto moved = std::move(chunks);
  std::size_t seen = 0;
  for (auto const chunk : moved) seen += chunk.size();
  EXPECT_EQ(seen, 8u);
  auto indexed = numbers().indexed();
  auto again = std::move(indexed);
  indexed = std::move(again);
  seen = 0;
  for (auto const [index, value] : indexed) {
    EXPECT_EQ(static_cast<int>(index), -value);
    ++seen;
  }
  EXPECT_EQ(seen, 8u);
}

TEST(Moves, AGeneratorTakesItsElementAlong) {
  auto first =
      hetmap::generate([i = 0]() mutable { return std::string(30, static_cast<char>('a' + i++)); });
  EXPECT_EQ((*first.begin())[0], 'a');
  auto second = std::move(first);
  EXPECT_EQ((*second.begin())[0], 'b');
  std::vector<int> const three(3, 1);
  auto const y =
      hetmap::map([](std::string const& s, int) { return s[0]; }, std::move(second), three);
  EXPECT_EQ(y[2], 'e');
}

TEST(Moves, OptionsStopConditionsAndColumns) {
  struct asked {
    bool stop;
    [[nodiscard]] bool stop_requested() const { return stop; }
  };
  hetmap::stop_condition first = asked{true};
  hetmap::stop_condition const second = std::move(first);
  EXPECT_TRUE(second.stop_requested());
  move_to_itself(first);
  EXPECT_TRUE(first.stop_requested());
  hetmap::options how{.stop = asked{true}, .progress = [](hetmap::progress const&) {}};
  hetmap::options const moved = std::move(how);
  EXPECT_TRUE(moved.stop.stop_requested());
  std::vector<int> a(3);
  std::vector<int> b(3);
  auto both = hetmap::columns(a, b);
  auto const same = std::move(both);
  hetmap::map_into(
      same, [](int v) { return std::pair(v, 2 * v); }, std::vector<int>{1, 2, 3});
  EXPECT_EQ(b[2], 6);
}

}  // namespace
