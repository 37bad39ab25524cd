#include "flatkv/engine/flush_tracker.h"

namespace flatkv {

void FlushTracker::BatchWritten(Version version) {
  MutexLock lock(mu_);
  last_version_ = version;
}

void FlushTracker::LogCreated(uint64_t log) {
  {
    MutexLock lock(mu_);
    // The first log is that of an opening DB: no memtable came before it.
    if (live_log_ != 0) {
      outstanding_[live_log_] = last_version_;
      last_rotated_log_ = live_log_;
      last_rotated_version_ = last_version_;
    }
    live_log_ = log;
  }
  changed_.NotifyAll();
}

void FlushTracker::LogRemoved(uint64_t log) {
  {
    MutexLock lock(mu_);
    const auto removed = outstanding_.find(log);
    if (removed == outstanding_.end()) {
      return;
    }
    if (log > flushed_log_) {
      flushed_log_ = log;
      flushed_version_ = removed->second;
    }
    outstanding_.erase(removed);
  }
  changed_.NotifyAll();
}

uint64_t FlushTracker::LiveLog() {
  MutexLock lock(mu_);
  return live_log_;
}

uint64_t FlushTracker::LastRotatedLog() {
  MutexLock lock(mu_);
  return last_rotated_log_;
}

Version FlushTracker::LastRotatedVersion() {
  MutexLock lock(mu_);
  return last_rotated_version_;
}

bool FlushTracker::FlushOutstanding() {
  MutexLock lock(mu_);
  return !outstanding_.empty();
}

Version FlushTracker::FlushedVersion() {
  MutexLock lock(mu_);
  return flushed_version_;
}

bool FlushTracker::WaitFlushed(uint64_t log, std::chrono::milliseconds timeout) {
  MutexLock lock(mu_);
  if (outstanding_.contains(log)) {
    changed_.WaitFor(mu_, timeout);
  }
  return !outstanding_.contains(log);
}

bool FlushTracker::WaitRotated(uint64_t log, std::chrono::milliseconds timeout) {
  MutexLock lock(mu_);
  if (live_log_ == log) {
    changed_.WaitFor(mu_, timeout);
  }
  return live_log_ != log;
}

}  // namespace flatkv
