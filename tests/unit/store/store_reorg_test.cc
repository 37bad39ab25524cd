// Replacing the last versions by others: every fork point, fewer, as many and more new versions, by
// undo records and by replay; what is equal stays; what is refused changes nothing.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/unit/store/store_admin_util.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr Version kVersions = 16;

// The history up to `first` - 1, then `count` other versions.
class Fork {
 public:
  Fork(const History& history, Version first, int count)
      : first_(first), model_(history.model(first - 1)) {
    RandomBlocks random(static_cast<uint64_t>(first) * 1'009 + static_cast<uint64_t>(count));
    for (Version version = first; version < first + count; ++version) {
      OwnedBlock block = random.Next(version, 25);
      block.Set("fork", "at", fmt::format("{} of {}", version, first));
      model_.Commit(block);
      blocks_.push_back(std::move(block));
      roots_.push_back(model_.Root());
    }
  }

  Version first() const { return first_; }
  Version last() const { return first_ + std::ssize(blocks_) - 1; }
  const Digest& root(Version version) const {
    return roots_[static_cast<size_t>(version - first_)];
  }
  const ModelStore& model() const { return model_; }
  // Valid while the fork lives.
  std::vector<ReorgBlock> blocks() const {
    std::vector<ReorgBlock> blocks;
    for (const OwnedBlock& block : blocks_) {
      blocks.push_back({block.version(), block.changes()});
    }
    return blocks;
  }

 private:
  const Version first_;
  ModelStore model_;
  std::vector<OwnedBlock> blocks_;
  std::vector<Digest> roots_;
};

std::vector<ReorgBlock> BlocksOf(const History& history, Version first, Version last) {
  std::vector<ReorgBlock> blocks;
  for (Version version = first; version <= last; ++version) {
    blocks.push_back({version, history.block(version).changes()});
  }
  return blocks;
}

class StoreReorgTest : public ::testing::Test {
 protected:
  StoreReorgTest() : history_(kVersions, 25, 13) {}

  StoreOptions Options(RollbackMethod method) const {
    StoreOptions options = AdminOptions();
    options.wal_segment_bytes = 1 << 20;  // nothing is pruned: every version can be reached
    options.undo_depth = method == RollbackMethod::kUndo ? 128 : 0;
    return options;
  }

  // The history up to before the fork and the fork behind it, to the last row.
  void ExpectFork(Store& store, const Fork& fork) const {
    EXPECT_EQ(store.Info().version, fork.last());
    EXPECT_EQ(Hex(store.Info().root), Hex(fork.root(fork.last())));
    for (const std::string& module : HistoryModules()) {
      const std::map<std::string, std::string> pairs = fork.model().Pairs(module);
      EXPECT_EQ(Walk(store, {.module = module}), Pairs(pairs.begin(), pairs.end())) << module;
    }
    for (Version version = 1; version <= fork.last(); ++version) {
      ASSERT_OK_AND_ASSIGN(const Digest root, store.RootAt(version));
      EXPECT_EQ(Hex(root),
                Hex(version < fork.first() ? history_.root(version) : fork.root(version)));
    }
    EXPECT_OK(store.VerifyRows());
  }

  // Reorganises a clone of `filled`, which has the history with the snapshots named, and returns
  // all rows that it then has.
  std::string Reorganise(const MemFileSystem& filled, const std::vector<Version>& snapshots,
                         const Fork& fork, RollbackMethod method) const {
    const auto disk = filled.Clone();
    ReorganiseDisk(*disk, snapshots, fork, Options(method));
    return AllRows(*disk);
  }

  const History history_;
  MemFileSystem fs_;

 private:
  void ReorganiseDisk(MemFileSystem& disk, const std::vector<Version>& snapshots, const Fork& fork,
                      const StoreOptions& options) const {
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(disk, options));
    ASSERT_OK_AND_ASSIGN(const ReorgResult result, store->admin().Reorg(fork.blocks()));
    EXPECT_EQ(result.from, kVersions);
    EXPECT_FALSE(result.already_done);
    EXPECT_EQ(std::ssize(result.versions), fork.last() - fork.first() + 1);
    for (const auto& [version, root] : result.versions) {
      EXPECT_EQ(Hex(root), Hex(fork.root(version))) << version;
    }
    ExpectFork(*store, fork);
    // A snapshot of the fork's first version or a later one holds what was replaced.
    std::vector<Version> left = snapshots;
    std::erase_if(left, [&fork](Version version) { return version >= fork.first(); });
    EXPECT_EQ(SnapshotsOnDisk(disk), left);
    EXPECT_EQ(store->admin().Retention().current, left.empty() ? 0 : left.back());

    ASSERT_OK(store->Flush());
    const std::string before = TreeBesideDataDbs(disk);
    ASSERT_OK_AND_ASSIGN(const ReorgResult again, store->admin().Reorg(fork.blocks()));
    EXPECT_TRUE(again.already_done);
    EXPECT_EQ(again.versions, result.versions);
    EXPECT_EQ(TreeBesideDataDbs(disk), before);
    ASSERT_OK(store->Close());

    ASSERT_OK_AND_ASSIGN(store, OpenStore(disk, options));
    EXPECT_EQ(store->recovery().finished_operation, "");
    EXPECT_EQ(store->recovery().replayed_from, 0);
    ExpectFork(*store, fork);
    ASSERT_OK_AND_ASSIGN(const ReorgResult later, store->admin().Reorg(fork.blocks()));
    EXPECT_TRUE(later.already_done);
    ASSERT_OK(store->Close());
    EXPECT_FALSE(*Exists(disk, InStore(kReorgName)));
    EXPECT_FALSE(*Exists(disk, InStore(kIntentName)));
  }
};

TEST_F(StoreReorgTest, FromEveryForkPointToFewerAsManyAndMoreVersions) {
  const std::vector<Version> snapshots = {4, 8, 12};
  FillStore(fs_, Options(RollbackMethod::kUndo), history_, snapshots);
  int reorgs = 0;
  for (Version first = 1; first <= kVersions + 1; ++first) {
    const int replaced = static_cast<int>(kVersions - first + 1);
    for (const int count : std::set<int>{1, replaced - 1, replaced, replaced + 1, replaced + 4}) {
      if (count < 1) {
        continue;
      }
      SCOPED_TRACE(fmt::format("{} versions replace {} from {} on", count, replaced, first));
      const Fork fork(history_, first, count);
      const std::string by_undo = Reorganise(fs_, snapshots, fork, RollbackMethod::kUndo);
      const std::string by_replay = Reorganise(fs_, snapshots, fork, RollbackMethod::kReplay);
      EXPECT_FALSE(by_undo.empty());
      EXPECT_EQ(by_undo, by_replay);
      ++reorgs;
      if (HasFailure()) {
        return;
      }
    }
  }
  EXPECT_GT(reorgs, 60);
}

TEST_F(StoreReorgTest, VersionsThatAreEqualStayWithTheirSnapshotsAndPins) {
  for (const RollbackMethod method : {RollbackMethod::kUndo, RollbackMethod::kReplay}) {
    MemFileSystem fs;
    FillStore(fs, Options(method), history_, {4, 8, 12});
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs, Options(method)));
    ASSERT_OK_AND_ASSIGN(const Pin kept, store->admin().PinSnapshot(8, "equal"));
    ASSERT_OK(store->admin().PinSnapshot(12, "replaced"));
    const std::string snapshot = TreeDigest(fs, InStore(SnapshotName(8)));
    const Fork fork(history_, 10, 3);
    std::vector<ReorgBlock> blocks = BlocksOf(history_, 5, 9);
    const std::vector<ReorgBlock> changed = fork.blocks();
    blocks.insert(blocks.end(), changed.begin(), changed.end());
    ASSERT_OK_AND_ASSIGN(const ReorgResult result, store->admin().Reorg(blocks));
    EXPECT_FALSE(result.already_done);
    ASSERT_EQ(result.versions.size(), 8u);
    for (const auto& [version, root] : result.versions) {
      EXPECT_EQ(Hex(root), Hex(version < 10 ? history_.root(version) : fork.root(version)));
    }
    ExpectFork(*store, fork);
    EXPECT_EQ(SnapshotsOnDisk(fs), (std::vector<Version>{4, 8}));
    EXPECT_EQ(TreeDigest(fs, InStore(SnapshotName(8))), snapshot);
    ASSERT_OK_AND_ASSIGN(const auto pins, store->admin().ListPins());
    EXPECT_EQ(pins, (std::vector<Pin>{kept}));
    ASSERT_OK(store->Close());
  }
}

TEST_F(StoreReorgTest, AShorterRunOfEqualVersionsCutsTheHistoryBehindIt) {
  FillStore(fs_, AdminOptions(), history_, {4, 8, 12});
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, AdminOptions()));
  const std::vector<ReorgBlock> blocks = BlocksOf(history_, 6, 10);
  ASSERT_OK_AND_ASSIGN(const ReorgResult result, store->admin().Reorg(blocks));
  EXPECT_FALSE(result.already_done);
  ExpectStateAt(*store, history_, 10);
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{4, 8}));
  ASSERT_OK_AND_ASSIGN(const ReorgResult again, store->admin().Reorg(blocks));
  EXPECT_TRUE(again.already_done);
  // The old versions are gone for good: the next one may be another.
  const auto [other, other_root] = history_.Other(11);
  ASSERT_OK_AND_ASSIGN(const CommitResult committed, CommitOwned(*store, other));
  EXPECT_EQ(Hex(committed.root), Hex(other_root));
  ASSERT_OK(store->Close());
}

TEST_F(StoreReorgTest, UncommittedChangesAreDropped) {
  for (const RollbackMethod method : {RollbackMethod::kUndo, RollbackMethod::kReplay}) {
    MemFileSystem fs;
    FillStore(fs, Options(method), history_, {8});
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs, Options(method)));
    OwnedBlock pending(kVersions + 1);
    pending.Set("bank", "pending", "value");
    ASSERT_OK(store->ApplyChangeSets(kVersions + 1, pending.changes()));
    const Fork fork(history_, 11, 4);
    ASSERT_OK(store->admin().Reorg(fork.blocks()));
    EXPECT_EQ(store->Info().pending_version, 0);
    ExpectFork(*store, fork);
    ASSERT_OK(store->Close());
  }
}

TEST_F(StoreReorgTest, IteratorsAndViewsOfReplacedVersionsEnd) {
  FillStore(fs_, AdminOptions(), history_, {8});
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, AdminOptions()));
  ASSERT_OK_AND_ASSIGN(const auto iterator, store->Iterate({.module = "bank"}));
  ASSERT_OK_AND_ASSIGN(const auto view, store->ViewAt(14));
  const Fork fork(history_, 12, 5);
  ASSERT_OK(store->admin().Reorg(fork.blocks()));
  iterator->Next();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_THAT(iterator->status(), HasReason(Reason::kRolledBack));
  const KeyRef key{.module = "bank", .key = "k"};
  EXPECT_THAT(view->Get({&key, 1}), HasReason(Reason::kRolledBack));
  ASSERT_OK_AND_ASSIGN(const auto fresh, store->ViewAt(14));
  EXPECT_EQ(Hex(fresh->root()), Hex(fork.root(14)));
}

// ---- Refusals.

class StoreReorgRefusalTest : public StoreReorgTest {
 protected:
  // Refused, and neither the disk nor what the store says has changed.
  void ExpectRefused(Store& store, const std::vector<ReorgBlock>& blocks, StatusCode code,
                     Reason reason, const char* message) {
    SCOPED_TRACE(message);
    const std::string before = TreeBesideDataDbs(fs_);
    const StoreInfo info = store.Info();
    const VersionRoot working = store.WorkingRoot();
    EXPECT_THAT(store.admin().Reorg(blocks),
                AllOf(StatusIs(code, HasSubstr(message)), HasReason(reason)));
    EXPECT_EQ(TreeBesideDataDbs(fs_), before);
    EXPECT_EQ(store.Info().version, info.version);
    EXPECT_EQ(store.Info().pending_version, info.pending_version);
    EXPECT_EQ(Hex(store.WorkingRoot().root), Hex(working.root));
    EXPECT_OK(store.Health());
  }
};

TEST_F(StoreReorgRefusalTest, BlocksThatAreNoHistoryChangeNothing) {
  StoreOptions options = AdminOptions();
  options.limits.change_set_bytes_max = 64 << 10;
  FillStore(fs_, options, history_, {4, 8});
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options));
  ASSERT_OK(store->ApplyChangeSets(kVersions + 1, history_.block(3).changes()));
  ASSERT_OK(store->Flush());
  const Fork fork(history_, 10, 6);
  const std::vector<ReorgBlock> good = fork.blocks();

  ExpectRefused(*store, {}, StatusCode::kInvalidArgument, Reason::kUnspecified, "at least one");
  std::vector<ReorgBlock> gap = good;
  gap.erase(gap.begin() + 2);
  ExpectRefused(*store, gap, StatusCode::kInvalidArgument, Reason::kUnspecified, "contiguous");
  std::vector<ReorgBlock> swapped = good;
  std::swap(swapped[1], swapped[2]);
  ExpectRefused(*store, swapped, StatusCode::kInvalidArgument, Reason::kUnspecified, "contiguous");
  std::vector<ReorgBlock> twice = good;
  twice[3].version = twice[2].version;
  ExpectRefused(*store, twice, StatusCode::kInvalidArgument, Reason::kUnspecified, "contiguous");

  // The last block is the bad one: those before it must not have been committed.
  std::vector<ReorgBlock> bad_key = good;
  bad_key.back().changes = {{"evm", {{"", "value", false}}}};
  ExpectRefused(*store, bad_key, StatusCode::kInvalidArgument, Reason::kInvalidChangeSet,
                "version 15");
  std::vector<ReorgBlock> bad_module = good;
  bad_module.back().changes = {{"a/b", {{"key", "value", false}}}};
  ExpectRefused(*store, bad_module, StatusCode::kInvalidArgument, Reason::kInvalidChangeSet,
                "version 15");
  const std::string large(80 << 10, 'v');
  std::vector<ReorgBlock> too_large = good;
  too_large.back().changes = {{"bank", {{"key", large, false}}}};
  ExpectRefused(*store, too_large, StatusCode::kInvalidArgument, Reason::kLimitExceeded,
                "version 15");

  const Fork above(history_, kVersions + 1, 3);
  std::vector<ReorgBlock> beyond = above.blocks();
  beyond.erase(beyond.begin());
  ExpectRefused(*store, beyond, StatusCode::kFailedPrecondition, Reason::kVersionGap,
                "send version 17");
  ExpectRefused(*store, {{0, good[0].changes}}, StatusCode::kOutOfRange,
                Reason::kVersionUnreachable, "before the store's first version 1");
  ASSERT_OK(store->Close());
}

TEST_F(StoreReorgRefusalTest, AForkBelowWhatIsRetainedChangesNothing) {
  StoreOptions options = AdminOptions();
  options.wal_segment_bytes = 300;
  FillStore(fs_, options, history_, {4, 8, 12});
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options));
  ASSERT_OK(store->admin().Prune(0));
  ASSERT_EQ(store->admin().Retention().oldest_retained, 12);
  ASSERT_OK(store->Flush());
  for (const Version first : std::vector<Version>{1, 5, 12}) {
    const Fork fork(history_, first, 3);
    ExpectRefused(*store, fork.blocks(), StatusCode::kOutOfRange, Reason::kVersionUnreachable,
                  "the oldest retained version is 12");
  }
  // The first that is reachable.
  const Fork fork(history_, 13, 2);
  ASSERT_OK(store->admin().Reorg(fork.blocks()));
  EXPECT_EQ(Hex(store->Info().root), Hex(fork.root(14)));
  ASSERT_OK(store->Close());
}

TEST_F(StoreReorgRefusalTest, AForkBelowWhatIsRetainedKeepsUncommittedChanges) {
  StoreOptions options = AdminOptions();
  options.wal_segment_bytes = 300;
  FillStore(fs_, options, history_, {12});
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options));
  ASSERT_OK(store->admin().Prune(0));
  ASSERT_OK(store->ApplyChangeSets(kVersions + 1, history_.block(3).changes()));
  ASSERT_OK(store->Flush());
  const Fork fork(history_, 5, 3);
  ExpectRefused(*store, fork.blocks(), StatusCode::kOutOfRange, Reason::kVersionUnreachable,
                "the oldest retained version is 12");
  ASSERT_OK(store->Close());
}

TEST_F(StoreReorgTest, OnAnEmptyStoreCommitsTheFirstVersions) {
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, Options(RollbackMethod::kUndo)));
  ASSERT_OK_AND_ASSIGN(const ReorgResult result, store->admin().Reorg(BlocksOf(history_, 1, 3)));
  EXPECT_EQ(result.from, 0);
  ExpectStateAt(*store, history_, 3);
  ASSERT_OK(store->Close());
}

}  // namespace
}  // namespace flatkv::test
