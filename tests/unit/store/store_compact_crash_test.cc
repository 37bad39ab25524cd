// Goal: a compaction that a crash or a failure cuts at any file call leaves every acknowledged
// version with all its rows, and a store that goes on. Method: the standard sweeps of
// tests/support/crash_sweep.h; every state is opened, verified to the last row and used.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/support/crash_sweep.h"
#include "tests/unit/store/store_admin_util.h"

namespace flatkv::test {
namespace {

class StoreCompactCrashTest : public ::testing::Test {
 protected:
  static constexpr Version kHead = 8;

  // Several tables in each DB, and a snapshot that shares some of them.
  CrashSweep Sweep() {
    CrashSweep sweep;
    sweep.setup = [this](MemFileSystem& disk) -> Status {
      ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(disk, options_));
      for (Version version = 1; version <= kHead; ++version) {
        RETURN_IF_ERROR(CommitTo(*store, history_, version));
        RETURN_IF_ERROR(store->Flush());
        if (version == 5) {
          RETURN_IF_ERROR(store->admin().CreateSnapshot().status());
        }
      }
      return store->Close();
    };
    sweep.operation = [this](FileSystem& fs) -> Status {
      acked_ = kHead;
      ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(fs, options_));
      RETURN_IF_ERROR(CommitTo(*store, history_, kHead + 1));
      acked_ = kHead + 1;
      RETURN_IF_ERROR(store->admin().Compact(nullptr).status());
      return store->Close();
    };
    sweep.check = [this](MemFileSystem& disk, const SweepPoint&) -> Status {
      ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(disk, options_));
      const StoreInfo info = store->Info();
      if (info.version < acked_ || info.root != history_.root(info.version)) {
        return DataLoss(fmt::format("version {} after {} was acknowledged", info.version, acked_));
      }
      RETURN_IF_ERROR(store->VerifyRows());
      RETURN_IF_ERROR(CommitTo(*store, history_, kHead + 2));
      return store->Close();
    };
    sweep.modes = {CrashMode::kKeepAll, CrashMode::kDropUnsynced};
    sweep.seeds = 1;
    return sweep;
  }
  static void Report(const char* name, const SweepResult& result) {
    std::printf("%s: %zu mutating calls, %llu states\n", name, result.trace.size(),
                static_cast<unsigned long long>(result.states));
    EXPECT_EQ(result.failures, 0u) << result.first_failure;
    EXPECT_GT(result.states, 100u);
  }

  const StoreOptions options_ = AdminOptions();
  const History history_{kHead + 2, 10, 5};
  Version acked_ = 0;
};

TEST_F(StoreCompactCrashTest, ACrashAtAnyCallLosesNothing) {
  Report("compact, crash", RunCrashSweep(Sweep()));
}

TEST_F(StoreCompactCrashTest, AFailureOfAnyCallLosesNothing) {
  CrashSweep sweep = Sweep();
  sweep.modes = {CrashMode::kDropUnsynced};
  Report("compact, fail", RunFailSweep(sweep));
}

}  // namespace
}  // namespace flatkv::test
