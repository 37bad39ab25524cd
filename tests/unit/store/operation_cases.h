// The operations that the crash sweeps go through, by name.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/unit/store/operation_sweep.h"

namespace flatkv::test {

struct OperationCase {
  std::string name;  // letters and digits
  std::function<Operation()> make;
};

// Rollbacks and reorgs.
std::vector<OperationCase> HistoryCases();
// Snapshots, pins, prunes, quarantine.
std::vector<OperationCase> SnapshotCases();
// What an open does to a directory that is not as it should be.
std::vector<OperationCase> OpenCases();

// One of all these.
OperationCase CaseOf(const std::string& name);

}  // namespace flatkv::test
