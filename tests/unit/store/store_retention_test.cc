// What removes snapshots and what keeps them: prune, removal, pins, leases.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <map>
#include <random>

#include "tests/unit/store/snapshot_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class StoreRetentionTest : public SnapshotFixture {};

TEST_F(StoreRetentionTest, PruneTakesNeitherTheCurrentNorPinnedNorLeasedOnes) {
  options_.undo_depth = 0;
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  for (const Version version : std::vector<Version>{5, 10, 15, 20, 25, 30}) {
    ASSERT_OK(CommitTo(*store, history_, version));
    ASSERT_OK(store->admin().CreateSnapshot());
  }
  ASSERT_OK_AND_ASSIGN(const Pin pin, store->admin().PinSnapshot(10, "audit"));
  ASSERT_OK_AND_ASSIGN(auto view, store->ViewAt(22));
  ASSERT_OK_AND_ASSIGN(const SnapshotSummary leased, store->admin().ShowSnapshot(20));
  EXPECT_EQ(leased.leases, 1u);
  ASSERT_OK_AND_ASSIGN(const PrunePlan plan, store->admin().PlanPrune(0));
  EXPECT_EQ(plan.snapshots, (std::vector<Version>{5, 15, 25}));
  EXPECT_GT(plan.wal_below, 1);
  EXPECT_LE(plan.wal_below, 10);
  EXPECT_EQ(SnapshotsOnDisk(fs_).size(), 6u);
  ASSERT_OK_AND_ASSIGN(const PrunePlan done, store->admin().Prune(0));
  EXPECT_EQ(done.snapshots, plan.snapshots);
  EXPECT_EQ(done.wal_below, plan.wal_below);
  EXPECT_EQ(store->Info().oldest_version, plan.wal_below);
  ASSERT_OK_AND_ASSIGN(const PrunePlan nothing, store->admin().PlanPrune(0));
  EXPECT_EQ(nothing.snapshots, std::vector<Version>());
  EXPECT_EQ(nothing.wal_below, 0);
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{10, 20, 30}));
  EXPECT_EQ(view->root(), history_.root(22));
  ASSERT_OK_AND_ASSIGN(const auto old, store->ViewAt(10));
  EXPECT_EQ(old->root(), history_.root(10));
}

TEST_F(StoreRetentionTest, RemoveRefusesWhatIsInUseAndSaysWhatHoldsIt) {
  options_.undo_depth = 0;
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  for (const Version version : std::vector<Version>{5, 10, 15, 20}) {
    ASSERT_OK(CommitTo(*store, history_, version));
    ASSERT_OK(store->admin().CreateSnapshot());
  }
  StoreAdmin& admin = store->admin();
  EXPECT_THAT(admin.RemoveSnapshot(20),
              AllOf(StatusIs(StatusCode::kFailedPrecondition, HasSubstr("current")),
                    HasReason(Reason::kSnapshotInUse)));
  ASSERT_OK_AND_ASSIGN(const Pin pin, admin.PinSnapshot(5, "audit of May"));
  EXPECT_THAT(admin.RemoveSnapshot(5),
              AllOf(StatusIs(StatusCode::kFailedPrecondition,
                             AllOf(HasSubstr(pin.id), HasSubstr("audit of May"))),
                    HasReason(Reason::kSnapshotInUse)));
  ASSERT_OK_AND_ASSIGN(auto view, store->ViewAt(12));
  EXPECT_THAT(admin.RemoveSnapshot(10),
              AllOf(StatusIs(StatusCode::kFailedPrecondition), HasReason(Reason::kSnapshotInUse)));
  EXPECT_THAT(admin.RemoveSnapshot(11),
              AllOf(StatusIs(StatusCode::kNotFound, HasSubstr("5, 10, 15, 20")),
                    HasReason(Reason::kSnapshotMissing)));
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{5, 10, 15, 20}));
  ASSERT_OK(admin.RemoveSnapshot(15));
  ASSERT_OK(admin.ReleasePin(pin.id));
  ASSERT_OK(admin.RemoveSnapshot(5));
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{10, 20}));
}

TEST_F(StoreRetentionTest, APinGoesOnlyByItsIdAndSurvivesReopening) {
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  ASSERT_OK(CommitTo(*store, history_, 5));
  ASSERT_OK(store->admin().CreateSnapshot());
  ASSERT_OK_AND_ASSIGN(const Pin first, store->admin().PinSnapshot(5, "one"));
  ASSERT_OK_AND_ASSIGN(const Pin second, store->admin().PinSnapshot(5, "one"));
  EXPECT_NE(first.id, second.id);
  EXPECT_THAT(store->admin().PinSnapshot(5, ""), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(store->admin().PinSnapshot(4, "why"), HasReason(Reason::kSnapshotMissing));
  ASSERT_OK(store->Close());
  ASSERT_OK_AND_ASSIGN(store, Open());
  EXPECT_EQ(store->admin().Retention().pins.size(), 2u);
  EXPECT_THAT(store->admin().ReleasePin("0123456789abcdef"), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(store->admin().ReleasePin("one"), StatusIs(StatusCode::kInvalidArgument));
  ASSERT_OK(store->admin().ReleasePin(first.id));
  EXPECT_THAT(store->admin().ReleasePin(first.id), StatusIs(StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(const auto left, store->admin().ListPins());
  EXPECT_EQ(left, (std::vector<Pin>{second}));
}

TEST_F(StoreRetentionTest, RetentionStillListsTheOthersWhenOneManifestIsDamaged) {
  FillStore(fs_, options_, history_, {10, 20, 30});
  fs_.FlipBit(InStore(JoinPath(SnapshotName(10), kSnapshotManifestName)), 30, 1);
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  EXPECT_THAT(store->admin().Snapshots(),
              StatusIs(StatusCode::kDataLoss, HasSubstr(SnapshotName(10))));
  const RetentionInfo retention = store->admin().Retention();
  EXPECT_EQ(retention.current, 30);
  EXPECT_EQ(retention.snapshots, (std::vector<Version>{10, 20, 30}));
}

TEST_F(StoreRetentionTest, ByDefaultTwoOlderOnesAreKept) {
  const SnapshotOptions defaults;
  EXPECT_EQ(defaults.keep_recent, 2u);
  options_.snapshot.keep_recent = defaults.keep_recent;
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  for (const Version version : std::vector<Version>{5, 10, 15, 20, 25}) {
    ASSERT_OK(CommitTo(*store, history_, version));
    ASSERT_OK(store->admin().CreateSnapshot());
  }
  ASSERT_OK(store->admin().Prune(std::nullopt));
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{15, 20, 25}));
}

TEST_F(StoreRetentionTest, AnOlderOneGoesOnlyWhenItsSuccessorIsCurrent) {
  options_.snapshot.keep_recent = 0;
  std::vector<std::string> current_at_removal;
  fault_.SetHook([&](const FsCall& call) {
    if (call.op == FsOp::kRename && call.path == InStore(SnapshotName(10))) {
      const auto current = fs_.ReadLink(InStore(kCurrentName));
      current_at_removal.push_back(current.value_or("none"));
    }
    return OkStatus();
  });
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  ASSERT_OK(CommitTo(*store, history_, 10));
  ASSERT_OK(store->admin().CreateSnapshot());
  // The next one fails at its last step: the old one stays and is what the store starts from.
  fault_.AddRule(Always(FsOp::kRename, SnapshotName(20) + "-tmp", EIO));
  ASSERT_OK(CommitTo(*store, history_, 20));
  EXPECT_FALSE(store->admin().CreateSnapshot().ok());
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{10}));
  EXPECT_EQ(store->admin().Retention().current, 10);
  EXPECT_TRUE(current_at_removal.empty());
  ASSERT_OK(CommitTo(*store, history_, 25));
  ASSERT_OK(store->admin().CreateSnapshot());
  ASSERT_OK(store->Close());
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{25}));
  EXPECT_EQ(current_at_removal, (std::vector<std::string>{SnapshotName(25)}));
}

TEST_F(StoreRetentionTest,
       ARollbackThatCannotRemoveASnapshotIsNoSuccessAndIsFinishedByTheNextOpen) {
  for (const RollbackChoice choice : {RollbackChoice::kUndo, RollbackChoice::kReplay}) {
    MemFileSystem fs;
    FillStore(fs, options_, history_, {10, 20, 30});
    {
      FaultFileSystem fault(fs);
      ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fault, options_));
      fault.AddRule(Always(FsOp::kRename, SnapshotName(20), EIO));
      EXPECT_THAT(store->admin().Rollback(15, choice), HasReason(Reason::kPoisoned));
      EXPECT_THAT(CommitOwned(*store, history_.block(16)), HasReason(Reason::kPoisoned));
    }
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs, options_));
    EXPECT_THAT(store->recovery().finished_operation, HasSubstr("15"));
    EXPECT_EQ(SnapshotsOnDisk(fs), (std::vector<Version>{10}));
    ExpectStateAt(*store, history_, 15);
    ASSERT_OK(store->Close());
  }
}

TEST_F(StoreRetentionTest, ListingReadsManifestsOnly) {
  FillStore(fs_, options_, history_, {10, 20, 30});
  std::atomic<bool> listing = false;
  Mutex mu;
  std::vector<std::string> read;
  fault_.SetHook([&](const FsCall& call) {
    if (listing && (call.op == FsOp::kOpenRead || call.op == FsOp::kRead) &&
        call.path.find("/snapshot-") != std::string::npos) {
      MutexLock lock(mu);
      read.emplace_back(BaseName(call.path));
    }
    return OkStatus();
  });
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  listing = true;
  ASSERT_OK(store->admin().Snapshots());
  ASSERT_OK(store->admin().ShowSnapshot(20));
  store->admin().Retention();
  listing = false;
  MutexLock lock(mu);
  EXPECT_FALSE(read.empty());
  EXPECT_THAT(read, ::testing::Each(std::string(kSnapshotManifestName)));
}

// Every version that is advertised as retained can be viewed, whatever happened before; and what is
// retained begins at the oldest snapshot at the latest.
TEST_F(StoreRetentionTest, EveryRetainedVersionIsReachableThroughRandomOperations) {
  for (const uint64_t seed : {1u, 2u, 3u, 4u}) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    const auto below = [&random](uint64_t bound) { return random() % bound; };
    MemFileSystem fs;
    options_.undo_depth = seed % 2 == 0 ? 0 : 8;
    options_.wal_segment_bytes = 300;
    options_.snapshot.policy = seed > 2 ? SnapshotPolicy::kInterval : SnapshotPolicy::kManual;
    options_.snapshot.interval_versions = 4;
    options_.snapshot.keep_recent = 2;
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs, options_));
    std::map<std::string, Version> pins;
    for (int step = 0; step < 120; ++step) {
      const Version head = store->Info().version;
      StoreAdmin& admin = store->admin();
      switch (below(9)) {
        case 0:
          if (head > 0) {
            ASSERT_OK(admin.CreateSnapshot());
          }
          break;
        case 1: {
          const std::vector<Version> snapshots = SnapshotsOnDisk(fs);
          if (!snapshots.empty()) {
            const auto pin = admin.PinSnapshot(snapshots[below(snapshots.size())], "any");
            if (pin.ok()) {  // else it was pruned meanwhile
              pins[pin->id] = pin->version;
            }
          }
          break;
        }
        case 2:
          if (!pins.empty()) {
            ASSERT_OK(admin.ReleasePin(pins.begin()->first));
            pins.erase(pins.begin());
          }
          break;
        case 3:
          ASSERT_OK(admin.Prune(below(3)));
          break;
        case 4: {
          const Version oldest = admin.Retention().oldest_retained;
          if (oldest > 0) {
            const Version target =
                oldest + static_cast<Version>(below(static_cast<uint64_t>(head - oldest + 1)));
            ASSERT_OK(admin.Rollback(target, RollbackChoice::kAuto));
            std::erase_if(pins, [&](const auto& pin) { return pin.second > target; });
          }
          break;
        }
        case 5: {
          ASSERT_OK(store->Close());
          ASSERT_OK_AND_ASSIGN(store, OpenStore(fs, options_));
          break;
        }
        default:
          ASSERT_OK(CommitTo(*store, history_, std::min(head + 3, kVersions)));
          break;
      }
      const RetentionInfo retention = store->admin().Retention();
      const Version now = store->Info().version;
      ASSERT_EQ(store->Info().root, history_.root(now)) << "step " << step;
      if (now == 0) {
        continue;
      }
      ASSERT_GE(retention.oldest_retained, 1);
      if (!retention.snapshots.empty() && retention.current != 0) {
        ASSERT_LE(retention.oldest_retained, retention.snapshots.front()) << "step " << step;
      }
      for (const auto& [id, version] : pins) {
        ASSERT_THAT(SnapshotsOnDisk(fs), ::testing::Contains(version)) << "step " << step;
      }
      for (Version version = retention.oldest_retained; version <= now;
           version += 1 + static_cast<Version>(below(4))) {
        const auto view = store->ViewAt(version);
        // An automatic snapshot may have been taken since, and pruned.
        if (!view.ok() && store->admin().Retention().oldest_retained > version) {
          continue;
        }
        ASSERT_THAT(view, IsOk()) << "step " << step << " version " << version;
        ASSERT_EQ(Hex((*view)->root()), Hex(history_.root(version)));
      }
    }
    ASSERT_OK(store->Close());
  }
}

}  // namespace
}  // namespace flatkv::test
