#include "flatkv/snapshot/store_layout.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace flatkv {
namespace {

TEST(SnapshotName, HasTwentyDigitsAndParsesBack) {
  EXPECT_EQ(SnapshotName(100), "snapshot-00000000000000000100");
  for (const Version version :
       {Version{0}, Version{1}, Version{9999999999}, std::numeric_limits<Version>::max()}) {
    EXPECT_EQ(ParseSnapshotName(SnapshotName(version)), version);
  }
}

TEST(SnapshotName, OfNoOtherNameIsParsed) {
  const std::string name = SnapshotName(100);
  const std::vector<std::string> others = {"",
                                           "snapshot-",
                                           "current",
                                           name + "-tmp",
                                           name + "-removing",
                                           name + "0",
                                           name.substr(0, name.size() - 1),
                                           "x" + name,
                                           name + "/",
                                           "Snapshot-00000000000000000100",
                                           "snapshot-0000000000000000010x",
                                           "snapshot--0000000000000000100",
                                           "snapshot-+0000000000000000100",
                                           "snapshot- 0000000000000000100",
                                           SnapshotName(-1)};
  for (const std::string& other : others) {
    EXPECT_EQ(ParseSnapshotName(other), std::nullopt) << other;
  }
}

TEST(SnapshotName, AboveTheLastVersionIsNotParsed) {
  EXPECT_EQ(ParseSnapshotName("snapshot-09223372036854775807"), 9223372036854775807);
  EXPECT_EQ(ParseSnapshotName("snapshot-09223372036854775808"), std::nullopt);
  EXPECT_EQ(ParseSnapshotName("snapshot-99999999999999999999"), std::nullopt);
}

}  // namespace
}  // namespace flatkv
