#include "flatkv/engine/checkpoint_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/support/status_matchers.h"

namespace flatkv::test {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr milliseconds kNoWait{0};
constexpr milliseconds kLong{60'000};

bool IsCaptured(CheckpointGate& gate) { return gate.WaitCaptured(kNoWait).value().has_value(); }

TEST(CheckpointGate, HoldsNothingBackBeforeTheCapture) {
  CheckpointGate gate;
  EXPECT_FALSE(gate.HoldsBack("/db/000005.ldb"));
  ASSERT_OK(gate.Arm(3));
  EXPECT_FALSE(gate.HoldsBack("/db/000005.ldb"));
  gate.LogRemoved(3);
  EXPECT_TRUE(gate.HoldsBack("/db/000006.ldb"));
  EXPECT_TRUE(gate.HoldsBack("/db/000006.ldb"));
  EXPECT_THAT(gate.Release(), ElementsAre("/db/000006.ldb"));
  EXPECT_FALSE(gate.HoldsBack("/db/000006.ldb"));
  EXPECT_THAT(gate.Release(), IsEmpty());
}

TEST(CheckpointGate, CapturesWhatWasSyncedWhenTheLogWent) {
  CheckpointGate gate;
  gate.ManifestSynced("MANIFEST-000002", 100);
  ASSERT_OK(gate.Arm(3));
  gate.ManifestSynced("MANIFEST-000002", 200);
  EXPECT_FALSE(IsCaptured(gate));
  gate.LogRemoved(3);
  gate.ManifestSynced("MANIFEST-000002", 300);
  ASSERT_OK_AND_ASSIGN(const auto position, gate.WaitCaptured(kNoWait));
  EXPECT_EQ(position->name, "MANIFEST-000002");
  EXPECT_EQ(position->size_bytes, 200u);
  gate.LogRemoved(5);
  EXPECT_EQ(gate.WaitCaptured(kNoWait).value()->size_bytes, 200u);
}

TEST(CheckpointGate, TheLogOfAnEarlierMemtableIsNotTheMoment) {
  CheckpointGate gate;
  ASSERT_OK(gate.Arm(7));
  gate.LogRemoved(3);
  gate.LogRemoved(5);
  EXPECT_FALSE(IsCaptured(gate));
  gate.LogRemoved(7);
  EXPECT_TRUE(IsCaptured(gate));
}

TEST(CheckpointGate, ALaterLogRemovedFirstIsAFailureNotAWrongState) {
  CheckpointGate gate;
  ASSERT_OK(gate.Arm(7));
  gate.LogRemoved(9);
  gate.LogRemoved(7);
  EXPECT_THAT(gate.WaitCaptured(kLong), StatusIs(StatusCode::kInternal));
  gate.Release();
  EXPECT_OK(gate.Arm(9));
}

TEST(CheckpointGate, CapturesAtOnceWhenTheLogIsGoneAlready) {
  CheckpointGate gate;
  gate.ManifestSynced("MANIFEST-000002", 100);
  gate.Capture();
  ASSERT_OK(gate.Arm(3));
  gate.Capture();
  gate.ManifestSynced("MANIFEST-000002", 200);
  gate.Capture();
  EXPECT_EQ(gate.WaitCaptured(kNoWait).value()->size_bytes, 100u);
}

TEST(CheckpointGate, IsForOneCheckpointAtATime) {
  CheckpointGate gate;
  ASSERT_OK(gate.Arm(3));
  EXPECT_THAT(gate.Arm(5), HasReason(Reason::kOperationInProgress));
  gate.LogRemoved(3);
  EXPECT_THAT(gate.Arm(5), HasReason(Reason::kOperationInProgress));
  gate.Release();
  EXPECT_OK(gate.Arm(5));
}

TEST(CheckpointGate, ANewFileOfAHeldNameIsNotRemoved) {
  CheckpointGate gate;
  ASSERT_OK(gate.Arm(3));
  gate.Capture();
  ASSERT_TRUE(gate.HoldsBack("/db/000006.ldb"));
  ASSERT_TRUE(gate.HoldsBack("/db/000007.ldb"));
  gate.Created("/db/000006.ldb");
  EXPECT_THAT(gate.Release(), ElementsAre("/db/000007.ldb"));
}

TEST(CheckpointGate, AbandonReleasesWhatNobodyFinishes) {
  CheckpointGate gate;
  EXPECT_THAT(gate.Abandon(), IsEmpty());
  EXPECT_THAT(gate.StartFinish(), StatusIs(StatusCode::kUnavailable));
  ASSERT_OK(gate.Arm(3));
  gate.Capture();
  ASSERT_TRUE(gate.HoldsBack("/db/000006.ldb"));
  EXPECT_THAT(gate.Abandon(), ElementsAre("/db/000006.ldb"));
  EXPECT_THAT(gate.StartFinish(), StatusIs(StatusCode::kUnavailable));
  gate.Capture();
  EXPECT_FALSE(gate.HoldsBack("/db/000006.ldb"));
}

TEST(CheckpointGate, AbandonWakesTheOneThatFinishesAndLeavesTheReleaseToIt) {
  CheckpointGate gate;
  ASSERT_OK(gate.Arm(3));
  ASSERT_OK(gate.StartFinish());
  std::thread abandoner([&gate] { EXPECT_THAT(gate.Abandon(), IsEmpty()); });
  StatusOr<std::optional<ManifestPosition>> waited = std::nullopt;
  while (waited.ok()) {
    waited = gate.WaitCaptured(kLong);
  }
  abandoner.join();
  EXPECT_THAT(waited, StatusIs(StatusCode::kUnavailable));
  EXPECT_THAT(gate.Arm(5), HasReason(Reason::kOperationInProgress));
  gate.Release();
  EXPECT_OK(gate.Arm(5));
}

TEST(CheckpointGate, AWaiterWakesAtTheCapture) {
  CheckpointGate gate;
  ASSERT_OK(gate.Arm(3));
  std::thread remover([&gate] { gate.LogRemoved(3); });
  while (!gate.WaitCaptured(kLong).value().has_value()) {
  }
  remover.join();
}

}  // namespace
}  // namespace flatkv::test
