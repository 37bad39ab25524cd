// Goal: several versions committed together are what the same versions committed one by one are,
// refusals and repetitions included, and none of them can be seen before the sync that covers it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "flatkv/store/commit_group.h"
#include "flatkv/wal/wal.h"
#include "tests/support/call_gate.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/unit/store/group_history.h"

namespace flatkv::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

OwnedBlock Block(Version version, const std::string& value = "v") {
  OwnedBlock block(version);
  block.Set("bank", "k", value);
  block.Set("bank", "k" + std::to_string(version), value);
  return block;
}

// A module that cannot be.
OwnedBlock InvalidBlock(Version version) {
  OwnedBlock block(version);
  block.Set("a/b", "k", "v");
  return block;
}

std::string TextOf(const StatusOr<CommitResult>& result) {
  return result.ok() ? fmt::format("{} {}{}", result->version, Hex(result->root),
                                   result->already_committed ? " again" : "")
                     : fmt::format("{} {} {}", MessageOf(result.status()),
                                   static_cast<int>(ReasonOf(result.status())),
                                   ExpectedVersionOf(result.status()).value_or(0));
}

std::vector<std::string> TextsOf(const std::vector<StatusOr<CommitResult>>& results) {
  std::vector<std::string> texts;
  for (const StatusOr<CommitResult>& result : results) {
    texts.push_back(TextOf(result));
  }
  return texts;
}

// Every file of a directory of the closed store, by name.
std::map<std::string, std::string> FilesOf(FileSystem& disk, const std::string& name) {
  const std::string directory = JoinPath(std::string(kHome) + "/flatkv", name);
  std::map<std::string, std::string> files;
  const auto names = disk.List(directory);
  EXPECT_OK(names);
  for (const std::string& file : *names) {
    files[file] = ReadFile(disk, JoinPath(directory, file), 64 << 20).value();
  }
  return files;
}

// What the changelog of the closed store records, whatever is written between the records.
std::vector<std::string> RecordsOf(FileSystem& disk) {
  std::vector<std::string> records;
  const auto wal =
      Wal::Open(disk, NullLogger(), JoinPath(std::string(kHome) + "/flatkv", kChangelogName), {});
  EXPECT_OK(wal);
  const auto reader = (*wal)->NewReader((*wal)->first_version(), (*wal)->last_version());
  EXPECT_OK(reader);
  while ((*reader)->Next().value()) {
    const WalRecordInfo& info = (*reader)->info();
    records.push_back(
        fmt::format("{} {} {} ", info.version, Hex(info.root), Hex(info.content_digest)) +
        std::string((*reader)->payload()));
  }
  return records;
}

class StoreGroupTest : public ::testing::Test {
 protected:
  static StoreOptions Options(WalSync sync = WalSync::kAlways) {
    StoreOptions options = SmallStoreOptions(Suite::kBlake3);
    options.wal_sync = sync;
    return options;
  }
};

TEST_F(StoreGroupTest, GroupsOfAnySizeLeaveWhatSingleCommitsLeave) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    const History history(60, 30, seed);
    const WalSync sync = seed % 3 == 0 ? WalSync::kOff : WalSync::kAlways;
    StoreOptions options = Options(sync);
    options.threads = seed % 2 == 0 ? 1 : 2;
    options.replay_bytes_max = 8 << 10;  // flushes in between
    MemFileSystem single_disk;
    MemFileSystem group_disk;
    ASSERT_OK_AND_ASSIGN(std::unique_ptr<Store> single, OpenStore(single_disk, options));
    ASSERT_OK(CommitTo(*single, history, history.versions()));
    {
      // Another identity would be in no file that is compared.
      ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> grouped, OpenStore(group_disk, options));
      std::mt19937_64 random(seed);
      for (Version first = 1; first <= history.versions();) {
        const auto size = static_cast<Version>(1 + random() % (seed < 3 ? 3 : 25));
        const Version last = std::min(history.versions(), first + size - 1);
        ASSERT_OK(CommitGroupTo(*grouped, history, first, last));
        EXPECT_EQ(grouped->Info().version, last);
        first = last + 1;
      }
      ASSERT_OK(grouped->VerifyRows());
      const StoreInfo a = single->Info();
      const StoreInfo b = grouped->Info();
      EXPECT_EQ(Hex(a.root), Hex(b.root));
      EXPECT_EQ(b.pending_version, 0);
      for (const DataDb db : kAllDataDbs) {
        EXPECT_EQ(Hex(a.dbs[IndexOf(db)].checksum), Hex(b.dbs[IndexOf(db)].checksum));
        EXPECT_EQ(a.dbs[IndexOf(db)].rows, b.dbs[IndexOf(db)].rows);
        EXPECT_EQ(a.dbs[IndexOf(db)].bytes, b.dbs[IndexOf(db)].bytes);
      }
      for (const std::string& module : HistoryModules()) {
        EXPECT_EQ(Walk(*grouped, {.module = module}), Walk(*single, {.module = module}));
      }
      ASSERT_OK(grouped->Close());
    }
    ASSERT_OK(single->Close());
    EXPECT_EQ(FilesOf(group_disk, kUndoName), FilesOf(single_disk, kUndoName));
    EXPECT_EQ(RecordsOf(group_disk), RecordsOf(single_disk));
    if (sync == WalSync::kOff) {
      EXPECT_EQ(FilesOf(group_disk, kChangelogName), FilesOf(single_disk, kChangelogName));
    }
  }
}

TEST_F(StoreGroupTest, EveryBlockGetsTheAnswerThatItGetsAlone) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    std::mt19937_64 random(seed);
    MemFileSystem single_disk;
    MemFileSystem group_disk;
    const StoreOptions options = Options(seed % 4 == 0 ? WalSync::kOff : WalSync::kAlways);
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> single, OpenStore(single_disk, options));
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> grouped, OpenStore(group_disk, options));
    for (int round = 0; round < 12; ++round) {
      std::vector<OwnedBlock> blocks;
      std::vector<std::string> expected;
      for (uint64_t count = random() % 9; count > 0; --count) {
        const Version head = single->Info().version;
        const uint64_t kind = random() % 12;
        const Version version = kind < 8    ? head + 1
                                : kind < 10 ? std::max<Version>(0, head - Version(random() % 3))
                                            : head + 1 + Version(random() % 3);
        const std::string value = random() % 4 == 0 ? "other" : "v";
        blocks.push_back(random() % 8 == 0 ? InvalidBlock(version) : Block(version, value));
        expected.push_back(TextOf(CommitOwned(*single, blocks.back())));
      }
      EXPECT_EQ(TextsOf(CommitGroupOf(*grouped, blocks)), expected) << "round " << round;
      EXPECT_EQ(Hex(grouped->Info().root), Hex(single->Info().root));
      EXPECT_EQ(grouped->Info().version, single->Info().version);
    }
  }
}

TEST_F(StoreGroupTest, ABlockThatIsRefusedLeavesAGapForThoseAfterIt) {
  MemFileSystem disk;
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> store, OpenStore(disk, Options()));
  const auto results =
      CommitGroupOf(*store, {Block(1), Block(2), InvalidBlock(3), Block(4), Block(3)});
  EXPECT_OK(results[0]);
  EXPECT_OK(results[1]);
  EXPECT_THAT(results[2], HasReason(Reason::kInvalidChangeSet));
  EXPECT_THAT(results[3], HasReason(Reason::kVersionGap));
  EXPECT_EQ(ExpectedVersionOf(results[3].status()), 3);
  EXPECT_OK(results[4]);
  EXPECT_EQ(store->Info().version, 3);
}

TEST_F(StoreGroupTest, AGroupThatStopsAtARefusalLooksAtNothingBehindIt) {
  MemFileSystem disk;
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> store, OpenStore(disk, Options()));
  const auto results =
      CommitGroupOf(*store, {Block(1), Block(2), Block(7), Block(3)}, OnRefusal::kStop);
  ASSERT_EQ(results.size(), 3u);
  EXPECT_OK(results[1]);
  EXPECT_THAT(results[2], HasReason(Reason::kVersionGap));
  EXPECT_EQ(store->Info().version, 2);
  EXPECT_EQ(CommitGroupOf(*store, {Block(3), Block(4)}, OnRefusal::kStop).size(), 2u);
}

TEST_F(StoreGroupTest, AppliedChangesRefuseAGroupAndStay) {
  MemFileSystem disk;
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> store, OpenStore(disk, Options()));
  ASSERT_OK(store->ApplyChangeSets(1, Block(1, "applied").changes()));
  const Digest working = store->WorkingRoot().root;
  const auto results = CommitGroupOf(*store, {Block(1), Block(2)});
  EXPECT_THAT(results[0], StatusIs(StatusCode::kFailedPrecondition, HasSubstr("with Commit")));
  EXPECT_THAT(results[1], HasReason(Reason::kVersionGap));
  EXPECT_EQ(Hex(store->WorkingRoot().root), Hex(working));
  ASSERT_OK_AND_ASSIGN(const CommitResult committed, store->Commit(1));
  EXPECT_EQ(Hex(committed.root), Hex(working));
}

TEST_F(StoreGroupTest, AGroupIsSyncedOnceAndALongOneEachTimeItIsFull) {
  MemFileSystem disk;
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> store, OpenStore(disk, Options()));
  ASSERT_OK(CommitOwned(*store, Block(1)));
  uint64_t before = store->Stats().wal_syncs;
  const auto small = CommitGroupOf(*store, {Block(2), Block(3), Block(4)});
  EXPECT_EQ(store->Stats().wal_syncs, before + 1);
  for (const auto& result : small) {
    EXPECT_EQ(result->timings.sync, small.front()->timings.sync) << "equal shares";
    EXPECT_GE(result->timings.total, result->timings.sync);
  }
  std::vector<OwnedBlock> blocks;
  for (size_t i = 0; i < 2 * CommitGroup::kVersionsMax + 1; ++i) {
    blocks.push_back(Block(5 + static_cast<Version>(i)));
  }
  before = store->Stats().wal_syncs;
  for (const auto& result : CommitGroupOf(*store, blocks)) {
    ASSERT_OK(result);
  }
  EXPECT_EQ(store->Stats().wal_syncs, before + 3);
}

TEST_F(StoreGroupTest, ASnapshotThatIsDueInsideAGroupIsOfItsVersion) {
  MemFileSystem disk;
  StoreOptions options = Options();
  options.snapshot.policy = SnapshotPolicy::kInterval;
  options.snapshot.interval_versions = 5;
  options.snapshot.keep_recent = 100;
  const History history(13, 20, 77);
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<Store> store, OpenStore(disk, options));
  ASSERT_OK(CommitGroupTo(*store, history, 1, 13));
  // One more comes after all that were asked for.
  ASSERT_OK(store->admin().CreateSnapshot());
  EXPECT_THAT(store->admin().Retention().snapshots, ElementsAre(1, 5, 10, 13));
  for (const Version version : {1, 5, 10}) {
    ASSERT_OK_AND_ASSIGN(const SnapshotSummary summary, store->admin().ShowSnapshot(version));
    EXPECT_EQ(Hex(summary.manifest.root), Hex(history.root(version)));
  }
  ASSERT_OK(store->Close());
}

TEST_F(StoreGroupTest, ReadersSeeNothingOfAGroupBeforeItsSync) {
  MemFileSystem disk;
  FaultFileSystem fs(disk);
  CallGate gate(FsOp::kSync, kChangelogName);
  fs.SetHook([&gate](const FsCall& call) { return gate.Pass(call); });
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> store, OpenStore(fs, Options()));
  ASSERT_OK(CommitOwned(*store, Block(1, "old")));
  ASSERT_OK(store->Flush());
  const StoreInfo before = store->Info();
  gate.Close();
  std::vector<StatusOr<CommitResult>> results;
  std::thread committer([&] {
    results = CommitGroupOf(*store, {Block(2, "a"), Block(3, "b"), Block(4, "c")});
  });
  gate.WaitUntilReached();
  const std::array<KeyRef, 2> keys = {KeyRef{"bank", "k"}, KeyRef{"bank", "k2"}};
  for (int i = 0; i < 100; ++i) {
    const StoreInfo info = store->Info();
    EXPECT_EQ(info.version, 1);
    EXPECT_EQ(Hex(info.root), Hex(before.root));
    EXPECT_LE(info.pending_version, 2);
    const auto read = store->Get(keys);
    EXPECT_EQ(read->version, 1);
    EXPECT_EQ(read->values[0], "old");
    EXPECT_EQ(read->values[1], std::nullopt);
    EXPECT_EQ(Walk(*store, {.module = "bank"}), (Pairs{{"k", "old"}, {"k1", "old"}}));
    EXPECT_EQ(store->Info().backlog.versions, 0u) << "the data DBs get nothing either";
  }
  gate.Open();
  committer.join();
  for (const auto& result : results) {
    EXPECT_OK(result);
  }
  EXPECT_EQ(store->Get(keys)->version, 4);
  EXPECT_EQ(store->Get(keys)->values[0], "c");
  EXPECT_EQ(store->Info().pending_version, 0);
}

class StoreGroupPoisonTest : public StoreGroupTest {
 protected:
  // Groups 2..6 with a rule in force: all of it fails, readers stay at version 1, and reopening
  // finds a prefix of whole versions.
  static void ExpectNothingAcknowledged(FaultRule rule, const std::string& what) {
    SCOPED_TRACE(what);
    const History history(7, 20, 5);
    MemFileSystem disk;
    std::vector<std::string> refusals;
    {
      FaultFileSystem fs(disk);
      ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> store, OpenStore(fs, Options()));
      ASSERT_OK(CommitGroupTo(*store, history, 1, 1));
      rule.path_contains = "/changelog/";
      fs.AddRule(rule);
      std::vector<OwnedBlock> blocks;
      for (Version version = 2; version <= 6; ++version) {
        blocks.push_back(history.block(version));
      }
      for (const auto& result : CommitGroupOf(*store, blocks)) {
        EXPECT_THAT(result, HasReason(Reason::kPoisoned));
      }
      EXPECT_EQ(fs.faults(), 1u);
      EXPECT_EQ(store->Info().version, 1);
      EXPECT_EQ(store->Info().pending_version, 0);
      EXPECT_TRUE(store->Info().poisoned);
      EXPECT_EQ(Hex(store->CommittedRoot().root), Hex(history.root(1)));
      for (const std::string& module : HistoryModules()) {
        EXPECT_EQ(Walk(*store, {.module = module}), history.PairsAt(1, module));
      }
      EXPECT_THAT(CommitOwned(*store, history.block(2)), HasReason(Reason::kPoisoned));
    }
    for (const CrashMode mode : {CrashMode::kKeepAll, CrashMode::kDropUnsynced}) {
      const std::unique_ptr<MemFileSystem> left = disk.Crash(mode, 0);
      ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> store, OpenStore(*left, Options()));
      const Version head = store->Info().version;
      EXPECT_GE(head, 1);
      EXPECT_LE(head, 6);
      EXPECT_EQ(Hex(store->Info().root), Hex(history.root(head)));
      ASSERT_OK(store->VerifyRows());
      ASSERT_OK(CommitGroupTo(*store, history, head + 1, 7));
    }
  }
};

TEST_F(StoreGroupPoisonTest, AFailedAppendAtAnyPositionAcknowledgesNothingOfTheGroup) {
  for (uint64_t position = 0; position < 5; ++position) {
    for (const auto effect : {FaultRule::Effect::kFail, FaultRule::Effect::kShortAppend}) {
      FaultRule rule;
      rule.op = FsOp::kAppend;
      rule.skip = position;
      rule.effect = effect;
      ExpectNothingAcknowledged(rule, fmt::format("append {}", position));
    }
  }
}

TEST_F(StoreGroupPoisonTest, AFailedSyncAcknowledgesNothingOfTheGroup) {
  FaultRule rule;
  rule.op = FsOp::kSync;
  ExpectNothingAcknowledged(rule, "sync");
}

TEST_F(StoreGroupPoisonTest, AFailedSealAcknowledgesNothingOfTheGroup) {
  FaultRule rule;
  rule.op = FsOp::kAppend;
  rule.skip = 5;
  ExpectNothingAcknowledged(rule, "seal");
}

TEST_F(StoreGroupPoisonTest, WhatARepetitionInsideTheGroupHasAnsweredStaysCommitted) {
  MemFileSystem disk;
  FaultFileSystem fs(disk);
  {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> store, OpenStore(fs, Options()));
    FaultRule rule;
    rule.op = FsOp::kSync;
    rule.path_contains = "/changelog/";
    rule.skip = 2;  // the new segment's, and that of the versions before the repetition
    fs.AddRule(rule);
    const auto results = CommitGroupOf(*store, {Block(1), Block(2), Block(1), Block(3), Block(4)});
    EXPECT_OK(results[0]);
    EXPECT_OK(results[1]);
    EXPECT_TRUE(results[2]->already_committed);
    EXPECT_THAT(results[3], HasReason(Reason::kPoisoned));
    EXPECT_THAT(results[4], HasReason(Reason::kPoisoned));
    EXPECT_EQ(store->Info().version, 2);
  }
  const std::unique_ptr<MemFileSystem> left = disk.Crash(CrashMode::kDropUnsynced, 0);
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Store> store, OpenStore(*left, Options()));
  EXPECT_EQ(store->Info().version, 2);
}

}  // namespace
}  // namespace flatkv::test
