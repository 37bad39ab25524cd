#include "flatkv/base/thread_pool.h"

#include <pthread.h>

#include <algorithm>

#include "flatkv/base/check.h"

namespace flatkv {

// Parts are claimed by counter, so a slow worker never holds up parts that others could take.
struct ThreadPool::Job {
  const std::function<void(size_t)>* part;
  size_t count;
  std::atomic<size_t> next{0};
  Mutex mu;
  CondVar all_done;
  size_t done GUARDED_BY(mu) = 0;
};

void SetThreadName(const std::string& name) {
  // Only fails for names that are too long, which the cut rules out.
  static_cast<void>(pthread_setname_np(pthread_self(), name.substr(0, 15).c_str()));
}

ThreadPool::ThreadPool(const std::string& name, size_t threads) {
  FLATKV_CHECK(threads >= 1);
  for (size_t i = 1; i < threads; ++i) {
    workers_.emplace_back([this, name] {
      SetThreadName(name);
      Work();
    });
  }
}

ThreadPool::~ThreadPool() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  for (std::thread& worker : workers_) {
    worker.join();
  }
}

void ThreadPool::ParallelFor(size_t count, const std::function<void(size_t)>& part) {
  if (count == 0) {
    return;
  }
  auto job = std::make_shared<Job>();
  job->part = &part;
  job->count = count;
  if (count > 1 && !workers_.empty()) {
    {
      MutexLock lock(mu_);
      jobs_.push_back(job);
    }
    for (size_t i = 0; i < std::min(count - 1, workers_.size()); ++i) {
      wake_.NotifyOne();
    }
  }
  RunParts(*job);
  {
    MutexLock lock(job->mu);
    while (job->done < count) {
      job->all_done.Wait(job->mu);
    }
  }
  MutexLock lock(mu_);
  std::erase(jobs_, job);
}

void ThreadPool::RunParts(Job& job) {
  size_t finished = 0;
  for (size_t i = job.next.fetch_add(1); i < job.count; i = job.next.fetch_add(1)) {
    (*job.part)(i);
    ++finished;
  }
  if (finished > 0) {
    MutexLock lock(job.mu);
    job.done += finished;
    if (job.done == job.count) {
      job.all_done.NotifyAll();
    }
  }
}

void ThreadPool::Work() {
  while (true) {
    std::shared_ptr<Job> job;
    {
      MutexLock lock(mu_);
      while (true) {
        while (!jobs_.empty() && jobs_.front()->next.load() >= jobs_.front()->count) {
          jobs_.pop_front();
        }
        if (stopping_) {
          return;
        }
        if (!jobs_.empty()) {
          job = jobs_.front();
          break;
        }
        wake_.Wait(mu_);
      }
    }
    RunParts(*job);
  }
}

}  // namespace flatkv
