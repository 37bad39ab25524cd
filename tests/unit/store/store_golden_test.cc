// Goal: the roots of real data equal those of an independent implementation, whatever the threads,
// restarts or calls.
#include <gtest/gtest.h>

#include "tests/support/mem_file_system.h"
#include "tests/unit/store/store_test_util.h"

namespace flatkv::test {
namespace {

struct GoldenCase {
  const char* name;
  Suite suite;
  const char* blocks;
  const char* roots;
  size_t threads;
};

class StoreGoldenTest : public ::testing::TestWithParam<GoldenCase> {
 protected:
  void SetUp() override {
    options_ = SmallStoreOptions(GetParam().suite);
    options_.threads = GetParam().threads;
    blocks_ = LoadBlocks(GetParam().blocks);
    roots_ = LoadRoots(GetParam().roots);
    ASSERT_FALSE(blocks_.empty());
    ASSERT_EQ(blocks_.size(), roots_.size());
  }

  void ExpectGolden(Store& store, Version version) {
    const GoldenRoots& golden = roots_.at(version);
    const StoreInfo info = store.Info();
    EXPECT_EQ(info.version, version);
    EXPECT_EQ(Hex(info.root), golden.root) << "version " << version;
    for (const DataDb db : kAllDataDbs) {
      EXPECT_EQ(Hex(info.dbs[IndexOf(db)].checksum), golden.db_checksums[IndexOf(db)])
          << "version " << version << ", data DB " << NameOf(db);
    }
  }

  MemFileSystem fs_;
  StoreOptions options_;
  std::vector<OwnedBlock> blocks_;
  std::map<Version, GoldenRoots> roots_;
};

TEST_P(StoreGoldenTest, EveryVersionHasTheGoldenRootAndChecksums) {
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
  for (const OwnedBlock& block : blocks_) {
    ASSERT_OK_AND_ASSIGN(const CommitResult result, CommitOwned(*store, block));
    EXPECT_EQ(Hex(result.root), roots_.at(block.version()).root);
    ExpectGolden(*store, block.version());
  }
  EXPECT_OK(store->VerifyRows());
  EXPECT_OK(store->Close());
}

TEST_P(StoreGoldenTest, PairByPairApplyGivesTheSameRoots) {
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
  for (const OwnedBlock& block : blocks_) {
    if (block.changes().front().pairs.size() > 1000) {
      ASSERT_OK(CommitOwned(*store, block));
      continue;
    }
    Digest working{};
    for (const NamedChangeSet& named : block.changes()) {
      for (const KvPair& pair : named.pairs) {
        ASSERT_OK_AND_ASSIGN(const AppliedResult applied,
                             store->ApplyChangeSets(block.version(), {{named.module, {pair}}}));
        working = applied.working_root;
      }
    }
    ASSERT_OK_AND_ASSIGN(const CommitResult result, store->Commit(block.version()));
    EXPECT_EQ(result.root, working);
    EXPECT_EQ(Hex(result.root), roots_.at(block.version()).root);
  }
}

TEST_P(StoreGoldenTest, RestartsAndKillsDoNotShow) {
  std::unique_ptr<MemFileSystem> disk = fs_.Clone();
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*disk, options_));
  for (const OwnedBlock& block : blocks_) {
    ASSERT_OK(CommitOwned(*store, block));
    if (block.version() % 23 == 0) {
      ASSERT_OK(store->Close());
      store.reset();
      ASSERT_OK_AND_ASSIGN(store, OpenStore(*disk, options_));
      EXPECT_EQ(store->recovery().replayed_from, 0) << "a clean close leaves nothing to replay";
    } else if (block.version() % 37 == 0) {
      std::unique_ptr<MemFileSystem> crashed =
          disk->Crash(CrashMode::kAnySubset, static_cast<uint64_t>(block.version()));
      store.reset();
      disk = std::move(crashed);
      ASSERT_OK_AND_ASSIGN(store, OpenStore(*disk, options_));
    }
    ExpectGolden(*store, block.version());
  }
  EXPECT_OK(store->VerifyRows());
  store.reset();
}

INSTANTIATE_TEST_SUITE_P(
    Data, StoreGoldenTest,
    ::testing::Values(
        GoldenCase{"EthereumSha256", Suite::kSha256, "ethereum-changelog.jsonl",
                   "ethereum.sha256.roots", 2},
        GoldenCase{"EthereumBlake3", Suite::kBlake3, "ethereum-changelog.jsonl",
                   "ethereum.blake3.roots", 2},
        GoldenCase{"EthereumSha256OneThread", Suite::kSha256, "ethereum-changelog.jsonl",
                   "ethereum.sha256.roots", 1},
        GoldenCase{"EthereumBlake3EightThreads", Suite::kBlake3, "ethereum-changelog.jsonl",
                   "ethereum.blake3.roots", 8},
        GoldenCase{"ScenarioSha256", Suite::kSha256, "scenario.jsonl", "scenario.sha256.roots", 2},
        GoldenCase{"ScenarioBlake3", Suite::kBlake3, "scenario.jsonl", "scenario.blake3.roots", 2}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace flatkv::test
