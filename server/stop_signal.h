// SIGTERM and SIGINT as a request to stop. A thread of its own takes them, so that no code runs in
// a signal handler.
//
// The first signal while Graceful() holds asks for a stop; any other ends the process at once with
// exit code 130. The store is crash-safe, so that costs a replay at most.
//
// Thread safety: internal. Make one before any other thread: threads inherit the blocked signals.
#pragma once

#include <chrono>
#include <thread>

#include "flatkv/base/mutex.h"

namespace flatkv::server {

class StopSignal {
 public:
  // Blocks the signals in the calling thread.
  StopSignal();
  // Ends the thread; the signals stay blocked.
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  // From here on the first signal asks for a stop instead of ending the process.
  void BeGraceful() EXCLUDES(mu_);
  // Waits at most `timeout`; true once a stop is asked for.
  bool WaitFor(std::chrono::milliseconds timeout) EXCLUDES(mu_);

 private:
  void Watch() EXCLUDES(mu_);

  Mutex mu_;
  CondVar changed_;
  bool graceful_ GUARDED_BY(mu_) = false;
  bool requested_ GUARDED_BY(mu_) = false;
  bool ending_ GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace flatkv::server
