#include "flatkv/base/check.h"

#include <gtest/gtest.h>

namespace flatkv {
namespace {

TEST(Check, DoesNothingWhileTheConditionHolds) {
  int evaluations = 0;
  FLATKV_CHECK(++evaluations == 1);
  EXPECT_EQ(evaluations, 1);
}

TEST(CheckDeathTest, StopsTheProcessAndNamesTheCondition) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(FLATKV_CHECK(1 + 1 == 3), "check failed at .*check_test.cc:[0-9]+: 1 \\+ 1 == 3");
}

}  // namespace
}  // namespace flatkv
