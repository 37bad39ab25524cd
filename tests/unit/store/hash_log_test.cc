// The hash log: every version's root and sums are those of the version, whatever came between; what
// is lost is told, and never costs the store anything.
#include "flatkv/store/hash_log.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "flatkv/snapshot/store_layout.h"
#include "tests/support/tree_digest.h"
#include "tests/unit/store/state_reader_util.h"
#include "tests/unit/store/store_admin_util.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

constexpr Version kVersions = 80;

class HashLogTest : public ::testing::Test {
 protected:
  HashLogTest() : history_(kVersions, 25, 7) {
    options_ = SmallStoreOptions(Suite::kBlake3);
    options_.snapshot.keep_recent = 100;
  }

  std::unique_ptr<Store> Open() {
    auto store = OpenStore(fs_, options_);
    EXPECT_OK(store);
    return store.ok() ? *std::move(store) : nullptr;
  }
  void ExpectRanges(Store& store, Version first, Version last) {
    ASSERT_OK_AND_ASSIGN(const VersionRanges ranges, store.state_reader().Ranges());
    EXPECT_EQ(ranges.hash_log_first, first);
    EXPECT_EQ(ranges.hash_log_last, last);
  }
  // The segment files of the log, oldest first.
  std::vector<std::string> Segments() { return FilesBelow(fs_, InStore(kHashLogName)); }

  const History history_;
  StoreOptions options_;
  MemFileSystem fs_;
};

TEST_F(HashLogTest, HasTheSumsOfEveryVersion) {
  const auto store = Open();
  ASSERT_OK(CommitTo(*store, history_, kVersions));
  ExpectRanges(*store, 1, kVersions);
  EXPECT_OK(CheckHashLog(*store, history_, /*all_known=*/true));
}

TEST_F(HashLogTest, EachVersionCanBeReadByItself) {
  const auto store = Open();
  ASSERT_OK(CommitTo(*store, history_, kVersions));
  ASSERT_OK_AND_ASSIGN(const std::vector<VersionSums> all, HashLogOf(*store, 1, kVersions));
  for (Version version = 1; version <= kVersions; ++version) {
    ASSERT_OK_AND_ASSIGN(const std::vector<VersionSums> one, HashLogOf(*store, version, version));
    ASSERT_EQ(one.size(), 1u);
    EXPECT_EQ(one[0].dbs, all[static_cast<size_t>(version - 1)].dbs) << version;
  }
}

TEST_F(HashLogTest, GoesOnAfterACleanCloseAndAfterAKill) {
  for (const bool clean : {true, false}) {
    SCOPED_TRACE(clean ? "closed" : "killed");
    const Version half = clean ? 20 : 50;
    auto store = Open();
    ASSERT_OK(CommitTo(*store, history_, half));
    if (clean) {
      ASSERT_OK(store->Close());
    }
    store.reset();
    store = Open();
    // A kill may find versions that wait to be written, and a replay works them out together.
    EXPECT_OK(CheckHashLog(*store, history_, /*all_known=*/clean));
    ASSERT_OK(CommitTo(*store, history_, half + 5));
    ExpectRanges(*store, 1, half + 5);
    EXPECT_OK(CheckHashLog(*store, history_, /*all_known=*/clean));
    ASSERT_OK(store->Close());
  }
}

TEST_F(HashLogTest, AnOpenThatCommitsNothingWritesNothing) {
  auto store = Open();
  ASSERT_OK(CommitTo(*store, history_, 10));
  ASSERT_OK(store->Close());
  const std::string before = TreeText(fs_, InStore(kHashLogName));
  store = Open();
  ASSERT_OK(store->Close());
  EXPECT_EQ(TreeText(fs_, InStore(kHashLogName)), before);
}

TEST_F(HashLogTest, ARollbackAndAReorgCutIt) {
  for (const RollbackChoice choice : {RollbackChoice::kUndo, RollbackChoice::kReplay}) {
    auto store = Open();
    ASSERT_OK(CommitTo(*store, history_, 40));
    ASSERT_OK(store->admin().Rollback(33, choice));
    ExpectRanges(*store, 1, 33);
    EXPECT_OK(CheckHashLog(*store, history_, /*all_known=*/true));
    ASSERT_OK(CommitTo(*store, history_, 36));
    EXPECT_OK(CheckHashLog(*store, history_, /*all_known=*/true));
    const auto [block, root] = history_.Other(35);
    const ReorgBlock blocks[] = {{35, block.changes()}};
    ASSERT_OK(store->admin().Reorg(blocks));
    ExpectRanges(*store, 1, 35);
    ASSERT_OK_AND_ASSIGN(const std::vector<VersionSums> log, HashLogOf(*store, 34, 35));
    EXPECT_EQ(log[0].root, history_.root(34));
    EXPECT_EQ(log[1].root, root);
    ASSERT_OK_AND_ASSIGN(const SideState state, StateOf(*store, 35));
    EXPECT_EQ(log[1].dbs, state.sums);
    ASSERT_OK(store->admin().Rollback(10, choice));
    ASSERT_OK(store->Close());
  }
}

TEST_F(HashLogTest, WhatAReplayWorkedOutTogetherHasItsRootOnly) {
  auto store = Open();
  ASSERT_OK(CommitTo(*store, history_, 10));
  ASSERT_OK(store->Close());
  store = Open();
  const std::unique_ptr<MemFileSystem> before = fs_.Clone();
  ASSERT_OK(CommitTo(*store, history_, 60));
  store.reset();  // killed: 11 to 60 are in the changelog only
  // The newest records are lost, as after a power cut.
  for (const std::string& path : Segments()) {
    const StatusOr<std::string> old = ReadFile(*before, path, 1 << 20);
    ASSERT_OK(old);
    fs_.Overwrite(path, *old);
  }
  options_.undo_depth = 5;  // so that the versions before are replayed together
  store = Open();
  ExpectRanges(*store, 1, 60);
  EXPECT_OK(CheckHashLog(*store, history_, /*all_known=*/false));
  ASSERT_OK_AND_ASSIGN(const std::vector<VersionSums> log, HashLogOf(*store, 1, 60));
  EXPECT_TRUE(log[9].has_sums);
  // How many are worked out together depends on where the data DBs stood when the store was killed.
  EXPECT_TRUE(std::any_of(log.begin() + 10, log.begin() + 54,
                          [](const VersionSums& sums) { return !sums.has_sums; }));
  EXPECT_TRUE(log[59].has_sums);
  ASSERT_OK(CommitTo(*store, history_, 65));
  EXPECT_OK(CheckHashLog(*store, history_, /*all_known=*/false));
  ASSERT_OK(store->Close());
}

TEST_F(HashLogTest, ADamagedLogCostsItsNewestRecordsAndNothingElse) {
  {
    const auto store = Open();
    ASSERT_OK(CommitTo(*store, history_, 30));
    ASSERT_OK(store->Close());
  }
  const std::vector<std::string> segments = Segments();
  ASSERT_EQ(segments.size(), 1u);
  ASSERT_OK_AND_ASSIGN(const std::string good, ReadFile(fs_, segments[0], 1 << 20));
  // In the segment's header, in the first record, and in a later one.
  for (const uint64_t offset : {uint64_t{5}, uint64_t{300}, uint64_t{good.size() - 100}}) {
    SCOPED_TRACE(fmt::format("byte {} of {}", offset, good.size()));
    const std::unique_ptr<MemFileSystem> disk = fs_.Clone();
    disk->FlipBit(segments[0], offset, 3);
    CollectingLogger logger;
    ASSERT_OK_AND_ASSIGN(const auto store, Store::Open(*disk, logger, kHome, options_));
    EXPECT_THAT(logger.Complaints(), HasSubstr("hashlog"));
    EXPECT_EQ(store->Info().root, history_.root(30));
    ASSERT_OK(CommitTo(*store, history_, 35));
    EXPECT_OK(CheckHashLog(*store, history_, /*all_known=*/false));
    ASSERT_OK_AND_ASSIGN(const std::vector<VersionSums> log, HashLogOf(*store, 31, 35));
    for (const VersionSums& sums : log) {
      EXPECT_TRUE(sums.has_sums) << sums.version;
    }
  }
}

TEST_F(HashLogTest, ALogOfOtherVersionsIsDropped) {
  auto store = Open();
  ASSERT_OK(CommitTo(*store, history_, 20));
  ASSERT_OK(store->Close());
  store.reset();
  const std::vector<std::string> segments = Segments();
  ASSERT_EQ(segments.size(), 1u);
  ASSERT_OK_AND_ASSIGN(const std::string kept, ReadFile(fs_, segments[0], 1 << 20));
  store = Open();
  const auto [block, root] = history_.Other(20);
  const ReorgBlock blocks[] = {{20, block.changes()}};
  ASSERT_OK(store->admin().Reorg(blocks));
  ASSERT_OK(store->Close());
  store.reset();
  fs_.Overwrite(Segments()[0], kept);
  CollectingLogger logger;
  ASSERT_OK_AND_ASSIGN(store, Store::Open(fs_, logger, kHome, options_));
  EXPECT_THAT(logger.Complaints(), HasSubstr("hashlog.dropped"));
  EXPECT_EQ(store->Info().root, root);
  ExpectRanges(*store, 0, 0);
}

TEST_F(HashLogTest, ZeroVersionsKeepNoneAndRemoveWhatIsThere) {
  auto store = Open();
  ASSERT_OK(CommitTo(*store, history_, 10));
  ASSERT_OK(store->Close());
  store.reset();
  options_.hash_log_versions = 0;
  store = Open();
  ASSERT_OK(CommitTo(*store, history_, 12));
  ExpectRanges(*store, 0, 0);
  EXPECT_THAT(HashLogOf(*store, 1, 2), StatusIs(StatusCode::kOutOfRange, HasSubstr("is off")));
  EXPECT_THAT(fs_.Stat(InStore(kHashLogName)), StatusIs(StatusCode::kNotFound));
  ASSERT_OK(store->Close());
  store.reset();
  // Switched on again it begins with the next version.
  options_.hash_log_versions = 100;
  store = Open();
  ASSERT_OK(CommitTo(*store, history_, 15));
  ExpectRanges(*store, 13, 15);
  EXPECT_OK(CheckHashLog(*store, history_, /*all_known=*/true));
}

TEST_F(HashLogTest, KeepsAboutAsManyVersionsAsAsked) {
  options_.hash_log_versions = 100;
  options_.undo_depth = 0;
  const auto store = Open();
  OwnedBlock block(1);
  constexpr Version kMany = 8'000;
  for (Version version = 1; version <= kMany; ++version) {
    OwnedBlock next(version);
    next.Set("bank", "k", std::to_string(version));
    ASSERT_OK(CommitOwned(*store, next));
  }
  ASSERT_OK_AND_ASSIGN(const VersionRanges ranges, store->state_reader().Ranges());
  EXPECT_EQ(ranges.hash_log_last, kMany);
  EXPECT_LE(ranges.hash_log_first, kMany - 100 + 1);
  EXPECT_GT(ranges.hash_log_first, 1);
  ASSERT_OK_AND_ASSIGN(const std::vector<VersionSums> log,
                       HashLogOf(*store, ranges.hash_log_first, kMany));
  for (const VersionSums& sums : log) {
    EXPECT_TRUE(sums.has_sums) << sums.version;
  }
}

TEST_F(HashLogTest, WhatItDoesNotHaveIsSaidWithWhatItHas) {
  const auto store = Open();
  EXPECT_THAT(HashLogOf(*store, 1, 1), StatusIs(StatusCode::kOutOfRange, HasSubstr("no version")));
  ASSERT_OK(CommitTo(*store, history_, 5));
  const auto above = HashLogOf(*store, 4, 6);
  EXPECT_THAT(above, StatusIs(StatusCode::kOutOfRange, HasSubstr("has 1 to 5")));
  EXPECT_EQ(ReasonOf(above.status()), Reason::kVersionAboveHead);
  EXPECT_THAT(HashLogOf(*store, 3, 2), StatusIs(StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace flatkv::test
