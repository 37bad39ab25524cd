// A fixed set of named worker threads for splitting one computation into parts.
//
// Thread safety: ParallelFor may be called from several threads; the calls share the workers.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "flatkv/base/mutex.h"

namespace flatkv {

class ThreadPool {
 public:
  // Starts `threads - 1` workers named `name`: the calling thread is always one of the `threads`.
  // REQUIRES: threads >= 1.
  ThreadPool(const std::string& name, size_t threads);
  // Joins the workers. REQUIRES: no ParallelFor is running.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  size_t threads() const { return workers_.size() + 1; }

  // Calls part(0) ... part(count - 1), each exactly once, on the caller and the workers; returns
  // when all are done.
  void ParallelFor(size_t count, const std::function<void(size_t)>& part) EXCLUDES(mu_);

 private:
  struct Job;
  void Work();
  static void RunParts(Job& job);

  Mutex mu_;
  CondVar wake_;
  std::deque<std::shared_ptr<Job>> jobs_ GUARDED_BY(mu_);
  bool stopping_ GUARDED_BY(mu_) = false;
  std::vector<std::thread> workers_;
};

// Names the calling thread for ps and debuggers; at most 15 characters are kept.
void SetThreadName(const std::string& name);

}  // namespace flatkv
