// Goal: whatever crashes, the hash log says nothing wrong of any version, and the store opens
// without loss. Method: the standard sweep over opening, committing, rolling back and closing.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/support/crash_sweep.h"
#include "tests/support/mem_file_system.h"
#include "tests/unit/store/state_reader_util.h"

namespace flatkv::test {
namespace {

constexpr Version kVersions = 12;

class HashLogCrashTest : public ::testing::Test {
 protected:
  HashLogCrashTest() : history_(kVersions, 20, 99) {
    options_ = SmallStoreOptions(Suite::kBlake3);
    options_.threads = 1;
    options_.wal_segment_bytes = 2 << 10;
    options_.replay_bytes_max = 3 << 10;
    options_.write_buffer_bytes = 64 << 10;
    options_.undo_depth = 3;
  }

  Status Work(FileSystem& fs) {
    ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(fs, options_));
    Status status = CommitTo(*store, history_, 9);
    if (status.ok()) {
      status = store->admin().Rollback(7, RollbackChoice::kAuto).status();
    }
    if (status.ok()) {
      status = CommitTo(*store, history_, 10);
    }
    const Status closed = store->Close();
    return status.ok() ? closed : status;
  }

  Status Check(MemFileSystem& disk) {
    ASSIGN_OR_RETURN(std::unique_ptr<Store> store, OpenStore(disk, options_));
    RETURN_IF_ERROR(CheckHashLog(*store, history_, /*all_known=*/false));
    RETURN_IF_ERROR(CommitTo(*store, history_, kVersions));
    RETURN_IF_ERROR(CheckHashLog(*store, history_, /*all_known=*/false));
    ASSIGN_OR_RETURN(const VersionRanges ranges, store->state_reader().Ranges());
    if (ranges.hash_log_last != kVersions) {
      return Internal(fmt::format("the hash log ends at {}", ranges.hash_log_last));
    }
    return store->Close();
  }

  CrashSweep Sweep() {
    CrashSweep sweep;
    sweep.setup = [this](MemFileSystem& disk) -> Status {
      ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(disk, options_));
      RETURN_IF_ERROR(CommitTo(*store, history_, 5));
      return store->Close();
    };
    sweep.operation = [this](FileSystem& fs) { return Work(fs); };
    sweep.check = [this](MemFileSystem& disk, const SweepPoint&) { return Check(disk); };
    sweep.seeds = 1;
    return sweep;
  }

  const History history_;
  StoreOptions options_;
};

TEST_F(HashLogCrashTest, ACrashAtAnyCallLeavesNothingWrongInTheHashLog) {
  const SweepResult result = RunCrashSweep(Sweep());
  fmt::print("{} mutating calls, {} crash states\n", result.trace.size(), result.states);
  EXPECT_EQ(result.failures, 0u) << result.first_failure;
  EXPECT_GT(result.states, 100u);
}

TEST_F(HashLogCrashTest, AFailureOfAnyOfItsCallsStopsNoCommit) {
  CrashSweep sweep = Sweep();
  sweep.counted = [](const FsCall& call) {
    return IsMutating(call.op) && call.path.find("/hashlog") != std::string::npos;
  };
  sweep.modes = {CrashMode::kKeepAll, CrashMode::kAnySubset};
  const SweepResult result = RunFailSweep(sweep);
  fmt::print("{} crash states\n", result.states);
  EXPECT_EQ(result.failures, 0u) << result.first_failure;
}

}  // namespace
}  // namespace flatkv::test
