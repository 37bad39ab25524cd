#include <fmt/format.h>

#include <memory>
#include <optional>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/intent.h"
#include "flatkv/snapshot/pins.h"
#include "flatkv/snapshot/quarantine.h"
#include "flatkv/snapshot/store_layout.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/snapshot/scenario_progress.h"
#include "tests/unit/snapshot/snapshot_scenarios.h"
#include "tests/unit/snapshot/snapshot_test_util.h"

namespace flatkv::test {
namespace {

constexpr uint64_t kNow = 1767323045;

// What an operation does between two steps, so that there are crashes after the one and before the
// other.
Status WorkBetween(FileSystem& fs) { return fs.MakeDir("/store/other"); }

// Pin "first" is there; the operation adds "second", then removes "first".
Scenario PinsScenario() {
  Scenario scenario;
  scenario.name = "pins";
  auto progress = std::make_shared<Progress>();
  scenario.sweep.setup = [](MemFileSystem& disk) {
    RETURN_IF_ERROR(MakeDirsDurably(disk, kStore));
    return Pins(disk, kStore).Add(kOld, "first", kNow).status();
  };
  scenario.sweep.operation = [progress](FileSystem& fs) {
    *progress = Progress();
    RETURN_IF_ERROR(progress->Run(
        [](FileSystem& f) { return Pins(f, kStore).Add(kNew, "second", kNow).status(); }, fs));
    return progress->Run(
        [](FileSystem& f) -> Status {
          ASSIGN_OR_RETURN(const std::vector<Pin> pins, Pins(f, kStore).List());
          return Pins(f, kStore).Remove(pins[0].id);
        },
        fs);
  };
  scenario.sweep.check = [progress](MemFileSystem& disk, const SweepPoint&) -> Status {
    ASSIGN_OR_RETURN(const std::vector<Pin> pins, Pins(disk, kStore).List());
    std::string found;
    for (const Pin& pin : pins) {
      found += fmt::format("{} {} {};", pin.version, pin.reason, pin.created_unix_seconds);
    }
    const std::string first = fmt::format("{} first {};", kOld, kNow);
    const std::string second = fmt::format("{} second {};", kNew, kNow);
    const bool is_right = (found == first && progress->done == 0) ||
                          (found == first + second && progress->done <= 1) ||
                          (found == second && progress->begun == 2);
    // Of an Add that was cut short nothing stays after the next.
    RETURN_IF_ERROR(Pins(disk, kStore).Add(kNew, "third", kNow).status());
    ASSIGN_OR_RETURN(const std::vector<std::string> names, disk.List(JoinPath(kStore, kPinsName)));
    return is_right && names.size() == pins.size() + 1 ? OkStatus() : Violated(disk, found);
  };
  return scenario;
}

// The first pin of a store: the directory is made too.
Scenario FirstPinScenario() {
  Scenario scenario;
  scenario.name = "the first pin";
  scenario.sweep.setup = [](MemFileSystem& disk) {
    RETURN_IF_ERROR(MakeDirsDurably(disk, kStore));
    // An empty directory would be taken for one just made.
    return WriteFileDurably(disk, JoinPath(kStore, kIdentityName), "");
  };
  scenario.sweep.operation = [](FileSystem& fs) {
    return Pins(fs, kStore).Add(kNew, "first", kNow).status();
  };
  scenario.sweep.check = [](MemFileSystem& disk, const SweepPoint& point) -> Status {
    ASSIGN_OR_RETURN(const std::vector<Pin> pins, Pins(disk, kStore).List());
    return pins.size() == 1 || !point.status.ok() ? OkStatus() : Violated(disk, "no pin");
  };
  return scenario;
}

constexpr char kItem[] = "/store/working";
constexpr char kItemTree[] =
    "dir account\n"
    "file account/f 5 5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5\n";

Status SetAsideItem(FileSystem& fs) {
  return Quarantine(fs, kStore).SetAside(kWorkingName, "why", kNow).status();
}
Status RemoveEntry(FileSystem& fs) {
  ASSIGN_OR_RETURN(const std::vector<QuarantineEntry> entries, Quarantine(fs, kStore).List());
  return Quarantine(fs, kStore).Remove(entries[0].name);
}

// The item in exactly one place, whole, until its removal begins.
Status CheckQuarantine(FileSystem& fs, const Progress& progress) {
  ASSIGN_OR_RETURN(const bool is_working, Exists(fs, kItem));
  if (is_working && (progress.done >= 1 || TreeText(fs, kItem) != kItemTree)) {
    return Violated(fs, "the item is back, or not whole");
  }
  ASSIGN_OR_RETURN(const std::vector<QuarantineEntry> entries, Quarantine(fs, kStore).List());
  if (entries.size() > 1 || (progress.done == 3 && !entries.empty())) {
    return Violated(fs, "too many entries");
  }
  bool is_here = false;
  if (!entries.empty() && entries[0].reason.find("interrupted") == std::string::npos) {
    // What does not say that it is on its way out is whole.
    const std::string path =
        fmt::format("{}/{}/{}/{}", kStore, kQuarantineName, entries[0].name, kWorkingName);
    is_here = entries[0].item == kWorkingName && entries[0].reason == "why" &&
              entries[0].bytes == 5 && TreeText(fs, path) == kItemTree;
    if (!is_here && !is_working) {
      return Violated(fs, "half an entry");
    }
  }
  return progress.begun == 3 || is_working != is_here ? OkStatus()
                                                      : Violated(fs, "the item is lost or double");
}

Scenario QuarantineScenario() {
  Scenario scenario;
  scenario.name = "quarantine";
  // The two directories of the move: see AMoveToQuarantineNeedsOneOfItsTwoSyncs.
  scenario.useless_syncs = {"syncdir /store/quarantine/20260102T030405Z-# (2)",
                            "syncdir /store (2)"};
  auto progress = std::make_shared<Progress>();
  scenario.sweep.setup = [](MemFileSystem& disk) {
    RETURN_IF_ERROR(MakeDirsDurably(disk, "/store/working/account"));
    return WriteFileDurably(disk, "/store/working/account/f", "12345");
  };
  scenario.sweep.operation = [progress](FileSystem& fs) {
    *progress = Progress();
    RETURN_IF_ERROR(progress->Run(SetAsideItem, fs));
    RETURN_IF_ERROR(progress->Run(WorkBetween, fs));
    return progress->Run(RemoveEntry, fs);
  };
  scenario.sweep.check = [progress](MemFileSystem& disk, const SweepPoint&) -> Status {
    RETURN_IF_ERROR(CheckQuarantine(disk, *progress));
    // What is listed can be removed, for good.
    ASSIGN_OR_RETURN(const std::vector<QuarantineEntry> entries, Quarantine(disk, kStore).List());
    for (const QuarantineEntry& entry : entries) {
      RETURN_IF_ERROR(Quarantine(disk, kStore).Remove(entry.name));
    }
    const std::unique_ptr<MemFileSystem> after = disk.Crash(CrashMode::kDropUnsynced, 0);
    ASSIGN_OR_RETURN(const std::vector<QuarantineEntry> left, Quarantine(*after, kStore).List());
    // One whose removal was not acknowledged may come back, but says so.
    const bool is_right =
        left.empty() || (entries.empty() && progress->begun == 3 && progress->done == 2 &&
                         left[0].reason.find("interrupted") != std::string::npos);
    return is_right ? OkStatus() : Violated(*after, "a removed entry is back");
  };
  return scenario;
}

Intent SampleIntent() {
  Intent intent;
  intent.operation_id = "0123456789abcdef0123456789abcdef";
  intent.from = kNew;
  intent.target = kOld;
  intent.base = kOld;
  return intent;
}

Scenario IntentScenario() {
  Scenario scenario;
  scenario.name = "intent";
  auto progress = std::make_shared<Progress>();
  scenario.sweep.setup = [](MemFileSystem& disk) { return MakeDirsDurably(disk, kStore); };
  scenario.sweep.operation = [progress](FileSystem& fs) {
    *progress = Progress();
    RETURN_IF_ERROR(
        progress->Run([](FileSystem& f) { return WriteIntent(f, kStore, SampleIntent()); }, fs));
    RETURN_IF_ERROR(progress->Run(WorkBetween, fs));
    return progress->Run([](FileSystem& f) { return ClearIntent(f, kStore); }, fs);
  };
  scenario.sweep.check = [progress](MemFileSystem& disk, const SweepPoint&) -> Status {
    ASSIGN_OR_RETURN(const std::optional<Intent> intent, ReadIntent(disk, kStore));
    if (intent.has_value() ? *intent != SampleIntent() || progress->done == 3
                           : progress->done >= 1 && progress->begun < 3) {
      return Violated(disk, "the intent is wrong");
    }
    RETURN_IF_ERROR(ClearIntent(disk, kStore));
    ASSIGN_OR_RETURN(const std::optional<Intent> after,
                     ReadIntent(*disk.Crash(CrashMode::kDropUnsynced, 0), kStore));
    return after.has_value() ? Violated(disk, "a cleared intent is back") : OkStatus();
  };
  return scenario;
}

}  // namespace

std::vector<Scenario> RecordScenarios() {
  return {PinsScenario(), FirstPinScenario(), QuarantineScenario(), IntentScenario()};
}

}  // namespace flatkv::test
