// Goal: what changes more than one file happens whole or not at all (docs/durability.md), whatever
// crashes or fails in between. Method: the sweeps of operation_sweep.h over each way to do it, from
// stores with snapshots, pins, several changelog segments, and data DBs that lag differently.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/unit/store/operation_cases.h"

namespace flatkv::test {
namespace {

using ::testing::ValuesIn;

void Report(const std::string& name, const SweepResult& result, uint64_t states_min) {
  std::printf("%s: %zu mutating calls, %llu crash states\n", name.c_str(), result.trace.size(),
              static_cast<unsigned long long>(result.states));
  EXPECT_EQ(result.failures, 0u) << name << ": " << result.first_failure;
  EXPECT_GE(result.states, states_min);
}

class StoreOperationsCrash : public ::testing::TestWithParam<OperationCase> {};

TEST_P(StoreOperationsCrash, ACrashAtAnyCallLeavesTheOldStateOrTheNewOne) {
  const Operation operation = GetParam().make();
  Report(operation.name, OperationSweep(operation).Crash(1), 15);
}

std::string NameOfCase(const ::testing::TestParamInfo<OperationCase>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(History, StoreOperationsCrash, ValuesIn(HistoryCases()), NameOfCase);
INSTANTIATE_TEST_SUITE_P(Snapshots, StoreOperationsCrash, ValuesIn(SnapshotCases()), NameOfCase);
INSTANTIATE_TEST_SUITE_P(Open, StoreOperationsCrash, ValuesIn(OpenCases()), NameOfCase);

}  // namespace
}  // namespace flatkv::test
