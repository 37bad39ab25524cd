// Leave out every sync: each must be missed by some crash state.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/unit/snapshot/snapshot_scenarios.h"

namespace flatkv::test {
namespace {

// Random ids and versions, runs of 16 hexadecimal digits and more, as "#".
std::string Normalize(const std::string& call) {
  std::string text;
  for (size_t at = 0; at < call.size();) {
    const size_t end = std::min(call.find_first_not_of("0123456789abcdef", at), call.size());
    if (end - at >= 16) {
      text += '#';
      at = end;
    } else {
      text.append(call, at, std::max<size_t>(end - at, 1));
      at += std::max<size_t>(end - at, 1);
    }
  }
  return text;
}

TEST(SnapshotCrash, EverySyncMatters) {
  uint64_t syncs = 0;
  for (Scenario& scenario : AllScenarios()) {
    // The modes and seeds that suffice: this is a crash sweep for each sync.
    scenario.sweep.modes = {CrashMode::kDropUnsynced, CrashMode::kAnySubset};
    scenario.sweep.seeds = 10;
    // A check that fails anyway would find every sync needed.
    ASSERT_EQ(RunCrashSweep(scenario.sweep).failures, 0u) << scenario.name;
    std::vector<std::string> useless;
    std::map<std::string, int> calls;
    for (const SyncAblation& ablation : RunSyncAblation(scenario.sweep)) {
      ++syncs;
      const std::string call = Normalize(ablation.call);
      const int nth = ++calls[call];
      if (ablation.result.failures == 0) {
        useless.push_back(fmt::format("{} ({})", call, nth));
      }
    }
    EXPECT_EQ(useless, scenario.useless_syncs) << scenario.name;
  }
  fmt::print("{} syncs left out\n", syncs);
}

// Each of the two alone is enough for the model, whose renames are one operation of both
// directories.
TEST(SnapshotCrash, AMoveToQuarantineNeedsOneOfItsTwoSyncs) {
  for (Scenario& scenario : AllScenarios()) {
    if (scenario.name != "quarantine") {
      continue;
    }
    for (const uint64_t skip : {3u, 4u}) {
      FaultRule rule;
      rule.op = FsOp::kSyncDir;
      rule.skip = skip;
      rule.effect = FaultRule::Effect::kLie;
      scenario.sweep.rules.push_back(rule);
    }
    EXPECT_GT(RunCrashSweep(scenario.sweep).failures, 0u);
  }
}

TEST(SnapshotCrash, ASwapNeedsOneOfItsTwoSyncs) {
  for (Scenario& scenario : AllScenarios()) {
    if (scenario.name != "swap of two stores") {
      continue;
    }
    // The first one is of the name SWAP.
    for (int i = 0; i < 2; ++i) {
      FaultRule rule;
      rule.op = FsOp::kSyncDir;
      rule.skip = 1;
      rule.effect = FaultRule::Effect::kLie;
      scenario.sweep.rules.push_back(rule);
    }
    scenario.sweep.seeds = 20;
    EXPECT_GT(RunCrashSweep(scenario.sweep).failures, 0u);
  }
}

}  // namespace
}  // namespace flatkv::test
