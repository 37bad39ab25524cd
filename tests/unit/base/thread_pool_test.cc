#include "flatkv/base/thread_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <latch>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "flatkv/base/mutex.h"

namespace flatkv {
namespace {

std::string ThreadName() {
  char name[16] = {};
  EXPECT_EQ(pthread_getname_np(pthread_self(), name, sizeof(name)), 0);
  return name;
}

TEST(ThreadPool, CallsEachPartExactlyOnce) {
  for (const size_t threads : {1U, 2U, 3U, 8U}) {
    ThreadPool pool("test", threads);
    EXPECT_EQ(pool.threads(), threads);
    for (const size_t count : {0U, 1U, 2U, 7U, 1000U}) {
      SCOPED_TRACE(testing::Message() << threads << " threads, " << count << " parts");
      std::vector<std::atomic<int>> calls(count);
      pool.ParallelFor(count, [&](size_t i) { calls[i].fetch_add(1); });
      for (const std::atomic<int>& part_calls : calls) {
        EXPECT_EQ(part_calls.load(), 1);
      }
    }
  }
}

TEST(ThreadPool, WritesOfThePartsAreVisibleAfterwards) {
  ThreadPool pool("test", 4);
  std::vector<size_t> squares(10'000);
  for (int round = 0; round < 20; ++round) {
    std::fill(squares.begin(), squares.end(), 0);
    pool.ParallelFor(squares.size(), [&](size_t i) { squares[i] = i * i; });
    for (size_t i = 0; i < squares.size(); ++i) {
      ASSERT_EQ(squares[i], i * i);
    }
  }
}

TEST(ThreadPool, RunsOnTheCallerAloneWithOneThread) {
  ThreadPool pool("test", 1);
  const std::thread::id caller = std::this_thread::get_id();
  pool.ParallelFor(100, [&](size_t) { EXPECT_EQ(std::this_thread::get_id(), caller); });
}

// Each part waits for the others: it passes only if as many threads as promised work at the same
// time.
TEST(ThreadPool, UsesAllItsThreadsAtOnce) {
  constexpr size_t kThreads = 4;
  ThreadPool pool("test", kThreads);
  std::latch all_here(kThreads);
  pool.ParallelFor(kThreads, [&](size_t) { all_here.arrive_and_wait(); });
  EXPECT_TRUE(all_here.try_wait());
}

TEST(ThreadPool, NamesItsWorkers) {
  ThreadPool pool("a-name-that-is-too-long", 2);
  std::latch both_here(2);
  const std::thread::id caller = std::this_thread::get_id();
  pool.ParallelFor(2, [&](size_t) {
    both_here.arrive_and_wait();
    if (std::this_thread::get_id() != caller) {
      EXPECT_EQ(ThreadName(), "a-name-that-is-");
    }
  });
}

TEST(ThreadPool, ServesSeveralCallersAtOnce) {
  ThreadPool pool("test", 3);
  constexpr size_t kCallers = 4;
  constexpr size_t kParts = 500;
  std::vector<std::vector<int>> calls(kCallers, std::vector<int>(kParts));
  std::vector<std::thread> callers;
  for (size_t caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      for (int round = 0; round < 10; ++round) {
        pool.ParallelFor(kParts, [&](size_t i) { ++calls[caller][i]; });
      }
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
  for (const std::vector<int>& parts : calls) {
    EXPECT_EQ(std::accumulate(parts.begin(), parts.end(), 0), 10 * static_cast<int>(kParts));
  }
}

TEST(ThreadPool, APartMayStartAParallelForOfItsOwn) {
  ThreadPool pool("test", 3);
  std::atomic<int> calls = 0;
  pool.ParallelFor(4, [&](size_t) { pool.ParallelFor(4, [&](size_t) { calls.fetch_add(1); }); });
  EXPECT_EQ(calls.load(), 16);
}

TEST(Mutex, CondVarWakesAWaiter) {
  Mutex mu;
  CondVar changed;
  bool ready = false;
  std::thread setter([&] {
    MutexLock lock(mu);
    ready = true;
    changed.NotifyAll();
  });
  {
    MutexLock lock(mu);
    while (!ready) {
      changed.Wait(mu);
    }
  }
  setter.join();
  EXPECT_TRUE(ready);
}

}  // namespace
}  // namespace flatkv
