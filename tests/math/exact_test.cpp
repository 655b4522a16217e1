#include "functions.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

namespace {

// Every float exponent with a few mantissas, and halves, which is where rounding goes wrong.
template <class T>
std::vector<T> arguments() {
  std::vector<T> x;
  for (int e = -30; e <= 60; ++e)
    for (double m : {1.0, 1.25, 1.5, 1.4999999, 1.5000001, 1.75, 1.9999999})
      for (double sign : {1.0, -1.0}) x.push_back(static_cast<T>(sign * std::ldexp(m, e)));
  for (int i = -64; i <= 64; ++i)
    for (double offset : {0.0, 0.25, 0.5, 0.75}) x.push_back(static_cast<T>(i + offset));
  for (T v : {T(0), T(-0.0), T(0.49999997), T(-0.49999997), std::numeric_limits<T>::infinity(),
              -std::numeric_limits<T>::infinity(), std::numeric_limits<T>::quiet_NaN(),
              std::numeric_limits<T>::denorm_min(), std::numeric_limits<T>::max()})
    x.push_back(v);
  return x;
}

template <class T, class Kernel, class Reference>
void expect_exact(Kernel f, Reference reference) {
  auto const x = arguments<T>();
  auto const y = hetmap::map(f, x);
  for (std::size_t i = 0; i != x.size(); ++i) {
    T const expected = reference(x[i]);
    if (std::isnan(expected))
      EXPECT_TRUE(std::isnan(y[i])) << Kernel::name << '(' << x[i] << ')';
    else
      EXPECT_TRUE(y[i] == expected && std::signbit(y[i]) == std::signbit(expected))
          << Kernel::name << '(' << x[i] << ") is " << y[i] << ", not " << expected;
  }
}

TEST(MathExact, RoundingSquareRootAndAbsoluteValueAreTheStandards) {
#define CHECK(function)                                                               \
  expect_exact<float>(function##_kernel{}, [](float v) { return std::function(v); }); \
  expect_exact<double>(function##_kernel{}, [](double v) { return std::function(v); });
  CHECK(floor)
  CHECK(ceil)
  CHECK(trunc)
  CHECK(round)
  CHECK(rint)
  CHECK(fabs)
  CHECK(sqrt)
#undef CHECK
}

TEST(MathExact, MinimumAndMaximumPreferNumbers) {
  namespace math = hetmap::math;
  float const nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(math::min(1.0f, 2.0f), 1.0f);
  EXPECT_EQ(math::max(1.0f, 2.0f), 2.0f);
  EXPECT_EQ(math::min(nan, 2.0f), 2.0f);
  EXPECT_EQ(math::min(2.0f, nan), 2.0f);
  EXPECT_EQ(math::max(nan, -2.0f), -2.0f);
  EXPECT_EQ(math::max(-2.0, std::numeric_limits<double>::quiet_NaN()), -2.0);
}

TEST(MathExact, FusedMultiplyAddRoundsOnce) {
  double const e = std::ldexp(1.0, -30);
  EXPECT_EQ(hetmap::math::fma(1 + e, 1 - e, -1.0), -e * e);
  EXPECT_EQ(hetmap::math::copysign(3.0f, -0.0f), -3.0f);
}

}  // namespace
