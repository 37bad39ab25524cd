#include "bench/workload.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "flatkv/base/hex.h"
#include "flatkv/base/sha256.h"
#include "flatkv/codec/changelog_entry.h"
#include "flatkv/codec/keys.h"
#include "flatkv/codec/rows.h"
#include "tests/support/status_matchers.h"

namespace flatkv::bench {
namespace {

using test::StatusIs;

WorkloadOptions SmallWorkload() {
  WorkloadOptions options;
  options.rows = 1'000;
  options.updates_per_block = 100;
  return options;
}

std::string Encode(const Block& block) {
  std::string bytes;
  AppendChangeSets(block.changes, &bytes);
  return bytes;
}

// SHA-256 over the preload and five blocks.
std::string DigestOf(const WorkloadOptions& options) {
  Workload workload(options);
  std::string bytes;
  Block block;
  for (uint64_t i = 0; i < workload.preload_blocks(); ++i) {
    workload.NextPreload(&block);
    bytes += Encode(block);
  }
  for (int i = 0; i < 5; ++i) {
    workload.NextBlock(&block);
    bytes += Encode(block);
  }
  return HexEncode(AsBytes(Sha256(bytes)));
}

// Results of other machines and other systems are compared by options and seed: what these give is
// fixed.
TEST(Workload, IsTheSameForever) {
  WorkloadOptions options = SmallWorkload();
  EXPECT_EQ(DigestOf(options), "3b10c6a799236957a0a488171f869f68fb58f7e95d9beade93904f242081ec1e");
  options.shape = Shape::kMixed;
  options.delete_share = 0.1;
  options.choice.hot_share = 0.5;
  options.choice.hot_rows = 50;
  EXPECT_EQ(DigestOf(options), "8d8f2d778810cff08722503670d9cdf1e0b06d9074f0f5da5ec0712765f4557e");
}

TEST(Workload, AnotherSeedGivesOtherKeysAndValues) {
  WorkloadOptions options = SmallWorkload();
  const std::string digest = DigestOf(options);
  EXPECT_EQ(DigestOf(options), digest);
  options.seed = 2;
  EXPECT_NE(DigestOf(options), digest);
}

TEST(Workload, PreloadsEveryRowOnce) {
  WorkloadOptions options = SmallWorkload();
  options.rows = 50'001;
  Workload workload(options);
  ASSERT_EQ(workload.preload_blocks(), 2u);
  std::set<std::string> keys;
  Block block;
  for (int i = 0; i < 2; ++i) {
    workload.NextPreload(&block);
    EXPECT_EQ(block.updates, block.distinct_rows);
    for (const KvPair& pair : block.changes.front().pairs) {
      keys.emplace(pair.key);
    }
  }
  EXPECT_EQ(keys.size(), options.rows);
}

TEST(Workload, BlocksHaveTheirSharesOfNewAndRemovedRows) {
  WorkloadOptions options = SmallWorkload();
  options.new_share = 0.3;
  options.delete_share = 0.2;
  Workload workload(options);
  Block block;
  std::set<std::string> known;
  workload.NextPreload(&block);
  for (const KvPair& pair : block.changes.front().pairs) {
    known.emplace(pair.key);
  }
  for (int i = 0; i < 3; ++i) {
    workload.NextBlock(&block);
    size_t created = 0;
    uint64_t removed = 0;
    for (const KvPair& pair : block.changes.front().pairs) {
      created += known.emplace(pair.key).second ? 1u : 0u;
      removed += pair.remove ? 1u : 0u;
    }
    EXPECT_EQ(block.updates, 100u);
    EXPECT_EQ(created, 30u);
    EXPECT_EQ(removed, 20u);
  }
}

TEST(Workload, CountsARowThatIsWrittenTwiceOnce) {
  WorkloadOptions options = SmallWorkload();
  options.new_share = 0;
  options.choice = {.hot_share = 1, .hot_rows = 3};
  Workload workload(options);
  Block block;
  workload.NextPreload(&block);
  workload.NextBlock(&block);
  EXPECT_EQ(block.updates, 100u);
  EXPECT_EQ(block.distinct_rows, 3u);
}

TEST(Workload, MixedRowsAreValidAndOfEveryKind) {
  WorkloadOptions options = SmallWorkload();
  options.shape = Shape::kMixed;
  options.rows = 5'000;
  Workload workload(options);
  Block block;
  workload.NextPreload(&block);
  std::array<uint64_t, kDataDbs> rows{};
  for (const NamedChangeSet& named : block.changes) {
    EXPECT_OK(ValidateModule(named.module));
    for (const KvPair& pair : named.pairs) {
      ASSERT_OK(ValidateKey(named.module, pair.key));
      const RowTarget target = TargetOf(named.module, pair.key);
      ASSERT_OK(ValidateValue(target, named.module, pair.key, pair.value));
      EXPECT_FALSE(ValueRemovesRow(target.db, pair.value));
      ++rows[IndexOf(target.db)];
    }
  }
  EXPECT_NEAR(static_cast<double>(rows[IndexOf(DataDb::kStorage)]), 3'250, 200);
  EXPECT_NEAR(static_cast<double>(rows[IndexOf(DataDb::kAccount)]), 950, 150);
  EXPECT_NEAR(static_cast<double>(rows[IndexOf(DataDb::kCode)]), 50, 30);
  EXPECT_NEAR(static_cast<double>(rows[IndexOf(DataDb::kMisc)]), 750, 150);
}

TEST(Workload, ImpossibleOptionsAreRefused) {
  const auto refused = [](auto change) {
    WorkloadOptions options = SmallWorkload();
    change(&options);
    return ValidateWorkload(options);
  };
  EXPECT_OK(ValidateWorkload(SmallWorkload()));
  const auto invalid = StatusIs(StatusCode::kInvalidArgument);
  EXPECT_THAT(refused([](WorkloadOptions* o) { o->rows = 0; }), invalid);
  EXPECT_THAT(refused([](WorkloadOptions* o) { o->new_share = 0.7, o->delete_share = 0.4; }),
              invalid);
  EXPECT_THAT(refused([](WorkloadOptions* o) { o->choice.hot_share = 0.5; }), invalid);
  EXPECT_THAT(
      refused([](WorkloadOptions* o) { o->choice = {.hot_share = 0.5, .hot_rows = o->rows + 1}; }),
      invalid);
  EXPECT_THAT(refused([](WorkloadOptions* o) { o->choice.zipf_exponent = 1; }), invalid);
}

}  // namespace
}  // namespace flatkv::bench
