// Goal: a compaction changes no row and no root, gives space back, lets commits, snapshots and
// reads go on, and stops when it should. Method: stores in memory with rows that are overwritten
// many times.
#include <atomic>
#include <thread>

#include "tests/unit/store/snapshot_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

// The same 200 keys in every version.
OwnedBlock Overwriting(Version version) {
  OwnedBlock block(version);
  for (int key = 0; key < 200; ++key) {
    block.Set("bank", fmt::format("key{:04}", key), fmt::format("{:0900}", version + key));
  }
  return block;
}

class StoreCompactTest : public ::testing::Test {
 protected:
  StoreCompactTest() {
    auto opened = OpenStore(fs_, options_);
    EXPECT_OK(opened);
    store_ = *std::move(opened);
    CommitUpTo(40);
  }
  void CommitUpTo(Version last) {
    for (Version version = store_->Info().version + 1; version <= last; ++version) {
      ASSERT_OK(CommitOwned(*store_, Overwriting(version)));
      if (version % 5 == 0) {
        ASSERT_OK(store_->Flush());
      }
    }
  }

  const StoreOptions options_ = AdminOptions();
  MemFileSystem fs_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreCompactTest, ChangesNothingButTheSpaceThatIsUsed) {
  const Digest root = store_->Info().root;
  const auto rows = Walk(*store_, {.module = "bank"});
  ASSERT_OK_AND_ASSIGN(const CompactReport report, store_->admin().Compact(nullptr));
  const auto& misc = report.dbs[IndexOf(DataDb::kMisc)];
  EXPECT_LT(misc.bytes_after, misc.bytes_before);
  EXPECT_EQ(store_->Info().root, root);
  EXPECT_EQ(Walk(*store_, {.module = "bank"}), rows);
  ASSERT_OK(store_->VerifyRows());
  CommitUpTo(45);
  ASSERT_OK(store_->Close());
  ASSERT_OK_AND_ASSIGN(store_, OpenStore(fs_, options_));
  EXPECT_EQ(store_->recovery().replayed_from, 0);
  ASSERT_OK(store_->VerifyRows());
  ASSERT_OK(store_->Close());
}

TEST_F(StoreCompactTest, CommitsSnapshotsAndRollbacksGoOnBeside) {
  std::atomic<bool> done = false;
  std::thread committing([&] {
    Version version = 40;
    while (!done || version < 60) {
      EXPECT_OK(CommitOwned(*store_, Overwriting(++version)));
      if (version % 7 == 0) {
        EXPECT_OK(store_->admin().CreateSnapshot());
      }
    }
  });
  for (int i = 0; i < 10; ++i) {
    EXPECT_OK(store_->admin().Compact(nullptr));
  }
  done = true;
  committing.join();
  ASSERT_OK(store_->VerifyRows());
  VerifyOptions full;
  full.depth = VerifyDepth::kFull;
  ASSERT_OK_AND_ASSIGN(const VerifyReport report, store_->admin().Verify(full, nullptr));
  EXPECT_THAT(report.findings, ::testing::IsEmpty());
  const Version target = store_->Info().version - 3;
  ASSERT_OK(store_->admin().Rollback(target, RollbackChoice::kUndo));
  ASSERT_OK(store_->admin().Compact(nullptr));
  ASSERT_OK(store_->VerifyRows());
  ASSERT_OK(store_->Close());
}

TEST_F(StoreCompactTest, StopsBetweenTwoStepsWhenItIsTold) {
  EXPECT_THAT(store_->admin().Compact(
                  [](const CompactProgress& progress) { return progress.db != "storage"; }),
              StatusIs(StatusCode::kCancelled, HasSubstr("stays so")));
  ASSERT_OK(store_->VerifyRows());
  CommitUpTo(42);
}

TEST_F(StoreCompactTest, ASecondOneIsToldNotQueued) {
  bool asked = false;
  ASSERT_OK(store_->admin().Compact([&](const CompactProgress&) {
    if (!asked) {
      asked = true;
      EXPECT_THAT(store_->admin().Compact(nullptr), HasReason(Reason::kOperationInProgress));
    }
    return true;
  }));
  EXPECT_TRUE(asked);
}

TEST_F(StoreCompactTest, TooLittleSpaceIsSaidBeforeAnythingIsDone) {
  fs_.SetFreeBytes(10);
  EXPECT_THAT(store_->admin().Compact(nullptr),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("10 are free")));
  fs_.SetFreeBytes(uint64_t{1} << 40);
  ASSERT_OK(store_->VerifyRows());
}

// Whichever comes first: the close waits for the step, and the next one does not begin.
TEST_F(StoreCompactTest, ACloseEndsIt) {
  std::thread closing;
  const auto compacted = store_->admin().Compact([&](const CompactProgress&) {
    if (!closing.joinable()) {
      closing = std::thread([this] { EXPECT_OK(store_->Close()); });
    }
    return true;
  });
  closing.join();
  if (!compacted.ok()) {
    EXPECT_THAT(compacted, HasReason(Reason::kRolledBack));
  }
  ASSERT_OK_AND_ASSIGN(store_, OpenStore(fs_, options_));
  ASSERT_OK(store_->VerifyRows());
  ASSERT_OK(store_->Close());
}

}  // namespace
}  // namespace flatkv::test
