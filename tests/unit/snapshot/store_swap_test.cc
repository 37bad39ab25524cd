#include "flatkv/snapshot/store_swap.h"

#include <gtest/gtest.h>

#include "flatkv/snapshot/quarantine.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/support/status_matchers.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/snapshot/snapshot_test_util.h"
#include "tests/unit/snapshot/swap_test_util.h"

namespace flatkv {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StoreSwapTest : public testing::Test {
 protected:
  StoreSwapTest() {
    EXPECT_OK(MakeSampleStore(disk_, StagedStorePath(kSwapHome, kSwapOperation), kSwapNewId));
  }
  void MakeOldStore() { EXPECT_OK(MakeSampleStore(disk_, store_, kSwapOldId)); }

  MemFileSystem disk_;
  const std::string store_ = JoinPath(kSwapHome, kStoreName);
};

TEST(SwapRecord, ReadsBack) {
  MemFileSystem disk;
  const SwapRecord record = SampleSwap(disk);
  const StatusOr<SwapRecord> decoded = DecodeSwapRecord(EncodeSwapRecord(record), "SWAP");
  ASSERT_OK(decoded);
  EXPECT_EQ(*decoded, record);
}

TEST(SwapRecord, WithAnyByteChangedIsRefused) {
  MemFileSystem disk;
  const std::string text = EncodeSwapRecord(SampleSwap(disk));
  for (size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(DecodeSwapRecord(damaged, "SWAP").ok()) << i;
  }
}

TEST(SwapRecord, WithAnIdThatIsNoneIsRefused) {
  MemFileSystem disk;
  const std::string text = EncodeSwapRecord(SampleSwap(disk));
  EXPECT_THAT(DecodeSwapRecord(Reforge(text, kSwapOperation, "../../etc"), "SWAP"),
              StatusIs(StatusCode::kDataLoss, HasSubstr("operation-id")));
  EXPECT_THAT(DecodeSwapRecord(Reforge(text, kSwapNewId, ""), "SWAP"),
              StatusIs(StatusCode::kDataLoss, HasSubstr("to-store-id")));
}

TEST_F(StoreSwapTest, IntoAnEmptyHomeRenamesTheStagedStore) {
  const StatusOr<std::string> entry = SwapStores(disk_, kSwapHome, SampleSwap(disk_), kSwapNow);
  ASSERT_OK(entry);
  EXPECT_EQ(*entry, "");
  EXPECT_TRUE(IsSampleStore(disk_, store_, kSwapNewId));
  EXPECT_THAT(*disk_.List(kSwapHome), ElementsAre("flatkv"));
}

TEST_F(StoreSwapTest, KeepsTheOldStoreInQuarantineWithTheReason) {
  MakeOldStore();
  const StatusOr<std::string> entry = SwapStores(disk_, kSwapHome, SampleSwap(disk_), kSwapNow);
  ASSERT_OK(entry);
  EXPECT_TRUE(IsSampleStore(disk_, store_, kSwapNewId));
  EXPECT_THAT(*disk_.List(kSwapHome), ElementsAre("flatkv", "quarantine"));
  const auto entries = Quarantine(disk_, kSwapHome).List();
  ASSERT_OK(entries);
  ASSERT_THAT(*entries, SizeIs(1));
  EXPECT_EQ(entries->front().name, *entry);
  EXPECT_EQ(entries->front().item, "flatkv");
  EXPECT_EQ(entries->front().reason,
            "replaced by import of version 42: import --replace\nof /archive");
  EXPECT_TRUE(
      IsSampleStore(disk_, JoinPath(kSwapHome, "quarantine/" + *entry + "/flatkv"), kSwapOldId));
}

TEST_F(StoreSwapTest, OfOtherStoresThanTheRecordNamesIsRefused) {
  const SwapRecord into_empty = SampleSwap(disk_);
  MakeOldStore();
  const std::string before = TreeText(disk_, kSwapHome);
  EXPECT_THAT(SwapStores(disk_, kSwapHome, into_empty, kSwapNow),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr(kSwapOldId)));
  SwapRecord record = SampleSwap(disk_);
  record.to_store_id = "33333333333333333333333333333333";
  EXPECT_THAT(SwapStores(disk_, kSwapHome, record, kSwapNow),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr(record.to_store_id)));
  record.from_store_id = record.to_store_id;
  EXPECT_THAT(SwapStores(disk_, kSwapHome, record, kSwapNow),
              StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_EQ(TreeText(disk_, kSwapHome), before);
}

// A store whose IDENTITY is gone or unreadable can be replaced too: it may be why it is.
TEST_F(StoreSwapTest, OfAStoreWithoutAReadableIdentityKeepsItToo) {
  MakeOldStore();
  disk_.Overwrite(JoinPath(store_, kIdentityName), "rubbish");
  const StatusOr<std::string> entry = SwapStores(disk_, kSwapHome, SampleSwap(disk_), kSwapNow);
  ASSERT_OK(entry);
  EXPECT_TRUE(IsSampleStore(disk_, store_, kSwapNewId));
  EXPECT_THAT(*disk_.List(JoinPath(kSwapHome, "quarantine/" + *entry)),
              ElementsAre("REASON", "flatkv"));
}

TEST_F(StoreSwapTest, FinishLeavesWhatWasNotSwappedAndReportsIt) {
  MakeOldStore();
  const std::string before = TreeText(disk_, kSwapHome);
  const StatusOr<SwapRecovery> recovery = FinishSwaps(disk_, kSwapHome, kSwapNow);
  ASSERT_OK(recovery);
  EXPECT_THAT(recovery->finished, IsEmpty());
  ASSERT_THAT(recovery->unfinished, SizeIs(1));
  EXPECT_EQ(recovery->unfinished[0].name, std::string("staging-") + kSwapOperation);
  EXPECT_FALSE(recovery->unfinished[0].swap.has_value());
  EXPECT_GT(recovery->unfinished[0].bytes, 0u);
  EXPECT_EQ(TreeText(disk_, kSwapHome), before);
}

TEST_F(StoreSwapTest, FinishMovesAwayWhatTheSwapReplaced) {
  MakeOldStore();
  FaultFileSystem fault(disk_);
  FaultRule rule;
  rule.path_contains = "quarantine";
  fault.AddRule(rule);
  EXPECT_FALSE(SwapStores(fault, kSwapHome, SampleSwap(disk_), kSwapNow).ok());
  EXPECT_TRUE(IsSampleStore(disk_, store_, kSwapNewId));
  const StatusOr<SwapRecovery> recovery = FinishSwaps(disk_, kSwapHome, kSwapNow);
  ASSERT_OK(recovery);
  EXPECT_THAT(recovery->unfinished, IsEmpty());
  EXPECT_THAT(recovery->finished, ElementsAre(HasSubstr("import to version 42: the store")));
  EXPECT_THAT(*disk_.List(kSwapHome), ElementsAre("flatkv", "quarantine"));
}

TEST_F(StoreSwapTest, AStagingDirectoryIsRemovedOnlyWhenNobodyWorksInIt) {
  const std::string name = std::string("staging-") + kSwapOperation;
  {
    const auto lock = disk_.Lock(JoinPath(StagingPath(kSwapHome, kSwapOperation), kLockName));
    ASSERT_OK(lock);
    EXPECT_EQ(ReasonOf(RemoveStaged(disk_, kSwapHome, name)), Reason::kLocked);
  }
  EXPECT_THAT(RemoveStaged(disk_, kSwapHome, "staging-../flatkv"),
              StatusIs(StatusCode::kInvalidArgument));
  ASSERT_OK(RemoveStaged(disk_, kSwapHome, name));
  EXPECT_THAT(*disk_.List(kSwapHome), IsEmpty());
  EXPECT_THAT(RemoveStaged(disk_, kSwapHome, name), StatusIs(StatusCode::kNotFound));
}

}  // namespace
}  // namespace flatkv
