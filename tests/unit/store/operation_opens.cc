// Opens that find something to do, for the crash sweeps.
#include <algorithm>

#include "flatkv/base/check.h"
#include "tests/unit/store/operation_cases.h"
#include "tests/unit/store/operation_disks.h"
#include "tests/unit/store/operation_scenarios.h"
#include "tests/unit/store/store_admin_util.h"

namespace flatkv::test {
namespace {

constexpr char kOldId[] = "0123456789abcdef0123456789abcdef";

// Commits what the closed store lacks, and is killed.
Status CommitAndDie(FileSystem& disk) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(disk, SweepOptions()));
  return CommitAndWait(*store, kSweepVersions);
}

// The open asks for a first snapshot: waits for it as long as one can come.
Status WaitForTheFirst(Store& store) {
  while (true) {
    RETURN_IF_ERROR(store.Health());
    const SnapshotActivity activity = store.admin().Retention().activity;
    if (activity.failed > 0) {
      return Unavailable(activity.last_error);
    }
    if (activity.taken > 0) {
      return OkStatus();
    }
    std::this_thread::yield();
  }
}

Operation FlatLayout() {
  Operation operation = OpenOf(
      "migration", SweepOptions(),
      [](MemFileSystem& disk) -> Status {
        RETURN_IF_ERROR(MakeStore(disk, SweepOptions(), {}));
        return MakeFlat(disk);
      },
      kSweepClosedAt, nullptr);
  operation.run = WaitForTheFirst;
  return operation;
}

Operation FlatLayoutKilled() {
  Operation operation = OpenOf(
      "migration of a killed store", SweepOptions(),
      [](MemFileSystem& disk) -> Status {
        RETURN_IF_ERROR(MakeStore(disk, SweepOptions(), {}));
        RETURN_IF_ERROR(CommitAndDie(disk));
        return MakeFlat(disk);
      },
      kSweepVersions, nullptr);
  operation.run = WaitForTheFirst;
  return operation;
}

Operation OrphanSnapshot() {
  return OpenOf(
      "adoption of an orphan", SweepOptions(),
      [](MemFileSystem& disk) -> Status {
        RETURN_IF_ERROR(MakeStore(disk, SweepOptions(), {3, 6}));
        RETURN_IF_ERROR(CommitAndDie(disk));
        return PointCurrentAt(disk, 3);
      },
      kSweepVersions, [](Store& store) { return store.admin().Retention().current == 6; });
}

Operation UnsoundOrphan() {
  return OpenOf(
      "an unsound orphan", SweepOptions(),
      [](MemFileSystem& disk) -> Status {
        RETURN_IF_ERROR(MakeStore(disk, SweepOptions(), {3, 6}));
        RETURN_IF_ERROR(CommitAndDie(disk));
        disk.FlipBit(JoinPath(InStore(SnapshotName(6)), kSnapshotManifestName), 40, 1);
        return PointCurrentAt(disk, 3);
      },
      kSweepVersions,
      [](Store& store) {
        const RetentionInfo retention = store.admin().Retention();
        return retention.current == 3 && retention.quarantine_entries >= 1;
      });
}

Operation UnsoundWorking() {
  Operation operation = OpenOf(
      "a damaged table", SweepOptions(),
      [](MemFileSystem& disk) -> Status {
        RETURN_IF_ERROR(MakeStore(disk, SweepOptions(), {4}));
        return DamageTable(disk);
      },
      kSweepClosedAt,
      [](Store& store) { return store.admin().Retention().quarantine_entries >= 1; });
  operation.may_rebuild_working = true;
  return operation;
}

Operation RestoreSnapshot() {
  StoreOptions options = SweepOptions();
  options.on_dirty_store = OnDirtyStore::kRestoreSnapshot;
  Operation operation = OpenOf(
      "restore-snapshot", options,
      [](MemFileSystem& disk) -> Status {
        RETURN_IF_ERROR(MakeStore(disk, SweepOptions(), {3, 6}));
        return CommitAndDie(disk);
      },
      kSweepVersions,
      [](Store& store) { return store.admin().Retention().quarantine_entries >= 1; });
  operation.may_rebuild_working = true;
  return operation;
}

StoreOptions WipeOptions() {
  StoreOptions options = SweepOptions();
  options.on_dirty_store = OnDirtyStore::kWipe;
  options.wipe_confirmation = kOldId;
  return options;
}

// Either the old store is whole, in place and in quarantine together, or all of it is in quarantine
// and the new one is empty; and going on ends with the empty one.
Status CheckWiped(MemFileSystem& disk, OutcomeCheck check) {
  const std::unique_ptr<MemFileSystem> back = disk.Clone();
  RETURN_IF_ERROR(BringBack(*back, kOldId));
  const std::vector<Outcome> old = {ExactOutcome("the old store", FullTimeline())};
  RETURN_IF_ERROR(
      Annotate(CheckOutcome(*back, SweepOptions(), old, check), "brought back from quarantine"));
  Outcome empty = ExactOutcome("empty", FullTimeline().UpTo(0));
  empty.fits = [](Store& store) { return store.Info().store_id != kOldId; };
  const std::unique_ptr<MemFileSystem> again = disk.Clone();
  const StatusOr<std::unique_ptr<Store>> wiped = OpenStore(*again, WipeOptions());
  // A new store that is dirty already needs a confirmation of its own.
  const bool is_wiped = ReasonOf(wiped.status()) == Reason::kConfirmationNeeded;
  return CheckOutcome(disk, is_wiped ? SweepOptions() : WipeOptions(), {&empty, 1}, check);
}

Operation Wipe() {
  Operation operation = OpenOf(
      "wipe", WipeOptions(),
      [](MemFileSystem& disk) -> Status {
        RETURN_IF_ERROR(BeginStore(disk, kOldId));
        RETURN_IF_ERROR(MakeStore(disk, SweepOptions(), {3, 6}, {3}));
        return CommitAndDie(disk);
      },
      kSweepVersions, nullptr);
  operation.check = CheckWiped;
  return operation;
}

}  // namespace

std::vector<OperationCase> OpenCases() {
  return {{"Migration", FlatLayout},
          {"MigrationOfAKilledStore", FlatLayoutKilled},
          {"AdoptionOfAnOrphan", OrphanSnapshot},
          {"UnsoundOrphan", UnsoundOrphan},
          {"UnsoundWorking", UnsoundWorking},
          {"RestoreSnapshot", RestoreSnapshot},
          {"Wipe", Wipe}};
}

OperationCase CaseOf(const std::string& name) {
  std::vector<OperationCase> cases = HistoryCases();
  for (const auto& more : {SnapshotCases(), OpenCases()}) {
    cases.insert(cases.end(), more.begin(), more.end());
  }
  const auto it = std::find_if(cases.begin(), cases.end(),
                               [&name](const OperationCase& one) { return one.name == name; });
  FLATKV_CHECK(it != cases.end());
  return *it;
}

}  // namespace flatkv::test
