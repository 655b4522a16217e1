// What f or an input throws leaves the call as it is, from the element that serial execution would
// have met first.
#include "support/backends.hpp"
#include "support/calls.hpp"
#include "support/sizes.hpp"
#include "support/waiting.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using int_function = std::function<int(int)>;  // its cost is never remembered: always shared

class ErrorsContract : public support::on_each_backend {
 protected:
  static auto map(hetmap::options const& how, int_function const& f, std::vector<int> const& x) {
    return hetmap::map(how, f, x);
  }
  static auto map(int_function const& f, std::vector<int> const& x) { return map(here(), f, x); }
};
INSTANTIATE_TEST_SUITE_P(On, ErrorsContract, support::each_backend(), support::backend_name);

struct no_base {
  int payload;
};
struct own_error : std::runtime_error {
  using runtime_error::runtime_error;
  int code = 17;
};
enum class plain : unsigned char { bad = 3 };

/// Pointers are caught by value, since Clang reads a rethrown one wrongly through a reference.
template <class E>
using catchable = std::conditional_t<std::is_pointer_v<E>, E, E const&>;

TEST_P(ErrorsContract, AnyTypeThrownIsRethrownAsThatType) {
  auto const x = support::indices(500);
  auto const thrown = [&](auto const& value) {
    using E = std::decay_t<decltype(value)>;
    try {
      map([&](int i) { return i == 321 ? throw value : i; }, x);
    } catch (catchable<E> e) {
      EXPECT_EQ(hetmap::failed_index(), 321u);
      return std::optional<E>(e);
    } catch (...) {
    }
    return std::optional<E>();
  };
  EXPECT_EQ(thrown(42), 42);
  EXPECT_EQ(thrown(static_cast<char const*>("text")), std::string_view("text"));
  EXPECT_EQ(thrown(plain::bad), plain::bad);
  EXPECT_EQ(thrown(no_base{5}).value().payload, 5);
  EXPECT_EQ(thrown(own_error("mine")).value().code, 17);
  EXPECT_STREQ(thrown(own_error("mine")).value().what(), "mine");
  EXPECT_EQ(*thrown(std::make_shared<int>(4)).value(), 4);
}

TEST_P(ErrorsContract, TheIndexIsRightForEveryPlaceAndChunk) {
  for (std::size_t const n : support::sizes({1, 2, 63, 64, 65, 129, 1000, 10000}))
    for (auto const& c : support::chunk_sizes(n))
      for (std::size_t const at : {std::size_t{0}, n / 2, n - 1}) {
        SCOPED_TRACE(testing::Message() << n << " elements, chunks of " << c.value_or(0));
        support::call_counter calls(n);
        int_function const f = [&](int i) {
          auto const index = static_cast<std::size_t>(i);
          calls.count(index);
          if (index == at) throw i;
          return i;
        };
        EXPECT_THROW(map({.backend = GetParam(), .chunk_size = c}, f, support::indices(n)), int);
        EXPECT_EQ(hetmap::failed_index(), at);
        EXPECT_TRUE(calls.once_each(0, at));
        EXPECT_TRUE(calls.at_most_once_each());
      }
}

TEST_P(ErrorsContract, TheIndexIsRightWhereTheCostIsKnown) {
  auto const x = support::indices(200);
  int at = -1;
  auto const f = [&](int i) { return i == at ? throw i : i; };
  for (int round = 0; round != 100; ++round) hetmap::map(here(), f, x);  // cheap, and known to be
  for (at = 0; at != 200; ++at) {
    EXPECT_THROW(hetmap::map(here(), f, x), int);
    ASSERT_EQ(hetmap::failed_index(), static_cast<std::size_t>(at));
  }
}

TEST_P(ErrorsContract, ALowerFailureWinsOverAnEarlierOne) {
  auto const x = support::indices(1000);
  std::atomic<bool> higher_failed{false};
  int_function const f = [&](int i) {
    if (i >= 500) {
      higher_failed = true;
      throw i;
    }
    if (i == 5) {
      support::soon([&] { return higher_failed.load(); });
      throw i;
    }
    return i;
  };
  hetmap::options how{.backend = GetParam(), .chunk_size = 1};
  if (hetmap::explain(how, f, x).workers == 1) higher_failed = true;  // nobody to wait for
  try {
    map(how, f, x);
    FAIL() << "nothing was thrown";
  } catch (int i) {
    EXPECT_EQ(i, 5);
    EXPECT_EQ(hetmap::failed_index(), 5u);
    EXPECT_TRUE(higher_failed);
  }
}

TEST_P(ErrorsContract, TheLowestOfManyFailuresWinsEveryTime) {
  std::size_t const n = 256;
  auto const x = support::indices(n);
  std::mt19937 random(12345);
  for (int round = 0; round != 200; ++round) {
    std::vector<int> failing(3);
    for (int& k : failing) k = static_cast<int>(random() % n);
    std::vector<std::chrono::microseconds> delay(n);
    for (auto& d : delay) d = std::chrono::microseconds(random() % 8 == 0 ? random() % 40 : 0);
    support::call_counter calls(n);
    int_function const f = [&](int i) {
      auto const index = static_cast<std::size_t>(i);
      calls.count(index);
      support::spin(delay[index]);
      return std::ranges::count(failing, i) != 0 ? throw i : i;
    };
    auto const lowest = static_cast<std::size_t>(std::ranges::min(failing));
    std::optional<std::size_t> const chunk =
        round % 2 == 0 ? std::optional<std::size_t>(1 + random() % 9) : std::nullopt;
    try {
      map({.backend = GetParam(), .chunk_size = chunk}, f, x);
      FAIL() << "nothing was thrown";
    } catch (int i) {
      ASSERT_EQ(static_cast<std::size_t>(i), lowest);
      ASSERT_EQ(hetmap::failed_index(), lowest);
    }
    ASSERT_TRUE(calls.once_each(0, lowest));
    ASSERT_TRUE(calls.at_most_once_each());
  }
}

TEST_P(ErrorsContract, FewCallsStartAfterTheFirstElementThrew) {
  std::atomic<std::size_t> further{0};
  int_function const f = [&](int i) {
    if (i == 0) throw i;
    ++further;
    std::this_thread::sleep_for(1ms);
    return i;
  };
  auto const x = support::indices(10000);
  hetmap::options const how{.backend = GetParam(), .chunk_size = 1};
  EXPECT_THROW(map(how, f, x), int);
  EXPECT_LE(further, 2 * hetmap::explain(how, f, x).workers);
}

TEST_P(ErrorsContract, NothingRunsAfterTheCallReturnedOrThrew) {
  auto const x = support::indices(64);
  support::concurrency_meter meter;
  std::atomic<bool> over{false};
  std::atomic<int> late{0};
  for (bool const failing : {false, true}) {
    over = false;
    int_function const f = [&, failing](int i) {
      support::concurrency_meter::call const running(meter);
      if (over) ++late;
      if (failing && i == 3) throw i;
      std::this_thread::sleep_for(200us);
      return i;
    };
    try {
      map({.backend = GetParam(), .chunk_size = 1}, f, x);
      EXPECT_FALSE(failing);
    } catch (int) {
      EXPECT_TRUE(failing);
    }
    over = true;
    EXPECT_EQ(meter.running(), 0);
    std::this_thread::sleep_for(5ms);
    EXPECT_EQ(late, 0);
  }
}

TEST_P(ErrorsContract, TheNextMapIsRightAfterAFailure) {
  auto const x = support::indices(5000);
  for (int round = 0; round != 20; ++round) {
    EXPECT_THROW(map([=](int i) { return i == 250 * round ? throw i : i; }, x), int);
    auto const y = map([](int i) { return i + 1; }, x);
    ASSERT_EQ(y[4999], 5000);
  }
}

TEST_P(ErrorsContract, NestedExceptionsArriveWhole) {
  try {
    map(
        [](int i) {
          try {
            if (i == 9) throw own_error("inner");
          } catch (...) {
            std::throw_with_nested(std::logic_error("outer"));
          }
          return i;
        },
        support::indices(100));
    FAIL() << "nothing was thrown";
  } catch (std::logic_error const& outer) {
    EXPECT_STREQ(outer.what(), "outer");
    EXPECT_THROW(std::rethrow_if_nested(outer), own_error);
  }
}

TEST_P(ErrorsContract, AfterAFailureEveryElementOfTheOutputIsOldOrFinal) {
  std::size_t const n = 3000;
  auto const x = support::indices(n);
  for (int const at : {0, 1, 63, 64, 65, 1500, 2999}) {
    std::vector<int> out(n, -1);
    support::call_counter calls(n);
    int_function const f = [&](int i) {
      calls.count(static_cast<std::size_t>(i));
      return i == at ? throw i : 2 * i;
    };
    EXPECT_THROW(hetmap::map_into(here(), out, f, x), int);
    EXPECT_EQ(hetmap::failed_index(), static_cast<std::size_t>(at));
    for (std::size_t i = 0; i != n; ++i) {
      bool const computed = calls.of(i) == 1 && i != static_cast<std::size_t>(at);
      ASSERT_EQ(out[i], computed ? 2 * static_cast<int>(i) : -1) << i;
    }
  }
}

/// Copying element 40 throws, in the library's own loop.
struct fragile {
  int value = 0;
  fragile() = default;
  explicit fragile(int v) : value(v) {}
  fragile(fragile const& other) : value(check(other.value)) {}
  fragile& operator=(fragile const& other) {
    value = check(other.value);
    return *this;
  }
  static int check(int v) { return v == 40 ? throw own_error("copied") : v; }
};

TEST_P(ErrorsContract, AResultThatThrowsWhileItIsStoredIsItsElementsFailure) {
  std::vector<fragile> values(100), out(100);
  for (int i = 0; i != 100; ++i) values[static_cast<std::size_t>(i)].value = i;
  auto const same = [](fragile const& v) -> fragile const& { return v; };
  EXPECT_THROW(hetmap::map(here(), same, values), own_error);
  EXPECT_EQ(hetmap::failed_index(), 40u);
  EXPECT_THROW(hetmap::map_into(here(), out, same, values), own_error);
  EXPECT_EQ(hetmap::failed_index(), 40u);
  EXPECT_EQ(out[39].value, 39);
}

}  // namespace
