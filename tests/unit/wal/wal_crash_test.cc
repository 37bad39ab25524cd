// Crash at every file call, in every crash mode; and leave out every sync.
#include <fmt/format.h>

#include <functional>

#include "tests/support/crash_sweep.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/wal/wal_scenarios.h"
#include "tests/unit/wal/wal_script.h"
#include "tests/unit/wal/wal_test_util.h"

namespace flatkv::test {
namespace {

CrashSweep MakeSweep(const Scenario& scenario) {
  CrashSweep sweep;
  auto script = std::make_shared<std::unique_ptr<WalScript>>();
  sweep.setup = scenario.setup;
  sweep.operation = [scenario, script](FileSystem& fs) {
    *script = std::make_unique<WalScript>(fs, Records(1, scenario.acknowledged),
                                          Records(1, scenario.attempted));
    const Status status = scenario.steps(**script);
    (*script)->Abandon();
    return status;
  };
  sweep.check = [script](MemFileSystem& disk, const SweepPoint&) {
    return CheckRecovery(disk, **script);
  };
  sweep.modes = {CrashMode::kKeepAll, CrashMode::kDropUnsynced, CrashMode::kOrderedPrefix,
                 CrashMode::kAnySubset, CrashMode::kTornSectors};
  sweep.seeds = 6;
  return sweep;
}

TEST(WalCrash, AtEveryCallLosesNothingAcknowledgedAndNeverCutsHalf) {
  uint64_t states = 0;
  for (const Scenario& scenario : AllScenarios()) {
    SCOPED_TRACE(scenario.name);
    const SweepResult result = RunCrashSweep(MakeSweep(scenario));
    EXPECT_EQ(result.failures, 0u) << result.first_failure;
    states += result.states;
  }
  RecordProperty("states", std::to_string(states));
  EXPECT_GT(states, 5000u);
}

TEST(WalCrash, FailingEveryCallPoisonsAndLosesNothingAcknowledged) {
  for (const Scenario& scenario : AllScenarios()) {
    for (const int error_number : {EIO, ENOSPC}) {
      SCOPED_TRACE(fmt::format("{}, errno {}", scenario.name, error_number));
      CrashSweep sweep = MakeSweep(scenario);
      sweep.seeds = 2;
      sweep.error_number = error_number;
      const SweepResult result = RunFailSweep(sweep);
      EXPECT_EQ(result.failures, 0u) << result.first_failure;
    }
  }
}

TEST(WalCrash, OfAGroupBetweenAcknowledgementsLeavesAPrefixOfIt) {
  const Scenario scenario = {"groups",
                             CleanLog(2),
                             2,
                             2,
                             [](WalScript& script) {
                               RETURN_IF_ERROR(script.Open());
                               RETURN_IF_ERROR(script.CommitGroup(3, 6));
                               RETURN_IF_ERROR(script.CommitGroup(7, 12));
                               RETURN_IF_ERROR(script.CommitGroup(13, 15));
                               return script.Close();
                             },
                             {}};
  CrashSweep sweep = MakeSweep(scenario);
  sweep.seeds = 10;
  const SweepResult result = RunCrashSweep(sweep);
  EXPECT_EQ(result.failures, 0u) << result.first_failure;
}

TEST(WalCrash, WithReorderedSectorsInsideALongGroupLeavesAPrefixOfIt) {
  // Whatever sector of the group is lost, headers included: that the later records continue a group
  // shows that nothing of it was acknowledged.
  const Scenario scenario = {"groups",
                             CleanLog(2),
                             2,
                             2,
                             [](WalScript& script) {
                               RETURN_IF_ERROR(script.Open());
                               RETURN_IF_ERROR(script.CommitGroup(3, 12));
                               return script.Close();
                             },
                             {}};
  CrashSweep sweep = MakeSweep(scenario);
  sweep.modes = {CrashMode::kTornSectors, CrashMode::kAnySubset};
  sweep.seeds = 50;
  const SweepResult result = RunCrashSweep(sweep);
  EXPECT_EQ(result.failures, 0u) << result.first_failure;
}

TEST(WalCrash, EverySyncOfTheProtocolMatters) {
  for (const Scenario& scenario : AllScenarios()) {
    if (!scenario.examine_syncs) {
      continue;
    }
    SCOPED_TRACE(scenario.name);
    CrashSweep sweep = MakeSweep(scenario);
    sweep.seeds = 12;
    std::vector<std::string> useless;
    for (const SyncAblation& ablation : RunSyncAblation(sweep)) {
      if (ablation.result.failures == 0) {
        useless.push_back(ablation.call);
      }
    }
    EXPECT_EQ(useless, scenario.useless_syncs);
  }
}

}  // namespace
}  // namespace flatkv::test
