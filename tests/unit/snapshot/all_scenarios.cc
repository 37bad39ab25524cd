#include "tests/unit/snapshot/snapshot_scenarios.h"

namespace flatkv::test {

std::vector<Scenario> AllScenarios() {
  std::vector<Scenario> scenarios = SnapshotScenarios();
  for (Scenario& scenario : RecordScenarios()) {
    scenarios.push_back(std::move(scenario));
  }
  for (Scenario& scenario : SwapScenarios()) {
    scenarios.push_back(std::move(scenario));
  }
  for (Scenario& scenario : scenarios) {
    scenario.sweep.modes = {CrashMode::kKeepAll, CrashMode::kDropUnsynced,
                            CrashMode::kOrderedPrefix, CrashMode::kAnySubset,
                            CrashMode::kTornSectors};
  }
  return scenarios;
}

}  // namespace flatkv::test
