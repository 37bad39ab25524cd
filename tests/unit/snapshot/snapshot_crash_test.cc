// Crash at every file call and fail every file call, in every crash mode.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/unit/snapshot/snapshot_scenarios.h"

namespace flatkv::test {
namespace {

TEST(SnapshotCrash, AtEveryCallLeavesTheOldOrTheNewState) {
  uint64_t states = 0;
  for (Scenario& scenario : AllScenarios()) {
    scenario.sweep.seeds = 8;
    const SweepResult result = RunCrashSweep(scenario.sweep);
    EXPECT_EQ(result.failures, 0u) << scenario.name << ": " << result.first_failure;
    fmt::print("{}: {} calls, {} crash states\n", scenario.name, result.trace.size(),
               result.states);
    states += result.states;
  }
  EXPECT_GT(states, 5000u);
}

TEST(SnapshotCrash, FailingEveryCallLeavesTheOldOrTheNewState) {
  uint64_t states = 0;
  for (Scenario& scenario : AllScenarios()) {
    for (const int error_number : {EIO, ENOSPC}) {
      scenario.sweep.seeds = 2;
      scenario.sweep.error_number = error_number;
      const SweepResult result = RunFailSweep(scenario.sweep);
      EXPECT_EQ(result.failures, 0u)
          << scenario.name << ", errno " << error_number << ": " << result.first_failure;
      states += result.states;
    }
  }
  fmt::print("{} states\n", states);
  EXPECT_GT(states, 5000u);
}

}  // namespace
}  // namespace flatkv::test
