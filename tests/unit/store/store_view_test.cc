// Views at retained versions: isolated, equal to the reference, bounded, leased.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "flatkv/fs/path.h"
#include "tests/support/mem_file_system.h"
#include "tests/unit/store/history.h"

namespace flatkv::test {
namespace {

using ::testing::HasSubstr;

constexpr Version kVersions = 40;

class StoreViewTest : public ::testing::Test {
 protected:
  StoreViewTest() : history_(kVersions, 25, 11) {
    options_ = SmallStoreOptions(Suite::kBlake3);
    options_.snapshot.keep_recent = 100;
    options_.wal_segment_bytes = 8 << 10;
  }

  // Commits everything, with snapshots of the versions named.
  void Fill(const std::vector<Version>& snapshots) {
    ASSERT_OK_AND_ASSIGN(store_, OpenStore(fs_, options_));
    for (const Version version : snapshots) {
      ASSERT_OK(CommitTo(*store_, history_, version));
      ASSERT_OK(store_->admin().CreateSnapshot());
    }
    ASSERT_OK(CommitTo(*store_, history_, kVersions));
  }

  void ExpectView(StoreView& view, Version version) {
    EXPECT_EQ(view.version(), version);
    EXPECT_EQ(Hex(view.root()), Hex(history_.root(version)));
    for (const std::string& module : HistoryModules()) {
      for (const bool reverse : {false, true}) {
        Pairs found;
        ASSERT_OK_AND_ASSIGN(const auto iterator,
                             view.Iterate({.module = module, .reverse = reverse}));
        EXPECT_EQ(iterator->version(), version);
        for (; iterator->Valid(); iterator->Next()) {
          found.emplace_back(iterator->key(), iterator->value());
        }
        EXPECT_OK(iterator->status());
        Pairs expected = history_.PairsAt(version, module);
        if (reverse) {
          std::reverse(expected.begin(), expected.end());
        }
        EXPECT_EQ(found, expected) << module << " at " << version;
      }
      // Every key that ever had a value, at this version.
      for (Version other = 1; other <= kVersions; other += 13) {
        for (const auto& [key, value] : history_.PairsAt(other, module)) {
          const KeyRef ref{.module = module, .key = key};
          ASSERT_OK_AND_ASSIGN(const ReadResult result, view.Get({&ref, 1}));
          EXPECT_EQ(result.version, version);
          EXPECT_EQ(result.values[0], history_.model(version).Get(module, key));
        }
      }
    }
  }

  size_t ScratchEntries() {
    const auto names = fs_.List(std::string(kHome) + "/flatkv/scratch");
    return names.ok() ? names->size() : 0;
  }

  const History history_;
  StoreOptions options_;
  MemFileSystem fs_;
  std::unique_ptr<Store> store_;
};

TEST_F(StoreViewTest, ReadsEveryVersionThroughUndoRecordsWithoutAClone) {
  Fill({10, 30});
  for (Version version = 1; version <= kVersions; ++version) {
    ASSERT_OK_AND_ASSIGN(const auto view, store_->ViewAt(version));
    ExpectView(*view, version);
  }
  EXPECT_EQ(ScratchEntries(), 0u);
}

TEST_F(StoreViewTest, ReadsEveryVersionThroughClonesWhenThereAreNoUndoRecords) {
  options_.undo_depth = 0;
  Fill({10, 30});
  for (Version version = 1; version < kVersions; version += 3) {
    ASSERT_OK_AND_ASSIGN(const auto view, store_->ViewAt(version));
    ExpectView(*view, version);
  }
  EXPECT_GT(ScratchEntries(), 0u);
  ASSERT_OK(store_->Close());
  EXPECT_EQ(ScratchEntries(), 0u);
}

TEST_F(StoreViewTest, StaysAsItIsWhileCommitsAndSnapshotsGoOn) {
  ASSERT_OK_AND_ASSIGN(store_, OpenStore(fs_, options_));
  ASSERT_OK(CommitTo(*store_, history_, 15));
  ASSERT_OK_AND_ASSIGN(const auto head, store_->ViewAt(15));
  ASSERT_OK_AND_ASSIGN(const auto older, store_->ViewAt(9));
  for (const Version version : std::vector<Version>{20, 30, kVersions}) {
    ASSERT_OK(CommitTo(*store_, history_, version));
    ASSERT_OK(store_->admin().CreateSnapshot());
    ExpectView(*head, 15);
    ExpectView(*older, 9);
  }
}

TEST_F(StoreViewTest, ManyThreadsReadManyVersionsWhileCommitsGoOn) {
  options_.views.open_max = 4;
  Fill({10});
  std::atomic<int> wrong = 0;
  std::vector<std::thread> readers;
  for (int thread = 0; thread < 4; ++thread) {
    readers.emplace_back([&, thread] {
      for (Version version = 1 + thread; version <= 30; version += 3) {
        const auto view = store_->ViewAt(version);
        if (!view.ok()) {
          // Four views are in use by the others.
          wrong += view.status().code() != StatusCode::kResourceExhausted;
          continue;
        }
        const auto pairs = (*view)->Iterate({.module = "bank"});
        Pairs found;
        for (; pairs.ok() && (*pairs)->Valid(); (*pairs)->Next()) {
          found.emplace_back((*pairs)->key(), (*pairs)->value());
        }
        wrong += found != history_.PairsAt(version, "bank");
      }
    });
  }
  OwnedBlock block(kVersions + 1);
  block.Set("bank", "x", "y");
  EXPECT_OK(CommitOwned(*store_, block));
  for (std::thread& reader : readers) {
    reader.join();
  }
  EXPECT_EQ(wrong, 0);
}

TEST_F(StoreViewTest, RefusesVersionsThatAreNotRetained) {
  Fill({20, 30});
  ASSERT_OK(store_->admin().Prune(0));
  EXPECT_EQ(store_->admin().Retention().oldest_retained, 30);
  EXPECT_THAT(store_->ViewAt(29), HasReason(Reason::kVersionUnreachable));
  EXPECT_THAT(store_->ViewAt(0), HasReason(Reason::kVersionUnreachable));
  EXPECT_THAT(store_->ViewAt(kVersions + 1), HasReason(Reason::kVersionAboveHead));
  EXPECT_OK(store_->ViewAt(30));
}

TEST_F(StoreViewTest, AreBoundedInNumberAndTheLeastRecentIdleOneGoes) {
  options_.views.open_max = 2;
  Fill({10});
  ASSERT_OK_AND_ASSIGN(auto first, store_->ViewAt(5));
  ASSERT_OK_AND_ASSIGN(auto second, store_->ViewAt(6));
  EXPECT_THAT(store_->ViewAt(7),
              StatusIs(StatusCode::kResourceExhausted, HasSubstr("[views] max-open")));
  first.reset();
  ASSERT_OK_AND_ASSIGN(auto third, store_->ViewAt(7));
  EXPECT_EQ(store_->admin().Retention().open_views, 2u);
  ExpectView(*second, 6);
  ExpectView(*third, 7);
}

TEST_F(StoreViewTest, AClonedOneLeasesItsSnapshot) {
  options_.undo_depth = 0;
  options_.wal_segment_bytes = 1 << 10;
  Fill({10, 20, 30});
  ASSERT_OK_AND_ASSIGN(auto view, store_->ViewAt(15));
  EXPECT_THAT(store_->admin().RemoveSnapshot(10), HasReason(Reason::kSnapshotInUse));
  ASSERT_OK_AND_ASSIGN(const PrunePlan plan, store_->admin().Prune(0));
  EXPECT_EQ(plan.snapshots, (std::vector<Version>{20}));
  ExpectView(*view, 15);
  EXPECT_EQ(store_->admin().Retention().oldest_retained, 10);
}

TEST_F(StoreViewTest, AnIdleOneIsClosedAfterAWhile) {
  options_.undo_depth = 0;
  options_.views.idle_max = std::chrono::milliseconds(20);
  Fill({10, 20});
  ASSERT_OK(store_->ViewAt(15));
  while (store_->admin().Retention().open_views > 0) {
    std::this_thread::yield();
  }
  while (ScratchEntries() > 0) {
    std::this_thread::yield();
  }
}

TEST_F(StoreViewTest, LeftoversOfAKilledProcessAreRemovedAtOpen) {
  options_.undo_depth = 0;
  Fill({10});
  ASSERT_OK_AND_ASSIGN(const auto view, store_->ViewAt(15));
  ASSERT_GT(ScratchEntries(), 0u);
  const auto killed = fs_.Clone();
  ASSERT_OK_AND_ASSIGN(const auto store, OpenStore(*killed, options_));
  EXPECT_FALSE(killed->List(std::string(kHome) + "/flatkv/scratch").ok());
}

TEST_F(StoreViewTest, OutlivesTheStoreAsAnError) {
  Fill({10});
  ASSERT_OK_AND_ASSIGN(const auto view, store_->ViewAt(15));
  ASSERT_OK_AND_ASSIGN(const auto iterator, view->Iterate({.module = "bank"}));
  ASSERT_OK(store_->Close());
  const KeyRef key{.module = "bank", .key = "k"};
  EXPECT_THAT(view->Get({&key, 1}), HasReason(Reason::kClosed));
  iterator->Next();
  EXPECT_FALSE(iterator->Valid());
}

}  // namespace
}  // namespace flatkv::test
