// When snapshots are taken, and how many are kept.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/unit/store/snapshot_fixture.h"

namespace flatkv::test {
namespace {

class StorePolicyTest : public SnapshotFixture {};

TEST_F(StorePolicyTest, TheIntervalPolicyTakesTheFirstVersionAndEveryMultipleAndNoOther) {
  options_.snapshot.policy = SnapshotPolicy::kInterval;
  options_.snapshot.interval_versions = 6;
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  ASSERT_OK(CommitTo(*store, history_, 22));
  WaitForSnapshots(*store, 4);
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{1, 6, 12, 18}));
  const RetentionInfo retention = store->admin().Retention();
  EXPECT_EQ(retention.activity.policy, "interval");
  EXPECT_EQ(retention.activity.last_version, 18);
  EXPECT_EQ(retention.activity.failed, 0u);
  EXPECT_EQ(retention.current, 18);
  ASSERT_OK(store->Close());
  ASSERT_OK_AND_ASSIGN(store, Open());
  ASSERT_OK(CommitTo(*store, history_, 25));
  WaitForSnapshots(*store, 1);
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{1, 6, 12, 18, 24}));
}

TEST_F(StorePolicyTest, TheIntervalPolicyBeginsWithTheInitialVersion) {
  options_.snapshot.policy = SnapshotPolicy::kInterval;
  options_.snapshot.interval_versions = 10;
  options_.initial_version = 107;
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  for (Version version = 107; version <= 131; ++version) {
    ASSERT_OK(CommitOwned(*store, BlockOf(version, 10)));
  }
  WaitForSnapshots(*store, 4);
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{107, 110, 120, 130}));
}

TEST_F(StorePolicyTest, OneThatACrashPreventedIsTakenAtTheNextOpen) {
  options_.snapshot.policy = SnapshotPolicy::kManual;
  FillStore(fs_, options_, history_, {}, /*close=*/false);
  options_.snapshot.policy = SnapshotPolicy::kInterval;
  options_.snapshot.interval_versions = 32;
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  WaitForSnapshots(*store, 1);
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{kVersions}));
}

TEST_F(StorePolicyTest, TheSizeRatioPolicyWaitsForTheFactorOfTheFloorAndThenOfTheLastSnapshot) {
  options_.snapshot.policy = SnapshotPolicy::kSizeRatio;
  options_.snapshot.size_ratio = 2;
  options_.snapshot.size_ratio_floor_bytes = 4000;
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  Version version = 0;
  // A little more than 1,000 bytes of changelog each: the eighth passes 2 * 4,000.
  while (version < 7) {
    ASSERT_OK(CommitOwned(*store, BlockOf(++version, 1000)));
  }
  ASSERT_OK(store->Flush());
  EXPECT_EQ(SnapshotsOnDisk(fs_), std::vector<Version>());
  ASSERT_OK(CommitOwned(*store, BlockOf(++version, 1000)));
  WaitForSnapshots(*store, 1);
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{8}));
  ASSERT_OK_AND_ASSIGN(const SnapshotSummary first, store->admin().ShowSnapshot(8));
  const uint64_t bytes = first.manifest.TotalBytes();
  ASSERT_GT(bytes, options_.snapshot.size_ratio_floor_bytes);
  while (static_cast<uint64_t>(version - 8 + 1) * 1100 < 2 * bytes) {
    ASSERT_OK(CommitOwned(*store, BlockOf(++version, 1000)));
  }
  ASSERT_OK(store->Flush());
  EXPECT_EQ(store->admin().Retention().activity.taken, 1u);
  while (static_cast<uint64_t>(version - 8) * 1000 < 2 * bytes) {
    ASSERT_OK(CommitOwned(*store, BlockOf(++version, 1000)));
  }
  WaitForSnapshots(*store, 2);
  EXPECT_EQ(SnapshotsOnDisk(fs_).size(), 2u);
  EXPECT_EQ(store->admin().Retention().activity.policy, "size-ratio");
}

TEST_F(StorePolicyTest, TheSizeRatioPolicyCountsTheChangelogOfEarlierRuns) {
  options_.snapshot.policy = SnapshotPolicy::kSizeRatio;
  options_.snapshot.size_ratio = 2;
  options_.snapshot.size_ratio_floor_bytes = 4000;
  for (Version version = 1; version <= 10; ++version) {
    ASSERT_OK_AND_ASSIGN(auto store, Open());
    ASSERT_OK(CommitOwned(*store, BlockOf(version, 1000)));
    ASSERT_OK(store->Close());
  }
  // Whether a close gave one up half-way or not: the next open takes what is overdue.
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  ASSERT_OK(store->Flush());
  while (store->admin().Retention().snapshots.empty()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(SnapshotsOnDisk(fs_).size(), 1u);
}

TEST_F(StorePolicyTest, TheManualPolicyTakesNone) {
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  ASSERT_OK(CommitTo(*store, history_, kVersions));
  ASSERT_OK(store->Flush());
  ASSERT_OK(store->Close());
  EXPECT_EQ(SnapshotsOnDisk(fs_), std::vector<Version>());
  ASSERT_OK_AND_ASSIGN(store, Open());
  EXPECT_EQ(store->admin().Retention().activity.policy, "manual");
  ASSERT_OK(store->Close());
  EXPECT_EQ(SnapshotsOnDisk(fs_), std::vector<Version>());
}

TEST_F(StorePolicyTest, KeepRecentIsTheNumberOfOlderOnes) {
  options_.snapshot.policy = SnapshotPolicy::kInterval;
  options_.snapshot.interval_versions = 5;
  const std::vector<std::vector<Version>> expected = {{20}, {15, 20}, {10, 15, 20}};
  for (const uint64_t keep : {0u, 1u, 2u}) {
    MemFileSystem fs;
    options_.snapshot.keep_recent = keep;
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs, options_));
    ASSERT_OK(CommitTo(*store, history_, 23));
    WaitForSnapshots(*store, 5);
    EXPECT_EQ(SnapshotsOnDisk(fs), expected[keep]);
    EXPECT_EQ(store->admin().Retention().snapshots, expected[keep]);
    ASSERT_OK(store->Close());
  }
}

}  // namespace
}  // namespace flatkv::test
