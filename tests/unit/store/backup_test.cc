// Goal: a backup is a whole, separate copy that says of every damaged byte which file it is in, and
// a second one costs what is new. Method: backups of a small store in memory, looked at from
// outside.
#include "tests/unit/store/backup_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class BackupTest : public BackupFixture {
 protected:
  std::vector<std::string> FindingsOf(const std::vector<Version>& versions = {}) {
    const auto verdict = VerifyBackups(fs_, kBackupDirectory, versions, nullptr);
    EXPECT_OK(verdict);
    return verdict.ok() ? verdict->findings : std::vector<std::string>{"no verdict"};
  }
  std::set<uint64_t> InodesBelow(const std::string& directory) {
    std::set<uint64_t> inodes;
    for (const std::string& file : FilesBelow(fs_, directory)) {
      inodes.insert(fs_.Stat(file)->inode);
    }
    return inodes;
  }
};

TEST_F(BackupTest, HasTheSnapshotsFilesAndItsRecordAndSharesNoFileWithTheStore) {
  const std::string before = TreeWithoutLocks(fs_, kHome);
  ASSERT_OK_AND_ASSIGN(const BackupReport report, Backup(kFirstSnapshot));
  EXPECT_EQ(TreeWithoutLocks(fs_, kHome), before);
  EXPECT_EQ(report.version, kFirstSnapshot);
  EXPECT_EQ(Hex(report.root), Hex(history_.root(kFirstSnapshot)));
  EXPECT_EQ(report.copied_files, report.files);
  EXPECT_EQ(report.copied_bytes, report.bytes);
  EXPECT_FALSE(report.already_there);
  EXPECT_THAT(FindingsOf(), IsEmpty());
  const std::string name = SnapshotName(kFirstSnapshot);
  EXPECT_EQ(TreeText(fs_, JoinPath(kBackupDirectory, name)), TreeText(fs_, InStore(name)));
  const std::set<uint64_t> of_store = InodesBelow(kHome);
  for (const uint64_t inode : InodesBelow(kBackupDirectory)) {
    EXPECT_FALSE(of_store.contains(inode)) << "shared with the store";
  }
}

TEST_F(BackupTest, TheSecondCopiesOnlyTheTablesThatTheFirstDoesNotHave) {
  ASSERT_OK(Backup(kFirstSnapshot));
  const std::set<uint64_t> of_first = InodesBelow(kBackupDirectory);
  ASSERT_OK_AND_ASSIGN(const BackupReport second, Backup(kSecondSnapshot));
  EXPECT_THAT(FindingsOf(), IsEmpty());
  uint64_t new_bytes = 0;
  uint64_t linked_files = 0;
  const std::string snapshot = JoinPath(kBackupDirectory, SnapshotName(kSecondSnapshot));
  for (const std::string& file : FilesBelow(fs_, snapshot)) {
    const FileInfo info = *fs_.Stat(file);
    if (of_first.contains(info.inode)) {
      EXPECT_TRUE(IsTableName(file)) << file;
      ++linked_files;
    } else if (BaseName(file) != kSnapshotManifestName) {
      new_bytes += info.size_bytes;
    }
  }
  EXPECT_GT(linked_files, 0u);
  EXPECT_EQ(second.copied_bytes, new_bytes);
  EXPECT_EQ(second.copied_files + linked_files, second.files);
  EXPECT_LT(second.copied_bytes, second.bytes);
  ASSERT_OK_AND_ASSIGN(const BackupReport again, Backup(kSecondSnapshot));
  EXPECT_TRUE(again.already_there);
  EXPECT_EQ(again.copied_bytes, 0u);
}

TEST_F(BackupTest, CopiesAnewWhatAnEarlierBackupHasDamaged) {
  ASSERT_OK(Backup(kFirstSnapshot));
  for (const std::string& file : FilesBelow(fs_, kBackupDirectory)) {
    if (IsTableName(file)) {
      fs_.FlipBit(file, 11, 3);
    }
  }
  ASSERT_OK_AND_ASSIGN(const BackupReport second, Backup(kSecondSnapshot));
  EXPECT_EQ(second.copied_files, second.files);
  EXPECT_THAT(logger_.Complaints(), HasSubstr("copied again"));
  EXPECT_THAT(FindingsOf({kSecondSnapshot}), IsEmpty());
}

TEST_F(BackupTest, VerificationNamesEveryFileWithAFlippedByte) {
  ASSERT_OK(Backup(kSecondSnapshot));
  size_t files = 0;
  for (const std::string& file : FilesBelow(fs_, kBackupDirectory)) {
    if (BaseName(file) == kLockName) {
      continue;
    }
    const uint64_t size_bytes = fs_.Stat(file)->size_bytes;
    for (const uint64_t offset : {uint64_t{0}, size_bytes / 2, size_bytes - 1}) {
      SCOPED_TRACE(fmt::format("{} at {}", file, offset));
      fs_.FlipBit(file, offset, 2);
      const auto verdict = VerifyBackups(fs_, kBackupDirectory, {}, nullptr);
      if (BaseName(file) == "BACKUP") {
        EXPECT_THAT(verdict, StatusIs(StatusCode::kDataLoss, HasSubstr(file)));
      } else {
        ASSERT_OK(verdict);
        EXPECT_THAT(verdict->findings, Contains(HasSubstr(std::string(BaseName(file)))));
      }
      fs_.FlipBit(file, offset, 2);
    }
    ++files;
  }
  EXPECT_GT(files, 10u);
  EXPECT_THAT(FindingsOf(), IsEmpty());
}

TEST_F(BackupTest, GoesOnBesideTheCommitsOfAnOpenStore) {
  ASSERT_OK_AND_ASSIGN(const auto store, OpenStore(fs_, options_));
  ASSERT_OK(store->admin().PinSnapshot(kSecondSnapshot, "backup"));
  OwnedBlock more(kBackupHead + 1);
  more.Set("bank", "k", "v");
  Version version = kBackupHead + 1;
  ASSERT_OK(TakeBackup(fs_, logger_, {kStoreDirectory, kBackupDirectory, kSecondSnapshot},
                       [&](uint64_t, uint64_t) {
                         OwnedBlock block(version++);
                         block.Set("bank", "k", std::to_string(version));
                         return CommitOwned(*store, block).ok();
                       }));
  EXPECT_GT(version, kBackupHead + 2);
  EXPECT_THAT(FindingsOf(), IsEmpty());
  ASSERT_OK(store->Close());
}

TEST_F(BackupTest, IsRefusedWhereItWouldBeNoneOrHarmSomething) {
  ASSERT_OK(Backup(kFirstSnapshot));
  const std::string id = StoreId();
  EXPECT_THAT(Backup(kFirstSnapshot, "/home/backup"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("in the store's home")));
  EXPECT_THAT(Backup(kFirstSnapshot, kHome), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(Backup(7), HasReason(Reason::kSnapshotMissing));

  ASSERT_OK(MakeDirsDurably(fs_, "/photos"));
  ASSERT_OK(WriteFileDurably(fs_, "/photos/one.jpg", "not a backup"));
  const std::string photos = TreeText(fs_, "/photos");
  EXPECT_THAT(Backup(kFirstSnapshot, "/photos"),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("one.jpg")));
  EXPECT_EQ(TreeText(fs_, "/photos"), photos);

  MemFileSystem other;
  FillStore(other, options_, history_, {kFirstSnapshot});
  ASSERT_OK(
      TakeBackup(other, logger_, {kStoreDirectory, kBackupDirectory, kFirstSnapshot}, nullptr));
  ASSERT_OK_AND_ASSIGN(const std::string text, ReadFile(other, "/backup/BACKUP", 4096));
  ASSERT_OK(WriteFileDurably(fs_, "/backup/BACKUP", text));
  const std::string before = TreeText(fs_, kBackupDirectory);
  EXPECT_THAT(Backup(kSecondSnapshot),
              AllOf(StatusIs(StatusCode::kFailedPrecondition, HasSubstr(id)),
                    StatusIs(StatusCode::kFailedPrecondition,
                             HasSubstr(StoreIdAt(other, kStoreDirectory).value_or("?"))),
                    HasReason(Reason::kIncompatibleFormat)));
  EXPECT_EQ(TreeText(fs_, kBackupDirectory), before);
}

TEST_F(BackupTest, TooLittleSpaceIsSaidBeforeAnythingIsCopied) {
  fs_.SetFreeBytes(100);
  EXPECT_THAT(Backup(kFirstSnapshot),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("100 are free")));
  EXPECT_THAT(ListBackups(fs_, kBackupDirectory)->backups, IsEmpty());
}

TEST_F(BackupTest, TwoWritersOfOneDirectoryAreKeptApart) {
  ASSERT_OK(Backup(kFirstSnapshot));
  ASSERT_OK_AND_ASSIGN(const auto lock, fs_.Lock("/backup/LOCK"));
  EXPECT_THAT(Backup(kSecondSnapshot), HasReason(Reason::kLocked));
  EXPECT_THAT(RemoveBackup(fs_, kBackupDirectory, kFirstSnapshot), HasReason(Reason::kLocked));
}

TEST_F(BackupTest, AVersionThatWasCommittedAnewIsNotTakenForTheOldOne) {
  ASSERT_OK(Backup(kSecondSnapshot));
  ASSERT_OK_AND_ASSIGN(const auto store, OpenStore(fs_, options_));
  ASSERT_OK(store->admin().Rollback(kSecondSnapshot - 1, RollbackChoice::kAuto));
  ASSERT_OK(CommitOwned(*store, history_.Other(kSecondSnapshot).first));
  ASSERT_OK(store->admin().CreateSnapshot());
  ASSERT_OK(store->Close());
  EXPECT_THAT(Backup(kSecondSnapshot),
              AllOf(StatusIs(StatusCode::kAlreadyExists, HasSubstr("flatkv backup rm 30")),
                    HasReason(Reason::kVersionConflict)));
  ASSERT_OK(RemoveBackup(fs_, kBackupDirectory, kSecondSnapshot));
  ASSERT_OK(Backup(kSecondSnapshot));
  EXPECT_THAT(FindingsOf(), IsEmpty());
}

TEST_F(BackupTest, RemovingOneLeavesTheOthersWhole) {
  ASSERT_OK(Backup(kFirstSnapshot));
  ASSERT_OK(Backup(kSecondSnapshot));
  ASSERT_OK(RemoveBackup(fs_, kBackupDirectory, kFirstSnapshot));
  EXPECT_THAT(FindingsOf(), IsEmpty());
  ASSERT_OK_AND_ASSIGN(const BackupListing listing, ListBackups(fs_, kBackupDirectory));
  ASSERT_EQ(listing.backups.size(), 1u);
  EXPECT_EQ(listing.backups[0].version, kSecondSnapshot);
  EXPECT_EQ(listing.store_id, StoreId());
  EXPECT_THAT(RemoveBackup(fs_, kBackupDirectory, kFirstSnapshot),
              HasReason(Reason::kSnapshotMissing));
}

TEST_F(BackupTest, AStoppedOneLeavesNothing) {
  int calls = 0;
  EXPECT_THAT(TakeBackup(fs_, logger_, {kStoreDirectory, kBackupDirectory, kFirstSnapshot},
                         [&calls](uint64_t, uint64_t) { return ++calls < 4; }),
              StatusIs(StatusCode::kCancelled));
  EXPECT_THAT(FilesBelow(fs_, kBackupDirectory),
              ::testing::UnorderedElementsAre("/backup/BACKUP", "/backup/LOCK"));
}

}  // namespace
}  // namespace flatkv::test
