// Goal: a backup, and a restore, that a crash or a failure cuts at any file call leaves the old
// state or the new one, never neither. Method: the standard sweeps of tests/support/crash_sweep.h;
// every state is recovered, verified to the last row and used.
#include <cstdio>

#include "tests/support/crash_sweep.h"
#include "tests/unit/store/backup_fixture.h"

namespace flatkv::test {
namespace {

class StoreBackupCrashTest : public ::testing::Test {
 protected:
  static constexpr Version kFirst = 3;
  static constexpr Version kSecond = 5;
  static constexpr Version kHead = 6;

  StoreBackupCrashTest() : options_(AdminOptions()), history_(kHead, 6, 99) {}

  // A closed store with two snapshots, of which the first is backed up.
  Status SetUpDisk(MemFileSystem& disk) {
    ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(disk, options_));
    for (const Version version : {kFirst, kSecond}) {
      RETURN_IF_ERROR(CommitTo(*store, history_, version));
      RETURN_IF_ERROR(store->admin().CreateSnapshot().status());
    }
    RETURN_IF_ERROR(CommitTo(*store, history_, kHead));
    RETURN_IF_ERROR(store->Close());
    return Backup(disk, kFirst);
  }
  static Status Backup(FileSystem& fs, Version version) {
    return TakeBackup(fs, NullLogger(), {kStoreDirectory, kBackupDirectory, version}, nullptr)
        .status();
  }
  static Status CheckBackups(FileSystem& fs, bool second_is_there) {
    ASSIGN_OR_RETURN(const BackupListing listing, ListBackups(fs, kBackupDirectory));
    if (listing.backups.empty() || listing.backups.front().version != kFirst) {
      return DataLoss("the first backup is gone");
    }
    if (second_is_there && listing.backups.size() != 2) {
      return DataLoss("the backup that was acknowledged is gone");
    }
    ASSIGN_OR_RETURN(const BackupVerdict verdict, VerifyBackups(fs, kBackupDirectory, {}, nullptr));
    return verdict.findings.empty() ? OkStatus() : DataLoss(verdict.findings.front());
  }

  static RestoreRequest Request(bool from_backup) {
    RestoreRequest request;
    request.home = kHome;
    if (from_backup) {
      request.from = kBackupDirectory;
    } else {
      request.version = kSecond;
    }
    return request;
  }
  // The old store or the new one, whole, and in the second case the old one in the quarantine.
  Status CheckRestored(MemFileSystem& disk, Version restored, bool must_be_new) {
    RETURN_IF_ERROR(FinishSwaps(disk, kHome, 1).status());
    ASSIGN_OR_RETURN(const std::string id, StoreIdAt(disk, kStoreDirectory));
    ASSIGN_OR_RETURN(const std::vector<QuarantineEntry> set_aside, Quarantine(disk, kHome).List());
    const bool is_new = id != old_id_;
    if (must_be_new && !is_new) {
      return DataLoss("the restore was acknowledged and the old store is in its place");
    }
    RETURN_IF_ERROR(CheckStoreGoesOn(disk, kHome, options_, history_, is_new ? restored : kHead));
    if (!is_new) {
      return OkStatus();
    }
    const auto is_old = [](const QuarantineEntry& entry) { return entry.item == kStoreName; };
    const auto entry = std::find_if(set_aside.begin(), set_aside.end(), is_old);
    if (entry == set_aside.end()) {
      return DataLoss("the old store is in no quarantine");
    }
    RETURN_IF_ERROR(MakeDirsDurably(disk, "/old"));
    RETURN_IF_ERROR(
        disk.Rename(fmt::format("{}/{}/{}/{}", kHome, kQuarantineName, entry->name, kStoreName),
                    "/old/flatkv"));
    return CheckStoreGoesOn(disk, "/old", options_, history_, kHead);
  }

  CrashSweep BackupSweep() {
    CrashSweep sweep;
    sweep.setup = [this](MemFileSystem& disk) { return SetUpDisk(disk); };
    sweep.operation = [](FileSystem& fs) { return Backup(fs, kSecond); };
    sweep.check = [](MemFileSystem& disk, const SweepPoint& point) -> Status {
      RETURN_IF_ERROR(CheckBackups(disk, point.status.ok()));
      // Repeating it finishes it, whatever was left.
      RETURN_IF_ERROR(Backup(disk, kSecond));
      return CheckBackups(disk, true);
    };
    return sweep;
  }
  CrashSweep RestoreSweep(bool from_backup) {
    CrashSweep sweep;
    sweep.setup = [this](MemFileSystem& disk) -> Status {
      RETURN_IF_ERROR(SetUpDisk(disk));
      ASSIGN_OR_RETURN(old_id_, StoreIdAt(disk, kStoreDirectory));
      return OkStatus();
    };
    sweep.operation = [from_backup](FileSystem& fs) {
      return Restore(fs, NullLogger(), Request(from_backup), nullptr).status();
    };
    sweep.check = [this, from_backup](MemFileSystem& disk, const SweepPoint& point) {
      return CheckRestored(disk, from_backup ? kFirst : kSecond, point.status.ok());
    };
    return sweep;
  }
  static void Report(const char* name, const SweepResult& result) {
    std::printf("%s: %zu mutating calls, %llu states\n", name, result.trace.size(),
                static_cast<unsigned long long>(result.states));
    EXPECT_EQ(result.failures, 0u) << result.first_failure;
    EXPECT_GT(result.states, 100u);
  }

  const StoreOptions options_;
  const History history_;
  std::string old_id_;
};

TEST_F(StoreBackupCrashTest, ACrashInABackupLeavesWholeOnesAndItCanBeRepeated) {
  CrashSweep sweep = BackupSweep();
  sweep.seeds = 2;
  Report("backup, crash", RunCrashSweep(sweep));
}

TEST_F(StoreBackupCrashTest, AFailureInABackupLeavesWholeOnesAndItCanBeRepeated) {
  CrashSweep sweep = BackupSweep();
  sweep.modes = {CrashMode::kKeepAll, CrashMode::kDropUnsynced};
  sweep.seeds = 1;
  Report("backup, fail", RunFailSweep(sweep));
}

TEST_F(StoreBackupCrashTest, ACrashInARestoreFromABackupLeavesTheOldStoreOrTheNewOne) {
  CrashSweep sweep = RestoreSweep(true);
  sweep.seeds = 1;
  Report("restore from a backup, crash", RunCrashSweep(sweep));
}

TEST_F(StoreBackupCrashTest, ACrashInARestoreOfASnapshotLeavesTheOldStoreOrTheNewOne) {
  CrashSweep sweep = RestoreSweep(false);
  sweep.modes = {CrashMode::kKeepAll, CrashMode::kDropUnsynced, CrashMode::kAnySubset};
  sweep.seeds = 1;
  Report("restore of a snapshot, crash", RunCrashSweep(sweep));
}

TEST_F(StoreBackupCrashTest, AFailureInARestoreLeavesTheOldStoreOrTheNewOne) {
  CrashSweep sweep = RestoreSweep(true);
  sweep.modes = {CrashMode::kKeepAll, CrashMode::kDropUnsynced};
  sweep.seeds = 1;
  Report("restore from a backup, fail", RunFailSweep(sweep));
}

}  // namespace
}  // namespace flatkv::test
