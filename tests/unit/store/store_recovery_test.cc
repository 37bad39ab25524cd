// What a store starts from: orphaned snapshots, a lost or foreign `current`, an operator's choice.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flatkv/codec/data_db.h"
#include "tests/unit/store/recovery_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class StoreRecoveryTest : public RecoveryFixture {};

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
              StatusIs(StatusCode::kDataLoss, AllOf(HasSubstr("current"), HasSubstr("there: 10"))));
  EXPECT_THAT(refused, HasReason(Reason::kRecoveryAmbiguous));
  options_.select_snapshot = 10;
  ExpectOpensAtTheHead(fs_);
}

TEST_F(StoreRecoveryTest, TheChangelogAloneCanBeSelected) {
  options_.wal_segment_bytes = 1 << 20;  // none is pruned
  Fill({10, 20});
  // The tables of both snapshots are those of working/ too.
  for (const std::string& file : FilesBelow(fs_, InStore(SnapshotName(10)))) {
    if (file.ends_with(".sst")) {
      fs_.FlipBit(file, 20, 3);
    }
  }
  for (int again = 0; again < 3; ++again) {
    EXPECT_THAT(Open(fs_), StatusIs(StatusCode::kDataLoss, HasSubstr("--from-changelog")));
  }
  ASSERT_OK_AND_ASSIGN(const auto entries, Quarantine(fs_, kStoreDirectory).List());
  EXPECT_EQ(entries.size(), 1u);  // working/ as it was; the clones of damaged snapshots go
  options_.select_snapshot = 0;
  ExpectOpensAtTheHead(fs_);
  EXPECT_EQ(SnapshotsOnDisk(fs_), std::vector<Version>());
}

TEST_F(StoreRecoveryTest, TheChangelogAloneIsRefusedWhenItDoesNotHoldEveryVersion) {
  options_.wal_segment_bytes = 300;
  options_.snapshot.keep_recent = 0;
  Fill({10, 20});
  {
    ASSERT_OK_AND_ASSIGN(auto store, Open(fs_));
    ASSERT_OK(store->admin().Prune(0));
    ASSERT_GT(store->Info().oldest_version, 1);
    ASSERT_OK(store->Close());
  }
  const std::string before = TreeText(fs_, InStore(SnapshotName(20)));
  options_.select_snapshot = 0;
  EXPECT_THAT(Open(fs_), HasReason(Reason::kVersionUnreachable));
  EXPECT_EQ(TreeText(fs_, InStore(SnapshotName(20))), before);
  options_.select_snapshot.reset();
  ExpectOpensAtTheHead(fs_);
}

TEST_F(StoreRecoveryTest, ADamagedSnapshotIsNotSelectedAndNothingIsMoved) {
  Fill({10, 20});
  ASSERT_OK_AND_ASSIGN(const auto names, fs_.List(InStore(JoinPath(SnapshotName(10), "storage"))));
  fs_.FlipBit(InStore(JoinPath(SnapshotName(10), JoinPath("storage", "CURRENT"))), 3, 1);
  options_.select_snapshot = 10;
  EXPECT_THAT(Open(fs_), AllOf(StatusIs(StatusCode::kDataLoss, HasSubstr("nothing was changed")),
                               HasReason(Reason::kSnapshotCorrupt)));
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{10, 20}));
  options_.select_snapshot.reset();
  ExpectOpensAtTheHead(fs_);
}

TEST_F(StoreRecoveryTest, PinsOfWhatIsNotSelectedGo) {
  Fill({10, 20});
  {
    ASSERT_OK_AND_ASSIGN(auto store, Open(fs_));
    ASSERT_OK(store->admin().PinSnapshot(10, "kept"));
    ASSERT_OK(store->admin().PinSnapshot(20, "goes"));
    ASSERT_OK(store->Close());
  }
  options_.select_snapshot = 10;
  ASSERT_OK_AND_ASSIGN(auto store, Open(fs_));
  ASSERT_OK_AND_ASSIGN(const std::vector<Pin> pins, store->admin().ListPins());
  ASSERT_EQ(pins.size(), 1u);
  EXPECT_EQ(pins.front().version, 10);
  ASSERT_OK(store->Close());
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

// ---- The changelog.

TEST_F(StoreRecoveryTest, AGapInTheChangelogIsRefusedNamingTheVersions) {
  options_.wal_segment_bytes = 1 << 10;
  Fill({});
  const std::string changelog = InStore(kChangelogName);
  std::vector<std::string> segments;
  for (const std::string& path : FilesBelow(fs_, changelog)) {
    if (path.ends_with(".wal")) {
      segments.push_back(path);
    }
  }
  ASSERT_GT(segments.size(), 4u);
  for (const bool has_working : {true, false}) {
    for (const std::string& path : segments) {
      SCOPED_TRACE(fmt::format("{} working {}", path, has_working));
      if (!has_working && path == segments.back()) {
        continue;  // nothing is left that knows of the last versions
      }
      const auto disk = fs_.Clone();
      ASSERT_OK(RemoveFileDurably(*disk, path));
      if (!has_working) {
        ASSERT_OK(RemoveTreeDurably(*disk, InStore(kWorkingName)));
      }
      const auto store = Open(*disk);
      if (has_working && path == segments.front()) {
        // As after a prune: the data DBs stand at the head, and nothing is to be replayed.
        ASSERT_OK(store);
        ExpectStateAt(**store, history_, kVersions);
        continue;
      }
      EXPECT_THAT(store, StatusIs(StatusCode::kDataLoss, HasSubstr("version")));
      EXPECT_NE(ReasonOf(store.status()), Reason::kUnspecified) << ToString(store.status());
    }
  }
}

}  // namespace
}  // namespace flatkv::test
