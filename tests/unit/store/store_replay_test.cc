// Goal: a replay of several versions at once leaves what a replay of one after the other leaves,
// byte for byte in the data DBs and in the undo records that count; and what is wrong is found, and
// named by its version, however many versions are replayed at once.
// Method: seeded histories, killed with data DBs that stand at different versions; the same disk
// opened with different strides.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "flatkv/base/endian.h"
#include "flatkv/store/pending_version.h"
#include "tests/unit/store/store_admin_util.h"

namespace flatkv::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// What a closed store holds, to the last byte of its metadata.
std::string RowsAndMetadata(const MemFileSystem& closed) {
  const std::unique_ptr<MemFileSystem> disk = closed.Clone();  // opening a DB writes
  BackgroundThreads threads(1);
  std::string text;
  for (const DataDb db : kAllDataDbs) {
    const auto engine =
        OpenLevelDbEngine(*disk, threads, NullLogger(), JoinPath(InStore(kWorkingName), NameOf(db)),
                          LevelDbEngineOptions());
    EXPECT_OK(engine);
    const std::unique_ptr<KvIterator> rows = (*engine)->NewIterator();
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
      text +=
          fmt::format("{} {} {}\n", NameOf(db), HexEncode(rows->key()), HexEncode(rows->value()));
    }
    EXPECT_OK(rows->status());
  }
  return text;
}

// The undo records of the versions above `floor`.
std::string UndoRecords(const MemFileSystem& closed, Version floor) {
  const std::unique_ptr<MemFileSystem> disk = closed.Clone();
  const auto log = Wal::Open(*disk, NullLogger(), InStore(kUndoName), WalOptions());
  EXPECT_OK(log);
  if ((*log)->empty() || (*log)->first_version() > floor + 1) {
    return fmt::format("none from {}", floor + 1);
  }
  const auto reader = (*log)->NewReader(floor + 1, (*log)->last_version());
  EXPECT_OK(reader);
  std::string text;
  while (true) {
    const StatusOr<bool> more = (*reader)->Next();
    EXPECT_OK(more);
    if (!more.value_or(false)) {
      return text;
    }
    text += fmt::format("{} {}\n", (*reader)->info().version, HexEncode((*reader)->payload()));
  }
}

// RandomBlocks, and what it makes seldom: modules that come and go, keys that live for a version,
// versions without changes.
std::vector<OwnedBlock> BlocksOf(uint64_t seed, Version versions) {
  RandomBlocks random(seed);
  std::vector<OwnedBlock> blocks;
  for (Version version = 1; version <= versions; ++version) {
    if ((static_cast<uint64_t>(version) + seed) % 7 == 0) {
      blocks.emplace_back(version);
      continue;
    }
    OwnedBlock block = random.Next(version, 20);
    const std::string brief = fmt::format("brief{}", version / 2);
    if (version % 2 == 0) {
      block.Set(brief, "k", "v");
      block.Set("bank", brief, "");
    } else {
      block.Remove(brief, "k");
      block.Remove("bank", brief);
    }
    // Of one version: it never was.
    block.Set("passing" + brief, "k", "v");
    block.Remove("passing" + brief, "k");
    blocks.push_back(std::move(block));
  }
  return blocks;
}

class StoreReplayTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  static constexpr Version kVersions = 60;
  static constexpr uint64_t kUndoDepth = 9;
  static constexpr uint64_t kNeverLags = uint64_t{1} << 30;

  static StoreOptions Options(uint64_t check_every) {
    StoreOptions options = AdminOptions();
    options.undo_depth = kUndoDepth;
    options.replay_check_every = check_every;
    return options;
  }

  // A store that was killed. Data DBs that lag by more than `lag_bytes` were flushed, at different
  // versions.
  static void Kill(MemFileSystem& disk, uint64_t seed, uint64_t lag_bytes) {
    StoreOptions options = Options(1);
    options.replay_bytes_max = lag_bytes;
    options.write_buffer_bytes = uint64_t{16} << 20;  // nothing else flushes
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(disk, options));
    for (const OwnedBlock& block : BlocksOf(seed, kVersions)) {
      ASSERT_OK(CommitOwned(*store, block));
    }
    while (store->Info().backlog.versions > 0) {
      std::this_thread::yield();  // so that every version has its undo record
    }
  }

  // Gives the store of `disk` the data DB that it had after its first `version` versions.
  static void TakeBack(MemFileSystem& disk, uint64_t seed, DataDb db, Version version) {
    MemFileSystem earlier;
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(earlier, Options(1)));
    for (const OwnedBlock& block : BlocksOf(seed, version)) {
      ASSERT_OK(CommitOwned(*store, block));
    }
    ASSERT_OK(store->Close());
    const std::string directory = JoinPath(InStore(kWorkingName), NameOf(db));
    ASSERT_OK(RemoveTreeDurably(disk, directory));
    ASSERT_OK(disk.MakeDir(directory));
    ASSERT_OK_AND_ASSIGN(const std::vector<std::string> names, earlier.List(directory));
    for (const std::string& name : names) {
      const std::string path = JoinPath(directory, name);
      ASSERT_OK_AND_ASSIGN(const std::string content, ReadFile(earlier, path, uint64_t{1} << 20));
      ASSERT_OK(WriteFileDurably(disk, path, content));
    }
  }

  struct Outcome {
    std::string rows;
    std::string undo;
    std::string root;
    std::array<DataDbSummary, kDataDbs> dbs;
  };

  static Outcome Recovered(const MemFileSystem& killed, uint64_t check_every) {
    SCOPED_TRACE(fmt::format("check every {}", check_every));
    const auto disk = killed.Clone();
    Outcome outcome;
    CollectingLogger logger;
    auto store = Store::Open(*disk, logger, kHome, Options(check_every));
    EXPECT_OK(store);
    if (!store.ok()) {
      return outcome;
    }
    EXPECT_EQ(logger.Complaints(), "");
    EXPECT_EQ((*store)->Info().version, kVersions);
    outcome.root = Hex((*store)->Info().root);
    outcome.dbs = (*store)->Info().dbs;
    EXPECT_OK((*store)->VerifyRows());
    EXPECT_OK((*store)->Close());
    outcome.rows = RowsAndMetadata(*disk);
    outcome.undo = UndoRecords(*disk, kVersions - static_cast<Version>(kUndoDepth));
    // The second time there is nothing to do.
    store = OpenStore(*disk, Options(check_every));
    EXPECT_OK(store);
    EXPECT_EQ((*store)->recovery().replayed_from, 0);
    EXPECT_OK((*store)->Close());
    return outcome;
  }

  // Changes the payload of every undo record; what is around it fits again.
  static void RewriteUndo(MemFileSystem& disk, void (*change)(std::string*)) {
    struct Record {
      WalRecordInfo info;
      std::string payload;
    };
    std::vector<Record> records;
    {
      ASSERT_OK_AND_ASSIGN(const auto log,
                           Wal::Open(disk, NullLogger(), InStore(kUndoName), WalOptions()));
      ASSERT_OK_AND_ASSIGN(const auto reader,
                           log->NewReader(log->first_version(), log->last_version()));
      while (true) {
        ASSERT_OK_AND_ASSIGN(const bool more, reader->Next());
        if (!more) {
          break;
        }
        records.push_back({reader->info(), std::string(reader->payload())});
        change(&records.back().payload);
      }
    }
    ASSERT_OK(RemoveTreeDurably(disk, InStore(kUndoName)));
    ASSERT_OK_AND_ASSIGN(const auto log,
                         Wal::Open(disk, NullLogger(), InStore(kUndoName), WalOptions()));
    for (const Record& record : records) {
      ASSERT_OK(log->Append(record.info.version, record.payload, record.info.content_digest,
                            record.info.root));
      ASSERT_OK(log->Acknowledge(record.info.version));
    }
    ASSERT_OK(log->Close());
  }

  static void ExpectSame(const Outcome& a, const Outcome& b) {
    EXPECT_EQ(a.rows, b.rows);
    EXPECT_EQ(a.undo, b.undo);
    EXPECT_EQ(a.root, b.root);
    for (const DataDb db : kAllDataDbs) {
      EXPECT_EQ(a.dbs[IndexOf(db)].checksum, b.dbs[IndexOf(db)].checksum);
      EXPECT_EQ(a.dbs[IndexOf(db)].rows, b.dbs[IndexOf(db)].rows);
      EXPECT_EQ(a.dbs[IndexOf(db)].bytes, b.dbs[IndexOf(db)].bytes);
    }
  }
};

TEST_P(StoreReplayTest, AnyStrideLeavesTheSameRowsMetadataAndUndoRecords) {
  for (const uint64_t lag_bytes : {kNeverLags, uint64_t{3} << 10}) {
    for (const bool has_undo : {true, false}) {
      SCOPED_TRACE(fmt::format("seed {} lag {} undo {}", GetParam(), lag_bytes, has_undo));
      MemFileSystem disk;
      Kill(disk, GetParam(), lag_bytes);
      if (!has_undo) {
        ASSERT_OK(RemoveTreeDurably(disk, InStore(kUndoName)));
      }
      const Outcome one_by_one = Recovered(disk, 1);
      if (lag_bytes == kNeverLags) {
        // Otherwise a DB may hold a version already that then cannot be undone.
        EXPECT_THAT(one_by_one.undo, HasSubstr(fmt::format("\n{} ", kVersions)));
      }
      for (const uint64_t check_every : std::vector<uint64_t>{2, 5, 1000}) {
        ExpectSame(Recovered(disk, check_every), one_by_one);
      }
    }
  }
}

TEST_P(StoreReplayTest, OldRowsComeFromUndoRecordsAndLeaveTheSame) {
  for (const uint64_t lag_bytes : {kNeverLags, uint64_t{3} << 10}) {
    SCOPED_TRACE(fmt::format("seed {} lag {}", GetParam(), lag_bytes));
    MemFileSystem disk;
    Kill(disk, GetParam(), lag_bytes);
    const auto without = disk.Clone();
    ASSERT_OK(RemoveTreeDurably(*without, InStore(kUndoName)));
    for (const uint64_t check_every : std::vector<uint64_t>{1, 5, 1000}) {
      EXPECT_EQ(Recovered(disk, check_every).rows, Recovered(*without, check_every).rows);
      const auto clone = disk.Clone();
      ASSERT_OK_AND_ASSIGN(const auto store, OpenStore(*clone, Options(check_every)));
      if (lag_bytes == kNeverLags) {
        // More than the depth: nothing was flushed.
        EXPECT_GT(store->recovery().replayed_by_undo, kVersions / 2);
      }
    }
  }
}

TEST_P(StoreReplayTest, UndoRecordsFitDataDbsAtAnyVersions) {
  SCOPED_TRACE(fmt::format("seed {}", GetParam()));
  MemFileSystem disk;
  Kill(disk, GetParam(), kNeverLags);
  const Outcome even = Recovered(disk, 1);
  TakeBack(disk, GetParam(), DataDb::kAccount, 13);
  TakeBack(disk, GetParam(), DataDb::kStorage, 36);
  TakeBack(disk, GetParam(), DataDb::kMisc, 22);
  for (const uint64_t check_every : std::vector<uint64_t>{1, 5, 8, 1000}) {
    EXPECT_EQ(Recovered(disk, check_every).rows, even.rows);
    const auto clone = disk.Clone();
    ASSERT_OK_AND_ASSIGN(const auto store, OpenStore(*clone, Options(check_every)));
    EXPECT_GT(store->recovery().replayed_by_undo, kVersions / 2);
  }
}

TEST_P(StoreReplayTest, UndoRecordsThatAreWrongCostTimeOnly) {
  const std::vector<void (*)(std::string*)> changes = {
      // An old row that never was, which no checksum shows.
      [](std::string* payload) {
        const size_t key = payload->find("bank/");
        if (key == std::string::npos) {
          return;
        }
        const size_t value_size = key + LoadLe32(payload->data() + key - 4);
        const uint32_t bytes = LoadLe32(payload->data() + value_size);
        if (bytes != 0xffffffff) {
          (*payload)[value_size + 3 + bytes] ^= 1;
        }
      },
      [](std::string* payload) { payload->resize(payload->size() / 2); },
      [](std::string* payload) { payload->clear(); },
  };
  for (const uint64_t lag_bytes : {kNeverLags, uint64_t{3} << 10}) {
    MemFileSystem disk;
    Kill(disk, GetParam(), lag_bytes);
    const Outcome sound = Recovered(disk, 1000);
    for (size_t i = 0; i < changes.size(); ++i) {
      const auto wrong = disk.Clone();
      RewriteUndo(*wrong, changes[i]);
      for (const uint64_t check_every : std::vector<uint64_t>{1, 1000}) {
        SCOPED_TRACE(fmt::format("seed {} lag {} change {} check every {}", GetParam(), lag_bytes,
                                 i, check_every));
        const auto clone = wrong->Clone();
        CollectingLogger logger;
        ASSERT_OK_AND_ASSIGN(auto store, Store::Open(*clone, logger, kHome, Options(check_every)));
        EXPECT_EQ(Hex(store->Info().root), sound.root);
        EXPECT_OK(store->VerifyRows());
        if (lag_bytes == kNeverLags) {
          // Found before a data DB took it. Below the version of one of them no root can tell.
          EXPECT_EQ(store->recovery().working_rebuilt, "");
          // Of several versions at once the oldest record decides, and there was no row then.
          EXPECT_EQ(i == 0 && check_every == 1,
                    logger.Complaints().find("recovery.one_by_one") != std::string::npos);
          EXPECT_EQ(i > 0, logger.Complaints().find("recovery.undo_unread") != std::string::npos);
        }
        ASSERT_OK(store->Close());
        EXPECT_EQ(RowsAndMetadata(*clone), sound.rows);
      }
    }
  }
}

TEST_P(StoreReplayTest, WorkingMadeAnewIsTheOneThatTheCommitsLeft) {
  MemFileSystem disk;
  Kill(disk, GetParam(), kNeverLags);
  const Outcome committed = Recovered(disk, 1);
  for (const uint64_t check_every : std::vector<uint64_t>{1, 4, 1000}) {
    SCOPED_TRACE(check_every);
    const auto anew = disk.Clone();
    ASSERT_OK(RemoveTreeDurably(*anew, InStore(kWorkingName)));
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*anew, Options(check_every)));
    EXPECT_EQ(store->recovery().replayed_from, 1);
    ASSERT_OK(store->Close());
    EXPECT_EQ(RowsAndMetadata(*anew), committed.rows);
  }
}

TEST_P(StoreReplayTest, RollbacksAndViewsByReplayAreTheSameForAnyStride) {
  MemFileSystem disk;
  Kill(disk, GetParam(), kNeverLags);
  for (const Version target : std::vector<Version>{1, 13, 31, 50}) {
    std::optional<std::string> one_by_one;
    for (const uint64_t check_every : std::vector<uint64_t>{1, 3, 1000}) {
      SCOPED_TRACE(fmt::format("target {} check every {}", target, check_every));
      const auto clone = disk.Clone();
      ASSERT_OK_AND_ASSIGN(auto store, OpenStore(*clone, Options(check_every)));
      ASSERT_OK_AND_ASSIGN(const Digest root, store->RootAt(target));
      {
        ASSERT_OK_AND_ASSIGN(const auto view, store->ViewAt(target));
        EXPECT_EQ(Hex(view->root()), Hex(root));
      }
      ASSERT_OK(store->admin().Rollback(target, RollbackChoice::kReplay));
      EXPECT_EQ(Hex(store->Info().root), Hex(root));
      EXPECT_OK(store->VerifyRows());
      ASSERT_OK(store->Close());
      const std::string rows = RowsAndMetadata(*clone);
      EXPECT_EQ(rows, one_by_one.value_or(rows));
      one_by_one = rows;
    }
  }
}

TEST_P(StoreReplayTest, TheFirstVersionWithAWrongRootIsNamedForAnyStride) {
  for (const Version wrong : std::vector<Version>{5, 6, 37, kVersions}) {
    MemFileSystem disk;
    std::vector<OwnedBlock> blocks = BlocksOf(GetParam(), kVersions);
    std::vector<Digest> roots;
    {
      MemFileSystem sound;
      ASSERT_OK_AND_ASSIGN(auto store, OpenStore(sound, Options(1)));
      for (const OwnedBlock& block : blocks) {
        ASSERT_OK_AND_ASSIGN(const CommitResult result, CommitOwned(*store, block));
        roots.push_back(result.root);
      }
    }
    {
      ASSERT_OK_AND_ASSIGN(auto store, OpenStore(disk, Options(1)));
      ASSERT_OK(CommitOwned(*store, blocks[0]));
    }
    // A changelog whose version `wrong` has a row more than its root says.
    blocks[static_cast<size_t>(wrong - 1)].Set("bank", "odd", "row");
    {
      ASSERT_OK_AND_ASSIGN(const auto wal,
                           Wal::Open(disk, NullLogger(), InStore(kChangelogName), WalOptions()));
      for (Version version = 2; version <= kVersions; ++version) {
        const size_t index = static_cast<size_t>(version - 1);
        const PendingPayload::Call call = PendingPayload::Encode(version, blocks[index].changes());
        ASSERT_OK(wal->Append(version, call.payload, call.digest, roots[index]));
        ASSERT_OK(wal->Acknowledge(version));
      }
      ASSERT_OK(wal->Close());
    }
    for (const uint64_t check_every : std::vector<uint64_t>{1, 2, 10, 1000}) {
      SCOPED_TRACE(fmt::format("seed {} wrong {} check every {}", GetParam(), wrong, check_every));
      const auto clone = disk.Clone();
      const auto store = OpenStore(*clone, Options(check_every));
      EXPECT_THAT(store,
                  AllOf(StatusIs(StatusCode::kDataLoss,
                                 HasSubstr(fmt::format("the rows at version {} give", wrong))),
                        HasReason(Reason::kRootMismatch)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, StoreReplayTest, ::testing::Values(1, 2, 3, 4, 5, 6),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace flatkv::test
