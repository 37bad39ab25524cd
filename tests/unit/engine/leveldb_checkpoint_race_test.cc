// Checkpoints beside other flushes, abandonment and Close, at chosen moments.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "flatkv/fs/path.h"
#include "tests/unit/engine/checkpoint_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;

class LevelDbCheckpointRaceTest : public CheckpointTest {};

// Waiting for any log would take what the earlier flush made of the MANIFEST.
TEST_F(LevelDbCheckpointRaceTest, AnEarlierFlushThatEndsAfterTheMarkIsNotTheMarkedState) {
  Write();
  stop_.Set(FsOp::kRemoveFile, ".log");
  // Rotates the memtable out and leaves its flush to itself.
  ASSERT_OK(engine_->BeginCheckpoint());
  engine_->AbandonCheckpoint();
  stop_.AwaitReached();
  Write();
  ASSERT_OK(engine_->BeginCheckpoint());
  const Version marked = history_.head();
  Write();
  std::thread opener([this] { stop_.Open(); });
  const auto files = engine_->FinishCheckpoint(kCheckpoint, false);
  opener.join();
  ASSERT_OK(files);
  ExpectCheckpoint(marked);
}

TEST_F(LevelDbCheckpointRaceTest, WithNothingWrittenSinceItWaitsForTheFlushUnderWay) {
  for (const FsOp at : {FsOp::kSync, FsOp::kRemoveFile}) {
    Write();
    stop_.Set(at, at == FsOp::kSync ? ".ldb" : ".log");
    ASSERT_OK(engine_->BeginCheckpoint());
    engine_->AbandonCheckpoint();
    stop_.AwaitReached();
    ASSERT_OK(engine_->BeginCheckpoint());
    const Version marked = history_.head();
    Write();
    std::thread opener([this] { stop_.Open(); });
    const std::string name = fmt::format("/checkpoint-{}", static_cast<int>(at));
    ASSERT_OK(disk_.MakeDir(name));
    const auto files = engine_->FinishCheckpoint(name, false);
    opener.join();
    ASSERT_OK(files);
    ASSERT_OK_AND_ASSIGN(const Rows rows, RowsOfCheckpoint(disk_, name, "/clone"));
    EXPECT_EQ(rows, history_.At(marked));
    ASSERT_OK(engine_->Flush());
  }
}

TEST_F(LevelDbCheckpointRaceTest, TablesAreKeptFromTheMarkToTheEndAndThenRemoved) {
  Churn();
  ASSERT_OK(engine_->BeginCheckpoint());
  const Version marked = history_.head();
  const size_t before = Removals();
  Churn();
  EXPECT_EQ(Removals(), before);
  ASSERT_OK(engine_->FinishCheckpoint(kCheckpoint, false));
  EXPECT_GT(Removals(), before);
  ExpectCheckpoint(marked);
  // What was released is gone from the DB.
  ASSERT_OK(engine_->Close());
  ASSERT_OK_AND_ASSIGN(const ManifestState state, StateOf(disk_, kPath));
  ASSERT_OK_AND_ASSIGN(const ManifestState taken, StateOf(disk_, kCheckpoint));
  for (const ManifestTable& table : taken.tables) {
    bool live = false;
    for (const ManifestTable& other : state.tables) {
      live = live || other.number == table.number;
    }
    EXPECT_EQ(disk_.Stat(JoinPath(kPath, fmt::format("{:06}.ldb", table.number))).ok(), live);
  }
}

TEST_F(LevelDbCheckpointRaceTest, AbandonLetsRemovalsGoOnAndFinishFails) {
  engine_->AbandonCheckpoint();
  Churn();
  ASSERT_OK(engine_->BeginCheckpoint());
  const size_t before = Removals();
  Churn();
  EXPECT_EQ(Removals(), before);
  engine_->AbandonCheckpoint();
  EXPECT_GT(Removals(), before);
  EXPECT_THAT(engine_->FinishCheckpoint(kCheckpoint, false), StatusIs(StatusCode::kUnavailable));
  ASSERT_OK(engine_->BeginCheckpoint());
  ASSERT_OK(engine_->FinishCheckpoint(kCheckpoint, false));
  ExpectCheckpoint(history_.head());
}

TEST_F(LevelDbCheckpointRaceTest, AbandonEndsAFinishThatWaitsForItsFlush) {
  Write();
  stop_.Set(FsOp::kSync, ".ldb");
  ASSERT_OK(engine_->BeginCheckpoint());
  stop_.AwaitReached();
  Status finished;
  std::thread finisher([&] { finished = engine_->FinishCheckpoint(kCheckpoint, false).status(); });
  // Before or while it waits: both must end it.
  engine_->AbandonCheckpoint();
  finisher.join();
  EXPECT_THAT(finished, StatusIs(StatusCode::kUnavailable));
  stop_.Open();
  ASSERT_OK(engine_->BeginCheckpoint());
  ASSERT_OK(engine_->FinishCheckpoint(kCheckpoint, false));
  ExpectCheckpoint(history_.head());
}

TEST_F(LevelDbCheckpointRaceTest, AbandonEndsAFinishThatLinks) {
  Churn();
  ASSERT_OK(engine_->BeginCheckpoint());
  stop_.Set(FsOp::kLink, "");
  Status finished;
  std::thread finisher([&] { finished = engine_->FinishCheckpoint(kCheckpoint, false).status(); });
  stop_.AwaitReached();
  engine_->AbandonCheckpoint();
  stop_.Open();
  finisher.join();
  EXPECT_THAT(finished, StatusIs(StatusCode::kUnavailable));
  EXPECT_OK(engine_->BeginCheckpoint());
}

TEST_F(LevelDbCheckpointRaceTest, CloseAbandonsAnOpenCheckpointAndRemovesWhatItHeld) {
  Churn();
  ASSERT_OK(engine_->BeginCheckpoint());
  const size_t before = Removals();
  Churn();
  EXPECT_EQ(Removals(), before);
  ASSERT_OK(engine_->Close());
  EXPECT_GT(Removals(), before);
  EXPECT_THAT(engine_->BeginCheckpoint(), HasReason(Reason::kClosed));
  EXPECT_THAT(engine_->FinishCheckpoint(kCheckpoint, false), HasReason(Reason::kClosed));
  engine_->AbandonCheckpoint();
}

TEST_F(LevelDbCheckpointRaceTest, CloseDoesNotWaitForAMarkedFlushThatFails) {
  Fail(FsOp::kSync, ".ldb");
  Write();
  ASSERT_OK(engine_->BeginCheckpoint());
  EXPECT_OK(engine_->Close());
}

TEST_F(LevelDbCheckpointRaceTest, OneAtATime) {
  Write();
  EXPECT_THAT(engine_->FinishCheckpoint(kCheckpoint, false), StatusIs(StatusCode::kUnavailable));
  ASSERT_OK(engine_->BeginCheckpoint());
  EXPECT_THAT(engine_->BeginCheckpoint(), AllOf(StatusIs(StatusCode::kFailedPrecondition),
                                                HasReason(Reason::kOperationInProgress)));
  Write();
  EXPECT_THAT(engine_->BeginCheckpoint(), HasReason(Reason::kOperationInProgress));
  ASSERT_OK(engine_->FinishCheckpoint(kCheckpoint, false));
  ExpectCheckpoint(1);
}

}  // namespace
}  // namespace flatkv::test
