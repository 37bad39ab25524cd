// Goal: invariants 2 and 3 of docs/architecture.md for every pair of a snapshot and a target
// version. Method: a store whose only snapshot is `s`; view and roll back to every version, by undo
// records and by replay, compare with the reference and with each other; then fork and restart.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/unit/store/store_admin_util.h"

namespace flatkv::test {
namespace {

constexpr Version kVersions = 60;

const History& MatrixHistory() {
  static const History history(kVersions, 25, 7);
  return history;
}

// What is left of one way to a version, to be compared with the other way.
struct Trail {
  std::array<DataDbSummary, kDataDbs> dbs;
  std::string rows_at_target;
  std::string rows_of_fork;
};

void ExpectSameTrail(const Trail& a, const Trail& b) {
  for (const DataDb db : kAllDataDbs) {
    EXPECT_EQ(a.dbs[IndexOf(db)].checksum, b.dbs[IndexOf(db)].checksum);
    EXPECT_EQ(a.dbs[IndexOf(db)].rows, b.dbs[IndexOf(db)].rows);
    EXPECT_EQ(a.dbs[IndexOf(db)].bytes, b.dbs[IndexOf(db)].bytes);
  }
  EXPECT_FALSE(a.rows_at_target.empty());
  EXPECT_EQ(a.rows_at_target, b.rows_at_target);
  EXPECT_EQ(a.rows_of_fork, b.rows_of_fork);
}

// The parameter is the version of the only snapshot; 0: there is none.
class StoreMatrixTest : public ::testing::TestWithParam<Version> {
 protected:
  static StoreOptions Options(RollbackChoice choice) {
    StoreOptions options = AdminOptions();
    options.wal_segment_bytes = 1 << 20;  // nothing is pruned: versions below the snapshot stay
    // Without undo records views are clones, and a rollback can only replay.
    options.undo_depth = choice == RollbackChoice::kUndo ? 128 : 0;
    return options;
  }

  void SetUp() override {
    const std::vector<Version> snapshots =
        GetParam() == 0 ? std::vector<Version>() : std::vector<Version>{GetParam()};
    FillStore(disk_, Options(RollbackChoice::kUndo), MatrixHistory(), snapshots);
  }

  Trail GoTo(Version target, RollbackChoice choice) {
    SCOPED_TRACE(fmt::format("snapshot {} target {} by {}", GetParam(), target,
                             choice == RollbackChoice::kUndo ? "undo" : "replay"));
    const auto disk = disk_.Clone();
    Trail trail;
    ViewAndRollBack(*disk, target, choice, &trail);
    trail.rows_at_target = AllRows(*disk);
    ForkAndRestart(*disk, target, choice);
    trail.rows_of_fork = AllRows(*disk);
    return trail;
  }

 private:
  static void ViewAndRollBack(MemFileSystem& disk, Version target, RollbackChoice choice,
                              Trail* trail) {
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(disk, Options(choice)));
    {
      ASSERT_OK_AND_ASSIGN(const auto view, store->ViewAt(target));
      ExpectViewAt(*view, MatrixHistory(), target);
    }
    ASSERT_OK_AND_ASSIGN(const RollbackResult result, store->admin().Rollback(target, choice));
    EXPECT_EQ(Hex(result.plan.target_root), Hex(MatrixHistory().root(target)));
    if (target < kVersions) {
      EXPECT_EQ(result.plan.base.has_value(), GetParam() != 0 && target >= GetParam());
      EXPECT_EQ(result.plan.method,
                choice == RollbackChoice::kUndo ? RollbackMethod::kUndo : RollbackMethod::kReplay);
    }
    ExpectStateAt(*store, MatrixHistory(), target);
    trail->dbs = store->Info().dbs;
    ASSERT_OK(store->Close());
  }

  static void ForkAndRestart(MemFileSystem& disk, Version target, RollbackChoice choice) {
    const auto [other, other_root] = MatrixHistory().Other(target + 1);
    {
      ASSERT_OK_AND_ASSIGN(auto store, OpenStore(disk, Options(choice)));
      EXPECT_EQ(store->recovery().replayed_from, 0);
      EXPECT_EQ(Hex(store->Info().root), Hex(MatrixHistory().root(target)));
      ASSERT_OK_AND_ASSIGN(const CommitResult forked, CommitOwned(*store, other));
      EXPECT_EQ(Hex(forked.root), Hex(other_root));
      ASSERT_OK(store->Close());
    }
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(disk, Options(choice)));
    EXPECT_EQ(store->Info().version, target + 1);
    EXPECT_EQ(Hex(store->Info().root), Hex(other_root));
    EXPECT_EQ(store->recovery().replayed_from, 0);
    EXPECT_EQ(store->recovery().working_rebuilt, "");
    EXPECT_OK(store->VerifyRows());
    ASSERT_OK(store->Close());
  }

  MemFileSystem disk_;
};

TEST_P(StoreMatrixTest, EveryTargetIsReachedByUndoAndByReplayWithTheSameRows) {
  // The fork after the last version is an ordinary commit.
  for (Version target = 1; target < kVersions; ++target) {
    const Trail by_undo = GoTo(target, RollbackChoice::kUndo);
    const Trail by_replay = GoTo(target, RollbackChoice::kReplay);
    ExpectSameTrail(by_undo, by_replay);
    if (HasFailure()) {
      return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(OnlySnapshot, StoreMatrixTest,
                         ::testing::Values(0, 7, 14, 21, 28, 35, 42, 49, 56),
                         ::testing::PrintToStringParamName());

// Versions of several calls that write the same keys: undo goes back to the rows of before the
// first call.
class StoreCallsTest : public ::testing::Test {
 protected:
  static constexpr Version kLast = 25;

  // The next version, in 1 to 4 calls; the model gets all of them as one.
  void CommitInCalls(Store& store, RandomBlocks* random, Version version) {
    OwnedBlock whole(version);
    const int calls = 1 + static_cast<int>(version % 4);
    for (int call = 0; call < calls; ++call) {
      OwnedBlock block = random->Next(version, 20);
      const std::string text = fmt::format("{} {}", version, call);
      // Written twice in one call and again in the next ones.
      block.Set("bank", "twice", "first " + text);
      block.Set("bank", "twice", "second " + text);
      // Removed, then set, within one call and from call to call.
      block.Remove("bank", "removed then set");
      block.Set("bank", "removed then set", text);
      if (call % 2 == 0) {
        block.Remove("bank", "set then removed");
      } else {
        block.Set("bank", "set then removed", text);
      }
      const ChangeSets changes = block.changes();
      for (const NamedChangeSet& named : changes) {
        for (const KvPair& pair : named.pairs) {
          if (pair.remove) {
            whole.Remove(std::string(named.module), std::string(pair.key));
          } else {
            whole.Set(std::string(named.module), std::string(pair.key), std::string(pair.value));
          }
        }
      }
      ModelStore model = models_.back();
      model.Commit(whole);
      ASSERT_OK_AND_ASSIGN(const AppliedResult applied, store.ApplyChangeSets(version, changes));
      EXPECT_EQ(Hex(applied.working_root), Hex(model.Root()));
    }
    models_.push_back(models_.back());
    models_.back().Commit(whole);
    ASSERT_OK_AND_ASSIGN(const CommitResult committed, store.Commit(version));
    EXPECT_EQ(Hex(committed.root), Hex(models_.back().Root())) << version;
  }

  void ExpectModel(Store& store, Version version) const {
    const ModelStore& model = models_[static_cast<size_t>(version)];
    EXPECT_EQ(store.Info().version, version);
    EXPECT_EQ(Hex(store.Info().root), Hex(model.Root()));
    for (const std::string& module : HistoryModules()) {
      const std::map<std::string, std::string> pairs = model.Pairs(module);
      EXPECT_EQ(Walk(store, {.module = module}), Pairs(pairs.begin(), pairs.end())) << module;
    }
    EXPECT_OK(store.VerifyRows());
  }

  std::vector<ModelStore> models_ = {ModelStore(Suite::kBlake3)};
};

TEST_F(StoreCallsTest, VersionsOfSeveralCallsAreUndoneWhole) {
  MemFileSystem disk;
  RandomBlocks random(29);
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(disk, AdminOptions()));
  for (Version version = 1; version <= kLast; ++version) {
    CommitInCalls(*store, &random, version);
  }
  ASSERT_OK(store->Close());
  for (Version target = 1; target < kLast; ++target) {
    SCOPED_TRACE(target);
    std::array<std::string, 2> rows;
    for (const RollbackChoice choice : {RollbackChoice::kUndo, RollbackChoice::kReplay}) {
      const auto clone = disk.Clone();
      ASSERT_OK_AND_ASSIGN(store, OpenStore(*clone, AdminOptions()));
      {
        ASSERT_OK_AND_ASSIGN(const auto view, store->ViewAt(target));
        EXPECT_EQ(Hex(view->root()), Hex(models_[static_cast<size_t>(target)].Root()));
      }
      ASSERT_OK(store->admin().Rollback(target, choice));
      ExpectModel(*store, target);
      ASSERT_OK(store->Close());
      rows[choice == RollbackChoice::kUndo ? 0 : 1] = AllRows(*clone);
    }
    EXPECT_EQ(rows[0], rows[1]);
  }
}

TEST_F(StoreCallsTest, AVersionOfSeveralCallsThatIsNotCommittedLeavesNoTrace) {
  MemFileSystem disk;
  RandomBlocks random(31);
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(disk, AdminOptions()));
  for (Version version = 1; version <= 6; ++version) {
    CommitInCalls(*store, &random, version);
  }
  for (int call = 0; call < 3; ++call) {
    ASSERT_OK(store->ApplyChangeSets(7, random.Next(7, 20).changes()));
  }
  ASSERT_OK(store->admin().Rollback(5, RollbackChoice::kUndo));
  EXPECT_EQ(store->Info().pending_version, 0);
  ExpectModel(*store, 5);
  models_.resize(6, ModelStore(Suite::kBlake3));
  CommitInCalls(*store, &random, 6);
  ExpectModel(*store, 6);
  ASSERT_OK(store->Close());
}

TEST_F(StoreCallsTest, AnEmptyValueIsAValueThroughUndoReplayAndReopening) {
  MemFileSystem disk;
  const KeyRef key{.module = "bank", .key = "k"};
  const std::vector<std::optional<std::string>> values = {"full", "", std::nullopt, "", "full", ""};
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(disk, AdminOptions()));
  for (size_t i = 0; i < values.size(); ++i) {
    OwnedBlock block(static_cast<Version>(i + 1));
    if (values[i].has_value()) {
      block.Set("bank", "k", *values[i]);
    } else {
      block.Remove("bank", "k");
    }
    ASSERT_OK(CommitOwned(*store, block));
    if (i == 0) {
      ASSERT_OK(store->admin().CreateSnapshot());
    }
  }
  ASSERT_OK(store->Close());
  for (Version target = 1; target <= std::ssize(values); ++target) {
    for (const RollbackChoice choice : {RollbackChoice::kUndo, RollbackChoice::kReplay}) {
      SCOPED_TRACE(target);
      const auto clone = disk.Clone();
      ASSERT_OK_AND_ASSIGN(store, OpenStore(*clone, AdminOptions()));
      {
        ASSERT_OK_AND_ASSIGN(const auto view, store->ViewAt(target));
        ASSERT_OK_AND_ASSIGN(const ReadResult viewed, view->Get({&key, 1}));
        EXPECT_EQ(viewed.values[0], values[static_cast<size_t>(target - 1)]);
      }
      ASSERT_OK(store->admin().Rollback(target, choice));
      ASSERT_OK(store->Close());
      ASSERT_OK_AND_ASSIGN(store, OpenStore(*clone, AdminOptions()));
      ASSERT_OK_AND_ASSIGN(const ReadResult read, store->Get({&key, 1}));
      EXPECT_EQ(read.values[0], values[static_cast<size_t>(target - 1)]);
      EXPECT_OK(store->VerifyRows());
      ASSERT_OK(store->Close());
    }
  }
}

}  // namespace
}  // namespace flatkv::test
