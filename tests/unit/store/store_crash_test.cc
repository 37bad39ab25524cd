// Goal: invariants 1, 2, 3, 5 and 6 of docs/architecture.md after a crash or a failure at any file
// call. Method: the standard sweeps of tests/support/crash_sweep.h over opening, committing (with
// segment rolls and flushes) and closing a store, and over creating one.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/support/crash_sweep.h"
#include "tests/support/model_store.h"
#include "tests/support/random_blocks.h"
#include "tests/unit/store/store_test_util.h"

namespace flatkv::test {
namespace {

constexpr Version kSetupVersions = 6;
constexpr Version kVersions = 14;

// One fixed history and its roots by the reference.
class History {
 public:
  History() {
    RandomBlocks random(42);
    ModelStore model(Suite::kBlake3);
    roots_[0] = model.Root();
    for (Version version = 1; version <= kVersions; ++version) {
      blocks_.push_back(random.Next(version, 40));
      model.Commit(blocks_.back());
      roots_[version] = model.Root();
    }
  }
  const OwnedBlock& block(Version version) const {
    return blocks_[static_cast<size_t>(version - 1)];
  }
  const Digest& root(Version version) const { return roots_.at(version); }

 private:
  std::vector<OwnedBlock> blocks_;
  std::map<Version, Digest> roots_;
};

StoreOptions SweepOptions() {
  StoreOptions options = SmallStoreOptions(Suite::kBlake3);
  options.threads = 1;
  options.wal_segment_bytes = 2 << 10;  // rolls every few versions
  options.replay_bytes_max = 3 << 10;   // flushes every few versions
  options.write_buffer_bytes = 64 << 10;
  return options;
}

// Commits versions until `last` and notes each acknowledged one.
Status CommitUntil(FileSystem& fs, const History& history, Version last, Version* acked) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(fs, SweepOptions()));
  Status status;
  for (Version version = store->Info().version + 1; version <= last && status.ok(); ++version) {
    const StatusOr<CommitResult> result = CommitOwned(*store, history.block(version));
    status = result.status();
    if (result.ok()) {
      *acked = version;
      if (result->root != history.root(version)) {
        return Internal("a commit answered with a wrong root");
      }
    } else if (CommitOwned(*store, history.block(version)).ok()) {
      return Internal("a commit succeeded after a failed one on the same handle");
    }
  }
  const Status closed = store->Close();
  return status.ok() ? closed : status;
}

// Reopens what is left: acknowledged versions are there, roots and rows are right, and the store
// goes on.
Status CheckRecovered(FileSystem& disk, const History& history, Version acked) {
  ASSIGN_OR_RETURN(std::unique_ptr<Store> store, OpenStore(disk, SweepOptions()));
  const StoreInfo info = store->Info();
  if (info.version < acked || info.version > kVersions) {
    return DataLoss(fmt::format("stands at {}, acknowledged were {}", info.version, acked));
  }
  if (info.root != history.root(info.version)) {
    return DataLoss(fmt::format("wrong root at {}", info.version));
  }
  for (Version version = 1; version <= info.version; ++version) {
    ASSIGN_OR_RETURN(const Digest root, store->RootAt(version));
    if (root != history.root(version)) {
      return DataLoss(fmt::format("wrong recorded root at {}", version));
    }
  }
  RETURN_IF_ERROR(store->VerifyRows());
  if (info.version < kVersions) {
    ASSIGN_OR_RETURN(const CommitResult next, CommitOwned(*store, history.block(info.version + 1)));
    if (next.root != history.root(info.version + 1)) {
      return DataLoss("wrong root after recovery");
    }
  }
  RETURN_IF_ERROR(store->Close());
  store.reset();
  ASSIGN_OR_RETURN(store, OpenStore(disk, SweepOptions()));
  if (store->recovery().replayed_from != 0 || store->recovery().torn_bytes != 0) {
    return Internal("a clean close left something to recover");
  }
  return store->Close();
}

class StoreCrashTest : public ::testing::Test {
 protected:
  // A sweep over opening a store with some history, committing the rest and closing.
  CrashSweep CommitSweep() {
    CrashSweep sweep;
    sweep.setup = [this](MemFileSystem& disk) {
      Version acked = 0;
      return CommitUntil(disk, history_, kSetupVersions, &acked);
    };
    sweep.operation = [this](FileSystem& fs) {
      acked_ = kSetupVersions;
      return CommitUntil(fs, history_, kVersions, &acked_);
    };
    sweep.check = [this](MemFileSystem& disk, const SweepPoint&) {
      return CheckRecovered(disk, history_, acked_);
    };
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

  const History history_;
  Version acked_ = 0;
};

TEST_F(StoreCrashTest, ACrashAtAnyCallOfOpenCommitAndCloseLosesNothingAcknowledged) {
  CrashSweep sweep = CommitSweep();
  sweep.seeds = 2;
  Report("open, commit, close", RunCrashSweep(sweep));
}

TEST_F(StoreCrashTest, ACrashWhileCreatingLeavesAStoreThatOpens) {
  CrashSweep sweep = CommitSweep();
  sweep.setup = [](MemFileSystem&) { return OkStatus(); };
  sweep.operation = [this](FileSystem& fs) {
    acked_ = 0;
    return CommitUntil(fs, history_, 2, &acked_);
  };
  Report("create", RunCrashSweep(sweep));
}

TEST_F(StoreCrashTest, AFailureOfAnyCallNeverAcknowledgesWhatIsNotThere) {
  CrashSweep sweep = CommitSweep();
  sweep.modes = {CrashMode::kKeepAll, CrashMode::kDropUnsynced, CrashMode::kAnySubset};
  sweep.seeds = 1;
  Report("fail each call", RunFailSweep(sweep));
}

TEST_F(StoreCrashTest, ACrashDuringTheRecoveryFromACrashLosesNothing) {
  // A store that was killed in the middle: the operation is the recovery.
  CrashSweep sweep = CommitSweep();
  sweep.setup = [this](MemFileSystem& disk) {
    Version acked = 0;
    RETURN_IF_ERROR(CommitUntil(disk, history_, kSetupVersions, &acked));
    ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(disk, SweepOptions()));
    for (Version version = kSetupVersions + 1; version <= kVersions - 1; ++version) {
      RETURN_IF_ERROR(CommitOwned(*store, history_.block(version)).status());
    }
    return OkStatus();  // destroyed without Close: killed
  };
  sweep.operation = [this](FileSystem& fs) {
    acked_ = kVersions - 1;
    return CommitUntil(fs, history_, kVersions, &acked_);
  };
  sweep.seeds = 1;
  Report("recover", RunCrashSweep(sweep));
}

}  // namespace
}  // namespace flatkv::test
