// The operations of store_operations_crash_test.cc with each file call failing, and with their
// recovery crashed again.
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

class StoreOperationsFault : public ::testing::TestWithParam<OperationCase> {};

TEST_P(StoreOperationsFault, AFailureOfAnyCallLeavesTheOldStateOrTheNewOne) {
  const Operation operation = GetParam().make();
  Report("EIO in " + operation.name, OperationSweep(operation).Fail(EIO), 8);
}

std::string NameOfCase(const ::testing::TestParamInfo<OperationCase>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(History, StoreOperationsFault, ValuesIn(HistoryCases()), NameOfCase);
INSTANTIATE_TEST_SUITE_P(Snapshots, StoreOperationsFault, ValuesIn(SnapshotCases()), NameOfCase);
INSTANTIATE_TEST_SUITE_P(Open, StoreOperationsFault, ValuesIn(OpenCases()), NameOfCase);

TEST(StoreOperationsDiskFull, ASnapshotThatFindsNoSpaceLeavesTheOldStateOrTheNewOne) {
  const Operation operation = CaseOf("SnapshotWithPrune").make();
  Report("ENOSPC in " + operation.name, OperationSweep(operation).Fail(ENOSPC), 50);
}

// Each of these recoveries is interrupted itself.
struct RecoveryCase {
  std::string name;
  uint64_t every = 1;
};

class StoreRecoveryCrash : public ::testing::TestWithParam<RecoveryCase> {};

TEST_P(StoreRecoveryCrash, ACrashDuringTheRecoveryFromACrashEndsInTheSameStates) {
  const auto& [name, every] = GetParam();
  const Operation operation = CaseOf(name).make();
  Report("recovery of " + operation.name, OperationSweep(operation).CrashRecovery(every), 50);
}

std::string NameOfRecovery(const ::testing::TestParamInfo<RecoveryCase>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Recovery, StoreRecoveryCrash,
                         ::testing::Values(RecoveryCase{"RollbackByUndoBelowSnapshots", 17},
                                           RecoveryCase{"RollbackByReplayFromASnapshot", 37},
                                           RecoveryCase{"ReorgByUndo", 17},
                                           RecoveryCase{"ReorgByReplay", 37},
                                           RecoveryCase{"SnapshotWithPrune", 37},
                                           RecoveryCase{"Migration", 29}),
                         NameOfRecovery);

}  // namespace
}  // namespace flatkv::test
