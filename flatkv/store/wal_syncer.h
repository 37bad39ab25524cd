// The timer of wal.sync = "interval": syncs the changelog when something was appended since the
// last time. Thread safety: internal thread only.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"
#include "flatkv/wal/wal.h"

namespace flatkv {

class WalSyncer {
 public:
  // Starts the thread. `wal` outlives the object; `on_error` is called once with the first failure,
  // which ends the thread.
  WalSyncer(Wal& wal, std::chrono::milliseconds interval,
            std::function<void(const Status&)> on_error);
  ~WalSyncer();
  WalSyncer(const WalSyncer&) = delete;
  WalSyncer& operator=(const WalSyncer&) = delete;

 private:
  void Run() EXCLUDES(mu_);

  Wal& wal_;
  const std::chrono::milliseconds interval_;
  const std::function<void(const Status&)> on_error_;
  Mutex mu_;
  CondVar wake_;
  bool stopping_ GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace flatkv
