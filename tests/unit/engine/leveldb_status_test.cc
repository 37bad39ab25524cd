#include "flatkv/engine/leveldb_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(LevelDbStatus, CorruptionIsDataLossOfTheNamedDb) {
  const Status status = FromLevelDb(leveldb::Status::Corruption("block checksum"), "/s/account");
  EXPECT_THAT(status, StatusIs(StatusCode::kDataLoss,
                               AllOf(HasSubstr("/s/account"), HasSubstr("block checksum"))));
  EXPECT_THAT(status, HasReason(Reason::kDataDbCorrupt));
}

TEST(LevelDbStatus, EveryCodeHasAMeaning) {
  EXPECT_OK(FromLevelDb(leveldb::Status::OK(), "p"));
  EXPECT_THAT(FromLevelDb(leveldb::Status::NotFound("x"), "p"), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(FromLevelDb(leveldb::Status::IOError("x"), "p"), StatusIs(StatusCode::kUnknown));
  EXPECT_THAT(FromLevelDb(leveldb::Status::InvalidArgument("x"), "p"),
              StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(FromLevelDb(leveldb::Status::NotSupported("x"), "p"),
              StatusIs(StatusCode::kInternal));
}

TEST(LevelDbStatus, OursBecomesTheClosestOfLevelDb) {
  EXPECT_TRUE(ToLevelDb(OkStatus()).ok());
  EXPECT_TRUE(ToLevelDb(NotFound("x")).IsNotFound());
  EXPECT_TRUE(ToLevelDb(DataLoss("x")).IsCorruption());
  EXPECT_TRUE(ToLevelDb(ResourceExhausted("x")).IsIOError());
}

}  // namespace
}  // namespace flatkv::test
