// The floating-point control words as a scope has them: set, put back, flags left alone.
#include "base/float_control.hpp"

#include <gtest/gtest.h>

#include <cfenv>

namespace {

using namespace hetmap::core;

bool equal(float_control a, float_control b) {
  return a.vector == b.vector && a.scalar == b.scalar;
}

TEST(FloatControl, IsThatOfTheScopeAndThenAsBefore) {
  float_control const usual = float_control_here();
  std::fesetround(FE_DOWNWARD);
  float_control const down = float_control_here();
  std::fesetround(FE_TONEAREST);
  EXPECT_FALSE(equal(usual, down));
  {
    float_scope const scope(down);
    EXPECT_EQ(std::fegetround(), FE_DOWNWARD);
    {
      float_scope const inner(usual);
      EXPECT_EQ(std::fegetround(), FE_TONEAREST);
      std::fesetround(FE_UPWARD);
    }
    EXPECT_TRUE(equal(float_control_here(), down));
    std::fesetround(FE_UPWARD);
  }
  EXPECT_TRUE(equal(float_control_here(), usual));
}

TEST(FloatControl, FlagsAreNoPartOfIt) {
  std::feclearexcept(FE_ALL_EXCEPT);
  float_control const clear = float_control_here();
  std::feraiseexcept(FE_OVERFLOW);
  EXPECT_TRUE(equal(float_control_here(), clear));
  {
    float_scope const scope(clear);
    EXPECT_NE(std::fetestexcept(FE_OVERFLOW), 0);
    std::feraiseexcept(FE_INVALID);
  }
  EXPECT_NE(std::fetestexcept(FE_INVALID), 0);
  std::feclearexcept(FE_ALL_EXCEPT);
}

#if defined __x86_64__ && defined __GLIBC__
// A thread whose flags are up takes over words under which they would trap.
TEST(FloatControl, TrapsOfTheCallersAreTakenOverWithoutSpringing) {
  feenableexcept(FE_DIVBYZERO | FE_INVALID);
  float_control const trapping = float_control_here();
  fedisableexcept(FE_ALL_EXCEPT);
  long double volatile one = 1, zero = 0;
  one =
      one / (one / zero) + one;  // the flag of the x87, which looks at it again before it computes
  std::feraiseexcept(FE_DIVBYZERO | FE_INVALID);
  {
    float_scope const scope(trapping);
    one = one + 1;
    EXPECT_EQ(fegetexcept(), FE_DIVBYZERO | FE_INVALID);
  }
  EXPECT_EQ(fegetexcept(), 0);
  EXPECT_EQ(one, 2);
  std::feclearexcept(FE_ALL_EXCEPT);
}
#endif

}  // namespace
