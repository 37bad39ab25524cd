#include <gtest/gtest.h>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/snapshot/snapshot_test_util.h"

namespace flatkv {
namespace {

using test::FaultFileSystem;
using test::FaultRule;
using test::FsOp;
using test::HasReason;
using test::kStore;
using test::MemFileSystem;
using test::SampleContent;
using test::StatusIs;
using test::TakeSnapshot;
using test::TreeText;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kTarget[] = "/store/working";

class CloneSnapshotTest : public testing::Test {
 protected:
  CloneSnapshotTest() : snapshots_(disk_, kStore) {
    EXPECT_OK(MakeDirsDurably(disk_, kStore));
    EXPECT_OK(TakeSnapshot(disk_, snapshots_, 7));
    manifest_ = *snapshots_.ReadManifest(7);
    before_ = TreeText(disk_, snapshots_.PathOf(7));
  }

  Status Clone(FileSystem& fs, bool allow_copy = false) {
    return CloneSnapshot(fs, snapshots_.PathOf(7), kTarget, manifest_, allow_copy, "base\n");
  }
  // Refused, naming what is wrong, with nothing left behind.
  void ExpectRefused(const std::string& what) {
    EXPECT_THAT(Clone(disk_), AllOf(StatusIs(StatusCode::kDataLoss, HasSubstr(what)),
                                    HasReason(Reason::kSnapshotCorrupt)));
    EXPECT_THAT(*disk_.List(kStore), ElementsAre("snapshot-00000000000000000007"));
  }
  std::string Source(std::string_view path) const { return JoinPath(snapshots_.PathOf(7), path); }

  MemFileSystem disk_;
  SnapshotSet snapshots_;
  SnapshotManifest manifest_;
  std::string before_;
};

TEST_F(CloneSnapshotTest, LinksTablesAndCopiesTheRest) {
  ASSERT_OK(Clone(disk_));
  for (const char* db : {"account", "code", "misc", "storage"}) {
    const std::string directory = JoinPath(kTarget, db);
    EXPECT_THAT(*disk_.List(directory), ElementsAre("000005.ldb", "CURRENT", "MANIFEST-000004"));
    for (const char* name : {"000005.ldb", "CURRENT", "MANIFEST-000004"}) {
      const bool is_table = std::string_view(name) == "000005.ldb";
      const std::string source = JoinPath(db, is_table ? "000005.sst" : name);
      EXPECT_EQ(*ReadFile(disk_, JoinPath(directory, name), 1 << 20), SampleContent(7, source));
      EXPECT_EQ(disk_.Stat(JoinPath(directory, name))->inode == disk_.Stat(Source(source))->inode,
                is_table);
    }
  }
  EXPECT_EQ(*ReadFile(disk_, JoinPath(kTarget, "SNAPSHOT_BASE"), 100), "base\n");
  EXPECT_THAT(*disk_.List(kTarget),
              ElementsAre("SNAPSHOT_BASE", "account", "code", "misc", "storage"));
  EXPECT_EQ(TreeText(disk_, snapshots_.PathOf(7)), before_);
}

TEST_F(CloneSnapshotTest, WithoutABaseTextHasNoBaseFile) {
  ASSERT_OK(CloneSnapshot(disk_, snapshots_.PathOf(7), kTarget, manifest_, false, std::nullopt));
  EXPECT_THAT(*disk_.List(kTarget), ElementsAre("account", "code", "misc", "storage"));
}

TEST_F(CloneSnapshotTest, WorksOnTheRealFileSystem) {
  test::TempDir temp;
  FileSystem& fs = PosixFileSystem();
  SnapshotSet snapshots(fs, temp.path());
  ASSERT_OK(TakeSnapshot(fs, snapshots, 7));
  ASSERT_OK(CloneSnapshot(fs, snapshots.PathOf(7), temp.File("working"), *snapshots.ReadManifest(7),
                          false, "base\n"));
  EXPECT_EQ(fs.Stat(temp.File("working/misc/000005.ldb"))->links, 2u);
  EXPECT_EQ(fs.Stat(temp.File("working/misc/CURRENT"))->links, 1u);
}

TEST_F(CloneSnapshotTest, TakesOnlyWhatTheManifestNames) {
  ASSERT_OK(WriteSynced(disk_, Source("code/000009.sst"), "stray"));
  ASSERT_OK(WriteSynced(disk_, Source("stray"), "stray"));
  ASSERT_OK(Clone(disk_));
  EXPECT_THAT(*disk_.List(JoinPath(kTarget, "code")),
              ElementsAre("000005.ldb", "CURRENT", "MANIFEST-000004"));
}

TEST_F(CloneSnapshotTest, NeedsAFreeTarget) {
  ASSERT_OK(MakeDirsDurably(disk_, kTarget));
  EXPECT_THAT(Clone(disk_), StatusIs(StatusCode::kAlreadyExists, HasSubstr(kTarget)));
  EXPECT_EQ(TreeText(disk_, kTarget), "");
}

TEST_F(CloneSnapshotTest, ReplacesALeftover) {
  ASSERT_OK(MakeDirsDurably(disk_, std::string(kTarget) + "-tmp/account/stray"));
  ASSERT_OK(Clone(disk_));
  EXPECT_THAT(*disk_.List(JoinPath(kTarget, "account")),
              ElementsAre("000005.ldb", "CURRENT", "MANIFEST-000004"));
}

TEST_F(CloneSnapshotTest, RefusesADamagedSource) {
  for (const SnapshotFile& file : manifest_.files) {
    const std::string path = Source(file.path);
    const std::string content = *ReadFile(disk_, path, 1 << 20);
    disk_.Resize(path, file.size_bytes - 1);
    ExpectRefused(path);
    disk_.Overwrite(path, content);
    ASSERT_OK(disk_.Rename(path, "/elsewhere"));
    ExpectRefused(path);
    ASSERT_OK(disk_.Symlink("/elsewhere", path));
    ExpectRefused(path);
    ASSERT_OK(disk_.Rename("/elsewhere", path));
  }
  EXPECT_OK(Clone(disk_));
}

// A table's bytes are the engine's to check, block by block.
TEST_F(CloneSnapshotTest, RefusesCopiedFilesOfOtherContent) {
  for (const char* name : {"misc/CURRENT", "account/MANIFEST-000004"}) {
    disk_.FlipBit(Source(name), 0, 0);
    ExpectRefused(Source(name));
    disk_.FlipBit(Source(name), 0, 0);
  }
}

TEST_F(CloneSnapshotTest, RefusesASymlinkInPlaceOfADb) {
  ASSERT_OK(disk_.Rename(Source("code"), "/code"));
  ASSERT_OK(disk_.Symlink("/code", Source("code")));
  ExpectRefused(Source("code"));
}

TEST_F(CloneSnapshotTest, AcrossFileSystemsCopiesOnlyIfAllowed) {
  FaultFileSystem fs(disk_);
  FaultRule rule;
  rule.op = FsOp::kLink;
  rule.times = FaultRule::kForever;
  rule.error_number = EXDEV;
  fs.AddRule(rule);
  EXPECT_THAT(Clone(fs), StatusIs(StatusCode::kFailedPrecondition,
                                  AllOf(HasSubstr(Source("account/000005.sst")),
                                        HasSubstr("/store/working-tmp/account/000005.ldb"))));
  ASSERT_OK(Clone(fs, /*allow_copy=*/true));
  EXPECT_EQ(disk_.Stat(JoinPath(kTarget, "code/000005.ldb"))->links, 1u);
  EXPECT_EQ(*ReadFile(disk_, JoinPath(kTarget, "code/000005.ldb"), 1 << 20),
            SampleContent(7, "code/000005.sst"));
  const std::unique_ptr<MemFileSystem> after = disk_.Crash(test::CrashMode::kDropUnsynced, 0);
  EXPECT_EQ(TreeText(*after, kTarget), TreeText(disk_, kTarget));
}

TEST_F(CloneSnapshotTest, OtherFailuresToLinkAreReturned) {
  FaultFileSystem fs(disk_);
  FaultRule rule;
  rule.op = FsOp::kLink;
  rule.error_number = EMLINK;
  fs.AddRule(rule);
  EXPECT_THAT(Clone(fs, /*allow_copy=*/true),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("EMLINK")));
  EXPECT_FALSE(*Exists(disk_, std::string(kTarget) + "-tmp"));
}

}  // namespace
}  // namespace flatkv
