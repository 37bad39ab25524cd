// The row cache and the key filter between a commit and the data DBs.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <random>
#include <thread>

#include "flatkv/filter/filter_file.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/mem_file_system.h"
#include "tests/unit/store/history.h"

namespace flatkv::test {
namespace {

constexpr Version kVersions = 30;

class StoredRowsTest : public ::testing::Test {
 protected:
  StoredRowsTest() : history_(kVersions, 20, 4242), options_(SmallStoreOptions(Suite::kBlake3)) {}

  static std::string FilterPath() { return JoinPath("/home/flatkv", kKeyFilterName); }
  // Waits until a filter that is being filled is in use.
  static void AwaitFilter(Store& store) {
    while (!store.Stats().key_filter_in_use) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  void ExpectGoesOnFrom(Store& store, Version from) {
    ASSERT_EQ(store.Info().version, from);
    for (Version version = from + 1; version <= kVersions; ++version) {
      ASSERT_OK_AND_ASSIGN(const CommitResult result, CommitOwned(store, history_.block(version)));
      ASSERT_EQ(Hex(result.root), Hex(history_.root(version))) << "version " << version;
    }
    ASSERT_OK(store.VerifyRows());
  }

  MemFileSystem fs_;
  const History history_;
  StoreOptions options_;
};

TEST_F(StoredRowsTest, EverySizeOfCacheAndFilterGivesTheSameRoots) {
  for (const uint64_t cache : {0u, 1u << 10, 1u << 20}) {
    for (const uint64_t filter : {0u, 4u << 10, 1u << 20}) {
      SCOPED_TRACE(fmt::format("cache {}, filter {}", cache, filter));
      MemFileSystem fs;
      options_.row_cache_bytes = cache;
      options_.key_filter_bytes_max = filter;
      ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs, options_));
      ExpectGoesOnFrom(*store, 0);
      ASSERT_OK(store->Close());
      EXPECT_EQ(Exists(fs, FilterPath()).value(), filter != 0);
    }
  }
}

TEST_F(StoredRowsTest, ACleanCloseLeavesTheFilterForTheNextOpen) {
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
  ASSERT_OK(CommitTo(*store, history_, 20));
  ASSERT_OK(store->Close());
  ASSERT_OK_AND_ASSIGN(const LoadedFilter loaded, ReadFilterFile(fs_, FilterPath()));
  EXPECT_EQ(loaded.info.version, 20);
  ASSERT_OK_AND_ASSIGN(store, OpenStore(fs_, options_));
  EXPECT_TRUE(store->Stats().key_filter_in_use);  // at once
  ExpectGoesOnFrom(*store, 20);
  ASSERT_OK(store->Close());
}

TEST_F(StoredRowsTest, AMissingOrDamagedFilterIsMadeAnewFromTheRows) {
  for (const bool damaged : {false, true}) {
    MemFileSystem fs;
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs, options_));
    ASSERT_OK(CommitTo(*store, history_, 20));
    ASSERT_OK(store->Close());
    if (damaged) {
      fs.FlipBit(FilterPath(), 700, 1);
    } else {
      ASSERT_OK(RemoveFileDurably(fs, FilterPath()));
    }
    ASSERT_OK_AND_ASSIGN(store, OpenStore(fs, options_));
    AwaitFilter(*store);
    ExpectGoesOnFrom(*store, 20);
    ASSERT_OK(store->Close());
  }
}

// The file is of the snapshot, the data DBs are further: the changelog has the keys between.
TEST_F(StoredRowsTest, AfterAKillTheFilterOfTheSnapshotIsCompletedFromTheChangelog) {
  {
    ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
    ASSERT_OK(CommitTo(*store, history_, 10));
    ASSERT_OK(store->admin().CreateSnapshot());
    ASSERT_OK(CommitTo(*store, history_, 20));
    ASSERT_OK(store->Flush());
    ASSERT_OK(CommitTo(*store, history_, 25));
  }  // destroyed without Close: killed
  ASSERT_OK_AND_ASSIGN(const LoadedFilter loaded, ReadFilterFile(fs_, FilterPath()));
  EXPECT_EQ(loaded.info.version, 10);
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
  AwaitFilter(*store);
  ExpectGoesOnFrom(*store, 25);
  ASSERT_OK(store->Close());
}

// What a rollback brings back may be older than the filter file and the cache.
TEST_F(StoredRowsTest, ARollbackForgetsWhatIsOfTheVersionsThatGo) {
  for (const RollbackChoice choice : {RollbackChoice::kUndo, RollbackChoice::kReplay}) {
    for (const bool killed : {false, true}) {
      SCOPED_TRACE(fmt::format("{} {}", choice == RollbackChoice::kUndo ? "undo" : "replay",
                               killed ? "killed" : "closed"));
      MemFileSystem fs;
      ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs, options_));
      ASSERT_OK(CommitTo(*store, history_, 12));
      ASSERT_OK(store->admin().CreateSnapshot());
      ASSERT_OK(CommitTo(*store, history_, 24));
      ASSERT_OK(store->admin().CreateSnapshot());
      ASSERT_OK(store->admin().Rollback(15, choice));
      EXPECT_FALSE(Exists(fs, FilterPath()).value());
      if (!killed) {
        ASSERT_OK(store->Close());
      }
      store.reset();
      ASSERT_OK_AND_ASSIGN(store, OpenStore(fs, options_));
      AwaitFilter(*store);
      ExpectGoesOnFrom(*store, 15);
      ASSERT_OK(store->Close());
    }
  }
}

TEST_F(StoredRowsTest, AFilterThatCannotBeSavedCostsNothingButAScan) {
  FaultFileSystem faulty(fs_);
  FaultRule rule;
  rule.path_contains = "/filter";
  rule.times = FaultRule::kForever;
  rule.error_number = ENOSPC;
  for (const FsOp op : {FsOp::kAppend, FsOp::kSync, FsOp::kRename}) {
    rule.op = op;
    faulty.AddRule(rule);
  }
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(faulty, options_));
  ASSERT_OK(CommitTo(*store, history_, 20));
  ASSERT_OK(store->Close());
  ASSERT_OK_AND_ASSIGN(store, OpenStore(fs_, options_));
  EXPECT_FALSE(store->recovery().was_dirty);
  AwaitFilter(*store);
  ExpectGoesOnFrom(*store, 20);
  ASSERT_OK(store->Close());
}

// Commits, reads of the same keys, and restarts, with a cache that holds a tenth of the rows.
TEST_F(StoredRowsTest, ReadsBesideCommitsNeverShowARowOfAnotherVersion) {
  options_.row_cache_bytes = 2 << 10;
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&store, &stop] {
      while (!stop) {
        // Both keys of a version carry its number.
        const std::vector<KeyRef> keys = {{"bank", "left"}, {"bank", "right"}};
        const StatusOr<ReadResult> read = store->Get(keys);
        ASSERT_OK(read);
        ASSERT_EQ(read->values[0], read->values[1]);
        if (read->version > 0) {
          ASSERT_EQ(read->values[0], fmt::format("{}", read->version));
        }
      }
    });
  }
  for (Version version = 1; version <= 400; ++version) {
    OwnedBlock block(version);
    block.Set("bank", "left", fmt::format("{}", version));
    block.Set("bank", "right", fmt::format("{}", version));
    for (int i = 0; i < 10; ++i) {
      block.Set("bank", fmt::format("other{}", (version * 7 + i) % 100),
                fmt::format("{}", version));
    }
    ASSERT_OK(CommitOwned(*store, block));
  }
  stop = true;
  for (std::thread& reader : readers) {
    reader.join();
  }
  EXPECT_GT(store->Stats().row_cache_hits, 0u);
  ASSERT_OK(store->Close());
}

// In one block and its chunks, next to each other: rows that the cache has, rows that only the data
// DB has, and removals of nothing, in several modules.
TEST_F(StoredRowsTest, CachedUncachedAndAbsentRowsOfOneBlockAreToldApart) {
  constexpr int kKeys = 300;
  options_.key_filter_bytes_max = 0;
  ModelStore model(Suite::kBlake3);
  ASSERT_OK_AND_ASSIGN(auto store, OpenStore(fs_, options_));
  const std::vector<std::string> modules = {"bank", "bank-fees", "evm", "staking"};
  const auto commit = [&](const OwnedBlock& block) {
    model.Commit(block);
    const StatusOr<CommitResult> result = CommitOwned(*store, block);
    ASSERT_OK(result);
    ASSERT_EQ(Hex(result->root), Hex(model.Root())) << "version " << block.version();
  };
  const auto expect_rows = [&](const ModelStore& expected) {
    for (const std::string& module : modules) {
      const std::map<std::string, std::string> pairs = expected.Pairs(module);
      EXPECT_EQ(Walk(*store, {.module = module}), Pairs(pairs.begin(), pairs.end())) << module;
    }
  };
  OwnedBlock first(1);
  for (const std::string& module : modules) {
    for (int i = 0; i < kKeys; i += 2) {
      first.Set(module, fmt::format("key{:03}", i), "one");
    }
  }
  commit(first);
  ASSERT_OK(store->Close());
  ASSERT_OK_AND_ASSIGN(store, OpenStore(fs_, options_));  // with an empty cache
  OwnedBlock second(2);
  for (const std::string& module : modules) {
    for (int i = 0; i < kKeys; i += 10) {
      second.Set(module, fmt::format("key{:03}", i), "two");
    }
  }
  commit(second);
  while (store->Stats().overlay_rows > 0) {  // then the cache has them
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const ModelStore before = model;
  const uint64_t hits = store->Stats().row_cache_hits;
  OwnedBlock third(3);
  for (const std::string& module : modules) {
    for (int i = 0; i < kKeys; ++i) {
      if (i % 3 == 0) {
        third.Remove(module, fmt::format("key{:03}", i));
      } else {
        third.Set(module, fmt::format("key{:03}", i), "three");
      }
    }
  }
  commit(third);
  EXPECT_EQ(store->Stats().row_cache_hits - hits, modules.size() * kKeys / 10);
  expect_rows(model);
  ASSERT_OK(store->VerifyRows());
  ASSERT_OK(store->admin().Rollback(2, RollbackChoice::kUndo));
  expect_rows(before);
  ASSERT_OK(store->VerifyRows());
  ASSERT_OK(store->Close());
}

}  // namespace
}  // namespace flatkv::test
