// Checkpoints that meet failed calls and damaged files.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "tests/unit/engine/checkpoint_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class LevelDbCheckpointFaultTest : public CheckpointTest {};

TEST_F(LevelDbCheckpointFaultTest, AFailedFlushFailsItWithTheCause) {
  Fail(FsOp::kSync, ".ldb", ENOSPC);
  Write();
  ASSERT_OK(engine_->BeginCheckpoint());
  EXPECT_THAT(engine_->FinishCheckpoint(kCheckpoint, false),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr(".ldb")));
  EXPECT_THAT(engine_->BeginCheckpoint(), StatusIs(StatusCode::kResourceExhausted));
}

// LevelDB reads a new table back before it uses it; that failure is in no write, and only LevelDB's
// next writer hears of it.
TEST_F(LevelDbCheckpointFaultTest, AFlushThatFailsInAReadFailsItWithTheCause) {
  Fail(FsOp::kOpenRead, ".ldb");
  Write();
  ASSERT_OK(engine_->BeginCheckpoint());
  EXPECT_THAT(engine_->FinishCheckpoint(kCheckpoint, false),
              StatusIs(StatusCode::kUnknown, AllOf(HasSubstr(".ldb"), HasSubstr("EIO"))));
  EXPECT_FALSE(engine_->Write({}, 2).ok());
}

TEST_F(LevelDbCheckpointFaultTest, ALogThatSomeoneElseRemovedFailsIt) {
  Write();
  stop_.Set(FsOp::kSync, ".ldb");
  ASSERT_OK(engine_->BeginCheckpoint());
  stop_.AwaitReached();
  const StatusOr<std::vector<std::string>> names = disk_.List(kPath);
  for (const std::string& name : names.value()) {
    if (name.ends_with(".log")) {
      ASSERT_OK(disk_.RemoveFile(JoinPath(kPath, name)));
    }
  }
  stop_.Open();
  EXPECT_THAT(engine_->FinishCheckpoint(kCheckpoint, false), StatusIs(StatusCode::kInternal));
}

TEST_F(LevelDbCheckpointFaultTest, AFailureInTheCheckpointsDirectoryDoesNotPoisonTheDb) {
  for (const FsOp op : {FsOp::kLink, FsOp::kAppend, FsOp::kSync, FsOp::kSyncDir}) {
    const std::string name = fmt::format("{}-{}", kCheckpoint, static_cast<int>(op));
    ASSERT_OK(disk_.MakeDir(name));
    Write();
    fs_.ClearRules();
    Fail(op, name, ENOSPC);
    ASSERT_OK(engine_->BeginCheckpoint());
    EXPECT_THAT(engine_->FinishCheckpoint(name, false),
                StatusIs(StatusCode::kResourceExhausted, HasSubstr(name)));
    Write();
    ASSERT_OK(engine_->Flush());
  }
  fs_.ClearRules();
  ASSERT_OK(engine_->BeginCheckpoint());
  ASSERT_OK(engine_->FinishCheckpoint(kCheckpoint, false));
  ExpectCheckpoint(history_.head());
}

TEST_F(LevelDbCheckpointFaultTest, OnAnotherFileSystemItIsCopiedOnlyIfAllowed) {
  Write();
  Fail(FsOp::kLink, kCheckpoint, EXDEV);
  ASSERT_OK(engine_->BeginCheckpoint());
  EXPECT_THAT(engine_->FinishCheckpoint(kCheckpoint, false),
              StatusIs(StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("/db/000005.ldb"), HasSubstr("/checkpoint/000005.sst"))));
  ASSERT_OK(engine_->BeginCheckpoint());
  ASSERT_OK_AND_ASSIGN(const std::vector<CheckpointFile> files,
                       engine_->FinishCheckpoint(kCheckpoint, true));
  for (const CheckpointFile& file : files) {
    EXPECT_FALSE(file.linked);
  }
  // The copy is synced: it survives a power cut, as linked tables do.
  ASSERT_OK(disk_.SyncDir("/"));
  const std::unique_ptr<MemFileSystem> cut = disk_.Crash(CrashMode::kDropUnsynced, 1);
  ASSERT_OK_AND_ASSIGN(const Rows rows, RowsOfCheckpoint(*cut, kCheckpoint, "/clone"));
  EXPECT_EQ(rows, history_.At(1));
}

TEST_F(LevelDbCheckpointFaultTest, AMissingOrCutTableIsDataLoss) {
  Write();
  ASSERT_OK(engine_->Flush());
  const std::string table = "/db/000005.ldb";
  disk_.Resize(table, 100);
  ASSERT_OK(engine_->BeginCheckpoint());
  EXPECT_THAT(
      engine_->FinishCheckpoint(kCheckpoint, false),
      AllOf(StatusIs(StatusCode::kDataLoss, HasSubstr(table)), HasReason(Reason::kDataDbCorrupt)));
  ASSERT_OK(disk_.RemoveFile(table));
  ASSERT_OK(engine_->BeginCheckpoint());
  EXPECT_THAT(engine_->FinishCheckpoint(kCheckpoint, false),
              AllOf(StatusIs(StatusCode::kDataLoss, HasSubstr("000005")),
                    HasReason(Reason::kDataDbCorrupt)));
}

TEST_F(LevelDbCheckpointFaultTest, ADamagedManifestIsDataLoss) {
  Write();
  ASSERT_OK(engine_->Flush());
  ASSERT_OK_AND_ASSIGN(const std::string manifest, ManifestName(disk_, kPath));
  disk_.FlipBit(JoinPath(kPath, manifest), 30, 3);
  ASSERT_OK(engine_->BeginCheckpoint());
  EXPECT_THAT(engine_->FinishCheckpoint(kCheckpoint, false),
              AllOf(StatusIs(StatusCode::kDataLoss, HasSubstr(manifest)),
                    HasReason(Reason::kDataDbCorrupt)));
}

// Creates in place, against the rule of file_system.h.
class TruncatingFileSystem final : public FaultFileSystem {
 public:
  using FaultFileSystem::FaultFileSystem;
  StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path) override {
    if (!Stat(path).ok()) {
      return FaultFileSystem::Create(path);
    }
    RETURN_IF_ERROR(Truncate(path, 0));
    return OpenAppend(path);
  }
};

// Whether hard links survive that LevelDB uses the numbers of their tables anew.
bool LinksKeepTheirBytes(MemFileSystem& disk, FileSystem& fs) {
  BackgroundThreads threads(1);
  const auto engine = OpenLevelDbEngine(fs, threads, NullLogger(), kPath, SmallOptions());
  EXPECT_OK(engine);
  EXPECT_OK(disk.MakeDir(kCheckpoint));
  EXPECT_OK(WriteFileDurably(disk, "/checkpoint/000001.sst", "precious"));
  for (int number = 1; number < 50; ++number) {
    const std::string name = fmt::format("{:06}.ldb", number);
    EXPECT_OK(disk.Link("/checkpoint/000001.sst", JoinPath(kPath, name)));
  }
  History history(52);
  EXPECT_OK(WriteChanges(**engine, history.Extend(20), 1));
  EXPECT_OK((*engine)->Flush());
  return ReadFile(disk, "/checkpoint/000001.sst", 1 << 20).value() == "precious";
}

TEST(LevelDbCheckpointFault, ATableNumberUsedAnewLeavesItsHardLinksAlone) {
  MemFileSystem disk;
  EXPECT_TRUE(LinksKeepTheirBytes(disk, disk));
  // The test would notice.
  MemFileSystem other;
  TruncatingFileSystem truncating(other);
  EXPECT_FALSE(LinksKeepTheirBytes(other, truncating));
}

}  // namespace
}  // namespace flatkv::test
