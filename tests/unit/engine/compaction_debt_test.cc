#include "flatkv/engine/compaction_debt.h"

#include <gtest/gtest.h>

namespace flatkv::test {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

TEST(CompactionDebt, CountsWhatLevelsHaveAboveTheirLimits) {
  const CompactionDebt debt = ParseCompactionDebt(
      "                               Compactions\n"
      "Level  Files Size(MB) Time(sec) Read(MB) Write(MB)\n"
      "--------------------------------------------------\n"
      "  0        5      180         3        0      900\n"
      "  1        3       35         9     1200     1100\n"
      "  2       12      100        20     2400     2300\n"
      "  3       33     1500        20     2400     2300\n");
  EXPECT_EQ(debt.level0_tables, 5u);
  EXPECT_EQ(debt.table_bytes, (180 + 35 + 100 + 1500) * kMiB);
  EXPECT_EQ(debt.bytes, (180 + 25 + 0 + 500) * kMiB);
}

TEST(CompactionDebt, LevelZeroIsNoDebtBeforeItIsCompacted) {
  const CompactionDebt debt =
      ParseCompactionDebt("  0        3      120         3        0      900\n");
  EXPECT_EQ(debt.level0_tables, 3u);
  EXPECT_EQ(debt.bytes, 0u);
}

TEST(CompactionDebt, AnEmptyDbHasNone) {
  const CompactionDebt debt = ParseCompactionDebt("Level  Files Size(MB)\n-----\n");
  EXPECT_EQ(debt.level0_tables, 0u);
  EXPECT_EQ(debt.bytes, 0u);
}

}  // namespace
}  // namespace flatkv::test
