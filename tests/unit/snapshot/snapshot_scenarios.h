// The operations of this folder as crash sweeps: what each starts from, does, and must leave.
#pragma once

#include <string>
#include <vector>

#include "tests/support/crash_sweep.h"

namespace flatkv::test {

struct Scenario {
  std::string name;
  CrashSweep sweep;
  // Syncs that no crash state of the model needs, each with its reason beside it. Random digits are
  // "#"; the number says which of several equal calls.
  std::vector<std::string> useless_syncs;
};

// Snapshots and clones of them.
std::vector<Scenario> SnapshotScenarios();
// Pins, quarantine and intents.
std::vector<Scenario> RecordScenarios();
// A staged store that takes the place of another, or of none.
std::vector<Scenario> SwapScenarios();
// All of these, in every crash mode.
std::vector<Scenario> AllScenarios();

}  // namespace flatkv::test
