// Goal: invariants 1, 2, 3 and 6 of docs/architecture.md for versions that are committed in groups,
// after a crash or a failure at any file call. Method: the standard sweeps of
// tests/support/crash_sweep.h over opening a store, committing groups of several sizes (with
// segment rolls and flushes between them) and closing it; and once with the syncs of the changelog
// left out, which must show.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/support/crash_sweep.h"
#include "tests/unit/store/group_history.h"

namespace flatkv::test {
namespace {

constexpr Version kSetupVersions = 4;
constexpr Version kVersions = 17;
// The sizes of the groups behind the setup.
constexpr std::array<Version, 5> kGroups = {3, 1, 5, 2, 2};

StoreOptions SweepOptions() {
  StoreOptions options = SmallStoreOptions(Suite::kBlake3);
  options.threads = 1;
  options.wal_segment_bytes = 3 << 10;  // rolls between some groups
  options.replay_bytes_max = 4 << 10;   // flushes now and then
  options.write_buffer_bytes = 64 << 10;
  return options;
}

class StoreGroupCrashTest : public ::testing::Test {
 protected:
  // Commits groups until kVersions; `acked_` is the last version that was acknowledged.
  Status CommitGroups(FileSystem& fs) {
    ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(fs, SweepOptions()));
    Status status;
    for (const Version size : kGroups) {
      std::vector<OwnedBlock> blocks;
      for (Version version = acked_ + 1; version <= acked_ + size; ++version) {
        blocks.push_back(history_.block(version));
      }
      for (const StatusOr<CommitResult>& result : CommitGroupOf(*store, blocks)) {
        if (!result.ok()) {
          status = result.status();
          continue;
        }
        if (!status.ok() || result->version != acked_ + 1 ||
            result->root != history_.root(result->version)) {
          return Internal("a version was acknowledged behind a failed one, or wrongly");
        }
        acked_ = result->version;
      }
      if (!status.ok()) {
        if (store->Info().version != acked_) {
          return Internal("readers see what was not acknowledged");
        }
        return status;
      }
    }
    return store->Close();
  }

  Status CheckRecovered(FileSystem& disk) const {
    ASSIGN_OR_RETURN(std::unique_ptr<Store> store, OpenStore(disk, SweepOptions()));
    const Version head = store->Info().version;
    if (head < acked_ || head > kVersions) {
      return DataLoss(fmt::format("stands at {}, acknowledged were {}", head, acked_));
    }
    for (Version version = 1; version <= head; ++version) {
      ASSIGN_OR_RETURN(const Digest root, store->RootAt(version));
      if (root != history_.root(version)) {
        return DataLoss(fmt::format("wrong recorded root at {}", version));
      }
    }
    if (store->Info().root != history_.root(head)) {
      return DataLoss(fmt::format("wrong root at {}", head));
    }
    RETURN_IF_ERROR(store->VerifyRows());
    if (head < kVersions) {
      RETURN_IF_ERROR(CommitGroupTo(*store, history_, head + 1, kVersions));
    }
    RETURN_IF_ERROR(store->Close());
    store.reset();
    ASSIGN_OR_RETURN(store, OpenStore(disk, SweepOptions()));
    if (store->recovery().replayed_from != 0 || store->recovery().torn_bytes != 0) {
      return Internal("a clean close left something to recover");
    }
    return store->Close();
  }

  CrashSweep GroupSweep() {
    CrashSweep sweep;
    sweep.setup = [this](MemFileSystem& disk) -> Status {
      ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(disk, SweepOptions()));
      RETURN_IF_ERROR(CommitTo(*store, history_, kSetupVersions));
      return store->Close();
    };
    sweep.operation = [this](FileSystem& fs) {
      acked_ = kSetupVersions;
      return CommitGroups(fs);
    };
    sweep.check = [this](MemFileSystem& disk, const SweepPoint&) { return CheckRecovered(disk); };
    sweep.modes = {CrashMode::kKeepAll, CrashMode::kDropUnsynced, CrashMode::kOrderedPrefix,
                   CrashMode::kAnySubset, CrashMode::kTornSectors};
    return sweep;
  }

  static void Report(const char* name, const SweepResult& result) {
    std::printf("%s: %zu mutating calls, %llu crash states\n", name, result.trace.size(),
                static_cast<unsigned long long>(result.states));
    EXPECT_EQ(result.failures, 0u) << result.first_failure;
    EXPECT_GT(result.states, 100u);
  }

  const History history_{kVersions, 25, 4242};
  Version acked_ = 0;
};

TEST_F(StoreGroupCrashTest, ACrashAtAnyCallLeavesAWholePrefixWithEverythingAcknowledged) {
  CrashSweep sweep = GroupSweep();
  sweep.seeds = 3;
  Report("groups, crash", RunCrashSweep(sweep));
}

TEST_F(StoreGroupCrashTest, AFailureOfAnyCallNeverAcknowledgesWhatIsNotThere) {
  CrashSweep sweep = GroupSweep();
  sweep.modes = {CrashMode::kKeepAll, CrashMode::kDropUnsynced, CrashMode::kTornSectors};
  sweep.seeds = 1;
  Report("groups, fail", RunFailSweep(sweep));
}

TEST_F(StoreGroupCrashTest, TheSyncOfAGroupIsWhatKeepsIt) {
  CrashSweep sweep = GroupSweep();
  sweep.modes = {CrashMode::kDropUnsynced};
  sweep.seeds = 1;
  FaultRule lie;
  lie.op = FsOp::kSync;
  lie.path_contains = "/changelog/";
  lie.times = FaultRule::kForever;
  lie.effect = FaultRule::Effect::kLie;
  sweep.rules = {lie};
  EXPECT_GT(RunCrashSweep(sweep).failures, 0u);
}

}  // namespace
}  // namespace flatkv::test
