#include "server/work_queue.h"

#include <fmt/format.h>

#include <utility>

#include "flatkv/base/thread_pool.h"

namespace flatkv::server {

WorkQueue::WorkQueue(const WorkQueueOptions& options) : options_(options) {
  threads_.reserve(options_.threads);
  for (size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] { Work(); });
  }
}

WorkQueue::~WorkQueue() {
  {
    MutexLock lock(mu_);
    refusing_ = true;
    stopping_ = true;
  }
  wake_.NotifyAll();
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

Status WorkQueue::Submit(std::function<void()> job) {
  {
    MutexLock lock(mu_);
    if (refusing_) {
      return ShuttingDown();
    }
    if (jobs_.size() >= options_.waiting_max) {
      return ResourceExhausted(
          fmt::format("{} requests wait already: send fewer at a time", jobs_.size()));
    }
    jobs_.push_back(std::move(job));
  }
  wake_.NotifyOne();
  return OkStatus();
}

void WorkQueue::Refuse() {
  MutexLock lock(mu_);
  refusing_ = true;
}

void WorkQueue::Work() {
  SetThreadName(options_.name);
  while (true) {
    std::function<void()> job;
    {
      MutexLock lock(mu_);
      while (jobs_.empty() && !stopping_) {
        wake_.Wait(mu_);
      }
      if (jobs_.empty()) {
        return;
      }
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

Status ShuttingDown() {
  return WithReason(Unavailable("the daemon is shutting down; retry when it is back"),
                    Reason::kClosed);
}

}  // namespace flatkv::server
