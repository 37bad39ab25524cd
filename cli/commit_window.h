// Bounds what a commit stream has sent and not yet seen answered, so that a file of any size needs
// little memory.
//
// Thread safety: one thread reserves, one releases.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "flatkv/base/mutex.h"
#include "flatkv/base/thread_annotations.h"

namespace flatkv::cli {

class CommitWindow {
 public:
  CommitWindow(size_t requests_max, uint64_t bytes_max)
      : requests_max_(requests_max), bytes_max_(bytes_max) {}

  // Waits for room for one more request; a request larger than the whole window goes alone. False
  // after Close.
  bool Reserve(uint64_t bytes) EXCLUDES(mutex_);
  // The oldest reserved request is answered. False if none was outstanding.
  bool Release() EXCLUDES(mutex_);
  // No further answers will come: Reserve returns false from now on.
  void Close() EXCLUDES(mutex_);
  size_t outstanding() const EXCLUDES(mutex_);

 private:
  bool HasRoom(uint64_t bytes) const REQUIRES(mutex_);

  const size_t requests_max_;
  const uint64_t bytes_max_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<uint64_t> sizes_ GUARDED_BY(mutex_);
  uint64_t bytes_ GUARDED_BY(mutex_) = 0;
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace flatkv::cli
