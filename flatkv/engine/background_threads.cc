#include "flatkv/engine/background_threads.h"

#include <fmt/format.h>

#include <utility>

#include "flatkv/base/check.h"
#include "flatkv/base/thread_pool.h"
#include "flatkv/engine/ordered_reads.h"

namespace flatkv {
namespace {

size_t IndexOf(BackgroundThreads::Work kind) { return static_cast<size_t>(kind); }

}  // namespace

BackgroundThreads::BackgroundThreads(size_t compaction_threads) {
  FLATKV_CHECK(compaction_threads >= 1);
  threads_.reserve(compaction_threads + 1);
  threads_.emplace_back([this] {
    SetThreadName("flatkv-flush");
    Run(IndexOf(Work::kFlush));
  });
  for (size_t i = 0; i < compaction_threads; ++i) {
    threads_.emplace_back([this, i] {
      SetThreadName(fmt::format("flatkv-bg-{}", i));
      Run(IndexOf(Work::kCompaction));
    });
  }
}

BackgroundThreads::~BackgroundThreads() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  for (CondVar& wake : wake_) {
    wake.NotifyAll();
  }
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void BackgroundThreads::Schedule(Work kind, std::function<void()> function) {
  {
    MutexLock lock(mu_);
    queues_[IndexOf(kind)].push_back(std::move(function));
    ++unfinished_;
  }
  wake_[IndexOf(kind)].NotifyOne();
}

void BackgroundThreads::Run(size_t kind) {
  const OrderedReads ordered;
  for (;;) {
    std::function<void()> function;
    {
      MutexLock lock(mu_);
      std::deque<std::function<void()>>& queue = queues_[kind];
      while (queue.empty()) {
        if (stopping_ && unfinished_ == 0) {
          return;
        }
        wake_[kind].Wait(mu_);
      }
      function = std::move(queue.front());
      queue.pop_front();
    }
    function();
    bool last = false;
    {
      MutexLock lock(mu_);
      last = --unfinished_ == 0 && stopping_;
    }
    if (last) {
      for (CondVar& wake : wake_) {
        wake.NotifyAll();
      }
    }
  }
}

}  // namespace flatkv
