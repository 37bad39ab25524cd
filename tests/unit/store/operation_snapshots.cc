// Snapshots, pins, prunes and quarantine for the crash sweeps.
#include <algorithm>

#include "tests/unit/store/operation_cases.h"
#include "tests/unit/store/operation_disks.h"
#include "tests/unit/store/operation_scenarios.h"

namespace flatkv::test {
namespace {

constexpr Version kHead = kSweepVersions - 2;  // when the operation begins

Status CommitNext(Store& store, Version* acked) {
  RETURN_IF_ERROR(CommitTo(store, SweepHistory(), *acked + 1));
  ++*acked;
  return OkStatus();
}

std::function<Status(MemFileSystem&)> StoreWith(std::vector<Version> snapshots,
                                                std::vector<Version> pinned = {}) {
  return [snapshots = std::move(snapshots), pinned = std::move(pinned)](MemFileSystem& disk) {
    return MakeStore(disk, SweepOptions(), snapshots, pinned);
  };
}

bool HasSnapshots(Store& store, const std::vector<Version>& expected) {
  return store.admin().Retention().snapshots == expected;
}

Operation SnapshotBetweenCommits() {
  return OperationBeside(
      "snapshot between commits", SweepOptions(), StoreWith({3}),
      [](Store& store, Version* acked) {
        RETURN_IF_ERROR(CommitNext(store, acked));
        RETURN_IF_ERROR(store.admin().CreateSnapshot().status());
        return CommitNext(store, acked);
      },
      [](Store& store) {
        return HasSnapshots(store, {3, kHead + 1});
      });
}

Operation FirstSnapshot() {
  return OperationBeside(
      "first snapshot", SweepOptions(), StoreWith({}),
      [](Store& store, Version*) { return store.admin().CreateSnapshot().status(); },
      [](Store& store) { return HasSnapshots(store, {kHead}); });
}

// The commit after it prunes the changelog.
Operation SnapshotWithPrune() {
  StoreOptions options = SweepOptions();
  options.snapshot.keep_recent = 0;
  return OperationBeside(
      "snapshot with prune", options, StoreWith({3, 6}),
      [](Store& store, Version* acked) {
        RETURN_IF_ERROR(store.admin().CreateSnapshot().status());
        return CommitNext(store, acked);
      },
      // A prune that fails leaves more than it should, and that is all.
      [](Store& store) { return store.admin().Retention().current == kHead; });
}

Operation OperatorsPrune() {
  return OperationBeside(
      "prune", SweepOptions(), StoreWith({2, 4, 6}, {4}),
      [](Store& store, Version*) { return store.admin().Prune(0).status(); },
      [](Store& store) {
        return HasSnapshots(store, {4, 6}) && store.Info().oldest_version > 1;
      });
}

Operation PinOne() {
  return OperationBeside(
      "pin", SweepOptions(), StoreWith({2, 4}, {4}),
      [](Store& store, Version*) { return store.admin().PinSnapshot(2, "wanted").status(); },
      [](Store& store) { return store.admin().Retention().pins.size() == 2; });
}

Operation UnpinOne() {
  return OperationBeside(
      "unpin", SweepOptions(), StoreWith({2, 4}, {2, 4}),
      [](Store& store, Version*) -> Status {
        ASSIGN_OR_RETURN(const std::vector<Pin> pins, store.admin().ListPins());
        return store.admin().ReleasePin(pins.front().id);
      },
      [](Store& store) { return store.admin().Retention().pins.size() == 1; });
}

Operation RemoveOneSnapshot() {
  return OperationBeside(
      "snapshot rm", SweepOptions(), StoreWith({2, 4}),
      [](Store& store, Version*) { return store.admin().RemoveSnapshot(2); },
      [](Store& store) { return HasSnapshots(store, {4}); });
}

Operation RemoveFromQuarantine() {
  return OperationBeside(
      "quarantine rm", SweepOptions(),
      [](MemFileSystem& disk) -> Status {
        RETURN_IF_ERROR(MakeStore(disk, SweepOptions(), {4}));
        RETURN_IF_ERROR(DamageTable(disk));
        ASSIGN_OR_RETURN(const std::unique_ptr<Store> store, OpenStore(disk, SweepOptions()));
        return store->Close();
      },
      [](Store& store, Version*) -> Status {
        ASSIGN_OR_RETURN(const std::vector<QuarantineEntry> entries,
                         store.admin().ListQuarantine());
        return store.admin().RemoveQuarantine(entries.front().name);
      },
      [](Store& store) { return store.admin().Retention().quarantine_entries == 0; });
}

}  // namespace

std::vector<OperationCase> SnapshotCases() {
  return {{"FirstSnapshot", FirstSnapshot},
          {"SnapshotBetweenCommits", SnapshotBetweenCommits},
          {"SnapshotWithPrune", SnapshotWithPrune},
          {"OperatorsPrune", OperatorsPrune},
          {"Pin", PinOne},
          {"Unpin", UnpinOne},
          {"RemoveSnapshot", RemoveOneSnapshot},
          {"RemoveFromQuarantine", RemoveFromQuarantine}};
}

}  // namespace flatkv::test
