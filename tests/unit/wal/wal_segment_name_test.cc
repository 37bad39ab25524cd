#include "flatkv/wal/wal_segment_name.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace flatkv::wal_internal {
namespace {

TEST(WalSegmentName, RoundTrips) {
  for (const Version version : {Version{1}, Version{42}, Version{INT64_MAX - 1}}) {
    EXPECT_EQ(ParseSegmentName(SegmentName(version)), version);
  }
  EXPECT_EQ(SegmentName(42), "00000000000000000042.wal");
  EXPECT_EQ(SegmentPath("/a/b", 1), "/a/b/00000000000000000001.wal");
}

TEST(WalSegmentName, RefusesEverythingElse) {
  for (const char* name :
       {"", "1.wal", "0000000000000000042.wal", "000000000000000000042.wal",
        "00000000000000000000.wal", "09223372036854775807.wal", "99999999999999999999.wal",
        "+0000000000000000042.wal", " 0000000000000000042.wal", "0000000000000000004a.wal",
        "00000000000000000042.WAL", "00000000000000000042.wal-tmp", "00000000000000000042",
        "00000000000000000042.wal.u", "CUT"}) {
    EXPECT_EQ(ParseSegmentName(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace flatkv::wal_internal
