// What a snapshot holds, and that nothing changes it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/store/snapshot_fixture.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class StoreSnapshotTest : public SnapshotFixture {};

TEST_F(StoreSnapshotTest, IsRefusedOnAStoreWithoutAVersion) {
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  EXPECT_THAT(store->admin().CreateSnapshot(),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("no version yet")));
  EXPECT_EQ(SnapshotsOnDisk(fs_), std::vector<Version>());
  EXPECT_THAT(store->admin().ShowSnapshot(1),
              AllOf(StatusIs(StatusCode::kNotFound), HasReason(Reason::kSnapshotMissing)));
}

TEST_F(StoreSnapshotTest, ASecondOneOfTheSameHeadIsTheFirst) {
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  ASSERT_OK(CommitTo(*store, history_, 9));
  ASSERT_OK_AND_ASSIGN(const SnapshotSummary first, store->admin().CreateSnapshot());
  const std::string before = TreeDigest(fs_, InStore(SnapshotName(9)));
  ASSERT_OK_AND_ASSIGN(const SnapshotSummary second, store->admin().CreateSnapshot());
  EXPECT_EQ(second.manifest, first.manifest);
  EXPECT_TRUE(second.is_current);
  EXPECT_EQ(TreeDigest(fs_, InStore(SnapshotName(9))), before);
  EXPECT_EQ(SnapshotsOnDisk(fs_), (std::vector<Version>{9}));
}

TEST_F(StoreSnapshotTest, ChangesThatAreAppliedAndNotCommittedAreNotInIt) {
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  ASSERT_OK(CommitTo(*store, history_, 9));
  ASSERT_OK(store->ApplyChangeSets(10, history_.block(10).changes()));
  ASSERT_OK_AND_ASSIGN(const SnapshotSummary snapshot, store->admin().CreateSnapshot());
  EXPECT_EQ(snapshot.manifest.version, 9);
  EXPECT_EQ(snapshot.manifest.root, history_.root(9));
  EXPECT_EQ(store->Info().pending_version, 10);
  ASSERT_OK_AND_ASSIGN(const CommitResult committed, store->Commit(10));
  EXPECT_EQ(committed.root, history_.root(10));
}

TEST_F(StoreSnapshotTest, ItsManifestSaysWhatTheStoreSays) {
  options_.build = "build of the test";
  ASSERT_OK_AND_ASSIGN(auto store, Open());
  for (const Version version : std::vector<Version>{1, 17, kVersions}) {
    ASSERT_OK(CommitTo(*store, history_, version));
    ASSERT_OK_AND_ASSIGN(const SnapshotSummary snapshot, store->admin().CreateSnapshot());
    const StoreInfo info = store->Info();
    const SnapshotManifest& manifest = snapshot.manifest;
    EXPECT_EQ(manifest.store_id, info.store_id);
    EXPECT_EQ(manifest.build, "build of the test");
    EXPECT_EQ(manifest.suite, info.suite);
    EXPECT_EQ(manifest.version, version);
    EXPECT_EQ(manifest.initial_version, 1);
    EXPECT_EQ(manifest.wal_from, version + 1);
    EXPECT_EQ(Hex(manifest.root), Hex(history_.root(version)));
    for (const DataDb db : kAllDataDbs) {
      EXPECT_EQ(manifest.dbs[IndexOf(db)].checksum, info.dbs[IndexOf(db)].checksum);
      EXPECT_EQ(manifest.dbs[IndexOf(db)].rows, info.dbs[IndexOf(db)].rows);
      EXPECT_EQ(manifest.dbs[IndexOf(db)].bytes, info.dbs[IndexOf(db)].bytes);
    }
    std::vector<std::string> named;
    for (const SnapshotFile& file : manifest.files) {
      named.push_back(InStore(JoinPath(SnapshotName(version), file.path)));
    }
    std::vector<std::string> there = FilesBelow(fs_, InStore(SnapshotName(version)));
    std::erase(there, InStore(JoinPath(SnapshotName(version), kSnapshotManifestName)));
    EXPECT_EQ(there, named);
  }
  ASSERT_OK_AND_ASSIGN(const auto all, store->admin().Snapshots());
  ASSERT_EQ(all.size(), 3u);
  EXPECT_NE(all[0].manifest.operation_id, all[1].manifest.operation_id);
  EXPECT_FALSE(all[1].is_current);
  EXPECT_TRUE(all[2].is_current);
}

TEST_F(StoreSnapshotTest, NeverChangesThroughCommitsCompactionsRollbacksAndReopening) {
  options_.snapshot.policy = SnapshotPolicy::kInterval;
  options_.snapshot.interval_versions = 40;
  options_.snapshot.keep_recent = 3;
  options_.wal_segment_bytes = 64 << 10;
  std::map<Version, std::string> digests;
  Version version = 0;
  RandomBlocks random(19);
  for (int round = 0; round < 4; ++round) {
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
    for (int i = 0; i < 600; ++i) {
      ASSERT_OK(CommitOwned(*store, random.Next(++version, 12)));
      if (version % 150 == 7) {
        ASSERT_OK_AND_ASSIGN(const SnapshotSummary snapshot, store->admin().CreateSnapshot());
        ASSERT_OK(store->admin().PinSnapshot(snapshot.manifest.version, "digest kept"));
        digests[version] = TreeDigest(fs_, InStore(SnapshotName(version)));
      }
    }
    // Back over the newest of them, and forward on another timeline.
    const Version target = version - 30;
    ASSERT_OK(store->admin().Rollback(
        target, round % 2 == 0 ? RollbackChoice::kReplay : RollbackChoice::kUndo));
    digests.erase(digests.upper_bound(target), digests.end());
    version = target;
    if (round == 2) {
      store.reset();  // killed
    } else {
      ASSERT_OK(store->Close());
    }
  }
  ASSERT_GT(digests.size(), 10u);
  for (const auto& [at, digest] : digests) {
    EXPECT_EQ(TreeDigest(fs_, InStore(SnapshotName(at))), digest) << at;
  }
}

}  // namespace
}  // namespace flatkv::test
