#include "flatkv/engine/background_threads.h"

#include <fmt/format.h>

#include <utility>

#include "flatkv/base/check.h"
#include "flatkv/base/thread_pool.h"
#include "flatkv/engine/ordered_reads.h"

namespace flatkv {

BackgroundThreads::BackgroundThreads(size_t threads) {
  FLATKV_CHECK(threads >= 1);
  threads_.reserve(threads);
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this, i] {
      SetThreadName(fmt::format("flatkv-bg-{}", i));
      Run();
    });
  }
}

BackgroundThreads::~BackgroundThreads() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

void BackgroundThreads::Schedule(std::function<void()> work) {
  {
    MutexLock lock(mu_);
    queue_.push_back(std::move(work));
  }
  wake_.NotifyOne();
}

void BackgroundThreads::Run() {
  const OrderedReads ordered;  // flushes and compactions
  for (;;) {
    std::function<void()> work;
    {
      MutexLock lock(mu_);
      while (queue_.empty() && !stopping_) {
        wake_.Wait(mu_);
      }
      if (queue_.empty()) {
        return;
      }
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    work();
  }
}

}  // namespace flatkv
