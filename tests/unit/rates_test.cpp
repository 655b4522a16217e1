#include "base/rates.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <typeinfo>

namespace {

using hetmap::detail::rate;
using hetmap::detail::rate_of;
using namespace std::chrono_literals;

TEST(Rate, NothingIsKnownAtFirst) { EXPECT_LT(rate().element_nanoseconds(), 0); }

TEST(Rate, TheFirstCallIsBelieved) {
  rate r;
  r.learn(1000, 5us);
  EXPECT_DOUBLE_EQ(r.element_nanoseconds(), 5);
}

TEST(Rate, EmptyCallsTeachNothing) {
  rate r;
  r.learn(0, 5us);
  EXPECT_LT(r.element_nanoseconds(), 0);
}

TEST(Rate, OneSpikeDoesLittleHarm) {
  rate r;
  for (int i = 0; i != 20; ++i) r.learn(1000, 5us);
  r.learn(1000, 5ms);
  EXPECT_LT(r.element_nanoseconds(), 10);
}

TEST(Rate, AKernelThatHasBecomeSlowIsBelievedSoon) {
  rate r;
  for (int i = 0; i != 20; ++i) r.learn(1000, 1us);
  for (int i = 0; i != 30; ++i) r.learn(1000, 100us);
  EXPECT_GT(r.element_nanoseconds(), 50);
}

TEST(Rate, AndOneThatHasBecomeFastAsWell) {
  rate r;
  for (int i = 0; i != 20; ++i) r.learn(1000, 100us);
  for (int i = 0; i != 40; ++i) r.learn(1000, 1us);
  EXPECT_LT(r.element_nanoseconds(), 3);
}

TEST(Rate, LongCallsSayMoreThanShortOnes) {
  rate r;
  r.learn(1'000'000, 1ms);  // 1 ns
  r.learn(10, 1us);         // 100 ns, mostly the call itself
  EXPECT_LT(r.element_nanoseconds(), 1.1);
}

TEST(Rate, AZeroMeasurementDoesNotPinTheRate) {
  rate r;
  r.learn(10, 0ns);
  for (int i = 0; i != 60; ++i) r.learn(10, 1us);
  EXPECT_GT(r.element_nanoseconds(), 50);
}

TEST(Rate, TheFirstShortCallsAndThenOneIn64AreTimed) {
  rate r;
  int timed = 0;
  for (int i = 0; i != 16; ++i) timed += r.sample_now() ? 1 : 0;
  EXPECT_EQ(timed, 16);
  for (int i = 16; i != 640; ++i) timed += r.sample_now() ? 1 : 0;
  EXPECT_EQ(timed, 16 + 9);
}

struct kernel_a {};
struct kernel_b {};
void first() {}
void second() {}

TEST(Rates, BelongToTheKernelTypeAndToTheFunctionPointedAt) {
  auto const at = [](void (*f)()) { return reinterpret_cast<void const*>(f); };
  EXPECT_EQ(&rate_of(typeid(kernel_a), nullptr), &rate_of(typeid(kernel_a), nullptr));
  EXPECT_NE(&rate_of(typeid(kernel_a), nullptr), &rate_of(typeid(kernel_b), nullptr));
  EXPECT_EQ(&rate_of(typeid(kernel_a), at(first)), &rate_of(typeid(kernel_a), at(first)));
  EXPECT_NE(&rate_of(typeid(kernel_a), at(first)), &rate_of(typeid(kernel_a), at(second)));
}

}  // namespace
