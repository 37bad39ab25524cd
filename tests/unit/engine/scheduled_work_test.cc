#include "flatkv/engine/scheduled_work.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "flatkv/engine/background_threads.h"
#include "tests/unit/engine/engine_fixture.h"

namespace flatkv::test {
namespace {

constexpr BackgroundThreads::Work kFlush = BackgroundThreads::Work::kFlush;
constexpr BackgroundThreads::Work kCompaction = BackgroundThreads::Work::kCompaction;

void Count(void* counter) { ++*static_cast<std::atomic<int>*>(counter); }

TEST(ScheduledWorkTest, KeepsBackWhatAReadSchedulesUntilItIsReleased) {
  std::atomic<int> ran = 0;
  std::optional<BackgroundThreads> threads(1);
  ScheduledWork work(*threads);
  {
    const ScheduledWork::Reading reading;
    work.Schedule(kCompaction, Count, &ran);
  }
  EXPECT_TRUE(work.Idle());
  work.Release();
  work.Release();  // nothing is left
  work.Schedule(kCompaction, Count, &ran);
  threads.reset();  // finishes what is queued
  EXPECT_EQ(ran, 2);
  EXPECT_TRUE(work.Idle());
}

TEST(ScheduledWorkTest, KeepsBackUntilTheLastOfOverlappingReadsIsOver) {
  std::atomic<int> ran = 0;
  std::optional<BackgroundThreads> threads(1);
  ScheduledWork work(*threads);
  auto first = std::make_unique<ScheduledWork::Reading>();
  auto second = std::make_unique<ScheduledWork::Reading>();
  first.reset();
  work.Schedule(kCompaction, Count, &ran);
  EXPECT_TRUE(work.Idle()) << "the second is under way";
  second.reset();
  work.Release();
  threads.reset();
  EXPECT_EQ(ran, 1);
}

TEST(ScheduledWorkTest, KeepsBackNothingOfOtherThreads) {
  std::atomic<int> ran = 0;
  std::optional<BackgroundThreads> threads(1);
  ScheduledWork work(*threads);
  const ScheduledWork::Reading reading;
  std::thread([&] { work.Schedule(kCompaction, Count, &ran); }).join();
  threads.reset();
  EXPECT_EQ(ran, 1);
}

TEST(ScheduledWorkTest, KeepsBackNothingDuringAPass) {
  std::atomic<int> ran = 0;
  std::optional<BackgroundThreads> threads(1);
  ScheduledWork work(*threads);
  const ScheduledWork::Reading reading;
  work.Schedule(kCompaction, Count, &ran);
  {
    const ScheduledWork::Pass pass(work);  // lets go what was kept back before
    work.Schedule(kCompaction, Count, &ran);
  }
  work.Schedule(kCompaction, Count, &ran);
  threads.reset();
  EXPECT_EQ(ran, 2);
}

TEST(ScheduledWorkTest, HoldsCompactionsUntilTheyAreReleased) {
  std::atomic<int> compactions = 0;
  std::atomic<int> flushes = 0;
  std::optional<BackgroundThreads> threads(1);
  ScheduledWork work(*threads);
  work.Hold(ScheduledWork::kUntilReleased);
  work.Schedule(kCompaction, Count, &compactions);
  work.Schedule(kFlush, Count, &flushes);
  EXPECT_EQ(compactions, 0);
  work.Release();
  work.Schedule(kCompaction, Count, &compactions);
  threads.reset();
  EXPECT_EQ(compactions, 2);
  EXPECT_EQ(flushes, 1);
  EXPECT_TRUE(work.Idle());
}

TEST(ScheduledWorkTest, AHoldIsOverAfterItsRotationsOrWithAPass) {
  std::atomic<int> ran = 0;
  std::optional<BackgroundThreads> threads(1);
  ScheduledWork work(*threads);
  work.Hold(2);
  work.Rotated();
  work.Schedule(kCompaction, Count, &ran);  // held
  EXPECT_TRUE(work.Idle());
  work.Rotated();  // flushes by what was held
  work.Schedule(kCompaction, Count, &ran);
  work.Hold(7);
  { const ScheduledWork::Pass pass(work); }
  work.Schedule(kCompaction, Count, &ran);
  work.Hold(7);
  work.Hold(0);
  work.Schedule(kCompaction, Count, &ran);
  threads.reset();
  EXPECT_EQ(ran, 4);
}

// What has the only compaction thread until the latch is down, as a compaction of another DB.
void Occupy(BackgroundThreads& threads, std::latch& latch) {
  std::promise<void> begun;
  threads.Schedule(kCompaction, [&] {
    begun.set_value();
    latch.wait();
  });
  begun.get_future().wait();
}

void NoteThread(void* done) {
  char name[16] = {};
  pthread_getname_np(pthread_self(), name, sizeof(name));
  static_cast<std::promise<std::string>*>(done)->set_value(name);
}

TEST(ScheduledWorkTest, AFlushDoesNotWaitForACompaction) {
  BackgroundThreads threads(1);
  ScheduledWork work(threads);
  std::latch latch(1);
  Occupy(threads, latch);
  std::promise<std::string> ran_on;
  work.Schedule(kFlush, NoteThread, &ran_on);
  EXPECT_EQ(ran_on.get_future().get(), "flatkv-flush");
  latch.count_down();
}

TEST(ScheduledWorkTest, WhatWaitsForAThreadRunsAsAFlushWhenAMemtableIsRotated) {
  std::atomic<int> ran = 0;
  std::optional<BackgroundThreads> threads(1);
  ScheduledWork work(*threads);
  std::latch latch(1);
  Occupy(*threads, latch);
  std::promise<std::string> waiting;
  work.Schedule(kCompaction, NoteThread, &waiting);
  work.Rotated();
  EXPECT_EQ(waiting.get_future().get(), "flatkv-flush");
  {
    const ScheduledWork::Reading reading;
    work.Schedule(kCompaction, Count, &ran);
  }
  std::promise<std::string> kept_back;
  {
    const ScheduledWork::Reading reading;
    work.Schedule(kCompaction, NoteThread, &kept_back);
  }
  work.Rotated();
  EXPECT_EQ(kept_back.get_future().get(), "flatkv-flush");
  latch.count_down();
  threads.reset();
  EXPECT_EQ(ran, 1) << "each runs once";
  EXPECT_TRUE(work.Idle());
}

// Until what was queued has run, and what that queued, and so on a few times. REQUIRES: one thread
// for compactions.
void WaitForWork(BackgroundThreads& threads) {
  for (int i = 0; i < 3; ++i) {
    for (const BackgroundThreads::Work kind : {kFlush, kCompaction}) {
      std::promise<void> done;
      threads.Schedule(kind, [&done] { done.set_value(); });
      done.get_future().wait();
    }
  }
}

TEST_F(LevelDbEngineTest, AFlushDoesNotWaitForACompactionOfAnotherDb) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<KvEngine> engine, Open());
  std::latch latch(1);
  Occupy(threads_, latch);
  History history(9);
  // Enough for LevelDB to want a compaction, too, which has to wait.
  for (int flush = 0; flush < 8; ++flush) {
    ASSERT_OK(WriteChanges(*engine, history.Extend(300), history.head()));
    ASSERT_OK(engine->Flush());
  }
  EXPECT_GE(engine->Level0Tables(), 4u);
  EXPECT_EQ(engine->Debt().level0_tables, engine->Level0Tables());
  latch.count_down();
  ASSERT_OK_AND_ASSIGN(const Rows rows, ReadAll(*engine));
  EXPECT_EQ(rows, history.At(history.head()));
  ASSERT_OK(engine->Close());
}

TEST_F(LevelDbEngineTest, HeldCompactionsBeginWhenTheyAreReleased) {
  History history(10);
  const auto flush = [&](KvEngine& engine) {
    ASSERT_OK(WriteChanges(engine, history.Extend(300), history.head()));
    ASSERT_OK(engine.Flush());
  };
  options_.hold_compactions = true;
  ASSERT_OK_AND_ASSIGN(std::unique_ptr<KvEngine> engine, Open());
  for (int i = 0; i < 6; ++i) {  // the first two find room on the levels below
    flush(*engine);
  }
  WaitForWork(threads_);
  EXPECT_EQ(engine->Level0Tables(), 4u) << "of which LevelDB wants a compaction";
  const std::unique_ptr<MemFileSystem> killed = disk.Clone();
  ASSERT_OK(engine->Close());
  // LevelDB asks for a compaction at once.
  ASSERT_OK_AND_ASSIGN(engine, OpenLevelDbEngine(*killed, threads_, NullLogger(), path_, options_));
  WaitForWork(threads_);
  EXPECT_EQ(engine->Level0Tables(), 4u);
  engine->ReleaseCompactions();
  WaitForWork(threads_);
  EXPECT_LT(engine->Level0Tables(), 4u);
  ASSERT_OK_AND_ASSIGN(const Rows rows, ReadAll(*engine));
  EXPECT_EQ(rows, history.At(history.head()));
  ASSERT_OK(engine->Close());
}

// With 12 tables on level 0 a write would wait for ever.
TEST_F(LevelDbEngineTest, HeldCompactionsStopNoWrites) {
  History history(11);
  options_.hold_compactions = true;
  for (int opened = 0; opened < 3; ++opened) {
    ASSERT_OK_AND_ASSIGN(const std::unique_ptr<KvEngine> engine, Open());
    for (int i = 0; i < 20; ++i) {
      ASSERT_OK(WriteChanges(*engine, history.Extend(300), history.head()));
      ASSERT_OK(engine->Flush());
    }
    ASSERT_OK_AND_ASSIGN(const Rows rows, ReadAll(*engine));
    EXPECT_EQ(rows, history.At(history.head()));
    ASSERT_OK(engine->Close());
  }
}

// Tables that overlap, so that many Gets look into some in vain. They begin when background work
// has ended: at its end LevelDB looks for more, and would find what a Get beside it asked for
// (docs/decisions/0016-no-seek-compactions.md).
TEST_F(LevelDbEngineTest, ReadsCauseNoCompactionsAndDoNotKeepFlushesBack) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<KvEngine> engine, Open());
  History history(7);
  for (int flush = 0; flush < 3; ++flush) {
    ASSERT_OK(WriteChanges(*engine, history.Extend(300), history.head()));
    ASSERT_OK(engine->Flush());
  }
  for (int round = 0; round < 3; ++round) {
    WaitForWork(threads_);
    const uint64_t written = engine->Stats().bytes_written;
    const std::vector<std::string> tables = Names(".ldb");
    std::string value;
    // Tables of this size allow 100 vain look-ups each.
    for (int i = 0; i < 20000; ++i) {
      ASSERT_OK(engine->Get(history.RandomKey(), &value).status());
    }
    EXPECT_EQ(engine->Stats().bytes_written, written);
    EXPECT_EQ(Names(".ldb"), tables);
    ASSERT_OK(WriteChanges(*engine, history.Extend(300), history.head()));
    ASSERT_OK(engine->Flush());
    ASSERT_OK_AND_ASSIGN(const Rows scanned, ReadAll(*engine));
    EXPECT_EQ(scanned, history.At(history.head()));
  }
  std::string value;
  for (int i = 0; i < 20000; ++i) {
    ASSERT_OK(engine->Get(history.RandomKey(), &value).status());
  }
  ASSERT_OK(engine->Close());
}

// LevelDB takes a sample for each MiB, more or less, that iterators pass, and these tables allow
// 100.
TEST_F(LevelDbEngineTest, ScansCauseNoCompactions) {
  ASSERT_OK_AND_ASSIGN(const std::unique_ptr<KvEngine> engine, Open());
  History history(8);
  for (int flush = 0; flush < 3; ++flush) {
    ASSERT_OK(WriteChanges(*engine, history.Extend(300), history.head()));
    ASSERT_OK(engine->Flush());
  }
  WaitForWork(threads_);
  const std::vector<std::string> tables = Names(".ldb");
  uint64_t passed_bytes = 0;
  for (const std::unique_ptr<KvIterator> iterator = engine->NewIterator();
       passed_bytes < uint64_t{800} << 20;) {
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      passed_bytes += iterator->key().size() + iterator->value().size();
    }
    ASSERT_OK(iterator->status());
  }
  WaitForWork(threads_);
  EXPECT_EQ(Names(".ldb"), tables);
  ASSERT_OK(engine->Close());
}

}  // namespace
}  // namespace flatkv::test
