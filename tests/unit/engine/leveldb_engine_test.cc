#include "flatkv/engine/leveldb_engine.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <leveldb/cache.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "flatkv/fs/durable.h"
#include "tests/unit/engine/engine_fixture.h"

namespace flatkv::test {
namespace {

// Walks both ways, and seeks to keys that are there and that are not.
void ExpectSameRows(KvEngine& engine, const Rows& rows, History& history) {
  ASSERT_OK_AND_ASSIGN(const Rows scanned, ReadAll(engine));
  EXPECT_EQ(scanned, rows);

  const std::unique_ptr<KvIterator> iterator = engine.NewIterator();
  auto expected = rows.rbegin();
  for (iterator->SeekToLast(); iterator->Valid(); iterator->Prev(), ++expected) {
    ASSERT_NE(expected, rows.rend());
    ASSERT_EQ(iterator->key(), expected->first);
    ASSERT_EQ(iterator->value(), expected->second);
  }
  EXPECT_OK(iterator->status());
  EXPECT_EQ(expected, rows.rend());

  for (int i = 0; i < 200; ++i) {
    const std::string key = i == 0 ? "" : i == 1 ? "zzz" : history.RandomKey();
    const auto at = rows.lower_bound(key);
    iterator->Seek(key);
    ASSERT_EQ(iterator->Valid(), at != rows.end()) << key;
    if (iterator->Valid()) {
      ASSERT_EQ(iterator->key(), at->first);
    }
    iterator->SeekForPrev(key);
    ASSERT_EQ(iterator->Valid(), at != rows.begin()) << key;
    if (iterator->Valid()) {
      ASSERT_EQ(iterator->key(), std::prev(at)->first);
      ASSERT_EQ(iterator->value(), std::prev(at)->second);
    }
    std::string value;
    ASSERT_OK_AND_ASSIGN(const bool found, engine.Get(key, &value));
    ASSERT_EQ(found, rows.contains(key)) << key;
    if (found) {
      ASSERT_EQ(value, rows.at(key));
    }
  }
}

TEST_F(LevelDbEngineTest, HoldsTheRowsOfAMapThroughFlushesAndCompactions) {
  for (const bool compression : {true, false}) {
    for (const uint64_t seed : {1u, 2u, 3u}) {
      SCOPED_TRACE(fmt::format("seed {} compression {}", seed, compression));
      options_.compression = compression;
      ASSERT_OK(RemoveTreeDurably(fs_, path_));
      ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
      History history(seed);
      for (int batch = 0; batch < 300; ++batch) {
        const Changes& changes = history.Extend(100);
        ASSERT_OK(WriteChanges(*engine, changes, history.head()));
        if (batch % 50 == 0) {
          ExpectSameRows(*engine, history.At(history.head()), history);
        }
      }
      ExpectSameRows(*engine, history.At(history.head()), history);
      ASSERT_OK(engine->Flush());
      ExpectSameRows(*engine, history.At(history.head()), history);
      // About 300 batches of 8 kB through a memtable of 64 kB: LevelDB did flush and compact by
      // itself.
      EXPECT_GT(engine->Stats().bytes_written, uint64_t{2} << 20);
      EXPECT_LT(Names(".ldb").size(), 20u);
      ASSERT_OK(engine->Close());
    }
  }
}

TEST_F(LevelDbEngineOnPosixTest, FlushMakesEverythingDurableAndSaysSo) {
  History history(11);
  {
    ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
    EXPECT_EQ(engine->FlushedVersion(), 0);
    ASSERT_OK(engine->Flush());
    EXPECT_EQ(engine->FlushedVersion(), 0);
    for (int round = 0; round < 20; ++round) {
      for (int batch = 0; batch <= round; ++batch) {
        const Changes& changes = history.Extend(30);
        ASSERT_OK(WriteChanges(*engine, changes, history.head()));
      }
      ASSERT_OK(engine->Flush());
      EXPECT_EQ(engine->FlushedVersion(), history.head());
    }
    ASSERT_OK(engine->Close());
  }
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  EXPECT_EQ(engine->FlushedVersion(), 0);
  ASSERT_OK_AND_ASSIGN(const Rows rows, ReadAll(*engine));
  EXPECT_EQ(rows, history.At(history.head()));
}

TEST_F(LevelDbEngineTest, FlushWithNothingNewMakesNoFile) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  History history(12);
  const Changes& changes = history.Extend(10);
  ASSERT_OK(WriteChanges(*engine, changes, 1));
  ASSERT_OK(engine->Flush());
  const std::vector<std::string> logs = Names(".log");
  ASSERT_OK(engine->Flush());
  ASSERT_OK(engine->Flush());
  EXPECT_EQ(Names(".log"), logs);
  EXPECT_EQ(Names(".ldb").size(), 1u);
  EXPECT_EQ(engine->FlushedVersion(), 1);
}

TEST_F(LevelDbEngineTest, AnEmptyBatchCarriesItsVersion) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  ASSERT_OK(engine->Write({}, 7));
  ASSERT_OK(engine->Flush());
  EXPECT_EQ(engine->FlushedVersion(), 7);
}

TEST_F(LevelDbEngineTest, CloseWithoutFlushLeavesAWholePrefixNotBelowTheFlushedVersion) {
  History history(13);
  Version flushed = 0;
  for (int reopen = 0; reopen < 8; ++reopen) {
    SCOPED_TRACE(reopen);
    ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
    ASSERT_OK_AND_ASSIGN(const Rows rows, ReadAll(*engine));
    const Version found = VersionOf(rows);
    ASSERT_GE(found, flushed);
    ASSERT_EQ(rows, history.At(found));
    // The changelog would bring the DB forward from here.
    History replayed(13);
    while (replayed.head() < history.head() + 50) {
      const Changes& changes = replayed.Extend(60);
      if (replayed.head() > found) {
        ASSERT_OK(WriteChanges(*engine, changes, replayed.head()));
      }
    }
    history = History(13);
    while (history.head() < replayed.head()) {
      history.Extend(60);
    }
    // Each memtable waits for the flush of the one before: with several, some flush is over.
    flushed = engine->FlushedVersion();
    EXPECT_GT(flushed, 0);
    ASSERT_OK(engine->Close());
  }
}

TEST_F(LevelDbEngineTest, AnIteratorStaysAtItsStateThroughLaterWritesAndCompactions) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  History history(15);
  struct Held {
    Rows rows;
    std::unique_ptr<KvIterator> iterator;
  };
  std::vector<Held> held;
  for (int batch = 0; batch < 400; ++batch) {
    const Changes& changes = history.Extend(60);
    ASSERT_OK(WriteChanges(*engine, changes, history.head()));
    if (batch % 37 == 0) {
      held.push_back({history.At(history.head()), engine->NewIterator()});
    }
    if (batch % 90 == 0) {
      ASSERT_OK(engine->Flush());
    }
  }
  ASSERT_OK(engine->Flush());
  for (const Held& one : held) {
    Rows rows;
    for (one.iterator->SeekToFirst(); one.iterator->Valid(); one.iterator->Next()) {
      rows.emplace(one.iterator->key(), one.iterator->value());
    }
    EXPECT_OK(one.iterator->status());
    EXPECT_EQ(rows, one.rows);
  }
  held.clear();
  ASSERT_OK(engine->Close());
}

TEST_F(LevelDbEngineTest, ReadersOnOtherThreadsSeeOnlyWholeBatches) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  History history(16);
  std::vector<Changes> batches;
  for (int batch = 0; batch < 150; ++batch) {
    batches.push_back(history.Extend(40));
  }
  std::atomic<bool> done = false;
  const auto read = [&] {
    History expected(16);
    for (int batch = 0; batch < 150; ++batch) {
      expected.Extend(40);
    }
    do {
      const StatusOr<Rows> rows = ReadAll(*engine);
      ASSERT_OK(rows);
      ASSERT_EQ(*rows, expected.At(VersionOf(*rows)));
      std::string value;
      ASSERT_OK(engine->Get(kVersionKey, &value));
    } while (!done);
  };
  std::thread first(read);
  std::thread second(read);
  Version version = 0;
  Status written;
  for (const Changes& changes : batches) {
    written.Update(WriteChanges(*engine, changes, ++version));
  }
  done = true;
  first.join();
  second.join();
  EXPECT_OK(written);
}

TEST_F(LevelDbEngineTest, ACallAfterCloseSaysSo) {
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  ASSERT_OK(engine->Write({}, 1));
  ASSERT_OK(engine->Close());
  ASSERT_OK(engine->Close());
  std::string value;
  EXPECT_THAT(engine->Get("a", &value), HasReason(Reason::kClosed));
  EXPECT_THAT(engine->Write({}, 2), HasReason(Reason::kClosed));
  EXPECT_THAT(engine->Flush(), HasReason(Reason::kClosed));
  const std::unique_ptr<KvIterator> iterator = engine->NewIterator();
  iterator->SeekToFirst();
  EXPECT_FALSE(iterator->Valid());
  EXPECT_THAT(iterator->status(), HasReason(Reason::kClosed));
}

TEST_F(LevelDbEngineOnPosixTest, StatsCountFilesMemtableAndWrittenBytes) {
  const std::unique_ptr<leveldb::Cache> cache(leveldb::NewLRUCache(1 << 20));
  options_.block_cache = cache.get();
  options_.write_buffer_bytes = 4 << 20;
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  const EngineStats before = engine->Stats();
  // CURRENT, LOCK, the MANIFEST and the log.
  EXPECT_EQ(before.files, 4u);
  History history(21);
  ASSERT_OK(WriteChanges(*engine, history.Extend(1000), 1));
  const EngineStats written = engine->Stats();
  EXPECT_GT(written.memtable_bytes, before.memtable_bytes + 50'000);
  EXPECT_EQ(written.bytes_written, before.bytes_written);
  ASSERT_OK(engine->Flush());
  const EngineStats flushed = engine->Stats();
  EXPECT_LT(flushed.memtable_bytes, written.memtable_bytes);
  EXPECT_GT(flushed.bytes_on_disk, before.bytes_on_disk + 20'000);
  EXPECT_GT(flushed.bytes_written, before.bytes_written + 20'000);
  EXPECT_EQ(flushed.files, 5u);
  ASSERT_OK(engine->Close());
}

}  // namespace
}  // namespace flatkv::test
