// Jobs in order of arrival on named threads of its own. With one thread it is the commit thread:
// gRPC's threads hand their work over and go back to the network.
//
// Thread safety: every method may be called from any thread, also from a job; the destructor from
// one that is no job.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"

namespace flatkv::server {

struct WorkQueueOptions {
  std::string name;  // of the threads
  size_t threads = 1;
  size_t waiting_max = 256;  // jobs accepted and not begun; bounds the memory that requests wait in
};

class WorkQueue {
 public:
  explicit WorkQueue(const WorkQueueOptions& options);
  // Refuses what comes, runs what was accepted, and joins.
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // A job that is accepted runs exactly once. Errors: kUnavailable with Reason::kClosed after
  // Refuse; kResourceExhausted when `waiting_max` jobs wait.
  Status Submit(std::function<void()> job) EXCLUDES(mu_);
  // From here on Submit fails; what was accepted still runs. Idempotent.
  void Refuse() EXCLUDES(mu_);

 private:
  void Work() EXCLUDES(mu_);

  const WorkQueueOptions options_;
  Mutex mu_;
  CondVar wake_;
  std::deque<std::function<void()>> jobs_ GUARDED_BY(mu_);
  bool refusing_ GUARDED_BY(mu_) = false;
  bool stopping_ GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

// What a call gets that the daemon no longer takes.
Status ShuttingDown();

}  // namespace flatkv::server
