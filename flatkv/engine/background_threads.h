// The threads that flush and compact for all data DBs: one pool for the four of them, so that
// background work can be kept to fewer threads than cores and does not starve the commit path.
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "flatkv/base/mutex.h"

namespace flatkv {

// Thread safety: safe for concurrent use.
class BackgroundThreads {
 public:
  // REQUIRES: threads >= 1.
  explicit BackgroundThreads(size_t threads);
  // Finishes the queued work, then joins. REQUIRES: every engine that uses it is closed.
  ~BackgroundThreads();
  BackgroundThreads(const BackgroundThreads&) = delete;
  BackgroundThreads& operator=(const BackgroundThreads&) = delete;

  // Runs `work` on one of the threads, in order of arrival.
  void Schedule(std::function<void()> work) EXCLUDES(mu_);

 private:
  void Run();

  Mutex mu_;
  CondVar wake_;
  std::deque<std::function<void()>> queue_ GUARDED_BY(mu_);
  bool stopping_ GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace flatkv
