// The policies for a store that was not closed cleanly, and the flat layout of old stores.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flatkv/codec/data_db.h"
#include "tests/unit/store/recovery_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class DirtyStoreTest : public RecoveryFixture {
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

class FlatLayoutTest : public RecoveryFixture {
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

}  // namespace
}  // namespace flatkv::test
