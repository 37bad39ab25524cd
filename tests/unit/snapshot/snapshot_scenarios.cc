#include "tests/unit/snapshot/snapshot_scenarios.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/snapshot_set.h"
#include "flatkv/snapshot/store_layout.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/snapshot/scenario_progress.h"
#include "tests/unit/snapshot/snapshot_test_util.h"

namespace flatkv::test {
namespace {

Status MakeOldSnapshot(MemFileSystem& disk) {
  RETURN_IF_ERROR(MakeDirsDurably(disk, kStore));
  SnapshotSet snapshots(disk, kStore);
  RETURN_IF_ERROR(TakeSnapshot(disk, snapshots, kOld));
  return snapshots.SetCurrent(kOld);
}

Status TakeNew(FileSystem& fs) {
  SnapshotSet snapshots(fs, kStore);
  return TakeSnapshot(fs, snapshots, kNew);
}
Status SetCurrentNew(FileSystem& fs) { return SnapshotSet(fs, kStore).SetCurrent(kNew); }
Status RemoveOld(FileSystem& fs) { return SnapshotSet(fs, kStore).Remove(kOld); }

// Every snapshot that is there is whole, and `current` leads to one.
Status CheckSet(FileSystem& fs, std::vector<Version>* versions, Version* current) {
  const SnapshotSet snapshots(fs, kStore);
  ASSIGN_OR_RETURN(*versions, snapshots.List());
  for (const Version version : *versions) {
    RETURN_IF_ERROR(
        Annotate(CheckSnapshot(fs, snapshots, version), fmt::format("snapshot {}", version)));
  }
  ASSIGN_OR_RETURN(const std::optional<Version> found, snapshots.Current());
  if (!found.has_value()) {
    return Violated(fs, "no current");
  }
  *current = *found;
  return OkStatus();
}

Status CheckTaken(FileSystem& fs, const Progress& progress) {
  std::vector<Version> versions;
  Version current = 0;
  RETURN_IF_ERROR(CheckSet(fs, &versions, &current));
  const auto has = [&versions](Version version) {
    return std::find(versions.begin(), versions.end(), version) != versions.end();
  };
  if (progress.done >= 1 && !has(kNew)) {
    return Violated(fs, "the published snapshot is gone");
  }
  if (progress.done >= 2 && current != kNew) {
    return Violated(fs, "current went back");
  }
  if (progress.begun < 2 && current != kOld) {
    return Violated(fs, "current moved by itself");
  }
  if (progress.begun < 3 && !has(kOld)) {
    return Violated(fs, "the old snapshot is gone");
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(kStore));
  if (progress.done >= 3 && names != std::vector<std::string>{kCurrentName, SnapshotName(kNew)}) {
    return Violated(fs, "the removed snapshot is back, or a part of it");
  }
  return OkStatus();
}

// Whatever was left, a second process comes to the end, for good.
Status FinishTaking(MemFileSystem& disk) {
  SnapshotSet snapshots(disk, kStore);
  RETURN_IF_ERROR(snapshots.CleanLeftovers());
  ASSIGN_OR_RETURN(const std::vector<Version> versions, snapshots.List());
  if (versions.back() != kNew) {
    RETURN_IF_ERROR(TakeNew(disk));
  }
  RETURN_IF_ERROR(SetCurrentNew(disk));
  RETURN_IF_ERROR(RemoveOld(disk));
  return CheckTaken(*disk.Crash(CrashMode::kDropUnsynced, 0), {.begun = 3, .done = 3});
}

Scenario TakeScenario() {
  Scenario scenario;
  scenario.name = "publish, set current, remove the old one";
  // The one before `current` is swapped, when Publish has just made its own: AdoptScenario needs
  // it.
  scenario.useless_syncs = {"syncdir /store (2)"};
  auto progress = std::make_shared<Progress>();
  scenario.sweep.setup = MakeOldSnapshot;
  scenario.sweep.operation = [progress](FileSystem& fs) {
    *progress = Progress();
    RETURN_IF_ERROR(progress->Run(TakeNew, fs));
    RETURN_IF_ERROR(progress->Run(SetCurrentNew, fs));
    return progress->Run(RemoveOld, fs);
  };
  scenario.sweep.check = [progress](MemFileSystem& disk, const SweepPoint&) {
    RETURN_IF_ERROR(CheckTaken(disk, *progress));
    return FinishTaking(disk);
  };
  return scenario;
}

// A process was killed between the rename of Publish and its sync; the next one adopts the
// snapshot.
Scenario AdoptScenario() {
  Scenario scenario;
  scenario.name = "set current to a snapshot whose name is not synced";
  auto progress = std::make_shared<Progress>();
  scenario.sweep.setup = [](MemFileSystem& disk) {
    RETURN_IF_ERROR(MakeOldSnapshot(disk));
    FaultFileSystem fs(disk);
    FaultRule rule;
    rule.op = FsOp::kSyncDir;
    rule.path_contains = kStore;
    rule.skip = kDataDbs + 1;
    rule.effect = FaultRule::Effect::kLie;
    fs.AddRule(rule);
    return TakeNew(fs);
  };
  scenario.sweep.operation = [progress](FileSystem& fs) {
    *progress = {.begun = 1, .done = 0};
    RETURN_IF_ERROR(SetCurrentNew(fs));
    *progress = {.begun = 2, .done = 2};
    return OkStatus();
  };
  scenario.sweep.check = [progress](MemFileSystem& disk, const SweepPoint&) {
    Progress reached = *progress;
    reached.begun = 2;
    RETURN_IF_ERROR(CheckTaken(disk, reached));
    return FinishTaking(disk);
  };
  return scenario;
}

Status CloneOld(FileSystem& fs) {
  const SnapshotSet snapshots(fs, kStore);
  ASSIGN_OR_RETURN(const SnapshotManifest manifest, snapshots.ReadManifest(kOld));
  return CloneSnapshot(fs, snapshots.PathOf(kOld), JoinPath(kStore, kWorkingName), manifest, false,
                       "base\n");
}

// What TreeText of a clone must be, from a disk that has never crashed.
std::string WholeClone() {
  MemFileSystem disk;
  const Status made = MakeOldSnapshot(disk);
  return made.ok() && CloneOld(disk).ok() ? TreeText(disk, JoinPath(kStore, kWorkingName)) : "";
}

Status CheckClone(FileSystem& fs, const std::string& whole, bool must_exist) {
  std::vector<Version> versions;
  Version current = 0;
  RETURN_IF_ERROR(CheckSet(fs, &versions, &current));
  const std::string path = JoinPath(kStore, kWorkingName);
  ASSIGN_OR_RETURN(const bool exists, Exists(fs, path));
  const bool is_right = exists ? TreeText(fs, path) == whole : !must_exist;
  return is_right ? OkStatus() : Violated(fs, "half a clone, or none");
}

Scenario CloneScenario() {
  Scenario scenario;
  scenario.name = "clone";
  auto progress = std::make_shared<Progress>();
  scenario.sweep.setup = MakeOldSnapshot;
  scenario.sweep.operation = [progress](FileSystem& fs) {
    *progress = Progress();
    return progress->Run(CloneOld, fs);
  };
  scenario.sweep.check = [progress, whole = WholeClone()](MemFileSystem& disk,
                                                          const SweepPoint&) -> Status {
    RETURN_IF_ERROR(CheckClone(disk, whole, progress->done == 1));
    RETURN_IF_ERROR(RemoveTreeDurably(disk, JoinPath(kStore, kWorkingName)));
    RETURN_IF_ERROR(CloneOld(disk));
    return CheckClone(*disk.Crash(CrashMode::kDropUnsynced, 0), whole, true);
  };
  return scenario;
}

}  // namespace

std::vector<Scenario> SnapshotScenarios() {
  return {TakeScenario(), AdoptScenario(), CloneScenario()};
}

}  // namespace flatkv::test
