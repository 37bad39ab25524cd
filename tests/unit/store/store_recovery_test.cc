// Opening a store whose directory is not as it was left: orphans, lost links, lost and damaged
// files, the flat layout, the policies for a store that was not closed.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flatkv/codec/data_db.h"
#include "tests/unit/store/store_admin_util.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr Version kVersions = 30;

class StoreRecoveryTest : public ::testing::Test {
 protected:
  StoreRecoveryTest() : history_(kVersions, 25, 5) {}

  StatusOr<std::unique_ptr<Store>> Open(FileSystem& fs) { return OpenStore(fs, options_); }
  void Fill(const std::vector<Version>& snapshots, bool close = true) {
    FillStore(fs_, options_, history_, snapshots, close);
  }
  // Points `current` elsewhere, or at nothing.
  static void PointCurrent(MemFileSystem& fs, std::optional<Version> version) {
    ASSERT_OK(RemoveFileDurably(fs, InStore(kCurrentName)));
    if (version.has_value()) {
      ASSERT_OK(fs.Symlink(SnapshotName(*version), InStore(kCurrentName)));
    }
  }
  void ExpectOpensAtTheHead(MemFileSystem& fs) {
    ASSERT_OK_AND_ASSIGN(auto store, Open(fs));
    ExpectStateAt(*store, history_, kVersions);
    ASSERT_OK(store->Close());
  }
  // Opening is refused; a file that is at fault is named.
  static void ExpectNamed(const Status& refused) {
    EXPECT_THAT(refused, StatusIs(StatusCode::kDataLoss, HasSubstr(kStoreDirectory)));
    EXPECT_NE(ReasonOf(refused), Reason::kUnspecified) << ToString(refused);
  }

  const History history_;
  StoreOptions options_ = AdminOptions();
  MemFileSystem fs_;
};

// ---- Orphans and `current`.

TEST_F(StoreRecoveryTest, APublishedSnapshotThatCurrentDoesNotNameYetIsAdopted) {
  Fill({10, 20});
  for (const bool has_current : {true, false}) {
    const auto disk = fs_.Clone();
    if (!has_current) {
      ASSERT_OK(RemoveTreeDurably(*disk, InStore(SnapshotName(10))));
    }
    PointCurrent(*disk, has_current ? std::optional<Version>(10) : std::nullopt);
    ASSERT_OK_AND_ASSIGN(auto store, Open(*disk));
    EXPECT_EQ(store->recovery().adopted_snapshot, 20);
    EXPECT_TRUE(store->recovery().set_aside.empty());
    EXPECT_EQ(store->admin().Retention().current, 20);
    ExpectStateAt(*store, history_, kVersions);
    ASSERT_OK(store->Close());
    ASSERT_OK_AND_ASSIGN(store, Open(*disk));
    EXPECT_EQ(store->recovery().adopted_snapshot, 0);
  }
}

TEST_F(StoreRecoveryTest, AnOrphanThatIsNotSoundIsSetAsideAndTheStoreGoesOn) {
  Fill({10, 20});
  const std::string orphan = InStore(SnapshotName(20));
  std::vector<std::string> files = FilesBelow(fs_, orphan);
  ASSERT_GT(files.size(), 8u);
  for (const std::string& file : files) {
    for (const bool remove : {true, false}) {
      SCOPED_TRACE(fmt::format("{} {}", remove ? "removed" : "cut", file));
      const auto disk = fs_.Clone();
      PointCurrent(*disk, 10);
      if (remove) {
        ASSERT_OK(RemoveFileDurably(*disk, file));
      } else {
        ASSERT_OK_AND_ASSIGN(const FileInfo info, disk->Stat(file));
        // Tables are linked: a copy of its own is cut, so that the working one stays whole.
        ASSERT_OK_AND_ASSIGN(const std::string content, ReadFile(*disk, file, 1 << 24));
        ASSERT_OK(RemoveFileDurably(*disk, file));
        ASSERT_OK(WriteFileDurably(*disk, file, content.substr(0, info.size_bytes - 1)));
      }
      ASSERT_OK_AND_ASSIGN(auto store, Open(*disk));
      EXPECT_EQ(store->recovery().adopted_snapshot, 0);
      ASSERT_EQ(store->recovery().set_aside.size(), 1u);
      ASSERT_OK_AND_ASSIGN(const auto entries, store->admin().ListQuarantine());
      ASSERT_EQ(entries.size(), 1u);
      EXPECT_EQ(entries[0].name, store->recovery().set_aside[0]);
      EXPECT_EQ(entries[0].item, SnapshotName(20));
      EXPECT_THAT(entries[0].reason, HasSubstr("not sound"));
      EXPECT_EQ(SnapshotsOnDisk(*disk), (std::vector<Version>{10}));
      ExpectStateAt(*store, history_, kVersions);
      ASSERT_OK(store->Close());
    }
  }
}

TEST_F(StoreRecoveryTest, AnOrphanOfAnotherStoreIsSetAside) {
  Fill({10});
  MemFileSystem other;
  FillStore(other, options_, history_, {20});
  const std::string from = InStore(SnapshotName(20));
  for (const std::string_view db : kDataDbNames) {
    ASSERT_OK(MakeDirsDurably(fs_, JoinPath(from, db)));
  }
  for (const std::string& file : FilesBelow(other, from)) {
    ASSERT_OK_AND_ASSIGN(const std::string content, ReadFile(other, file, 1 << 24));
    ASSERT_OK(WriteFileDurably(fs_, file, content));
  }
  ASSERT_OK_AND_ASSIGN(auto store, Open(fs_));
  ASSERT_OK_AND_ASSIGN(const auto entries, store->admin().ListQuarantine());
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_THAT(entries[0].reason, HasSubstr("it is of store"));
  ExpectStateAt(*store, history_, kVersions);
}

TEST_F(StoreRecoveryTest, SeveralToStartFromAreRefusedUntilOneIsSelected) {
  Fill({10, 20, 25});
  for (const bool has_current : {true, false}) {
    const auto disk = fs_.Clone();
    PointCurrent(*disk, has_current ? std::optional<Version>(10) : std::nullopt);
    const auto refused = Open(*disk);
    EXPECT_THAT(refused,
                AllOf(StatusIs(StatusCode::kFailedPrecondition,
                               AllOf(HasSubstr("20, 25"), HasSubstr("recover --select VERSION"))),
                      HasReason(Reason::kRecoveryAmbiguous)));
    EXPECT_EQ(SnapshotsOnDisk(*disk), (std::vector<Version>{10, 20, 25}));
    for (const Version selected : std::vector<Version>{10, 20, 25}) {
      SCOPED_TRACE(selected);
      const auto chosen = disk->Clone();
      StoreOptions options = options_;
      options.select_snapshot = selected;
      ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*chosen, options));
      EXPECT_EQ(store->admin().Retention().current, selected);
      // Those above it, and what was made from another one, are kept aside.
      EXPECT_EQ(store->recovery().set_aside.size(),
                1u + (selected < 20 ? 1u : 0u) + (selected < 25 ? 1u : 0u));
      EXPECT_EQ(store->recovery().replayed_from, selected + 1);
      EXPECT_EQ(store->recovery().replayed_to, kVersions);
      ExpectStateAt(*store, history_, kVersions);
      ASSERT_OK(store->Close());
      ExpectOpensAtTheHead(*chosen);
    }
  }
}

TEST_F(StoreRecoveryTest, SelectingWhatIsNotThereChangesNothing) {
  Fill({10, 20});
  options_.select_snapshot = 15;
  EXPECT_THAT(Open(fs_), HasReason(Reason::kSnapshotMissing));
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{10, 20}));
  options_.select_snapshot.reset();
  ExpectOpensAtTheHead(fs_);
}

TEST_F(StoreRecoveryTest, ADanglingCurrentIsRefusedAndCanBeReplacedByASelection) {
  Fill({10, 20});
  ASSERT_OK(RemoveTreeDurably(fs_, InStore(SnapshotName(20))));
  const auto refused = Open(fs_);
  EXPECT_THAT(refused,
              StatusIs(StatusCode::kDataLoss, AllOf(HasSubstr("current"), HasSubstr("there: 10"),
                                                    HasSubstr("recover --select VERSION"))));
  EXPECT_THAT(refused, HasReason(Reason::kSnapshotCorrupt));
  options_.select_snapshot = 10;
  ExpectOpensAtTheHead(fs_);
}

TEST_F(StoreRecoveryTest, ACurrentOfAnotherHistoryIsRefused) {
  Fill({10, 20});
  // The same store, another timeline from version 15 on, with a snapshot of the same version.
  const auto other = fs_.Clone();
  {
    ASSERT_OK_AND_ASSIGN(auto store, Open(*other));
    ASSERT_OK(store->admin().Rollback(15, RollbackChoice::kReplay));
    for (Version version = 16; version <= 20; ++version) {
      OwnedBlock block(version);
      block.Set("fork", "k", fmt::format("{}", version));
      ASSERT_OK(CommitOwned(*store, block));
    }
    ASSERT_OK(store->admin().CreateSnapshot());
    ASSERT_OK(store->Close());
  }
  const std::string snapshot = InStore(SnapshotName(20));
  ASSERT_OK(RemoveTreeDurably(fs_, snapshot));
  for (const std::string_view db : kDataDbNames) {
    ASSERT_OK(MakeDirsDurably(fs_, JoinPath(snapshot, db)));
  }
  for (const std::string& file : FilesBelow(*other, snapshot)) {
    ASSERT_OK_AND_ASSIGN(const std::string content, ReadFile(*other, file, 1 << 24));
    ASSERT_OK(WriteFileDurably(fs_, file, content));
  }
  const auto refused = Open(fs_);
  EXPECT_THAT(refused,
              AllOf(StatusIs(StatusCode::kDataLoss,
                             AllOf(HasSubstr("of another history"), HasSubstr(SnapshotName(20)),
                                   HasSubstr("recover --select VERSION"))),
                    HasReason(Reason::kSnapshotCorrupt)));
  options_.select_snapshot = 10;
  ExpectOpensAtTheHead(fs_);
}

// ---- The working data DBs.

TEST_F(StoreRecoveryTest, WorkingIsMadeAnewWhenItIsGoneWholeOrInPart) {
  for (const bool has_snapshot : {true, false}) {
    MemFileSystem fs;
    FillStore(fs, options_, history_,
              has_snapshot ? std::vector<Version>{20} : std::vector<Version>());
    std::vector<std::string> gone = {InStore(kWorkingName)};
    for (const std::string_view db : kDataDbNames) {
      gone.push_back(JoinPath(InStore(kWorkingName), db));
    }
    for (const std::string& directory : gone) {
      SCOPED_TRACE(directory);
      const auto disk = fs.Clone();
      ASSERT_OK(RemoveTreeDurably(*disk, directory));
      ASSERT_OK_AND_ASSIGN(auto store, Open(*disk));
      EXPECT_EQ(store->recovery().replayed_to, kVersions);
      ExpectStateAt(*store, history_, kVersions);
      ASSERT_OK(store->Close());
    }
  }
}

TEST_F(StoreRecoveryTest, AnyFileOfWorkingLostOrCutGivesTheSameStateOrIsRefused) {
  options_.wal_segment_bytes = 1 << 10;
  Fill({10, 20});
  // With the whole changelog, with what a prune leaves, and after a kill.
  {
    ASSERT_OK_AND_ASSIGN(auto store, Open(fs_));
    ASSERT_OK(store->admin().Prune(0));
    ASSERT_OK(store->Close());
  }
  size_t opened = 0;
  for (const std::string& file : FilesBelow(fs_, InStore(kWorkingName))) {
    ASSERT_OK_AND_ASSIGN(const FileInfo info, fs_.Stat(file));
    for (const int damage : {0, 1, 2, 3}) {
      SCOPED_TRACE(fmt::format("{} damage {}", file, damage));
      const auto disk = fs_.Clone();
      if (damage > 0 && info.links > 1) {
        continue;  // a table that a snapshot has too: both are damaged then
      }
      switch (damage) {
        case 0:
          ASSERT_OK(RemoveFileDurably(*disk, file));
          break;
        case 1:
          disk->Resize(file, 0);
          break;
        case 2:
          disk->Resize(file, info.size_bytes / 2);
          break;
        default:
          if (info.size_bytes > 0) {
            disk->Resize(file, info.size_bytes - 1);
          }
          break;
      }
      const auto store = Open(*disk);
      if (!store.ok()) {
        ExpectNamed(store.status());
        continue;
      }
      ++opened;
      EXPECT_EQ(Hex((*store)->Info().root), Hex(history_.root(kVersions)));
      // What opening did not need to read may still be damaged; it is never served.
      const Status rows = (*store)->VerifyRows();
      EXPECT_TRUE(rows.ok() || rows.code() == StatusCode::kDataLoss) << ToString(rows);
      for (const std::string& module : HistoryModules()) {
        const auto iterator = (*store)->Iterate({.module = module});
        if (!iterator.ok()) {
          continue;
        }
        Pairs pairs;
        for (; (*iterator)->Valid(); (*iterator)->Next()) {
          pairs.emplace_back((*iterator)->key(), (*iterator)->value());
        }
        if ((*iterator)->status().ok()) {
          EXPECT_EQ(pairs, history_.PairsAt(kVersions, module));
        }
      }
    }
  }
  EXPECT_GT(opened, 10u);
}

TEST_F(StoreRecoveryTest, AWorkingOfUnknownOrOtherOriginIsSetAsideAndMadeAnew) {
  Fill({20});
  const std::string path = JoinPath(InStore(kWorkingName), kSnapshotBaseName);
  ASSERT_OK_AND_ASSIGN(const std::string good, ReadFile(fs_, path, 4096));
  MemFileSystem other;
  FillStore(other, options_, history_, {20});
  ASSERT_OK_AND_ASSIGN(const std::string of_another, ReadFile(other, path, 4096));
  struct Case {
    const char* what;
    std::function<void(MemFileSystem&)> damage;
    const char* why;
  };
  const std::vector<Case> cases = {
      {"missing", [&](MemFileSystem& fs) { ASSERT_OK(RemoveFileDurably(fs, path)); },
       "SNAPSHOT_BASE"},
      {"damaged", [&](MemFileSystem& fs) { fs.FlipBit(path, 40, 2); }, "SNAPSHOT_BASE"},
      {"empty", [&](MemFileSystem& fs) { fs.Resize(path, 0); }, "SNAPSHOT_BASE"},
      {"of another store", [&](MemFileSystem& fs) { fs.Overwrite(path, of_another); },
       "is of store"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const auto disk = fs_.Clone();
    c.damage(*disk);
    ASSERT_OK_AND_ASSIGN(auto store, Open(*disk));
    EXPECT_THAT(store->recovery().working_rebuilt, HasSubstr(c.why));
    ASSERT_OK_AND_ASSIGN(const auto entries, store->admin().ListQuarantine());
    ASSERT_EQ(entries.size(), 1u);
    EXPECT_EQ(entries[0].item, kWorkingName);
    EXPECT_EQ(store->recovery().replayed_from, 21);
    ExpectStateAt(*store, history_, kVersions);
    ASSERT_OK(store->Close());
  }
}

TEST_F(StoreRecoveryTest, AWorkingThatCannotBeMadeAnewIsLeftWhereItIs) {
  Fill({20});
  // No snapshot any more, and a changelog that begins late.
  {
    ASSERT_OK_AND_ASSIGN(auto store, Open(fs_));
    ASSERT_OK(store->admin().Prune(0));
    ASSERT_OK(store->Close());
  }
  PointCurrent(fs_, std::nullopt);
  ASSERT_OK(RemoveTreeDurably(fs_, InStore(SnapshotName(20))));
  ASSERT_OK(RemoveFileDurably(fs_, JoinPath(InStore(kWorkingName), kSnapshotBaseName)));
  const std::string before = TreeDigest(fs_, InStore(kWorkingName));
  EXPECT_THAT(Open(fs_), AllOf(StatusIs(StatusCode::kDataLoss, HasSubstr("from a backup")),
                               HasReason(Reason::kDataDbCorrupt)));
  EXPECT_EQ(TreeDigest(fs_, InStore(kWorkingName)), before);
}

// ---- The flat layout.

class FlatLayoutTest : public StoreRecoveryTest {
 protected:
  // The data DBs directly in the store directory, as before there were snapshots.
  void MakeFlat() {
    Fill({});
    for (const std::string_view db : kDataDbNames) {
      ASSERT_OK(fs_.Rename(JoinPath(InStore(kWorkingName), db), InStore(db)));
    }
    ASSERT_OK(RemoveTreeDurably(fs_, InStore(kWorkingName)));
    ASSERT_OK(fs_.SyncDir(kStoreDirectory));
  }
};

TEST_F(FlatLayoutTest, IsMigratedOnceAndASnapshotOfTheHeadFollows) {
  MakeFlat();
  ASSERT_OK_AND_ASSIGN(auto store, Open(fs_));
  EXPECT_TRUE(store->recovery().migrated);
  EXPECT_EQ(store->recovery().replayed_from, 0);  // the DBs themselves were moved
  WaitForSnapshots(*store, 1);
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{kVersions}));
  EXPECT_EQ(store->admin().Retention().current, kVersions);
  ExpectStateAt(*store, history_, kVersions);
  ASSERT_OK(store->Close());
  for (const std::string_view db : kDataDbNames) {
    EXPECT_FALSE(*Exists(fs_, InStore(db))) << db;
  }
  ASSERT_OK_AND_ASSIGN(store, Open(fs_));
  EXPECT_FALSE(store->recovery().migrated);
  EXPECT_EQ(store->recovery().working_rebuilt, "");
  ExpectStateAt(*store, history_, kVersions);
}

TEST_F(FlatLayoutTest, WithOneDbMissingIsMigratedAndThatDbReplayed) {
  MakeFlat();
  ASSERT_OK(RemoveTreeDurably(fs_, InStore("storage")));
  ASSERT_OK_AND_ASSIGN(auto store, Open(fs_));
  EXPECT_TRUE(store->recovery().migrated);
  ExpectStateAt(*store, history_, kVersions);
}

// ---- A store that was not closed cleanly.

class DirtyStoreTest : public StoreRecoveryTest {
 protected:
  void ExpectRefusedUnchanged(Reason reason, const char* message) {
    const std::string before = TreeDigest(fs_, kStoreDirectory);
    EXPECT_THAT(Open(fs_), AllOf(StatusIs(StatusCode::kFailedPrecondition, HasSubstr(message)),
                                 HasReason(reason)));
    EXPECT_EQ(TreeDigest(fs_, kStoreDirectory), before);
  }
};

TEST_F(DirtyStoreTest, ACleanOneIsTheSameUnderEveryPolicy) {
  Fill({10, 20});
  for (const OnDirtyStore policy : {OnDirtyStore::kRecover, OnDirtyStore::kFail,
                                    OnDirtyStore::kRestoreSnapshot, OnDirtyStore::kWipe}) {
    options_.on_dirty_store = policy;
    const auto disk = fs_.Clone();
    ASSERT_OK_AND_ASSIGN(auto store, Open(*disk));
    EXPECT_FALSE(store->recovery().was_dirty);
    EXPECT_EQ(store->recovery().replayed_from, 0);
    EXPECT_EQ(store->recovery().working_rebuilt, "");
    EXPECT_TRUE(store->recovery().set_aside.empty());
    ExpectStateAt(*store, history_, kVersions);
    ASSERT_OK(store->Close());
  }
}

TEST_F(DirtyStoreTest, RecoverGoesOnFromWhatThereIs) {
  Fill({10, 20}, /*close=*/false);
  ASSERT_OK_AND_ASSIGN(auto store, Open(fs_));
  EXPECT_TRUE(store->recovery().was_dirty);
  EXPECT_EQ(store->recovery().replayed_to, kVersions);
  EXPECT_TRUE(store->recovery().set_aside.empty());
  EXPECT_EQ(store->admin().Retention().on_dirty_store, "recover");
  ExpectStateAt(*store, history_, kVersions);
}

TEST_F(DirtyStoreTest, FailRefusesAndChangesNothingUntilThePolicyDoes) {
  Fill({10, 20}, /*close=*/false);
  options_.on_dirty_store = OnDirtyStore::kFail;
  ExpectRefusedUnchanged(Reason::kDirtyStore, "was not closed cleanly");
  ExpectRefusedUnchanged(Reason::kDirtyStore, "on-dirty-store");
  options_.on_dirty_store = OnDirtyStore::kRecover;
  ExpectOpensAtTheHead(fs_);
  options_.on_dirty_store = OnDirtyStore::kFail;
  ExpectOpensAtTheHead(fs_);
}

TEST_F(DirtyStoreTest, RestoreSnapshotSetsWorkingAsideAndReplaysFromTheCurrentOne) {
  Fill({10, 20}, /*close=*/false);
  options_.on_dirty_store = OnDirtyStore::kRestoreSnapshot;
  ASSERT_OK_AND_ASSIGN(auto store, Open(fs_));
  EXPECT_TRUE(store->recovery().was_dirty);
  EXPECT_EQ(store->recovery().replayed_from, 21);
  EXPECT_EQ(store->recovery().replayed_to, kVersions);
  ASSERT_OK_AND_ASSIGN(const auto entries, store->admin().ListQuarantine());
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].item, kWorkingName);
  EXPECT_THAT(entries[0].reason, HasSubstr("restore-snapshot"));
  EXPECT_GT(entries[0].bytes, 0u);
  const RetentionInfo retention = store->admin().Retention();
  EXPECT_EQ(retention.quarantine_entries, 1u);
  EXPECT_EQ(retention.quarantine_bytes, entries[0].bytes);
  EXPECT_EQ(retention.on_dirty_store, "restore-snapshot");
  ExpectStateAt(*store, history_, kVersions);
}

TEST_F(DirtyStoreTest, WipeNeedsTheIdOfTheStore) {
  Fill({10, 20}, /*close=*/false);
  std::string id;
  {
    const auto disk = fs_.Clone();
    ASSERT_OK_AND_ASSIGN(auto store, Open(*disk));
    id = store->Info().store_id;
  }
  options_.on_dirty_store = OnDirtyStore::kWipe;
  ExpectRefusedUnchanged(Reason::kConfirmationNeeded, id.c_str());
  options_.wipe_confirmation = "yes";
  ExpectRefusedUnchanged(Reason::kConfirmationNeeded, "wipe-confirmation");
  options_.wipe_confirmation = id;
  std::vector<std::string> items;
  {
    ASSERT_OK_AND_ASSIGN(auto store, Open(fs_));
    EXPECT_EQ(store->Info().version, 0);
    EXPECT_NE(store->Info().store_id, id);
    ASSERT_OK_AND_ASSIGN(const auto entries, store->admin().ListQuarantine());
    for (const QuarantineEntry& entry : entries) {
      items.push_back(entry.item);
      EXPECT_THAT(entry.reason, HasSubstr("wipe"));
    }
    EXPECT_THAT(items, ::testing::IsSupersetOf({kIdentityName, kChangelogName, kWorkingName,
                                                kCurrentName, "snapshot-00000000000000000010",
                                                "snapshot-00000000000000000020"}));
    ASSERT_OK(CommitTo(*store, history_, 5));
    // Killed: the confirmation was for the old store and does not cover this one.
  }
  ExpectRefusedUnchanged(Reason::kConfirmationNeeded, "wipe-confirmation");
  options_.on_dirty_store = OnDirtyStore::kRecover;
  ASSERT_OK_AND_ASSIGN(auto store, Open(fs_));
  EXPECT_EQ(store->Info().version, 5);
}

TEST_F(DirtyStoreTest, WhatWasWipedIsWholeInQuarantine) {
  Fill({10, 20}, /*close=*/false);
  std::string id;
  {
    const auto disk = fs_.Clone();
    ASSERT_OK_AND_ASSIGN(auto store, Open(*disk));
    id = store->Info().store_id;
  }
  options_.on_dirty_store = OnDirtyStore::kWipe;
  options_.wipe_confirmation = id;
  std::vector<QuarantineEntry> entries;
  {
    ASSERT_OK_AND_ASSIGN(auto store, Open(fs_));
    ASSERT_OK_AND_ASSIGN(entries, store->admin().ListQuarantine());
    ASSERT_OK(store->Close());
  }
  // Moved back by hand into another home, it is the store that it was.
  ASSERT_OK(MakeDirsDurably(fs_, "/other/flatkv"));
  for (const QuarantineEntry& entry : entries) {
    ASSERT_OK(fs_.Rename(JoinPath(JoinPath(InStore(kQuarantineName), entry.name), entry.item),
                         JoinPath("/other/flatkv", entry.item)));
  }
  options_.on_dirty_store = OnDirtyStore::kRecover;
  ASSERT_OK_AND_ASSIGN(auto store, Store::Open(fs_, NullLogger(), "/other", options_));
  EXPECT_EQ(store->Info().store_id, id);
  ExpectStateAt(*store, history_, kVersions);
}

TEST_F(StoreRecoveryTest, QuarantineEntriesGoByNameOnly) {
  Fill({20});
  ASSERT_OK(RemoveFileDurably(fs_, JoinPath(InStore(kWorkingName), kSnapshotBaseName)));
  ASSERT_OK_AND_ASSIGN(auto store, Open(fs_));
  ASSERT_OK_AND_ASSIGN(auto entries, store->admin().ListQuarantine());
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_THAT(store->admin().RemoveQuarantine("working"), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(store->admin().RemoveQuarantine("20260102T030405Z-1a2b3c4d5e6f7081"),
              StatusIs(StatusCode::kNotFound));
  ASSERT_OK(store->admin().RemoveQuarantine(entries[0].name));
  ASSERT_OK_AND_ASSIGN(entries, store->admin().ListQuarantine());
  EXPECT_TRUE(entries.empty());
  ExpectStateAt(*store, history_, kVersions);
}

// The rows of some data DBs are ahead of the others' after a kill: each skips what it has.
TEST_F(StoreRecoveryTest, DataDbsAtDifferentVersionsAreBroughtToOneState) {
  Fill({20});
  for (unsigned newer = 0; newer < 16; ++newer) {
    SCOPED_TRACE(newer);
    const auto disk = fs_.Clone();
    // Every data DB that is not among the newer ones is that of the snapshot.
    for (const DataDb db : kAllDataDbs) {
      if ((newer >> IndexOf(db) & 1) != 0) {
        continue;
      }
      const std::string to = JoinPath(InStore(kWorkingName), NameOf(db));
      const std::string from = JoinPath(InStore(SnapshotName(20)), NameOf(db));
      ASSERT_OK(RemoveTreeDurably(*disk, to));
      ASSERT_OK(MakeDirsDurably(*disk, to));
      for (const std::string& file : FilesBelow(*disk, from)) {
        ASSERT_OK_AND_ASSIGN(const std::string content, ReadFile(*disk, file, 1 << 24));
        ASSERT_OK(WriteFileDurably(*disk, JoinPath(to, BaseName(file)), content));
      }
    }
    ASSERT_OK_AND_ASSIGN(auto store, Open(*disk));
    EXPECT_EQ(store->recovery().working_rebuilt, "");
    ExpectStateAt(*store, history_, kVersions);
  }
}

}  // namespace
}  // namespace flatkv::test
