#include "flatkv/snapshot/snapshot_set.h"

#include <gtest/gtest.h>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"
#include "flatkv/snapshot/store_layout.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/snapshot/snapshot_test_util.h"

namespace flatkv {
namespace {

using test::BuildSnapshot;
using test::CheckSnapshot;
using test::FaultFileSystem;
using test::FaultRule;
using test::FsOp;
using test::HasReason;
using test::kStore;
using test::MemFileSystem;
using test::StatusIs;
using test::TakeSnapshot;
using test::TreeText;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Optional;

class SnapshotSetTest : public testing::Test {
 protected:
  SnapshotSetTest() : snapshots_(disk_, kStore) { EXPECT_OK(MakeDirsDurably(disk_, kStore)); }

  std::string Path(std::string_view name) const { return JoinPath(kStore, name); }
  void Take(Version version) { ASSERT_OK(TakeSnapshot(disk_, snapshots_, version)); }

  MemFileSystem disk_;
  SnapshotSet snapshots_;
};

TEST_F(SnapshotSetTest, IsEmptyInANewStore) {
  EXPECT_THAT(*snapshots_.List(), IsEmpty());
  EXPECT_EQ(*snapshots_.Current(), std::nullopt);
}

TEST_F(SnapshotSetTest, PublishesASnapshotThatReadsBack) {
  Take(100);
  Take(20);
  EXPECT_THAT(*snapshots_.List(), ElementsAre(20, 100));
  EXPECT_OK(CheckSnapshot(disk_, snapshots_, 20));
  EXPECT_OK(CheckSnapshot(disk_, snapshots_, 100));
  EXPECT_EQ(snapshots_.PathOf(20), "/store/snapshot-00000000000000000020");
  EXPECT_FALSE(*Exists(disk_, snapshots_.TemporaryPathOf(20)));
}

TEST_F(SnapshotSetTest, WorksOnTheRealFileSystem) {
  test::TempDir temp;
  FileSystem& fs = PosixFileSystem();
  SnapshotSet snapshots(fs, temp.path());
  ASSERT_OK(TakeSnapshot(fs, snapshots, 1));
  ASSERT_OK(snapshots.SetCurrent(1));
  ASSERT_OK(TakeSnapshot(fs, snapshots, 2));
  ASSERT_OK(snapshots.SetCurrent(2));
  EXPECT_THAT(*snapshots.Current(), Optional(2));
  EXPECT_OK(CheckSnapshot(fs, snapshots, 1));
  EXPECT_OK(CheckSnapshot(fs, snapshots, 2));
  ASSERT_OK(snapshots.Remove(1));
  ASSERT_OK(snapshots.CleanLeftovers());
  EXPECT_THAT(*fs.List(temp.path()), ElementsAre("current", SnapshotName(2)));
}

// The order is the protocol: nothing gets its final name before all of it is synced.
TEST_F(SnapshotSetTest, PublishSyncsTheTreeThenRenamesThenSyncsTheStore) {
  ASSERT_OK_AND_ASSIGN(const SnapshotManifest manifest, BuildSnapshot(disk_, snapshots_, 7));
  FaultFileSystem fs(disk_);
  ASSERT_OK(SnapshotSet(fs, kStore).Publish(manifest));
  const std::string final = snapshots_.PathOf(7);
  const std::string tmp = final + "-tmp";
  EXPECT_THAT(fs.trace(),
              ElementsAre("syncdir " + tmp + "/account", "syncdir " + tmp + "/code",
                          "syncdir " + tmp + "/storage", "syncdir " + tmp + "/misc",
                          "create " + tmp + "/SNAPSHOT-tmp", "append " + tmp + "/SNAPSHOT-tmp",
                          "sync " + tmp + "/SNAPSHOT-tmp", "close " + tmp + "/SNAPSHOT-tmp",
                          "rename " + tmp + "/SNAPSHOT-tmp -> " + tmp + "/SNAPSHOT",
                          "syncdir " + tmp, "rename " + tmp + " -> " + final, "syncdir /store"));
}

TEST_F(SnapshotSetTest, PublishRefusesAVersionThatIsThere) {
  Take(7);
  ASSERT_OK_AND_ASSIGN(const SnapshotManifest manifest, BuildSnapshot(disk_, snapshots_, 7));
  const std::string before = TreeText(disk_, kStore);
  EXPECT_THAT(snapshots_.Publish(manifest), StatusIs(StatusCode::kAlreadyExists));
  EXPECT_EQ(TreeText(disk_, kStore), before);
}

// A rename would replace it without a word.
TEST_F(SnapshotSetTest, PublishRefusesAnEmptyDirectoryUnderTheName) {
  ASSERT_OK_AND_ASSIGN(const SnapshotManifest manifest, BuildSnapshot(disk_, snapshots_, 7));
  ASSERT_OK(disk_.MakeDir(snapshots_.PathOf(7)));
  EXPECT_THAT(snapshots_.Publish(manifest), StatusIs(StatusCode::kAlreadyExists));
}

TEST_F(SnapshotSetTest, PublishRefusesAManifestThatCouldNotBeRead) {
  ASSERT_OK_AND_ASSIGN(SnapshotManifest manifest, BuildSnapshot(disk_, snapshots_, 7));
  manifest.wal_from = 7;
  EXPECT_THAT(snapshots_.Publish(manifest),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("wal-from")));
  manifest.wal_from = 8;
  std::swap(manifest.files[0], manifest.files[1]);
  EXPECT_THAT(snapshots_.Publish(manifest), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(*snapshots_.List(), IsEmpty());
}

TEST_F(SnapshotSetTest, PublishRefusesASnapshotThatIsNotWhole) {
  ASSERT_OK_AND_ASSIGN(const SnapshotManifest manifest, BuildSnapshot(disk_, snapshots_, 7));
  ASSERT_OK(disk_.RemoveFile(snapshots_.TemporaryPathOf(7) + "/code/CURRENT"));
  EXPECT_THAT(snapshots_.Publish(manifest),
              AllOf(StatusIs(StatusCode::kDataLoss, HasSubstr("code/CURRENT: missing")),
                    HasReason(Reason::kSnapshotCorrupt)));
  EXPECT_THAT(*snapshots_.List(), IsEmpty());
}

TEST_F(SnapshotSetTest, BuildingStartsAfresh) {
  ASSERT_OK(BuildSnapshot(disk_, snapshots_, 7));
  ASSERT_OK(snapshots_.BeginBuilding(7));
  EXPECT_EQ(TreeText(disk_, snapshots_.TemporaryPathOf(7)),
            "dir account\ndir code\ndir misc\ndir storage\n");
  // Even if something quite different has the name.
  ASSERT_OK(disk_.MakeDir("/precious"));
  ASSERT_OK(disk_.Symlink("/precious", snapshots_.TemporaryPathOf(8)));
  ASSERT_OK(snapshots_.BeginBuilding(8));
  EXPECT_EQ(TreeText(disk_, "/precious"), "");
}

TEST_F(SnapshotSetTest, RefusesNegativeVersions) {
  EXPECT_THAT(snapshots_.BeginBuilding(-1), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(snapshots_.Remove(-1), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(snapshots_.SetCurrent(-1), HasReason(Reason::kSnapshotMissing));
  EXPECT_THAT(snapshots_.ReadManifest(-1), HasReason(Reason::kSnapshotMissing));
  EXPECT_EQ(TreeText(disk_, kStore), "");
}

TEST_F(SnapshotSetTest, ListsOnlyPublishedSnapshots) {
  Take(7);
  ASSERT_OK(BuildSnapshot(disk_, snapshots_, 8));
  ASSERT_OK(disk_.MakeDir(snapshots_.PathOf(9) + "-removing"));
  ASSERT_OK(disk_.Symlink(SnapshotName(7), snapshots_.PathOf(10)));
  ASSERT_OK(disk_.MakeDir(Path("snapshot-11")));
  EXPECT_THAT(*snapshots_.List(), ElementsAre(7));
}

TEST_F(SnapshotSetTest, CurrentMovesBetweenSnapshots) {
  Take(7);
  Take(8);
  ASSERT_OK(snapshots_.SetCurrent(8));
  EXPECT_THAT(*snapshots_.Current(), Optional(8));
  ASSERT_OK(snapshots_.SetCurrent(7));
  EXPECT_THAT(*snapshots_.Current(), Optional(7));
  EXPECT_EQ(*disk_.ReadLink(Path("current")), SnapshotName(7));
  ASSERT_OK(snapshots_.ClearCurrent());
  EXPECT_EQ(*snapshots_.Current(), std::nullopt);
  EXPECT_OK(snapshots_.ClearCurrent());
}

TEST_F(SnapshotSetTest, CurrentIsSwappedByRename) {
  Take(7);
  ASSERT_OK(disk_.Symlink("stale", Path("current-tmp")));
  FaultFileSystem fs(disk_);
  ASSERT_OK(SnapshotSet(fs, kStore).SetCurrent(7));
  EXPECT_THAT(fs.trace(),
              ElementsAre("removefile /store/current-tmp", "syncdir /store",
                          "symlink /store/current-tmp -> " + SnapshotName(7), "syncdir /store",
                          "rename /store/current-tmp -> /store/current", "syncdir /store"));
}

TEST_F(SnapshotSetTest, CurrentOnlyPointsToWhatIsThere) {
  EXPECT_THAT(snapshots_.SetCurrent(7), AllOf(StatusIs(StatusCode::kNotFound, HasSubstr("7")),
                                              HasReason(Reason::kSnapshotMissing)));
  EXPECT_EQ(*snapshots_.Current(), std::nullopt);
}

TEST_F(SnapshotSetTest, ADamagedCurrentSaysWhatCanBeChosen) {
  Take(7);
  Take(20);
  const auto is_damaged = [](const std::string& what) {
    return AllOf(StatusIs(StatusCode::kDataLoss,
                          AllOf(HasSubstr("/store/current"), HasSubstr(what), HasSubstr("7, 20"))),
                 HasReason(Reason::kRecoveryAmbiguous));
  };
  ASSERT_OK(disk_.Symlink(SnapshotName(8), Path("current")));
  EXPECT_THAT(snapshots_.Current(), is_damaged("not there"));
  for (const std::string& target :
       {std::string("elsewhere"), "../store/" + SnapshotName(7), Path(SnapshotName(7)),
        SnapshotName(7) + "-tmp", SnapshotName(7) + "/", std::string("working")}) {
    ASSERT_OK(disk_.RemoveFile(Path("current")));
    ASSERT_OK(disk_.Symlink(target, Path("current")));
    EXPECT_THAT(snapshots_.Current(), is_damaged("no snapshot"));
  }
  ASSERT_OK(disk_.RemoveFile(Path("current")));
  ASSERT_OK(disk_.MakeDir(Path("current")));
  EXPECT_THAT(snapshots_.Current(), is_damaged("not a symlink"));
  ASSERT_OK(disk_.RemoveDir(Path("current")));
  ASSERT_OK(WriteFileDurably(disk_, Path("current"), SnapshotName(7)));
  EXPECT_THAT(snapshots_.Current(), is_damaged("not a symlink"));
}

TEST_F(SnapshotSetTest, ReadManifestTellsAbsenceFromDamage) {
  EXPECT_THAT(snapshots_.ReadManifest(7),
              AllOf(StatusIs(StatusCode::kNotFound), HasReason(Reason::kSnapshotMissing)));
  Take(7);
  Take(8);
  const std::string path = JoinPath(snapshots_.PathOf(7), kSnapshotManifestName);
  const std::string other = JoinPath(snapshots_.PathOf(8), kSnapshotManifestName);
  const auto is_damaged = [&path](const std::string& what) {
    return AllOf(StatusIs(StatusCode::kDataLoss, AllOf(HasSubstr(path), HasSubstr(what))),
                 HasReason(Reason::kSnapshotCorrupt));
  };
  disk_.FlipBit(path, 100, 0);
  EXPECT_THAT(snapshots_.ReadManifest(7), is_damaged("checksum"));
  ASSERT_OK(disk_.RemoveFile(path));
  EXPECT_THAT(snapshots_.ReadManifest(7), is_damaged("no manifest"));
  ASSERT_OK(disk_.Symlink(other, path));
  EXPECT_THAT(snapshots_.ReadManifest(7), is_damaged("not a regular file"));
  ASSERT_OK(disk_.RemoveFile(path));
  ASSERT_OK(disk_.Link(other, path));
  EXPECT_THAT(snapshots_.ReadManifest(7), is_damaged("version 8"));
}

TEST_F(SnapshotSetTest, RemoveTakesOnlyItsSnapshot) {
  Take(7);
  Take(8);
  ASSERT_OK(snapshots_.Remove(7));
  EXPECT_THAT(*snapshots_.List(), ElementsAre(8));
  EXPECT_OK(CheckSnapshot(disk_, snapshots_, 8));
  EXPECT_OK(snapshots_.Remove(7));
  EXPECT_THAT(*disk_.List(kStore), ElementsAre(SnapshotName(8)));
}

TEST_F(SnapshotSetTest, RemoveReplacesALeftoverOfItself) {
  Take(7);
  const std::string removing = snapshots_.PathOf(7) + "-removing";
  ASSERT_OK(MakeDirsDurably(disk_, removing + "/account"));
  ASSERT_OK(snapshots_.Remove(7));
  EXPECT_EQ(TreeText(disk_, kStore), "");
  ASSERT_OK(MakeDirsDurably(disk_, removing + "/account"));
  ASSERT_OK(snapshots_.Remove(7));
  EXPECT_EQ(TreeText(disk_, kStore), "");
}

TEST_F(SnapshotSetTest, RemoveFollowsNoSymlink) {
  ASSERT_OK(MakeDirsDurably(disk_, "/precious"));
  ASSERT_OK(WriteFileDurably(disk_, "/precious/f", "x"));
  ASSERT_OK(disk_.Symlink("/precious", snapshots_.PathOf(7)));
  ASSERT_OK(snapshots_.Remove(7));
  Take(8);
  ASSERT_OK(disk_.Symlink("/precious", snapshots_.PathOf(8) + "/code/link"));
  ASSERT_OK(snapshots_.Remove(8));
  EXPECT_TRUE(*Exists(disk_, "/precious/f"));
  EXPECT_EQ(TreeText(disk_, kStore), "");
}

TEST_F(SnapshotSetTest, CleansLeftoversOfEveryKindAndNothingElse) {
  Take(7);
  ASSERT_OK(snapshots_.SetCurrent(7));
  const std::string before = TreeText(disk_, kStore);
  ASSERT_OK(BuildSnapshot(disk_, snapshots_, 8));
  ASSERT_OK(MakeDirsDurably(disk_, snapshots_.PathOf(9) + "-removing/account"));
  ASSERT_OK(disk_.Symlink(SnapshotName(7), Path("current-tmp")));
  ASSERT_OK(WriteSynced(disk_, Path("INTENT-tmp"), "x"));
  ASSERT_OK(snapshots_.CleanLeftovers());
  EXPECT_EQ(TreeText(disk_, kStore), before);
}

TEST_F(SnapshotSetTest, CleaningGoesOnAfterAFailureAndReportsAll) {
  for (const char* name : {"a-tmp", "b-tmp", "c-removing"}) {
    ASSERT_OK(WriteSynced(disk_, Path(name), "x"));
  }
  FaultFileSystem fs(disk_);
  for (const char* name : {"a-tmp", "c-removing"}) {
    FaultRule rule;
    rule.op = FsOp::kRemoveFile;
    rule.path_contains = name;
    fs.AddRule(rule);
  }
  EXPECT_THAT(SnapshotSet(fs, kStore).CleanLeftovers(),
              StatusIs(StatusCode::kUnknown, AllOf(HasSubstr("a-tmp"), HasSubstr("c-removing"),
                                                   Not(HasSubstr("b-tmp")))));
  EXPECT_THAT(*disk_.List(kStore), ElementsAre("a-tmp", "c-removing"));
}

}  // namespace
}  // namespace flatkv
