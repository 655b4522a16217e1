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

TEST(Rate, ButIsOnlyAnUpperBound) {
  rate r;
  r.learn(1000, 500us);  // cold code
  r.learn(1000, 5us);
  EXPECT_DOUBLE_EQ(r.element_nanoseconds(), 5);
  rate other;
  other.learn(1'000'000, 5ms);
  other.learn(10, 10ns);  // says little beside the first
  EXPECT_GT(other.element_nanoseconds(), 4);
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

TEST(Rate, SizesAreLearnedApart) {
  rate r;
  r.learn(1000, 1us);
  r.of_size(1000).learn(hetmap::core::way::alone, 1000, 3us);
  r.of_size(1000).learn(hetmap::core::way::alone, 1000, 3us);
  EXPECT_DOUBLE_EQ(r.nanoseconds_alone(r.of_size(1000)), 3);
  EXPECT_DOUBLE_EQ(r.nanoseconds_alone(r.of_size(1023)), 3) << "about the same size";
  EXPECT_DOUBLE_EQ(r.nanoseconds_alone(r.of_size(1'000'000)), 1) << "what elements cost";
}

TEST(Rate, AKernelsFirstCallOnAGpuSaysNothingOfLaterOnes) {
  rate r;
  r.learn_call_on_gpu(true, 1000, 200ms, 50us);  // the driver compiled it
  EXPECT_LT(r.on_gpu(true).nanoseconds(), 0);
  EXPECT_FALSE(r.on_gpu_of_size(1000).travelling.is_settled());
  r.learn_call_on_gpu(true, 1000, 1050us, 50us);
  EXPECT_DOUBLE_EQ(r.on_gpu(true).nanoseconds(), 1000) << "less what any call takes";
  EXPECT_DOUBLE_EQ(r.on_gpu_of_size(1000).travelling.nanoseconds(), 1050);
  EXPECT_LT(r.on_gpu(false).nanoseconds(), 0);
}

TEST(Rate, CallsThatAreHardlyLongerThanTheSmallestSayNothingOfElements) {
  rate r;
  for (int i = 0; i != 5; ++i) r.learn_call_on_gpu(false, 10, 60us, 50us);
  EXPECT_LT(r.on_gpu(false).nanoseconds(), 0);
  EXPECT_DOUBLE_EQ(r.on_gpu_of_size(10).resident.nanoseconds(), 6000);
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
