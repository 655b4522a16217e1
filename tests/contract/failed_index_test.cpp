// failed_index(): which element made a call throw, whose thread it is remembered for, and when
// there is none.
#include "support/backends.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <ranges>
#include <stop_token>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using int_function = std::function<int(int)>;  // its cost is never remembered: always shared

/// Elements that can be indexed, which throw before any is read: when asked how many there are, or
/// where they begin.
template <class Elements>
struct refusing : std::ranges::view_interface<refusing<Elements>> {
  Elements* elements;
  bool at_size;

  refusing(Elements& all, bool when_asked_how_many)
      : elements(&all), at_size(when_asked_how_many) {}
  auto begin() const { return at_size ? elements->begin() : throw 1; }
  auto end() const { return elements->end(); }
  std::size_t size() const { return at_size ? throw 1 : elements->size(); }
};

struct checked_sum {
  int operator()(int a, int b) const { return b == 31 ? throw b : a + b; }
};

}  // namespace

template <>
inline constexpr bool hetmap::commutative<checked_sum, int> = true;

namespace {

class FailedIndexContract : public support::on_each_backend {
 protected:
  static auto map(hetmap::options const& how, int_function const& f, std::vector<int> const& x) {
    return hetmap::map(how, f, x);
  }
  static auto map(int_function const& f, std::vector<int> const& x) { return map(here(), f, x); }
};
INSTANTIATE_TEST_SUITE_P(On, FailedIndexContract, support::each_backend(), support::backend_name);

TEST_P(FailedIndexContract, AMapInsideTheFunctionFailsAsItsElement) {
  auto const x = support::indices(20);
  try {
    map(
        [&](int i) {
          auto const inner =
              map([&](int j) { return i == 3 && j == 7 ? throw 100 * i + j : j; }, x);
          return inner[0];
        },
        x);
    FAIL() << "nothing was thrown";
  } catch (int code) {
    EXPECT_EQ(code, 307);
    EXPECT_EQ(hetmap::failed_index(), 3u);
  }
}

TEST_P(FailedIndexContract, TheFailedIndexBelongsToTheThread) {
  auto const x = support::indices(100);
  EXPECT_THROW(map([](int i) { return i == 31 ? throw i : i; }, x), int);
  std::optional<std::size_t> fresh = 1, failed;
  std::thread([&] {
    fresh = hetmap::failed_index();
    EXPECT_THROW(map([](int i) { return i == 62 ? throw i : i; }, x), int);
    failed = hetmap::failed_index();
  }).join();
  EXPECT_EQ(fresh, std::nullopt);
  EXPECT_EQ(failed, 62u);
  EXPECT_EQ(hetmap::failed_index(), 31u);
}

TEST_P(FailedIndexContract, AnExceptionThatIsNoElementsHasNoIndex) {
  auto const x = support::indices(100);
  auto const failing = [](int i) { return i == 31 ? throw i : i; };
  auto const index_after = [&](auto call) {
    EXPECT_THROW(map(failing, x), int);
    EXPECT_EQ(hetmap::failed_index(), 31u);
    EXPECT_ANY_THROW(call());
    return hetmap::failed_index();
  };
  std::stop_source stopped;
  stopped.request_stop();
  int_function const f = [](int i) { return i; };
  EXPECT_EQ(index_after([&] { map({.chunk_size = 0}, f, x); }), std::nullopt);
  EXPECT_EQ(index_after([&] { map({.backend = hetmap::backend::gpu}, f, x); }), std::nullopt);
  EXPECT_EQ(index_after([&] { map({.backend = GetParam(), .stop = stopped.get_token()}, f, x); }),
            std::nullopt);
  EXPECT_EQ(index_after([&] {
              map({.backend = GetParam(), .progress = [](hetmap::progress const&) { throw 1; }}, f,
                  x);
            }),
            std::nullopt);
  std::vector<int> small(99);
  EXPECT_EQ(index_after([&] { hetmap::map_into(here(), small, f, x); }), std::nullopt);
  std::list<int> const list(x.begin(), x.end());
  EXPECT_EQ(index_after([&] {
              hetmap::map(
                  {.backend = GetParam(), .progress = [](hetmap::progress const&) { throw 1; }}, f,
                  list);
            }),
            std::nullopt);
  // The first argument is init, joined when everything else has been.
  EXPECT_EQ(index_after([&] {
              static_cast<void>(hetmap::map_reduce(
                  here(), f, [](long a, long b) { return a < 0 ? throw 1 : a + b; }, -1L, x));
            }),
            std::nullopt);
  EXPECT_EQ(index_after([] { hetmap::future<void>().get(); }), std::nullopt);
  // A call that succeeds says nothing about failures.
  EXPECT_THROW(map(failing, x), int);
  map(f, x);
  EXPECT_EQ(hetmap::failed_index(), 31u);
}

/// Throw where the library asks, copies or makes them.
struct asked_whether_possible {
  [[nodiscard]] bool stop_requested() const { return false; }
  [[nodiscard]] bool stop_possible() const { throw 1; }
};
struct asked {
  [[nodiscard]] bool stop_requested() const { throw 1; }
};
struct moved {
  moved() = default;
  moved(moved const& other) = default;
  moved(moved&& other) : moved(std::as_const(other)) { throw 1; }
  int operator()(int i) const { return i; }
};
struct made_of_nothing {
  made_of_nothing() { throw 1; }
  explicit made_of_nothing(int) {}
};

TEST(FailedIndex, OfWhatIsThrownBesideTheElementsIsNone) {
  auto const x = support::indices(100);
  auto const failing = [](int i) { return i == 31 ? throw i : i; };
  auto const index_after = [&](auto call) {
    EXPECT_THROW(hetmap::map(failing, x), int);
    EXPECT_EQ(hetmap::failed_index(), 31u);
    EXPECT_ANY_THROW(call());
    return hetmap::failed_index();
  };
  auto const nothing = std::optional<std::size_t>();
  auto const f = [](int i) { return i; };
  auto const nothing_of = [](int) {};
  auto const result = hetmap::map({.errors = hetmap::collect}, failing, x);
  auto const done = hetmap::map(
      {.errors = hetmap::collect}, [&](int i) { nothing_of(failing(i)); }, x);
  EXPECT_EQ(index_after([&] { static_cast<void>(result[31].value()); }), nothing);
  EXPECT_EQ(index_after([&] { done[31].value(); }), nothing);
  hetmap::vector<int> const three(3);
  EXPECT_EQ(index_after([&] { static_cast<void>(three.at(3)); }), nothing);
  std::size_t const volatile too_many = std::size_t{1} << 61;  // the compiler warns of what it sees
  EXPECT_EQ(index_after([&] { hetmap::vector<double> const v(too_many); }), nothing);

  EXPECT_EQ(index_after([&] { hetmap::map({.stop = asked_whether_possible()}, f, x); }), nothing);
  EXPECT_EQ(index_after([&] { hetmap::map({.stop = asked()}, f, x); }), nothing);
  EXPECT_EQ(index_after([&] {
              hetmap::map_columns([](int i) { return std::tuple(i, made_of_nothing(i)); }, x);
            }),
            nothing);

  EXPECT_EQ(
      index_after([&] { auto const s = hetmap::imap({.stop = asked_whether_possible()}, f, x); }),
      nothing);
  EXPECT_EQ(index_after([&] { static_cast<void>(hetmap::imap({.stop = asked()}, f, x).next()); }),
            nothing);
  EXPECT_EQ(index_after([&] { auto const s = hetmap::imap(moved(), x); }), nothing);
  EXPECT_EQ(
      index_after([&] { static_cast<void>(hetmap::imap([](int) { return moved(); }, x).next()); }),
      nothing);

  hetmap::array<int> a(x), longer(107);
  EXPECT_EQ(index_after([&] { hetmap::map_into(longer, f, a); }), nothing);
  hetmap::device_span<int> const span{a.host().data(), 100};
  hetmap::device_span<int> const other{a.host().data(), 100, std::addressof(a)};
  EXPECT_EQ(
      index_after([&] { hetmap::map_into({.backend = hetmap::backend::cpu}, span, f, span); }),
      nothing);
  EXPECT_EQ(index_after([&] { hetmap::map_into(span, f, other); }), nothing);
}

TEST_P(FailedIndexContract, AnInputThatThrowsBeforeItsElementsIsNoOlderCalls) {
  auto x = support::indices(100);
  std::deque<int> other(x.begin(), x.end());
  auto const failing = [](int i) { return i == 31 ? throw i : i; };
  int_function const f = [](int i) { return i; };
  auto const index_after = [&](auto input) {
    EXPECT_THROW(map(failing, x), int);
    EXPECT_EQ(hetmap::failed_index(), 31u);
    EXPECT_THROW(hetmap::map(here(), f, input), int);
    return hetmap::failed_index();
  };
  EXPECT_EQ(index_after(refusing(x, true)), std::nullopt);
  EXPECT_EQ(index_after(refusing(x, false)), 0u);
  EXPECT_EQ(index_after(refusing(other, true)), std::nullopt);
  EXPECT_EQ(index_after(refusing(other, false)), 0u);
}

TEST_P(FailedIndexContract, AnOperationFailsAsTheElementThatItTakesUp) {
  auto const x = support::indices(100);
  std::list<int> const list(x.begin(), x.end());
  int_function const f = [](int i) { return i; };
  EXPECT_THROW(static_cast<void>(hetmap::map_reduce(here(), f, checked_sum{}, 0, list)), int);
  EXPECT_EQ(hetmap::failed_index(), 31u);
}

struct checked_root {
  HETMAP_FN double operator()(double v) const {
    if (v < 0) hetmap::fail(-4);
    return v * 2;
  }
};

TEST_P(FailedIndexContract, AKernelReportsItsCode) {
  std::vector<double> x(3000, 1.0);
  x[2100] = -1;
  x[2900] = -1;
  try {
    hetmap::map(here(), checked_root{}, x);
    FAIL() << "nothing was thrown";
  } catch (hetmap::kernel_error const& e) {
    EXPECT_EQ(e.code(), -4);
    EXPECT_NE(std::string(e.what()).find("-4"), std::string::npos);
    EXPECT_EQ(hetmap::failed_index(), 2100u);
  }
}

}  // namespace
