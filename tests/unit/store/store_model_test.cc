// Goal: whatever the history, the store equals the reference (tests/support/model_store.h) in
// roots, values and walks. Method: seeded random blocks with random restarts, power cuts, discards
// and readers; compared after every version.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "tests/support/mem_file_system.h"
#include "tests/support/model_store.h"
#include "tests/support/random_blocks.h"
#include "tests/unit/store/store_test_util.h"

namespace flatkv::test {
namespace {

constexpr const char* kModules[] = {"evm", "bank", "staking"};

void ExpectEqualsModel(Store& store, const ModelStore& model) {
  const StoreInfo info = store.Info();
  ASSERT_EQ(info.version, model.version());
  ASSERT_EQ(info.root, model.Root()) << "version " << model.version();
  uint64_t rows = 0;
  for (const DataDbSummary& db : info.dbs) {
    rows += db.rows;
  }
  EXPECT_EQ(rows, model.Rows());
  for (const std::string module : kModules) {
    const std::map<std::string, std::string> wanted = model.Pairs(module);
    const std::vector<std::pair<std::string, std::string>> forward =
        Walk(store, {module, "", std::nullopt});
    ASSERT_EQ(forward,
              (std::vector<std::pair<std::string, std::string>>(wanted.begin(), wanted.end())))
        << module << " at version " << model.version();
    EXPECT_EQ(Walk(store, {module, "", std::nullopt, true}),
              (std::vector<std::pair<std::string, std::string>>(wanted.rbegin(), wanted.rend())));
  }
}

void ExpectRangesEqualModel(Store& store, const ModelStore& model, std::mt19937_64& random) {
  const std::map<std::string, std::string> wanted = model.Pairs("evm");
  std::vector<std::string> bounds = {"", "\x03", "\x08", "\x09", "\x0a", "\x0b", "\xff"};
  for (const auto& [key, value] : wanted) {
    bounds.push_back(key);
  }
  for (int i = 0; i < 20; ++i) {
    const std::string start = bounds[random() % bounds.size()];
    const std::string end = bounds[random() % bounds.size()];
    std::vector<std::pair<std::string, std::string>> expected;
    for (const auto& pair : wanted) {
      if (pair.first >= start && pair.first < end) {
        expected.push_back(pair);
      }
    }
    EXPECT_EQ(Walk(store, {"evm", start, end}), expected)
        << HexEncode(start) << " " << HexEncode(end);
    std::reverse(expected.begin(), expected.end());
    EXPECT_EQ(Walk(store, {"evm", start, end, true}), expected);
  }
}

class StoreModelTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(StoreModelTest, EqualsTheReferenceThroughRestartsAndPowerCuts) {
  const uint64_t seed = GetParam();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const Suite suite = seed % 2 == 0 ? Suite::kSha256 : Suite::kBlake3;
  StoreOptions options = SmallStoreOptions(suite);
  options.wal_segment_bytes = 8 << 10;
  options.threads = 1 + seed % 4;
  options.replay_bytes_max = seed % 3 == 0 ? 4 << 10 : 1 << 20;
  options.overlay_bytes_max = 64 << 10;
  RandomBlocks blocks(seed);
  ModelStore model(suite);
  auto disk = std::make_unique<MemFileSystem>();
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*disk, options));
  for (Version version = 1; version <= 120; ++version) {
    const OwnedBlock block = blocks.Next(version, 60);
    if (random() % 5 == 0) {
      ASSERT_OK(store->ApplyChangeSets(version, blocks.Next(version, 20).changes()));
      store->DiscardPending();
    }
    if (random() % 3 == 0) {
      for (const NamedChangeSet& named : block.changes()) {
        ASSERT_OK(store->ApplyChangeSets(version, {named}));
      }
      ASSERT_OK(store->Commit(version));
    } else {
      ASSERT_OK(CommitOwned(*store, block));
    }
    model.Commit(block);
    if (random() % 12 == 0) {
      ASSERT_OK(store->Close());
      store.reset();
      ASSERT_OK_AND_ASSIGN(store, OpenStore(*disk, options));
    } else if (random() % 12 == 0) {
      auto crashed = disk->Crash(
          random() % 2 == 0 ? CrashMode::kDropUnsynced : CrashMode::kTornSectors, random());
      store.reset();
      disk = std::move(crashed);
      ASSERT_OK_AND_ASSIGN(store, OpenStore(*disk, options));
    }
    ExpectEqualsModel(*store, model);
    if (version % 40 == 0) {
      ExpectRangesEqualModel(*store, model, random);
      ASSERT_OK(store->VerifyRows());
    }
    if (::testing::Test::HasFatalFailure()) {
      break;
    }
  }
  store.reset();
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreModelTest, ::testing::Range<uint64_t>(1, 7));

// A reader beside commits sees one version at a time: every block rewrites the same keys with its
// version.
TEST(StoreConcurrency, ReadersSeeWholeVersionsWhileCommitsGoOn) {
  constexpr Version kVersions = 300;
  constexpr size_t kKeys = 64;
  MemFileSystem disk;
  StoreOptions options = SmallStoreOptions();
  options.write_buffer_bytes = 64 << 10;
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(disk, options));
  std::vector<std::string> names;
  for (size_t i = 0; i < kKeys; ++i) {
    names.push_back("key" + std::to_string(100 + i));
  }
  std::atomic<bool> done{false};
  std::atomic<uint64_t> reads{0};
  std::vector<std::string> failures;
  std::thread reader([&] {
    std::vector<KeyRef> keys;
    for (const std::string& name : names) {
      keys.push_back({"bank", name});
    }
    while (!done && failures.empty()) {
      const StatusOr<ReadResult> result = store->Get(keys);
      if (!result.ok()) {
        failures.push_back(ToString(result.status()));
        break;
      }
      for (const std::optional<std::string>& value : result->values) {
        if (value.value_or("0") != std::to_string(result->version)) {
          failures.push_back("version " + std::to_string(result->version) + " has value " +
                             value.value_or("none"));
        }
      }
      auto iterator = store->Iterate({"bank", "", std::nullopt});
      size_t count = 0;
      for (; iterator.ok() && (*iterator)->Valid(); (*iterator)->Next(), ++count) {
        if ((*iterator)->value() != std::to_string((*iterator)->version())) {
          failures.push_back("a walk of version " + std::to_string((*iterator)->version()) +
                             " meets " + std::string((*iterator)->value()));
          break;
        }
      }
      if (failures.empty() && iterator.ok() && (*iterator)->version() > 0 && count != kKeys) {
        failures.push_back("a walk has " + std::to_string(count) + " keys");
      }
      ++reads;
    }
  });
  for (Version version = 1; version <= kVersions; ++version) {
    OwnedBlock block(version);
    for (const std::string& name : names) {
      block.Set("bank", name, std::to_string(version));
    }
    const auto result = CommitOwned(*store, block);
    EXPECT_OK(result);
    if (!result.ok()) {
      break;
    }
  }
  while (reads == 0 && failures.empty()) {
    std::this_thread::yield();
  }
  done = true;
  reader.join();
  EXPECT_THAT(failures, ::testing::IsEmpty());
  EXPECT_OK(store->Close());
}

}  // namespace
}  // namespace flatkv::test
