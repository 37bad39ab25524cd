// Counts the calls that a drain waits for.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "flatkv/base/mutex.h"

namespace flatkv::server {

class CallTracker {
 public:
  using Clock = std::chrono::steady_clock;

  // Counts one more call, unless `most` are running already.
  bool TryBegin(size_t most = SIZE_MAX) EXCLUDES(mu_) {
    MutexLock lock(mu_);
    if (running_ >= most) {
      return false;
    }
    ++running_;
    return true;
  }

  // The tracker may be destroyed as soon as the last End let WaitUntilNone return.
  void End() EXCLUDES(mu_) {
    MutexLock lock(mu_);
    --running_;
    none_.NotifyAll();
  }

  // Waits until no call runs, or until `deadline`; true when none does.
  bool WaitUntilNone(Clock::time_point deadline) EXCLUDES(mu_) {
    MutexLock lock(mu_);
    while (running_ != 0) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
      if (left.count() <= 0) {
        return false;
      }
      none_.WaitFor(mu_, left);
    }
    return true;
  }

 private:
  Mutex mu_;
  CondVar none_;
  size_t running_ GUARDED_BY(mu_) = 0;
};

}  // namespace flatkv::server
