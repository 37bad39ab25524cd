#include <fmt/format.h>

#include <memory>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/quarantine.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/snapshot/store_swap.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/snapshot/scenario_progress.h"
#include "tests/unit/snapshot/snapshot_scenarios.h"
#include "tests/unit/snapshot/swap_test_util.h"

namespace flatkv::test {
namespace {

Status SwapStep(FileSystem& fs) {
  return SwapStores(fs, kSwapHome, SampleSwap(fs), kSwapNow).status();
}

Status Bad(FileSystem& fs, std::string_view what) {
  return DataLoss(fmt::format("{} in\n{}", what, TreeText(fs, kSwapHome)));
}

// The store in the home is one of the two, whole; the other one is where it was, or set aside.
Status CheckSwapped(FileSystem& fs, bool had_store, bool must_be_new) {
  ASSIGN_OR_RETURN(const std::string id, StoreIdAt(fs, JoinPath(kSwapHome, kStoreName)));
  const bool is_new = id == kSwapNewId;
  // What was acknowledged leaves nothing to do.
  ASSIGN_OR_RETURN(const std::vector<std::string> names, fs.List(kSwapHome));
  if (must_be_new && names.size() != (had_store ? 2 : 1)) {
    return Bad(fs, "leftovers");
  }
  ASSIGN_OR_RETURN(const SwapRecovery recovery, FinishSwaps(fs, kSwapHome, kSwapNow));
  if (is_new ? !IsSampleStore(fs, JoinPath(kSwapHome, kStoreName), kSwapNewId)
             : must_be_new || recovery.unfinished.size() != 1 ||
                   !IsSampleStore(fs, StagedStorePath(kSwapHome, kSwapOperation), kSwapNewId) ||
                   (had_store && !IsSampleStore(fs, JoinPath(kSwapHome, kStoreName), kSwapOldId))) {
    return Bad(fs, "a store is not whole");
  }
  ASSIGN_OR_RETURN(const std::vector<QuarantineEntry> entries, Quarantine(fs, kSwapHome).List());
  int kept = 0;
  for (const QuarantineEntry& entry : entries) {
    kept += entry.reason.starts_with("replaced by import") &&
            IsSampleStore(fs, fmt::format("{}/quarantine/{}/flatkv", kSwapHome, entry.name),
                          kSwapOldId);
  }
  if (kept != (is_new && had_store ? 1 : 0)) {
    return Bad(fs, "the old store is lost or double");
  }
  ASSIGN_OR_RETURN(const std::vector<StagedStore> staged, ListStaged(fs, kSwapHome));
  return staged.size() == (is_new ? 0 : 1) ? OkStatus() : Bad(fs, "staging is wrong");
}

Scenario SwapScenario(bool has_store) {
  Scenario scenario;
  scenario.name = has_store ? "swap of two stores" : "swap into an empty home";
  // The two directories of a rename, as in "quarantine": see ASwapNeedsOneOfItsTwoSyncs.
  scenario.useless_syncs = {"syncdir /home (1)", "syncdir /home/staging-# (2)"};
  if (has_store) {
    scenario.useless_syncs.insert(
        scenario.useless_syncs.end(),
        {"syncdir /home/quarantine/20260102T030405Z-# (2)", "syncdir /home/staging-# (3)"});
  }
  auto progress = std::make_shared<Progress>();
  scenario.sweep.setup = [has_store](MemFileSystem& disk) -> Status {
    RETURN_IF_ERROR(MakeDirsDurably(disk, kSwapHome));
    if (has_store) {
      // There already, and not empty: making it would sync the home.
      RETURN_IF_ERROR(MakeDirsDurably(
          disk, fmt::format("{}/quarantine/20250101T000000Z-0000000000000000/x", kSwapHome)));
      RETURN_IF_ERROR(MakeSampleStore(disk, JoinPath(kSwapHome, kStoreName), kSwapOldId));
    }
    return MakeSampleStore(disk, StagedStorePath(kSwapHome, kSwapOperation), kSwapNewId);
  };
  scenario.sweep.operation = [progress](FileSystem& fs) {
    *progress = Progress();
    return progress->Run(SwapStep, fs);
  };
  scenario.sweep.check = [progress, has_store](MemFileSystem& disk, const SweepPoint&) -> Status {
    RETURN_IF_ERROR(CheckSwapped(disk, has_store, progress->done == 1));
    // What was finished stays so.
    const std::unique_ptr<MemFileSystem> after = disk.Crash(CrashMode::kDropUnsynced, 0);
    return CheckSwapped(*after, has_store, progress->done == 1);
  };
  return scenario;
}

}  // namespace

std::vector<Scenario> SwapScenarios() { return {SwapScenario(false), SwapScenario(true)}; }

}  // namespace flatkv::test
