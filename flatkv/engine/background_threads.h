// The threads that flush and compact for all data DBs: one pool for the four of them, so that
// compactions can be kept to fewer threads than cores and do not starve the commit path.
//
// Flushes have a thread of their own. A writer whose memtable is full waits for the flush of the
// one before, and so do snapshots and a DB that lags; behind another DB's compaction that would be
// seconds. A DB flushes or compacts, never both, so the thread adds to the load only while two DBs
// have work.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "flatkv/base/mutex.h"

namespace flatkv {

// Thread safety: safe for concurrent use.
class BackgroundThreads {
 public:
  enum class Work { kFlush, kCompaction };

  // One thread more for flushes. REQUIRES: compaction_threads >= 1.
  explicit BackgroundThreads(size_t compaction_threads);
  // Finishes the queued work and what that schedules, then joins. REQUIRES: every engine that uses
  // it is closed.
  ~BackgroundThreads();
  BackgroundThreads(const BackgroundThreads&) = delete;
  BackgroundThreads& operator=(const BackgroundThreads&) = delete;

  // Runs `function` on a thread for work of this kind, in order of arrival.
  void Schedule(Work kind, std::function<void()> function) EXCLUDES(mu_);

 private:
  static constexpr size_t kKinds = 2;

  void Run(size_t kind) EXCLUDES(mu_);

  Mutex mu_;
  std::array<CondVar, kKinds> wake_;
  std::array<std::deque<std::function<void()>>, kKinds> queues_ GUARDED_BY(mu_);
  size_t unfinished_ GUARDED_BY(mu_) = 0;  // queued or running
  bool stopping_ GUARDED_BY(mu_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace flatkv
