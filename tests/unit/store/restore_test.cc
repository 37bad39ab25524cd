// Goal: a restore gives the manifest's state and goes on from there; the old store is whole in the
// quarantine; what is damaged or strange is refused by name and nothing is changed. Method:
// restores of small stores in memory.
#include "flatkv/snapshot/snapshot_set.h"
#include "tests/unit/store/backup_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RestoreTest : public BackupFixture {
 protected:
  RestoreTest() {
    EXPECT_OK(Backup(kFirstSnapshot));
    EXPECT_OK(Backup(kSecondSnapshot));
  }

  // Refused with `matcher`, naming `what`, and the home is as it was.
  template <typename Matcher>
  void ExpectRefused(const RestoreRequest& request, const Matcher& matcher) {
    const std::string before = TreeWithoutLocks(fs_, kHome);
    EXPECT_THAT(DoRestore(request), matcher);
    EXPECT_EQ(TreeWithoutLocks(fs_, kHome), before);
  }
};

TEST_F(RestoreTest, ABackupBecomesTheStoreAndTheOldOneIsWholeInTheQuarantine) {
  const std::string old_id = StoreId();
  const std::string before = TreeWithoutLocks(fs_, kStoreDirectory);
  ASSERT_OK_AND_ASSIGN(const RestoreReport report, DoRestore(FromBackup()));
  EXPECT_EQ(report.plan.version, kSecondSnapshot);
  EXPECT_EQ(Hex(report.plan.root), Hex(history_.root(kSecondSnapshot)));
  EXPECT_EQ(StoreId(), report.store_id);
  EXPECT_NE(StoreId(), old_id);
  const std::string old_store =
      fmt::format("{}/quarantine/{}/flatkv", kHome, report.quarantine_entry);
  EXPECT_EQ(TreeWithoutLocks(fs_, old_store), before);
  EXPECT_THAT(ListStaged(fs_, kHome).value(), IsEmpty());
  ASSERT_OK(CheckStoreGoesOn(fs_, kHome, options_, history_, kSecondSnapshot));
  // The old one still opens, wherever it is put.
  ASSERT_OK(MakeDirsDurably(fs_, "/old"));
  ASSERT_OK(fs_.Rename(old_store, "/old/flatkv"));
  ASSERT_OK(CheckStoreGoesOn(fs_, "/old", options_, history_, kBackupHead));
}

TEST_F(RestoreTest, EveryVersionOfTheRestoredStoreFromItsSnapshotOnIsReached) {
  RestoreRequest request = FromBackup();
  request.version = kFirstSnapshot;
  ASSERT_OK(DoRestore(request));
  ASSERT_OK_AND_ASSIGN(const auto store, OpenStore(fs_, options_));
  ASSERT_OK(CommitTo(*store, history_, kBackupHead));
  ExpectStateAt(*store, history_, kBackupHead);
  for (const Version version : {kFirstSnapshot, kFirstSnapshot + 1, kSecondSnapshot}) {
    ASSERT_OK_AND_ASSIGN(const auto view, store->ViewAt(version));
    ExpectViewAt(*view, history_, version);
  }
  EXPECT_THAT(store->ViewAt(kFirstSnapshot - 1), HasReason(Reason::kVersionUnreachable));
  ASSERT_OK(store->admin().Rollback(kFirstSnapshot, RollbackChoice::kReplay));
  ExpectStateAt(*store, history_, kFirstSnapshot);
  VerifyOptions full;
  full.depth = VerifyDepth::kFull;
  ASSERT_OK_AND_ASSIGN(const VerifyReport report, store->admin().Verify(full, nullptr));
  EXPECT_THAT(report.findings, IsEmpty());
  ASSERT_OK(store->Close());
}

TEST_F(RestoreTest, ASnapshotOfTheStoreItselfIsLinkedAndGivesUpWhatIsAboveIt) {
  ASSERT_OK_AND_ASSIGN(const RestorePlan plan, PlanRestore(fs_, FromSnapshot(kFirstSnapshot)));
  EXPECT_TRUE(plan.links_tables);
  EXPECT_TRUE(plan.replaces);
  ASSERT_OK_AND_ASSIGN(const RestoreReport report, DoRestore(FromSnapshot(kFirstSnapshot)));
  EXPECT_FALSE(report.quarantine_entry.empty());
  ASSERT_OK(CheckStoreGoesOn(fs_, kHome, options_, history_, kFirstSnapshot));
}

TEST_F(RestoreTest, ThePinOfASnapshotNamesItToo) {
  std::string id;
  {
    ASSERT_OK_AND_ASSIGN(const auto store, OpenStore(fs_, options_));
    ASSERT_OK_AND_ASSIGN(const Pin pin, store->admin().PinSnapshot(kFirstSnapshot, "keep"));
    id = pin.id;
    ASSERT_OK(store->Close());
  }
  RestoreRequest request;
  request.home = kHome;
  request.pin_id = "0000000000000000";
  ExpectRefused(request, StatusIs(StatusCode::kNotFound, HasSubstr("flatkv snapshot pins")));
  request.pin_id = id;
  ASSERT_OK_AND_ASSIGN(const RestoreReport report, DoRestore(request));
  EXPECT_EQ(report.plan.version, kFirstSnapshot);
}

TEST_F(RestoreTest, AnotherHomeGetsASecondStoreAndTheFirstIsLeftAlone) {
  const std::string before = TreeWithoutLocks(fs_, kHome);
  for (const bool from_backup : {true, false}) {
    RestoreRequest request = from_backup ? FromBackup() : FromSnapshot(kSecondSnapshot);
    request.to = from_backup ? "/second" : "/third/home";
    ASSERT_OK_AND_ASSIGN(const RestoreReport report, DoRestore(request));
    EXPECT_EQ(report.quarantine_entry, "");
    EXPECT_EQ(TreeWithoutLocks(fs_, kHome), before);
    ASSERT_OK(CheckStoreGoesOn(fs_, request.to, options_, history_, kSecondSnapshot));
    EXPECT_THAT(DoRestore(request), StatusIs(StatusCode::kInvalidArgument, HasSubstr(request.to)));
  }
  // With a backup, beside whoever has the first one open.
  ASSERT_OK_AND_ASSIGN(const auto store, OpenStore(fs_, options_));
  RestoreRequest request = FromBackup();
  request.to = "/fourth";
  ASSERT_OK(DoRestore(request));
  ASSERT_OK(store->Close());
}

TEST_F(RestoreTest, AHomeThatLostItsStoreGetsOne) {
  ASSERT_OK(RemoveTreeDurably(fs_, kStoreDirectory));
  ASSERT_OK_AND_ASSIGN(const RestoreReport report, DoRestore(FromBackup()));
  EXPECT_EQ(report.quarantine_entry, "");
  ASSERT_OK(CheckStoreGoesOn(fs_, kHome, options_, history_, kSecondSnapshot));
}

TEST_F(RestoreTest, OneAfterTheOtherInOneSecondMakesTwoEntries) {
  ASSERT_OK_AND_ASSIGN(const RestoreReport first, DoRestore(FromSnapshot(kSecondSnapshot)));
  RestoreRequest request = FromBackup();
  request.replaces = first.store_id;
  ASSERT_OK_AND_ASSIGN(const RestoreReport second, DoRestore(request));
  EXPECT_NE(first.quarantine_entry, second.quarantine_entry);
  ASSERT_OK_AND_ASSIGN(const auto entries, Quarantine(fs_, kHome).List());
  EXPECT_EQ(entries.size(), 2u);
}

TEST_F(RestoreTest, AnOpenStoreIsNotReplaced) {
  ASSERT_OK_AND_ASSIGN(const auto store, OpenStore(fs_, options_));
  for (const RestoreRequest& request : {FromBackup(), FromSnapshot(kSecondSnapshot)}) {
    EXPECT_THAT(PlanRestore(fs_, request),
                AllOf(StatusIs(StatusCode::kFailedPrecondition, HasSubstr("held by process")),
                      HasReason(Reason::kLocked)));
    EXPECT_THAT(DoRestore(request), HasReason(Reason::kLocked));
  }
  ASSERT_OK(store->Close());
}

TEST_F(RestoreTest, TheStoreOfAnotherOneIsReplacedOnlyWhenItIsNamed) {
  const std::string id = StoreId();
  ASSERT_OK(RemoveTreeDurably(fs_, kStoreDirectory));
  FillStore(fs_, options_, history_, {kFirstSnapshot});
  const std::string other_id = StoreId();
  ExpectRefused(FromBackup(), AllOf(StatusIs(StatusCode::kFailedPrecondition, HasSubstr(id)),
                                    StatusIs(StatusCode::kFailedPrecondition,
                                             HasSubstr("--replaces " + other_id)),
                                    HasReason(Reason::kIncompatibleFormat)));
  RestoreRequest request = FromBackup();
  request.replaces = id;  // the wrong one
  ExpectRefused(request, HasReason(Reason::kIncompatibleFormat));
  request.replaces = other_id;
  ASSERT_OK(DoRestore(request));
}

TEST_F(RestoreTest, WhatTheConfigurationWouldNotOpenIsNotRestored) {
  RestoreRequest request = FromBackup();
  request.suite = Suite::kSha256;
  ExpectRefused(request, AllOf(StatusIs(StatusCode::kFailedPrecondition, HasSubstr("blake3")),
                               StatusIs(StatusCode::kFailedPrecondition, HasSubstr("sha256")),
                               HasReason(Reason::kSuiteMismatch)));
  request = FromBackup();
  request.initial_version = 5;
  ExpectRefused(request, HasReason(Reason::kIncompatibleFormat));
}

TEST_F(RestoreTest, AByteFlippedInAnyFileOfABackupIsNamedAndNothingIsChanged) {
  for (const std::string& file : FilesBelow(fs_, kBackupDirectory)) {
    const bool is_of_first = file.find(fmt::format("{:020}", kFirstSnapshot)) != std::string::npos;
    if (BaseName(file) == kLockName || is_of_first) {
      continue;
    }
    const uint64_t size_bytes = fs_.Stat(file)->size_bytes;
    for (const uint64_t offset : {uint64_t{0}, size_bytes / 2, size_bytes - 1}) {
      SCOPED_TRACE(fmt::format("{} at {}", file, offset));
      fs_.FlipBit(file, offset, 5);
      ExpectRefused(FromBackup(), StatusIs(StatusCode::kDataLoss, HasSubstr(file)));
      fs_.FlipBit(file, offset, 5);
    }
  }
  ASSERT_OK(DoRestore(FromBackup()));
}

TEST_F(RestoreTest, AByteFlippedInATableOfTheStoresOwnSnapshotIsNamed) {
  const std::string snapshot = InStore(SnapshotName(kSecondSnapshot));
  for (const std::string& file : FilesBelow(fs_, snapshot)) {
    SCOPED_TRACE(file);
    fs_.FlipBit(file, fs_.Stat(file)->size_bytes / 2, 5);
    ExpectRefused(FromSnapshot(kSecondSnapshot),
                  StatusIs(StatusCode::kDataLoss, HasSubstr(std::string(BaseName(file)))));
    fs_.FlipBit(file, fs_.Stat(file)->size_bytes / 2, 5);
  }
}

// A manifest that is right in itself but of other rows: only the rows' hashes can tell.
TEST_F(RestoreTest, RowsThatDoNotGiveTheRootAreRefused) {
  const std::string first = InStore(SnapshotName(kFirstSnapshot));
  ASSERT_OK_AND_ASSIGN(SnapshotManifest manifest,
                       SnapshotSet(fs_, kStoreDirectory).ReadManifest(kFirstSnapshot));
  manifest.dbs[IndexOf(DataDb::kMisc)].checksum[0] ^= 1;
  ASSERT_OK(WriteFileDurably(fs_, JoinPath(first, kSnapshotManifestName),
                             EncodeSnapshotManifest(manifest)));
  ExpectRefused(FromSnapshot(kFirstSnapshot),
                StatusIs(StatusCode::kDataLoss, HasSubstr("misc does not have the manifest's")));
}

TEST_F(RestoreTest, StrangeThingsInABackupAreRefusedAndNotFollowed) {
  ASSERT_OK(MakeDirsDurably(fs_, "/outside"));
  const std::string snapshot = JoinPath(kBackupDirectory, SnapshotName(kSecondSnapshot));
  const std::string record = JoinPath(kBackupDirectory, fmt::format("changelog-{:020}", 30));
  std::string table;
  for (const std::string& file : FilesBelow(fs_, snapshot)) {
    table = IsTableName(file) ? file : table;
  }
  std::vector<std::string> replaced = {table,
                                       JoinPath(snapshot, "storage/CURRENT"),
                                       JoinPath(snapshot, kSnapshotManifestName),
                                       JoinPath(snapshot, "misc"),
                                       record,
                                       FilesBelow(fs_, record).front(),
                                       "/backup/BACKUP"};
  for (const std::string& path : replaced) {
    SCOPED_TRACE(path);
    const std::string outside = "/outside/thing";
    ASSERT_OK(fs_.Rename(path, outside));
    const std::string sentinel = TreeText(fs_, "/outside");
    // A link to the very thing that belongs there.
    ASSERT_OK(fs_.Symlink(outside, path));
    ExpectRefused(FromBackup(), StatusIs(StatusCode::kDataLoss, HasSubstr(path)));
    ASSERT_OK(fs_.RemoveFile(path));
    const std::string before = TreeWithoutLocks(fs_, kHome);
    EXPECT_FALSE(DoRestore(FromBackup()).ok()) << "missing";
    EXPECT_EQ(TreeWithoutLocks(fs_, kHome), before);
    ASSERT_OK(fs_.MakeDir(path));
    EXPECT_FALSE(DoRestore(FromBackup()).ok()) << "an empty directory";
    EXPECT_EQ(TreeWithoutLocks(fs_, kHome), before);
    ASSERT_OK(fs_.RemoveDir(path));
    EXPECT_EQ(TreeText(fs_, "/outside"), sentinel);
    ASSERT_OK(fs_.Rename(outside, path));
  }
  // A snapshot that is a link is none.
  ASSERT_OK(fs_.Rename(snapshot, "/outside/snapshot"));
  ASSERT_OK(fs_.Symlink("/outside/snapshot", snapshot));
  RestoreRequest request = FromBackup();
  request.version = kSecondSnapshot;
  ExpectRefused(request, HasReason(Reason::kSnapshotMissing));
  ASSERT_OK(fs_.RemoveFile(snapshot));
  ASSERT_OK(fs_.Rename("/outside/snapshot", snapshot));
  ASSERT_OK(WriteFileDurably(fs_, JoinPath(record, "extra"), "x"));
  ExpectRefused(FromBackup(), StatusIs(StatusCode::kDataLoss, HasSubstr("extra")));
}

TEST_F(RestoreTest, TooLittleSpaceIsSaidBeforeAnythingIsDone) {
  fs_.SetFreeBytes(100);
  ExpectRefused(FromBackup(), StatusIs(StatusCode::kResourceExhausted, HasSubstr("100 are free")));
}

TEST_F(RestoreTest, AStoppedOneLeavesTheHomeAsItWas) {
  const std::string before = TreeWithoutLocks(fs_, kHome);
  for (int stop_at = 1; stop_at < 40; stop_at += 7) {
    int calls = 0;
    const auto restored =
        Restore(fs_, logger_, FromBackup(),
                [&](std::string_view, uint64_t, uint64_t) { return ++calls < stop_at; });
    if (restored.ok()) {
      return;
    }
    EXPECT_THAT(restored, StatusIs(StatusCode::kCancelled));
    EXPECT_EQ(TreeWithoutLocks(fs_, kHome), before);
  }
}

TEST_F(RestoreTest, RequestsThatContradictThemselvesAreRefused) {
  RestoreRequest nothing;
  nothing.home = kHome;
  EXPECT_THAT(PlanRestore(fs_, nothing), StatusIs(StatusCode::kInvalidArgument));
  RestoreRequest both = FromBackup();
  both.pin_id = "0000000000000000";
  EXPECT_THAT(PlanRestore(fs_, both), StatusIs(StatusCode::kInvalidArgument));
  RestoreRequest no_backup = FromBackup();
  no_backup.from = "/nowhere";
  EXPECT_THAT(PlanRestore(fs_, no_backup), StatusIs(StatusCode::kNotFound));
  RestoreRequest no_version = FromBackup();
  no_version.version = 7;
  EXPECT_THAT(PlanRestore(fs_, no_version),
              AllOf(StatusIs(StatusCode::kNotFound, HasSubstr("20, 30")),
                    HasReason(Reason::kSnapshotMissing)));
}

}  // namespace
}  // namespace flatkv::test
