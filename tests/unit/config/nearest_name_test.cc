#include "config/nearest_name.h"

#include <gtest/gtest.h>

namespace flatkv {
namespace {

TEST(NearestName, CountsInsertionsDeletionsAndSubstitutions) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("sync", "sync"), 0u);
  EXPECT_EQ(EditDistance("", "sync"), 4u);
  EXPECT_EQ(EditDistance("sync", ""), 4u);
  EXPECT_EQ(EditDistance("sync", "syncs"), 1u);
  EXPECT_EQ(EditDistance("snc", "sync"), 1u);
  EXPECT_EQ(EditDistance("sink", "sync"), 2u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(EditDistance("sitting", "kitten"), 3u);
}

TEST(NearestName, ChoosesTheSmallestDistance) {
  EXPECT_EQ(NearestName("snyc", {"segment-bytes", "sync-interval", "sync"}), "sync");
  EXPECT_EQ(NearestName("segment_bytes", {"segment-bytes", "sync"}), "segment-bytes");
}

TEST(NearestName, ChoosesTheFirstOfEqualOnes) {
  EXPECT_EQ(NearestName("bat", {"cat", "rat"}), "cat");
}

TEST(NearestName, OffersNothingThatHasLittleInCommon) {
  EXPECT_EQ(NearestName("colour", {"sync", "torn-tail"}), std::nullopt);
  EXPECT_EQ(NearestName("x", {"y"}), std::nullopt);
  EXPECT_EQ(NearestName("sync", {}), std::nullopt);
}

}  // namespace
}  // namespace flatkv
