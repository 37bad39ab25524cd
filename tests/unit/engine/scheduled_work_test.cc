#include "flatkv/engine/scheduled_work.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/engine/engine_fixture.h"

namespace flatkv::test {
namespace {

void Count(void* counter) { ++*static_cast<std::atomic<int>*>(counter); }

TEST(ScheduledWorkTest, KeepsBackWhatAReadSchedulesUntilItIsReleased) {
  std::atomic<int> ran = 0;
  std::optional<BackgroundThreads> threads(1);
  ScheduledWork work(*threads);
  {
    const ScheduledWork::Reading reading;
    work.Schedule(Count, &ran);
  }
  EXPECT_TRUE(work.Idle());
  work.Release();
  work.Release();  // nothing is left
  work.Schedule(Count, &ran);
  threads.reset();  // finishes what is queued
  EXPECT_EQ(ran, 2);
  EXPECT_TRUE(work.Idle());
}

TEST(ScheduledWorkTest, KeepsBackNothingOfOtherThreads) {
  std::atomic<int> ran = 0;
  std::optional<BackgroundThreads> threads(1);
  ScheduledWork work(*threads);
  const ScheduledWork::Reading reading;
  std::thread([&] { work.Schedule(Count, &ran); }).join();
  threads.reset();
  EXPECT_EQ(ran, 1);
}

TEST(ScheduledWorkTest, KeepsBackNothingDuringAPass) {
  std::atomic<int> ran = 0;
  std::optional<BackgroundThreads> threads(1);
  ScheduledWork work(*threads);
  const ScheduledWork::Reading reading;
  work.Schedule(Count, &ran);
  {
    const ScheduledWork::Pass pass(work);  // lets go what was kept back before
    work.Schedule(Count, &ran);
  }
  work.Schedule(Count, &ran);
  threads.reset();
  EXPECT_EQ(ran, 2);
}

// Until what was queued has run, and what that queued, and so on a few times. REQUIRES: one thread.
void WaitForWork(BackgroundThreads& threads) {
  for (int i = 0; i < 3; ++i) {
    std::promise<void> done;
    threads.Schedule([&done] { done.set_value(); });
    done.get_future().wait();
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
