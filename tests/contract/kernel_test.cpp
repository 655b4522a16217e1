// compose, select and fail: what helps to write kernels.
#include "support/backends.hpp"
#include "support/sizes.hpp"

#include <gtest/gtest.h>
#include <hetmap/hetmap.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace {

class KernelContract : public support::on_each_backend {};
INSTANTIATE_TEST_SUITE_P(On, KernelContract, support::each_backend(), support::backend_name);

struct square {
  HETMAP_FN constexpr double operator()(double v) const { return v * v; }
};
struct add {
  double amount;
  HETMAP_FN constexpr double operator()(double v) const { return v + amount; }
};
double halve(double v) { return v / 2; }

static_assert(hetmap::compose(square{}, add{1})(2.0) == 9.0);
static_assert(hetmap::compose(add{1}, square{})(2.0) == 5.0);
static_assert(hetmap::compose(add{1}, add{2}, square{}, add{-1})(3.0) == 7.0);
static_assert(std::is_empty_v<hetmap::composed<square, square>> ||
              sizeof(hetmap::composed<square, add>) == sizeof(add));

TEST_P(KernelContract, ComposedFunctionsRunInOnePass) {
  std::vector<double> x(500);
  for (std::size_t i = 0; i != x.size(); ++i) x[i] = static_cast<double>(i);
  auto const y = hetmap::map(here(), hetmap::compose(square{}, add{1}), x);
  auto const z = hetmap::map(here(), hetmap::compose(halve, &halve, square{}), x);
  for (std::size_t i = 0; i != x.size(); ++i) {
    ASSERT_EQ(y[i], (x[i] + 1) * (x[i] + 1));
    ASSERT_EQ(z[i], x[i] * x[i] / 4);
  }
}

TEST_P(KernelContract, CompositionsTakeSeveralInputsAndChangeTypes) {
  auto const text = hetmap::compose([](long v) { return std::to_string(v); },
                                    [](int a, long b) { return a * b; });
  std::vector<int> const a(100, 6);
  std::vector<long> const b(100, 7);
  EXPECT_EQ(hetmap::map(here(), text, a, b)[99], "42");
}

TEST_P(KernelContract, CompositionsHoldCopiesAndPassReferencesOn) {
  auto owner = std::make_unique<int>(3);
  auto const f = hetmap::compose([o = std::move(owner)](int i) { return i * *o; },
                                 [](int i) { return i + 1; });
  EXPECT_EQ(hetmap::map(here(), f, support::indices(10))[9], 30);
  static std::string const word = "kept";
  auto const same = hetmap::compose([](std::string const& s) -> std::string const& { return s; },
                                    [](int) -> std::string const& { return word; });
  EXPECT_EQ(&same(1), &word);
}

TEST_P(KernelContract, ACompositionFailsAtItsElement) {
  auto const f =
      hetmap::compose([](int i) { return i == 51 ? throw i : i; }, [](int i) { return i + 1; });
  EXPECT_THROW(hetmap::map(here(), f, support::indices(100)), int);
  EXPECT_EQ(hetmap::failed_index(), 50u);
}

TEST(KernelContract, WhatDoesNotFitIsNoComposition) {
  auto const words = hetmap::compose([](std::string const& s) { return s; },
                                     [](int i) { return std::to_string(i); });
  static_assert(std::is_invocable_v<decltype(words) const&, int>);
  static_assert(!std::is_invocable_v<decltype(words) const&, std::vector<int>>);
  static_assert(!std::is_invocable_v<decltype(words) const&, int, int>);
}

struct positive_part {
  HETMAP_FN float operator()(float v) const { return hetmap::select(v > 0, v, 0.0f); }
};

TEST_P(KernelContract, SelectPicksOneOfTwo) {
  static_assert(hetmap::select(true, 1, 2) == 1 && hetmap::select(false, 1, 2) == 2);
  std::vector<float> x(300);
  for (std::size_t i = 0; i != x.size(); ++i) x[i] = static_cast<float>(i) - 150;
  auto const y = hetmap::map(here(), positive_part{}, x);
  for (std::size_t i = 0; i != x.size(); ++i) ASSERT_EQ(y[i], std::max(x[i], 0.0f));
  EXPECT_EQ(hetmap::select(false, std::string("a"), std::string("b")), "b");
  EXPECT_TRUE(std::isnan(hetmap::select(true, NAN, 1.0f)));
}

TEST(KernelContract, FailThrowsItsCode) {
  try {
    hetmap::fail(77);
  } catch (hetmap::kernel_error const& e) {
    EXPECT_EQ(e.code(), 77);
  }
}

}  // namespace
