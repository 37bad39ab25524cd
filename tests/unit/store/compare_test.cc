// Comparing two states finds exactly the rows that differ, with few steps, whatever the layout of
// the data DBs and whichever suite the stores have.
#include "flatkv/store/compare.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "flatkv/codec/keys.h"
#include "tests/support/mem_file_system.h"
#include "tests/unit/store/state_reader_util.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

// What the reference says: "db key" with one letter for each kind of difference.
using Found = std::map<std::string, char>;

// A pair of stores that are given nearly the same blocks.
class CompareTest : public ::testing::Test {
 protected:
  void Open(const StoreOptions& here, const StoreOptions& there) {
    ASSERT_OK_AND_ASSIGN(here_, OpenStore(here_fs_, here));
    ASSERT_OK_AND_ASSIGN(there_, OpenStore(there_fs_, there));
  }
  void Open() { Open(SmallStoreOptions(Suite::kBlake3), SmallStoreOptions(Suite::kBlake3)); }

  StatusOr<CompareReport> Compare(Version version, const CompareOptions& options, Found* found) {
    ASSIGN_OR_RETURN(const auto here, here_->state_reader().SideAt(version, nullptr));
    ASSIGN_OR_RETURN(const auto there, there_->state_reader().SideAt(version, nullptr));
    CompareCallbacks callbacks;
    std::string last;
    callbacks.on_difference = [&](const RowDifference& row) -> Status {
      const std::string name = fmt::format("{} {}", IndexOf(row.db), row.key);
      if (name <= last) {
        return Internal("differences are out of order");
      }
      last = name;
      (*found)[name] = !row.here.has_value() ? 'h' : !row.there.has_value() ? 't' : 'd';
      return OkStatus();
    };
    return CompareStates(*here, *there, options, callbacks);
  }

  MemFileSystem here_fs_;
  MemFileSystem there_fs_;
  std::unique_ptr<Store> here_;
  std::unique_ptr<Store> there_;
};

std::string StorageKey(uint64_t n) {
  std::mt19937_64 random(n);
  std::string key = "\x03";
  while (key.size() < 1 + kAddressBytes + kSlotBytes) {
    key.push_back(static_cast<char>(random()));
  }
  return key;
}

OwnedBlock ManyRows(uint64_t rows) {
  OwnedBlock block(1);
  for (uint64_t n = 0; n < rows; ++n) {
    block.Set("evm", StorageKey(n), std::string(31, '\1') + static_cast<char>(n));
  }
  return block;
}

constexpr uint64_t kManyRows = 50'000;

std::string Name(DataDb db, std::string_view module, std::string_view key) {
  return fmt::format("{} {}", IndexOf(db), PhysicalKey(module, key));
}

TEST_F(CompareTest, FindsTheOneKeyThatDiffersAmongFiftyThousandInTwoSteps) {
  Open();
  OwnedBlock rows = ManyRows(kManyRows);
  ASSERT_OK(CommitOwned(*here_, rows));
  rows.Set("evm", StorageKey(31'337), std::string(32, '\7'));
  ASSERT_OK(CommitOwned(*there_, rows));
  Found found;
  ASSERT_OK_AND_ASSIGN(const CompareReport report, Compare(1, {}, &found));
  EXPECT_EQ(found, (Found{{Name(DataDb::kStorage, "evm", StorageKey(31'337)), 'd'}}));
  EXPECT_TRUE(report.is_complete);
  EXPECT_EQ(report.differing_rows, 1u);
  // 50,000 rows, then the rows of one of 256 pieces.
  EXPECT_EQ(report.digest_steps, 1u);
  EXPECT_EQ(report.rows_digested, kManyRows);
}

TEST_F(CompareTest, FindsARowThatOnlyOneSideHas) {
  Open();
  OwnedBlock rows = ManyRows(2'000);
  ASSERT_OK(CommitOwned(*here_, rows));
  rows.Set("evm", StorageKey(5'000), std::string(32, '\7'));
  rows.Remove("evm", StorageKey(700));
  ASSERT_OK(CommitOwned(*there_, rows));
  Found found;
  ASSERT_OK(Compare(1, {}, &found));
  EXPECT_EQ(found, (Found{{Name(DataDb::kStorage, "evm", StorageKey(5'000)), 'h'},
                          {Name(DataDb::kStorage, "evm", StorageKey(700)), 't'}}));
}

TEST_F(CompareTest, FindsEveryRowOfAModuleThatOneSideLacksWholly) {
  Open();
  OwnedBlock rows = ManyRows(10);
  ASSERT_OK(CommitOwned(*here_, rows));
  for (int n = 0; n < 700; ++n) {
    rows.Set("bank", fmt::format("key{:04}", n), "v");
  }
  ASSERT_OK(CommitOwned(*there_, rows));
  Found found;
  ASSERT_OK_AND_ASSIGN(const CompareReport report, Compare(1, {.rows_max = 0}, &found));
  EXPECT_EQ(found.size(), 700u);
  EXPECT_EQ(report.differing_rows, 700u);
  found.clear();
  ASSERT_OK_AND_ASSIGN(const CompareReport limited, Compare(1, {.rows_max = 30}, &found));
  EXPECT_EQ(found.size(), 30u);
  EXPECT_FALSE(limited.is_complete);
}

TEST_F(CompareTest, SameRowsInOtherLayoutsAreTheSame) {
  StoreOptions other = SmallStoreOptions(Suite::kBlake3);
  other.write_buffer_bytes = 64 << 10;
  other.max_file_bytes = 1 << 20;
  other.compression = true;
  Open(SmallStoreOptions(Suite::kBlake3), other);
  for (Version version = 1; version <= 8; ++version) {
    OwnedBlock block(version);
    for (uint64_t n = 0; n < 400; ++n) {
      block.Set("evm", StorageKey(n * static_cast<uint64_t>(version)),
                std::string(32, static_cast<char>(version)));
    }
    ASSERT_OK(CommitOwned(*here_, block));
    ASSERT_OK(CommitOwned(*there_, block));
    if (version % 2 == 0) {
      ASSERT_OK(there_->Flush());
    }
  }
  Found found;
  ASSERT_OK_AND_ASSIGN(const CompareReport same, Compare(8, {}, &found));
  EXPECT_TRUE(found.empty());
  EXPECT_EQ(same.rows_digested, 0u) << "the recorded sums are the same: nothing need be read";
  // Digests of ranges, which read the rows, are the same too.
  ASSERT_OK_AND_ASSIGN(const auto here, here_->state_reader().SideAt(8, nullptr));
  ASSERT_OK_AND_ASSIGN(const auto there, there_->state_reader().SideAt(8, nullptr));
  const RowRange range{DataDb::kStorage, "", ""};
  for (const DigestKind kind : {DigestKind::kLtHash, DigestKind::kSha256}) {
    ASSERT_OK_AND_ASSIGN(const SplitDigests split, here->Split(range, kind, 37));
    ASSERT_OK_AND_ASSIGN(const auto digests, there->Digests(range, kind, split.keys));
    ASSERT_EQ(digests.size(), split.digests.size());
    for (size_t i = 0; i < digests.size(); ++i) {
      EXPECT_TRUE(digests[i].SameRows(split.digests[i])) << i;
    }
  }
}

TEST_F(CompareTest, TheHashesOfPiecesAddUpToThatOfTheDataDb) {
  Open();
  ASSERT_OK(CommitOwned(*here_, ManyRows(3'000)));
  ASSERT_OK_AND_ASSIGN(const auto side, here_->state_reader().SideAt(1, nullptr));
  ASSERT_OK_AND_ASSIGN(const SplitDigests split,
                       side->Split({DataDb::kStorage, "", ""}, DigestKind::kLtHash, 100));
  ASSERT_EQ(split.digests.size(), 30u);
  LtHash sum;
  for (const RangeDigest& piece : split.digests) {
    EXPECT_EQ(piece.rows, 100u);
    sum += piece.hash;
  }
  ASSERT_OK_AND_ASSIGN(const SideState state, side->State());
  EXPECT_EQ(RowHasher(Suite::kBlake3).Checksum(sum),
            state.sums[IndexOf(DataDb::kStorage)].total.checksum);
}

TEST_F(CompareTest, StoresOfTwoSuitesAreComparedRowByRow) {
  Open(SmallStoreOptions(Suite::kBlake3), SmallStoreOptions(Suite::kSha256));
  OwnedBlock rows = ManyRows(3'000);
  ASSERT_OK(CommitOwned(*here_, rows));
  ASSERT_OK(CommitOwned(*there_, rows));
  Found found;
  ASSERT_OK_AND_ASSIGN(CompareReport report, Compare(1, {}, &found));
  EXPECT_EQ(report.kind, DigestKind::kSha256);
  EXPECT_EQ(report.differing_rows, 0u);
  EXPECT_EQ(report.rows_digested, 3'000u);
  OwnedBlock next(2);
  next.Set("bank", "k", "v");
  ASSERT_OK(CommitOwned(*here_, next));
  next.Set("evm", StorageKey(17), std::string(32, '\7'));
  ASSERT_OK(CommitOwned(*there_, next));
  ASSERT_OK_AND_ASSIGN(report, Compare(2, {}, &found));
  EXPECT_EQ(found, (Found{{Name(DataDb::kStorage, "evm", StorageKey(17)), 'd'}}));
}

TEST_F(CompareTest, EqualsTheReferenceForRandomHistories) {
  for (const uint64_t seed : {uint64_t{5}, uint64_t{50}, uint64_t{500}}) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    MemFileSystem here_fs;
    MemFileSystem there_fs;
    ASSERT_OK_AND_ASSIGN(here_, OpenStore(here_fs, SmallStoreOptions(Suite::kBlake3)));
    ASSERT_OK_AND_ASSIGN(there_, OpenStore(there_fs, SmallStoreOptions(Suite::kBlake3)));
    RandomBlocks ours(seed);
    RandomBlocks theirs(seed + 1);
    for (Version version = 1; version <= 20; ++version) {
      ASSERT_OK(CommitOwned(*here_, ours.Next(version, 20)));
      ASSERT_OK(CommitOwned(*there_, theirs.Next(version, 20)));
    }
    // Every row of both, by digests of the whole data DBs.
    std::map<std::string, Digest> rows[2];
    Store* const stores[] = {here_.get(), there_.get()};
    for (size_t i = 0; i < 2; ++i) {
      ASSERT_OK_AND_ASSIGN(const auto side, stores[i]->state_reader().SideAt(20, nullptr));
      for (const DataDb db : kAllDataDbs) {
        ASSERT_OK_AND_ASSIGN(const auto all, side->Rows({db, "", ""}));
        for (const RowDigest& row : all) {
          rows[i][fmt::format("{} {}", IndexOf(db), row.key)] = row.digest;
        }
      }
    }
    Found expected;
    for (const auto& [name, digest] : rows[0]) {
      const auto it = rows[1].find(name);
      if (it == rows[1].end()) {
        expected[name] = 't';
      } else if (it->second != digest) {
        expected[name] = 'd';
      }
    }
    for (const auto& [name, digest] : rows[1]) {
      if (!rows[0].contains(name)) {
        expected[name] = 'h';
      }
    }
    Found found;
    ASSERT_OK(Compare(20, {.rows_max = 0, .pieces = 3, .rows_fetched = 2}, &found));
    EXPECT_EQ(found, expected);
    here_.reset();
    there_.reset();
  }
}

TEST_F(CompareTest, AProgressThatSaysNoEndsIt) {
  Open();
  OwnedBlock rows = ManyRows(1'000);
  ASSERT_OK(CommitOwned(*here_, rows));
  rows.Set("evm", StorageKey(1), std::string(32, '\7'));
  ASSERT_OK(CommitOwned(*there_, rows));
  ASSERT_OK_AND_ASSIGN(const auto here, here_->state_reader().SideAt(1, nullptr));
  ASSERT_OK_AND_ASSIGN(const auto there, there_->state_reader().SideAt(1, nullptr));
  CompareCallbacks callbacks;
  callbacks.on_progress = [](const CompareProgress&) { return false; };
  EXPECT_THAT(CompareStates(*here, *there, {}, callbacks), StatusIs(StatusCode::kCancelled));
  // A side asks by itself in a long walk.
  ASSERT_OK_AND_ASSIGN(const auto stopping, here_->state_reader().SideAt(1, [] { return false; }));
  EXPECT_THAT(stopping->Split({DataDb::kStorage, "", ""}, DigestKind::kLtHash, 10),
              StatusIs(StatusCode::kCancelled));
}

TEST_F(CompareTest, ASideRefusesWhatItWouldHaveToHoldInMemory) {
  Open();
  ASSERT_OK(CommitOwned(*here_, ManyRows(CompareSide::kRowsMax + 1)));
  ASSERT_OK_AND_ASSIGN(const auto side, here_->state_reader().SideAt(1, nullptr));
  const RowRange all{DataDb::kStorage, "", ""};
  EXPECT_THAT(side->Rows(all), StatusIs(StatusCode::kInvalidArgument, HasSubstr("10000 rows")));
  EXPECT_THAT(side->Split(all, DigestKind::kLtHash, 1),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("pieces")));
  EXPECT_THAT(side->Split(all, DigestKind::kLtHash, 0), StatusIs(StatusCode::kInvalidArgument));
  const std::vector<std::string> unsorted = {"evm/b", "evm/a"};
  EXPECT_THAT(side->Digests(all, DigestKind::kLtHash, unsorted),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("ascend")));
}

TEST_F(CompareTest, ARollbackEndsASideOfWhatIsGone) {
  Open();
  ASSERT_OK(CommitOwned(*here_, ManyRows(10)));
  ASSERT_OK(CommitOwned(*here_, OwnedBlock(2)));
  ASSERT_OK_AND_ASSIGN(const auto side, here_->state_reader().SideAt(2, nullptr));
  ASSERT_OK(here_->admin().Rollback(1, RollbackChoice::kAuto));
  const auto rows = side->Rows({DataDb::kStorage, "", ""});
  EXPECT_EQ(ReasonOf(rows.status()), Reason::kRolledBack);
}

}  // namespace
}  // namespace flatkv::test
