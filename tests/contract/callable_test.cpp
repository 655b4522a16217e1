// Everything that C++ can call can be mapped, and is called as the object it is.
#include "support/backends.hpp"
#include "support/sizes.hpp"
#include "support/tracked.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <cmath>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace {

class CallableContract : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, CallableContract, support::each_backend(), support::backend_name);

constexpr std::size_t n = 300;
auto const x = support::indices(n);

/// Expects `y` to be 0, 2, 4, ...
template <class Y>
void expect_doubled(Y const& y) {
  ASSERT_EQ(y.size(), n);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], 2 * static_cast<int>(i));
}

// Not inlined, so that the many loops of this file stay small.
[[gnu::noinline]] int twice(int i) { return 2 * i; }
[[gnu::noinline]] int twice_noexcept(int i) noexcept { return 2 * i; }
[[gnu::noinline]] int times(int factor, int i) { return factor * i; }

TEST_P(CallableContract, Functions) {
  expect_doubled(hetmap::map(here(), twice, x));
  expect_doubled(hetmap::map(here(), &twice, x));
  expect_doubled(hetmap::map(here(), twice_noexcept, x));
  int (&reference)(int) = twice;
  expect_doubled(hetmap::map(here(), reference, x));
  int (*const pointer)(int) = twice;
  expect_doubled(hetmap::map(here(), pointer, x));
}

TEST_P(CallableContract, CapturingLambdas) {
  int factor = 2;
  expect_doubled(hetmap::map(
      here(), [factor](int i) { return times(factor, i); }, x));
  expect_doubled(hetmap::map(
      here(), [&](int i) { return times(factor, i); }, x));
  expect_doubled(hetmap::map(
      here(), [](auto i) { return twice(i); }, x));
  expect_doubled(hetmap::map(
      here(), [](auto&&... i) { return twice(i...); }, x));
  expect_doubled(hetmap::map(
      here(), [](int i, int factor_ = 2) { return times(factor_, i); }, x));
}

TEST_P(CallableContract, ErasedFunctions) {
  std::function<int(int)> const f = twice;
  expect_doubled(hetmap::map(here(), f, x));
  expect_doubled(hetmap::map(here(), std::function<int(int)>(twice), x));
  expect_doubled(hetmap::map(here(), std::ref(f), x));
  expect_doubled(hetmap::map(here(), std::bind_front(std::multiplies<>{}, 2), x));
  EXPECT_THROW(hetmap::map(here(), std::function<int(int)>(), x), std::bad_function_call);
}

struct knows_constness {
  int operator()(int i) { return twice(i); }
  int operator()(int i) const { return times(3, i); }
};

TEST_P(CallableContract, ConstFunctorsAreCalledAsConstAndOthersAreNot) {
  knows_constness changeable;
  expect_doubled(hetmap::map(here(), changeable, x));
  knows_constness const constant;
  EXPECT_EQ(hetmap::map(here(), constant, x)[10], 30);
  expect_doubled(hetmap::map(here(), knows_constness{}, x));
}

struct only_as_lvalue {
  int operator()(int i) & { return twice(i); }
  int operator()(int) && = delete;
};

TEST_P(CallableContract, OverloadsByValueCategoryAreCalledAsLvalues) {
  expect_doubled(hetmap::map(here(), only_as_lvalue{}, x));
}

struct overloaded {
  int operator()(int i) const { return twice(i); }
  [[gnu::noinline]] std::string operator()(std::string const& s) const { return s + s; }
};

TEST_P(CallableContract, OverloadedCallOperators) {
  expect_doubled(hetmap::map(here(), overloaded{}, x));
  std::vector<std::string> const words(n, "ha");
  EXPECT_EQ(hetmap::map(here(), overloaded{}, words)[n - 1], "haha");
}

struct stays {
  stays() = default;
  stays(stays&&) = delete;
  [[gnu::noinline]] int operator()(int i) const {
    std::lock_guard const guard(mutex);
    seen.insert(this);
    return 2 * i;
  }
  mutable std::mutex mutex;
  mutable std::set<void const*> seen;
};

TEST_P(CallableContract, AnImmovableFunctorIsBorrowed) {
  stays f;
  expect_doubled(hetmap::map(here(), f, x));
  EXPECT_EQ(f.seen, (std::set<void const*>{&f}));
  std::vector<int> out(n);
  hetmap::map_into(here(), out, std::as_const(f), x);
  expect_doubled(out);
  EXPECT_EQ(f.seen.size(), 1u);
}

TEST_P(CallableContract, AMoveOnlyFunctorIsTakenAsAnRvalue) {
  auto owner = std::make_unique<int>(2);
  expect_doubled(hetmap::map(
      here(), [o = std::move(owner)](int i) { return times(*o, i); }, x));
}

struct callable_tag {};

TEST_P(CallableContract, FunctorsAreNeitherCopiedNorMoved) {
  struct : support::tracked<callable_tag> {
    int operator()(int i) const { return twice(i); }
  } f;
  using counts = support::tracked<callable_tag>;
  counts::restart();
  expect_doubled(hetmap::map(here(), f, x));
  expect_doubled(hetmap::map(here(), std::move(f), x));
  std::vector<int> out(n);
  hetmap::map_into({.backend = GetParam(), .chunk_size = 1}, out, f, x);
  EXPECT_EQ(counts::made, 0);
  EXPECT_EQ(counts::alive, 1);
}

struct account {
  int balance = 0;
  int doubled() const { return twice(balance); }
  int multiplied(int factor) const noexcept { return times(factor, balance); }
  int& mine() { return balance; }
};

TEST_P(CallableContract, MemberPointers) {
  std::vector<account> accounts(n);
  std::vector<account*> pointers(n);
  std::vector<std::unique_ptr<account>> owners(n);
  std::vector<std::reference_wrapper<account>> references;
  for (std::size_t i = 0; i != n; ++i) {
    accounts[i].balance = 2 * static_cast<int>(i);
    pointers[i] = &accounts[i];
    owners[i] = std::make_unique<account>(accounts[i]);
    references.emplace_back(accounts[i]);
  }
  expect_doubled(hetmap::map(here(), &account::balance, accounts));
  expect_doubled(hetmap::map(here(), &account::balance, pointers));
  expect_doubled(hetmap::map(here(), &account::balance, owners));
  expect_doubled(hetmap::map(here(), &account::balance, references));
  expect_doubled(hetmap::map(here(), &account::mine, accounts));
  EXPECT_EQ(hetmap::map(here(), &account::doubled, std::as_const(accounts))[3], 12);
  EXPECT_EQ(hetmap::map(here(), &account::multiplied, pointers, x)[3], 18);
  auto constexpr member = &account::doubled;
  EXPECT_EQ(hetmap::map(here(), member, owners)[3], 12);
}

struct shape {
  virtual ~shape() = default;
  virtual int operator()(int i) const = 0;
};
struct square : shape {
  int operator()(int i) const override { return 2 * i; }
};

TEST_P(CallableContract, AbstractFunctorsByReference) {
  square const concrete;
  shape const& f = concrete;
  expect_doubled(hetmap::map(here(), f, x));
}

TEST_P(CallableContract, MutableLambdasKeepTheirStateInTheCaller) {
  int calls = 0;
  auto f = [calls](int i) mutable { return ++calls, calls + i; };
  auto const y = hetmap::map({.backend = hetmap::backend::serial}, f, x);
  for (std::size_t i = 0; i != n; ++i) ASSERT_EQ(y[i], 2 * static_cast<int>(i) + 1);
  EXPECT_EQ(f(0), static_cast<int>(n) + 1);
}

TEST_P(CallableContract, ArgumentsArriveAsTheRangeGivesThem) {
  std::vector<int> values(n, 1);
  hetmap::map(
      here(), [](int& v) { v = 7; }, values);
  EXPECT_EQ(values, std::vector<int>(n, 7));
  auto const f = [](auto&& v) { return std::is_same_v<decltype(v), int const&>; };
  EXPECT_TRUE(hetmap::map(here(), f, std::as_const(values))[0]);
  EXPECT_FALSE(hetmap::map(here(), f, values)[0]);
}

TEST_P(CallableContract, TheCallersThreadLocalsAreItsOwn) {
  thread_local int calls = 0;
  calls = 0;
  hetmap::map(
      {.backend = GetParam(), .workers = 1}, [](int) { ++calls; }, x);
  EXPECT_EQ(calls, static_cast<int>(n));  // one worker is the caller
}

}  // namespace
