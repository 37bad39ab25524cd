// Differences between two versions equal those of the reference, by the changelog's keys and by
// walking both states, deletes and reorgs included; sizes equal a count by the reference.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/unit/store/state_reader_util.h"
#include "tests/unit/store/store_admin_util.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

// By module and key: the value before and after.
using Changes = std::vector<
    std::tuple<std::string, std::string, std::optional<std::string>, std::optional<std::string>>>;

Changes ModelDiff(const ModelStore& before, const ModelStore& after, const std::string& wanted) {
  Changes changes;
  std::set<std::string> modules(HistoryModules().begin(), HistoryModules().end());
  for (const std::string& module : modules) {
    if (!wanted.empty() && module != wanted) {
      continue;
    }
    const std::map<std::string, std::string> old_pairs = before.Pairs(module);
    const std::map<std::string, std::string> new_pairs = after.Pairs(module);
    std::set<std::string> keys;
    for (const auto* pairs : {&old_pairs, &new_pairs}) {
      for (const auto& [key, value] : *pairs) {
        keys.insert(key);
      }
    }
    for (const std::string& key : keys) {
      const auto value_in = [&key](const auto& pairs) {
        const auto it = pairs.find(key);
        return it == pairs.end() ? std::nullopt : std::optional<std::string>(it->second);
      };
      if (value_in(old_pairs) != value_in(new_pairs)) {
        changes.emplace_back(module, key, value_in(old_pairs), value_in(new_pairs));
      }
    }
  }
  return changes;
}

StatusOr<Changes> StoreDiff(Store& store, const DiffOptions& options, DiffMethod* method) {
  Changes changes;
  const auto own = [](const std::optional<std::string_view>& value) {
    return value.has_value() ? std::optional<std::string>(*value) : std::nullopt;
  };
  ASSIGN_OR_RETURN(*method, store.state_reader().Diff(
                                options,
                                [&](const KeyChange& change) {
                                  changes.emplace_back(change.module, change.key,
                                                       own(change.before), own(change.after));
                                  return OkStatus();
                                },
                                nullptr));
  return changes;
}

class StateDiffTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  static constexpr Version kVersions = 40;

  StateDiffTest() : history_(kVersions, 30, GetParam()) {
    options_ = SmallStoreOptions(Suite::kBlake3);
    options_.snapshot.keep_recent = 100;
    fmt::print("seed {}\n", GetParam());
  }

  // Both ways of finding the changes give what the reference gives.
  void ExpectDiff(const ModelStore& before, const ModelStore& after, DiffOptions options) {
    SCOPED_TRACE(fmt::format("{} to {}, module '{}'", options.from, options.to, options.module));
    const Changes expected = ModelDiff(before, after, options.module);
    DiffMethod method = DiffMethod::kWalk;
    ASSERT_OK_AND_ASSIGN(const Changes by_keys, StoreDiff(*store_, options, &method));
    EXPECT_EQ(method, DiffMethod::kChangelog);
    EXPECT_EQ(by_keys, expected);
    options.key_bytes_max = 1;
    ASSERT_OK_AND_ASSIGN(const Changes by_walk, StoreDiff(*store_, options, &method));
    EXPECT_EQ(by_walk, expected);
  }

  const History history_;
  StoreOptions options_;
  MemFileSystem fs_;
  std::unique_ptr<Store> store_;
};

TEST_P(StateDiffTest, EqualsTheReference) {
  ASSERT_OK_AND_ASSIGN(store_, OpenStore(fs_, options_));
  ASSERT_OK(CommitTo(*store_, history_, kVersions));
  std::mt19937_64 random(GetParam());
  for (int round = 0; round < 12; ++round) {
    const auto from = static_cast<Version>(random() % kVersions) + 1;
    const auto to = static_cast<Version>(random() % kVersions) + 1;
    if (from != to) {
      const char* const modules[] = {"", "evm", "bank"};
      ExpectDiff(history_.model(from), history_.model(to),
                 {.from = from, .to = to, .module = modules[random() % 3]});
    }
  }
}

TEST_P(StateDiffTest, EqualsTheReferenceAcrossAReorgAndForVersionsWithoutUndoRecords) {
  options_.undo_depth = 4;
  ASSERT_OK_AND_ASSIGN(store_, OpenStore(fs_, options_));
  ASSERT_OK(CommitTo(*store_, history_, 20));
  ASSERT_OK(store_->admin().CreateSnapshot());
  ASSERT_OK(CommitTo(*store_, history_, kVersions));
  const auto [block, root] = history_.Other(38);
  const ReorgBlock blocks[] = {{38, block.changes()}};
  ASSERT_OK(store_->admin().Reorg(blocks));
  ModelStore forked = history_.model(37);
  forked.Commit(block);
  ExpectDiff(history_.model(36), forked, {.from = 36, .to = 38});
  ExpectDiff(history_.model(12), forked, {.from = 12, .to = 38});
  ExpectDiff(forked, history_.model(25), {.from = 38, .to = 25});
}

INSTANTIATE_TEST_SUITE_P(Seeds, StateDiffTest, ::testing::Values(3, 1'009, 77'777));

class StateReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(store_, OpenStore(fs_, SmallStoreOptions(Suite::kBlake3)));
  }
  StateReader& reader() { return store_->state_reader(); }

  MemFileSystem fs_;
  std::unique_ptr<Store> store_;
};

TEST_F(StateReaderTest, AKeyThatIsWrittenAndPutBackDoesNotDiffer) {
  const char* const values[] = {"a", "b", "a"};
  for (Version version = 1; version <= 3; ++version) {
    OwnedBlock block(version);
    block.Set("bank", "k", values[version - 1]);
    block.Set("bank", "other", std::to_string(version));
    ASSERT_OK(CommitOwned(*store_, block));
  }
  DiffMethod method = DiffMethod::kWalk;
  ASSERT_OK_AND_ASSIGN(const Changes changes, StoreDiff(*store_, {.from = 1, .to = 3}, &method));
  EXPECT_EQ(changes, (Changes{{"bank", "other", "1", "3"}}));
}

TEST_F(StateReaderTest, RefusesWhatCannotBeCompared) {
  ASSERT_OK(CommitOwned(*store_, OwnedBlock(1)));
  DiffMethod method = DiffMethod::kWalk;
  EXPECT_THAT(StoreDiff(*store_, {.from = 1, .to = 1}, &method),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("itself")));
  EXPECT_THAT(StoreDiff(*store_, {.from = 1, .to = 2}, &method),
              StatusIs(StatusCode::kOutOfRange, HasSubstr("above the head")));
  ASSERT_OK(CommitOwned(*store_, OwnedBlock(2)));
  EXPECT_THAT(StoreDiff(*store_, {.from = 1, .to = 2, .module = "a/b"}, &method),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(StateReaderTest, ACancelledDiffEndsSoon) {
  ASSERT_OK(CommitOwned(*store_, OwnedBlock(1)));
  ASSERT_OK(CommitOwned(*store_, OwnedBlock(2)));
  EXPECT_THAT(
      reader().Diff(
          {.from = 1, .to = 2}, [](const KeyChange&) { return OkStatus(); }, [] { return false; }),
      StatusIs(StatusCode::kCancelled));
}

TEST_F(StateReaderTest, SizesAreThoseOfAFullCount) {
  const uint64_t seed = 4'242;
  fmt::print("seed {}\n", seed);
  std::mt19937_64 random(seed);
  std::map<std::string, ContractSize> expected;
  OwnedBlock block(1);
  for (int i = 0; i < 60; ++i) {
    const std::string address(20, static_cast<char>(random() % 100));
    ContractSize& contract = expected[address];
    if (!contract.address.empty()) {
      continue;
    }
    contract.address = address;
    const uint64_t slots = random() % 6;
    for (uint64_t slot = 0; slot < slots; ++slot) {
      block.Set("evm", "\x03" + address + std::string(31, 's') + static_cast<char>(slot),
                std::string(32, 'v'));
      contract.storage_rows += 1;
      contract.storage_bytes += 4 + 1 + 20 + 32 + 9 + 32;
    }
    if (slots == 0 || random() % 2 == 0) {
      const uint64_t code = 1 + random() % 300;
      block.Set("evm", "\x07" + address, std::string(code, 'c'));
      contract.code_bytes = 4 + 1 + 20 + 9 + code;
    }
    block.Set("evm", "\x0a" + std::string(20, static_cast<char>(i)), std::string(8, '\1'));
  }
  block.Set("bank", "k", "v");
  ASSERT_OK(CommitOwned(*store_, block));
  std::vector<ContractSize> all;
  for (const auto& [address, contract] : expected) {
    all.push_back(contract);
  }
  std::stable_sort(all.begin(), all.end(), [](const ContractSize& a, const ContractSize& b) {
    return a.bytes() > b.bytes();
  });
  for (const size_t top : {size_t{1}, size_t{7}, size_t{1'000}}) {
    ASSERT_OK_AND_ASSIGN(const StateSizes sizes,
                         reader().Sizes({.version = 0, .top_contracts = top}, nullptr));
    EXPECT_EQ(sizes.version, 1);
    EXPECT_EQ(sizes.contracts.contracts, all.size());
    ASSERT_EQ(sizes.contracts.largest.size(), std::min(top, all.size()));
    for (size_t i = 0; i < sizes.contracts.largest.size(); ++i) {
      const ContractSize& found = sizes.contracts.largest[i];
      EXPECT_EQ(found.address, all[i].address) << i;
      EXPECT_EQ(found.storage_rows, all[i].storage_rows);
      EXPECT_EQ(found.storage_bytes, all[i].storage_bytes);
      EXPECT_EQ(found.code_bytes, all[i].code_bytes);
    }
    uint64_t rows = 0;
    for (const DbSums& db : sizes.sums) {
      rows += db.total.rows;
    }
    const StoreInfo info = store_->Info();
    EXPECT_EQ(rows, info.dbs[0].rows + info.dbs[1].rows + info.dbs[2].rows + info.dbs[3].rows);
    EXPECT_EQ(sizes.sums[IndexOf(DataDb::kMisc)].modules.at("bank").rows, 1u);
  }
}

}  // namespace
}  // namespace flatkv::test
