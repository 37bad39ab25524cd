#include "flatkv/engine/flush_tracker.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace flatkv::test {
namespace {

using std::chrono::milliseconds;

TEST(FlushTracker, TheFirstLogStandsForNoEarlierMemtable) {
  FlushTracker tracker;
  tracker.LogCreated(4);
  EXPECT_EQ(tracker.LastRotatedLog(), 0u);
  EXPECT_FALSE(tracker.FlushOutstanding());
  EXPECT_EQ(tracker.FlushedVersion(), 0);
}

TEST(FlushTracker, ARemovedLogMakesTheVersionsOfItsMemtableDurable) {
  FlushTracker tracker;
  tracker.LogCreated(4);
  tracker.BatchWritten(1);
  tracker.BatchWritten(2);
  tracker.LogCreated(7);
  tracker.BatchWritten(3);
  EXPECT_EQ(tracker.LastRotatedLog(), 4u);
  EXPECT_TRUE(tracker.FlushOutstanding());
  EXPECT_EQ(tracker.FlushedVersion(), 0);
  tracker.LogRemoved(4);
  EXPECT_FALSE(tracker.FlushOutstanding());
  EXPECT_EQ(tracker.FlushedVersion(), 2);
}

TEST(FlushTracker, RemovingAnEarlierLogDoesNotEndTheWaitForALaterOne) {
  FlushTracker tracker;
  tracker.LogCreated(4);
  tracker.BatchWritten(1);
  tracker.LogCreated(7);
  tracker.BatchWritten(2);
  tracker.LogCreated(9);
  tracker.LogRemoved(4);
  EXPECT_FALSE(tracker.WaitFlushed(7, milliseconds(1)));
  EXPECT_EQ(tracker.FlushedVersion(), 1);
  tracker.LogRemoved(7);
  EXPECT_TRUE(tracker.WaitFlushed(7, milliseconds(1)));
  EXPECT_EQ(tracker.FlushedVersion(), 2);
}

TEST(FlushTracker, TheVersionOfTheLatestMemtableCountsAlsoIfItIsLower) {
  FlushTracker tracker;
  tracker.LogCreated(4);
  tracker.BatchWritten(9);
  tracker.LogCreated(7);
  tracker.BatchWritten(5);
  tracker.LogCreated(9);
  tracker.LogRemoved(4);
  EXPECT_EQ(tracker.FlushedVersion(), 9);
  tracker.LogRemoved(7);
  EXPECT_EQ(tracker.FlushedVersion(), 5);
}

TEST(FlushTracker, RemovingAnEarlierLogLateChangesNothing) {
  FlushTracker tracker;
  tracker.LogCreated(4);
  tracker.BatchWritten(9);
  tracker.LogCreated(7);
  tracker.BatchWritten(5);
  tracker.LogCreated(9);
  EXPECT_EQ(tracker.LiveLog(), 9u);
  tracker.LogRemoved(7);
  tracker.LogRemoved(4);
  EXPECT_EQ(tracker.FlushedVersion(), 5);
  EXPECT_FALSE(tracker.FlushOutstanding());
}

TEST(FlushTracker, LogsOfAnEarlierProcessSayNothing) {
  FlushTracker tracker;
  tracker.LogCreated(10);
  tracker.BatchWritten(5);
  tracker.LogRemoved(3);
  EXPECT_EQ(tracker.FlushedVersion(), 0);
  EXPECT_TRUE(tracker.WaitFlushed(0, milliseconds(1)));
}

TEST(FlushTracker, AWaiterWakesWhenItsLogGoes) {
  FlushTracker tracker;
  tracker.LogCreated(4);
  tracker.BatchWritten(1);
  tracker.LogCreated(7);
  std::thread remover([&tracker] { tracker.LogRemoved(4); });
  while (!tracker.WaitFlushed(4, milliseconds(60'000))) {
  }
  remover.join();
  EXPECT_EQ(tracker.FlushedVersion(), 1);
}

}  // namespace
}  // namespace flatkv::test
