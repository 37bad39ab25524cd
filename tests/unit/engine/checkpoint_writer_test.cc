#include "flatkv/engine/checkpoint_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "flatkv/fs/path.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/engine/checkpoint_files.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

constexpr char kDb[] = "/db";
constexpr char kTarget[] = "/target";

// A closed DB with one table, and where its MANIFEST ends.
class CheckpointWriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    {
      BackgroundThreads threads(1);
      ASSERT_OK_AND_ASSIGN(const std::unique_ptr<KvEngine> engine,
                           OpenLevelDbEngine(disk_, threads, NullLogger(), kDb, SmallOptions()));
      History history(61);
      ASSERT_OK(WriteChanges(*engine, history.Extend(20), 1));
      ASSERT_OK(engine->Flush());
    }
    ASSERT_OK_AND_ASSIGN(source_.position.name, ManifestName(disk_, kDb));
    ASSERT_OK_AND_ASSIGN(const FileInfo info, disk_.Stat(JoinPath(kDb, source_.position.name)));
    source_.position.size_bytes = info.size_bytes;
    ASSERT_OK_AND_ASSIGN(const ManifestState state, StateOf(disk_, kDb));
    source_.next_log = state.log_number;
    ASSERT_OK(disk_.MakeDir(kTarget));
  }

  MemFileSystem disk_;
  CheckpointSource source_{kDb, {}, 0};
  CheckpointTarget target_{kTarget, false, [] { return OkStatus(); }};
};

TEST_F(CheckpointWriterTest, ListsTheFilesByName) {
  ASSERT_OK_AND_ASSIGN(const std::vector<CheckpointFile> files,
                       WriteCheckpoint(disk_, source_, target_));
  ASSERT_EQ(files.size(), 3u);
  EXPECT_EQ(files[0].name, "000005.sst");
  EXPECT_EQ(files[1].name, "CURRENT");
  EXPECT_EQ(files[2].name, source_.position.name);
}

TEST_F(CheckpointWriterTest, AManifestThatStandsElsewhereIsRefused) {
  for (const uint64_t next_log : {source_.next_log - 1, source_.next_log + 1}) {
    source_.next_log = next_log;
    EXPECT_THAT(WriteCheckpoint(disk_, source_, target_),
                StatusIs(StatusCode::kInternal, HasSubstr(source_.position.name)));
  }
}

TEST_F(CheckpointWriterTest, APositionInsideAnEditOrBeyondTheEndIsDataLoss) {
  for (const uint64_t size_bytes :
       {source_.position.size_bytes - 1, source_.position.size_bytes + 1}) {
    source_.position.size_bytes = size_bytes;
    EXPECT_THAT(WriteCheckpoint(disk_, source_, target_), HasReason(Reason::kDataDbCorrupt));
  }
}

TEST_F(CheckpointWriterTest, AFileInItsWayIsAlreadyExists) {
  ASSERT_OK(WriteCheckpoint(disk_, source_, target_));
  EXPECT_THAT(WriteCheckpoint(disk_, source_, target_), StatusIs(StatusCode::kAlreadyExists));
}

TEST_F(CheckpointWriterTest, StopsWhenItIsNotWantedAnyMore) {
  target_.check_wanted = [] { return Cancelled("no"); };
  EXPECT_THAT(WriteCheckpoint(disk_, source_, target_), StatusIs(StatusCode::kCancelled));
  EXPECT_THAT(disk_.List(kTarget).value(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace flatkv::test
