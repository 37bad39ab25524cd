#include "flatkv/engine/background_threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <vector>

namespace flatkv::test {
namespace {

using Work = BackgroundThreads::Work;

TEST(BackgroundThreads, OneThreadRunsWorkInOrderOfArrival) {
  std::vector<int> order;
  {
    BackgroundThreads threads(1);
    for (int i = 0; i < 100; ++i) {
      threads.Schedule(Work::kCompaction, [&order, i] { order.push_back(i); });
    }
  }
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(order[static_cast<size_t>(i)], i);
  }
}

TEST(BackgroundThreads, TheDestructorFinishesQueuedWorkAndWhatThatSchedules) {
  std::atomic<int> runs = 0;
  {
    BackgroundThreads threads(2);
    for (int i = 0; i < 50; ++i) {
      threads.Schedule(i % 3 == 0 ? Work::kFlush : Work::kCompaction, [&, i] {
        threads.Schedule(i % 2 == 0 ? Work::kFlush : Work::kCompaction, [&runs] { ++runs; });
        ++runs;
      });
    }
  }
  EXPECT_EQ(runs, 100);
}

TEST(BackgroundThreads, SeveralThreadsRunAtTheSameTime) {
  std::latch all_running(4);
  BackgroundThreads threads(3);
  for (int i = 0; i < 3; ++i) {
    threads.Schedule(Work::kCompaction, [&all_running] { all_running.arrive_and_wait(); });
  }
  threads.Schedule(Work::kFlush, [&all_running] { all_running.arrive_and_wait(); });
  all_running.wait();
}

}  // namespace
}  // namespace flatkv::test
