// Goal: invariants 1, 2 and 3 of docs/architecture.md through rollbacks. Method: one history with a
// snapshot every 7 versions; from clones of its disk, go back to every version by each method and
// compare with the reference; then fork, and restart.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "flatkv/engine/background_threads.h"
#include "flatkv/engine/leveldb_engine.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/store/history.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

constexpr Version kVersions = 60;
constexpr Version kSnapshotEvery = 7;

StoreOptions RollbackOptions() {
  StoreOptions options = SmallStoreOptions(Suite::kBlake3);
  options.threads = 1;
  options.wal_segment_bytes = 16 << 10;
  options.snapshot.keep_recent = 100;
  return options;
}

// The rows of all four DBs, metadata included, of a closed store.
std::string AllRows(MemFileSystem& disk) {
  std::string text;
  for (const DataDb db : kAllDataDbs) {
    BackgroundThreads threads(1);
    auto engine = OpenLevelDbEngine(disk, threads, NullLogger(),
                                    JoinPath(std::string(kHome) + "/flatkv/working", NameOf(db)),
                                    LevelDbEngineOptions());
    EXPECT_OK(engine);
    if (!engine.ok()) {
      return "";
    }
    const std::unique_ptr<KvIterator> rows = (*engine)->NewIterator();
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
      text +=
          fmt::format("{} {} {}\n", NameOf(db), HexEncode(rows->key()), HexEncode(rows->value()));
    }
    EXPECT_OK(rows->status());
  }
  return text;
}

class StoreRollbackTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    history_ = new History(kVersions, 25, 7);
    disk_ = new MemFileSystem();
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*disk_, RollbackOptions()));
    for (Version version = kSnapshotEvery; version < kVersions; version += kSnapshotEvery) {
      ASSERT_OK(CommitTo(*store, *history_, version));
      ASSERT_OK(store->admin().CreateSnapshot());
    }
    ASSERT_OK(CommitTo(*store, *history_, kVersions));
    ASSERT_OK(store->Close());
  }
  static void TearDownTestSuite() {
    delete history_;
    delete disk_;
  }

  static void ExpectState(Store& store, Version version) {
    const StoreInfo info = store.Info();
    EXPECT_EQ(info.version, version);
    EXPECT_EQ(Hex(info.root), Hex(history_->root(version)));
    for (const std::string& module : HistoryModules()) {
      EXPECT_EQ(Walk(store, {.module = module}), history_->PairsAt(version, module)) << module;
    }
    EXPECT_OK(store.VerifyRows());
  }

  static void RollBackForkAndRestart(Version target, RollbackChoice choice) {
    SCOPED_TRACE(fmt::format("to {} by {}", target, static_cast<int>(choice)));
    const auto disk = disk_->Clone();
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*disk, RollbackOptions()));
    ASSERT_OK_AND_ASSIGN(const RollbackResult result, store->admin().Rollback(target, choice));
    EXPECT_EQ(result.plan.from, kVersions);
    EXPECT_EQ(Hex(result.plan.target_root), Hex(history_->root(target)));
    ExpectState(*store, target);
    ASSERT_OK_AND_ASSIGN(const auto snapshots, store->admin().Snapshots());
    EXPECT_EQ(std::ssize(snapshots), std::min(target / kSnapshotEvery, Version{8}));
    if (target == kVersions) {
      ASSERT_OK(store->Close());
      return;
    }
    const auto [other, other_root] = history_->Other(target + 1);
    ASSERT_OK_AND_ASSIGN(const CommitResult forked, CommitOwned(*store, other));
    EXPECT_EQ(Hex(forked.root), Hex(other_root));
    ASSERT_OK(store->Close());
    for (int restart = 0; restart < 2; ++restart) {
      ASSERT_OK_AND_ASSIGN(store, OpenStore(*disk, RollbackOptions()));
      EXPECT_EQ(store->Info().version, target + 1);
      EXPECT_EQ(Hex(store->Info().root), Hex(other_root));
      EXPECT_EQ(store->recovery().replayed_from, 0);
      EXPECT_EQ(store->recovery().working_rebuilt, "");
      ASSERT_OK(store->Close());
    }
  }

  static History* history_;
  static MemFileSystem* disk_;
};

History* StoreRollbackTest::history_ = nullptr;
MemFileSystem* StoreRollbackTest::disk_ = nullptr;

TEST_F(StoreRollbackTest, ToEveryVersionByReplayGivesItsStateAndANewTimeline) {
  for (Version target = 1; target <= kVersions; ++target) {
    RollBackForkAndRestart(target, RollbackChoice::kReplay);
  }
}

TEST_F(StoreRollbackTest, ToEveryVersionByUndoGivesItsStateAndANewTimeline) {
  for (Version target = 1; target <= kVersions; ++target) {
    RollBackForkAndRestart(target, RollbackChoice::kUndo);
  }
}

// For every snapshot s and target v >= s: only the snapshots up to s are there.
TEST_F(StoreRollbackTest, FromEverySnapshotToEveryTargetGivesTheSameRoot) {
  int pairs = 0;
  for (Version snapshot = kSnapshotEvery; snapshot < kVersions; snapshot += kSnapshotEvery) {
    const auto base = disk_->Clone();
    {
      // Rolling back to the snapshot and coming forward again leaves it the newest.
      ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*base, RollbackOptions()));
      ASSERT_OK(store->admin().Rollback(snapshot, RollbackChoice::kReplay));
      ASSERT_OK(CommitTo(*store, *history_, kVersions));
      ASSERT_OK(store->Close());
    }
    for (Version target = snapshot; target <= kVersions; ++target) {
      SCOPED_TRACE(fmt::format("snapshot {} target {}", snapshot, target));
      ++pairs;
      const auto disk = base->Clone();
      ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*disk, RollbackOptions()));
      ASSERT_OK_AND_ASSIGN(const auto view, store->ViewAt(target));
      EXPECT_EQ(Hex(view->root()), Hex(history_->root(target)));
      ASSERT_OK_AND_ASSIGN(const RollbackResult result,
                           store->admin().Rollback(target, RollbackChoice::kReplay));
      if (target < kVersions) {
        EXPECT_EQ(result.plan.base, snapshot);
      }
      EXPECT_EQ(Hex(store->Info().root), Hex(history_->root(target)));
      EXPECT_OK(store->VerifyRows());
      ASSERT_OK(store->Close());
    }
  }
  EXPECT_EQ(pairs, 54 + 47 + 40 + 33 + 26 + 19 + 12 + 5);
}

TEST_F(StoreRollbackTest, BothMethodsLeaveIdenticalRows) {
  for (const Version target : std::vector<Version>{3, 14, 33, 55, 59}) {
    std::array<std::string, 2> rows;
    for (const RollbackChoice choice : {RollbackChoice::kUndo, RollbackChoice::kReplay}) {
      const auto disk = disk_->Clone();
      ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*disk, RollbackOptions()));
      ASSERT_OK(store->admin().Rollback(target, choice));
      ASSERT_OK(store->Close());
      rows[choice == RollbackChoice::kUndo ? 0 : 1] = AllRows(*disk);
    }
    EXPECT_EQ(rows[0], rows[1]) << target;
    EXPECT_FALSE(rows[0].empty());
  }
}

TEST_F(StoreRollbackTest, CanBeRepeatedDeeperAndDeeper) {
  for (const RollbackChoice choice : {RollbackChoice::kUndo, RollbackChoice::kReplay}) {
    const auto disk = disk_->Clone();
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*disk, RollbackOptions()));
    for (Version target = kVersions - 1; target >= 1; target -= 9) {
      ASSERT_OK(store->admin().Rollback(target, choice));
      ExpectState(*store, target);
      // Forward again on the old timeline: the same roots.
      ASSERT_OK(CommitTo(*store, *history_, std::min(target + 3, kVersions)));
    }
    ASSERT_OK(store->Close());
  }
}

TEST_F(StoreRollbackTest, APlanChangesNothingAndIsWhatHappens) {
  const auto disk = disk_->Clone();
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*disk, RollbackOptions()));
  ASSERT_OK(store->admin().PinSnapshot(56, "before the upgrade"));
  ASSERT_OK(store->Flush());
  const std::string before = TreeDigest(*disk, kHome);
  ASSERT_OK_AND_ASSIGN(const RollbackPlan plan,
                       store->admin().PlanRollback(51, RollbackChoice::kReplay));
  EXPECT_EQ(TreeDigest(*disk, kHome), before);
  EXPECT_EQ(plan.from, kVersions);
  EXPECT_EQ(plan.base, 49);
  EXPECT_EQ(plan.replay_from, 50);
  EXPECT_EQ(plan.removed_snapshots, (std::vector<Version>{56}));
  ASSERT_EQ(plan.removed_pins.size(), 1u);
  EXPECT_EQ(plan.removed_pins[0].reason, "before the upgrade");
  EXPECT_THAT(plan.steps, ::testing::Contains(HasSubstr("replay versions 50 to 51")));
  ASSERT_OK_AND_ASSIGN(const RollbackResult result,
                       store->admin().Rollback(51, RollbackChoice::kReplay));
  EXPECT_EQ(result.plan.steps, plan.steps);
  ASSERT_OK_AND_ASSIGN(const auto pins, store->admin().ListPins());
  EXPECT_TRUE(pins.empty());
  ASSERT_OK(store->Close());
}

TEST_F(StoreRollbackTest, RefusesWhatCannotBeReachedBeforeAnythingChanges) {
  const auto disk = disk_->Clone();
  {
    // Keep only the newest snapshots, so that the changelog begins late.
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*disk, RollbackOptions()));
    ASSERT_OK(store->admin().Prune(1));
    EXPECT_EQ(store->admin().Retention().oldest_retained, 49);
    const std::string before = TreeDigest(*disk, kHome);
    const auto result = store->admin().Rollback(48, RollbackChoice::kAuto);
    EXPECT_THAT(result, StatusIs(StatusCode::kOutOfRange,
                                 HasSubstr("version 48 cannot be reached: the oldest retained "
                                           "version is 49")));
    EXPECT_THAT(result, HasReason(Reason::kVersionUnreachable));
    EXPECT_THAT(store->admin().Rollback(0, RollbackChoice::kAuto),
                StatusIs(StatusCode::kOutOfRange));
    EXPECT_THAT(store->admin().Rollback(-5, RollbackChoice::kAuto),
                StatusIs(StatusCode::kOutOfRange));
    EXPECT_THAT(store->admin().Rollback(kVersions + 1, RollbackChoice::kAuto),
                HasReason(Reason::kVersionAboveHead));
    EXPECT_EQ(TreeDigest(*disk, kHome), before);
    ASSERT_OK(store->Close());
  }
}

TEST_F(StoreRollbackTest, UndoBeyondItsRecordsIsRefusedAndAutoReplays) {
  const auto disk = disk_->Clone();
  StoreOptions options = RollbackOptions();
  options.undo_depth = 0;
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*disk, options));
  EXPECT_EQ(store->admin().Retention().oldest_undo, 0);
  EXPECT_THAT(store->admin().Rollback(58, RollbackChoice::kUndo),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("no undo records")));
  ASSERT_OK_AND_ASSIGN(const RollbackResult result,
                       store->admin().Rollback(58, RollbackChoice::kAuto));
  EXPECT_EQ(result.plan.method, RollbackMethod::kReplay);
  ExpectState(*store, 58);
  ASSERT_OK(store->Close());
}

TEST_F(StoreRollbackTest, ToTheHeadDropsUncommittedChangesOnly) {
  const auto disk = disk_->Clone();
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*disk, RollbackOptions()));
  const auto [other, other_root] = history_->Other(kVersions);
  OwnedBlock next(kVersions + 1);
  next.Set("bank", "k", "v");
  ASSERT_OK(store->ApplyChangeSets(kVersions + 1, next.changes()));
  ASSERT_OK(store->admin().Rollback(kVersions, RollbackChoice::kAuto));
  EXPECT_EQ(store->Info().pending_version, 0);
  ExpectState(*store, kVersions);
  ASSERT_OK(store->Close());
}

TEST_F(StoreRollbackTest, EndsIteratorsAndViewsOfBefore) {
  for (const RollbackChoice choice : {RollbackChoice::kUndo, RollbackChoice::kReplay}) {
    const auto disk = disk_->Clone();
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*disk, RollbackOptions()));
    ASSERT_OK_AND_ASSIGN(const auto iterator, store->Iterate({.module = "bank"}));
    ASSERT_TRUE(iterator->Valid());
    ASSERT_OK_AND_ASSIGN(const auto view, store->ViewAt(57));
    ASSERT_OK_AND_ASSIGN(const auto old_walk, view->Iterate({.module = "bank"}));
    ASSERT_OK(store->admin().Rollback(50, choice));
    iterator->Next();
    EXPECT_FALSE(iterator->Valid());
    EXPECT_THAT(iterator->status(), HasReason(Reason::kRolledBack));
    old_walk->Next();
    EXPECT_FALSE(old_walk->Valid());
    const KeyRef key{.module = "bank", .key = "k"};
    EXPECT_THAT(view->Get({&key, 1}), HasReason(Reason::kRolledBack));
    ExpectState(*store, 50);
    ASSERT_OK(store->Close());
  }
}

// The base is tried out before anything changes, not only looked at.
TEST(StoreRollbackBaseTest, ADamagedBaseIsRefusedAndTheStoreGoesOn) {
  const History history(14, 15, 77);
  MemFileSystem fs;
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs, SmallStoreOptions(Suite::kBlake3)));
  ASSERT_OK(CommitTo(*store, history, 5));
  ASSERT_OK(store->admin().CreateSnapshot());
  ASSERT_OK(CommitTo(*store, history, 12));
  const std::string snapshot = JoinPath("/home/flatkv", SnapshotName(5));
  bool is_damaged = false;
  for (const std::string_view db : kDataDbNames) {
    const std::string directory = JoinPath(snapshot, db);
    ASSERT_OK_AND_ASSIGN(const std::vector<std::string> names, fs.List(directory));
    for (const std::string& name : names) {
      if (name.ends_with(".sst")) {
        // As a fresh inode: the live table stays whole.
        ASSERT_OK_AND_ASSIGN(const std::string bytes,
                             ReadFile(fs, JoinPath(directory, name), 1 << 24));
        ASSERT_OK(WriteFileDurably(fs, JoinPath(directory, name), bytes));
        fs.FlipBit(JoinPath(directory, name), 20, 3);
        is_damaged = true;
      }
    }
  }
  ASSERT_TRUE(is_damaged);
  EXPECT_THAT(store->admin().Rollback(8, RollbackChoice::kReplay),
              StatusIs(StatusCode::kDataLoss, HasSubstr("nothing was changed")));
  EXPECT_EQ(store->Info().version, 12);
  ASSERT_OK(store->Health());
  ASSERT_OK(CommitTo(*store, history, 13));
  ASSERT_OK(store->admin().Rollback(8, RollbackChoice::kUndo));
  EXPECT_EQ(store->Info().root, history.root(8));
  ASSERT_OK(store->Close());
}

}  // namespace
}  // namespace flatkv::test
