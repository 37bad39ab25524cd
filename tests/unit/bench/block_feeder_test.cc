#include "bench/block_feeder.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace flatkv::bench {
namespace {

using test::StatusIs;

// Blocks with 1, 2, 3 ... `count` updates, then an end or an error.
class CountingSource final : public BlockSource {
 public:
  CountingSource(uint64_t count, Status end) : count_(count), end_(std::move(end)) {}

  StatusOr<bool> Next(Block* block) override {
    if (given_ == count_) {
      RETURN_IF_ERROR(end_);
      return false;
    }
    block->updates = ++given_;
    return true;
  }
  uint64_t preload_blocks() const override { return 0; }

 private:
  const uint64_t count_;
  const Status end_;
  uint64_t given_ = 0;
};

class BlockFeederTest : public ::testing::TestWithParam<bool> {};

TEST_P(BlockFeederTest, HandsOutEveryBlockInOrderAndThenNoMore) {
  CountingSource source(100, OkStatus());
  BlockFeeder feeder(source, GetParam());
  Block block;
  for (uint64_t i = 1; i <= 100; ++i) {
    ASSERT_OK_AND_ASSIGN(const bool more, feeder.Next(&block));
    ASSERT_TRUE(more);
    EXPECT_EQ(block.updates, i);
  }
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK_AND_ASSIGN(const bool more, feeder.Next(&block));
    EXPECT_FALSE(more);
  }
}

TEST_P(BlockFeederTest, AnErrorOfTheSourceComesAfterTheBlocksBeforeIt) {
  CountingSource source(2, DataLoss("cut short"));
  BlockFeeder feeder(source, GetParam());
  Block block;
  for (int i = 0; i < 2; ++i) {
    ASSERT_OK_AND_ASSIGN(const bool more, feeder.Next(&block));
    EXPECT_TRUE(more);
  }
  EXPECT_THAT(feeder.Next(&block), StatusIs(StatusCode::kDataLoss));
  EXPECT_THAT(feeder.Next(&block), StatusIs(StatusCode::kDataLoss));
}

TEST_P(BlockFeederTest, EndsThoughBlocksAreLeft) {
  CountingSource source(1'000'000, OkStatus());
  BlockFeeder feeder(source, GetParam());
  Block block;
  EXPECT_OK(feeder.Next(&block));
}

TEST(BlockFeederAheadTest, BlocksMadeBeforeComeFirstAndCostNothingMore) {
  CountingSource source(5, DataLoss("cut short"));
  BlockFeeder feeder(source, /*own_thread=*/false);
  ASSERT_OK(feeder.MakeAhead(3));
  Block block;
  for (uint64_t i = 1; i <= 5; ++i) {
    ASSERT_OK_AND_ASSIGN(const bool more, feeder.Next(&block));
    ASSERT_TRUE(more);
    EXPECT_EQ(block.updates, i);
  }
  EXPECT_THAT(feeder.Next(&block), StatusIs(StatusCode::kDataLoss));
}

TEST(BlockFeederAheadTest, FewerBlocksThanWantedAreNoError) {
  CountingSource source(2, OkStatus());
  BlockFeeder feeder(source, /*own_thread=*/false);
  ASSERT_OK(feeder.MakeAhead(3));
  Block block;
  for (const bool expected : {true, true, false}) {
    ASSERT_OK_AND_ASSIGN(const bool more, feeder.Next(&block));
    EXPECT_EQ(more, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(OwnThread, BlockFeederTest, ::testing::Bool());

}  // namespace
}  // namespace flatkv::bench
