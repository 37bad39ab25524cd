// Runs the calls of AdminService off gRPC's threads: what may take minutes has two threads of its
// own, of which a verification takes one at most, and what only looks at bookkeeping another, so
// that it answers meanwhile.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>

#include "flatkv/base/logger.h"
#include "flatkv/base/status.h"
#include "server/call_tracker.h"
#include "server/work_queue.h"

namespace flatkv::server {

class AdminCalls {
 public:
  // Operations that wait while others run; more are refused.
  static constexpr size_t kOperationsWaitingMax = 4;

  // Answers a call.
  using Work = std::function<Status()>;
  // Answers a call; the text is for the log.
  using Operation = std::function<StatusOr<std::string>()>;

  // `logger` outlives the object. `on_failure` is called after every call that failed.
  AdminCalls(Logger& logger, std::function<void()> on_failure);

  // Runs `work` soon. What the caller has given up by then is not begun.
  grpc::ServerUnaryReactor* LookUp(grpc::CallbackServerContext* call, Work work);
  // As LookUp, and logs `event` with `what` and the caller's address before, and `event` with
  // "_done" or "_failed" after; with "_not_begun" instead if the caller has given up.
  grpc::ServerUnaryReactor* Change(grpc::CallbackServerContext* call, const std::string& event,
                                   const std::string& what, Operation operation);
  // As Change, for what may take minutes.
  grpc::ServerUnaryReactor* Operate(grpc::CallbackServerContext* call, const std::string& event,
                                    const std::string& what, Operation operation);

  // From here on calls get ShuttingDown(). What was accepted goes on.
  void Drain();
  const std::atomic<bool>& draining() const { return draining_; }

  CallTracker& running() { return running_; }
  CallTracker& verifications() { return verifications_; }
  WorkQueue& operations() { return operations_; }

 private:
  // Is told whether its caller has given up.
  using Job = std::function<Status(bool given_up)>;

  grpc::ServerUnaryReactor* Run(WorkQueue& queue, grpc::CallbackServerContext* call, Job job);
  Job Logged(grpc::CallbackServerContext* call, const std::string& event, const std::string& what,
             Operation operation);

  // Constant after construction.
  Logger& logger_;
  const std::function<void()> on_failure_;

  std::atomic<bool> draining_{false};
  CallTracker running_;
  CallTracker verifications_;
  // Destroyed first: their last jobs still use the rest.
  WorkQueue lookups_{{.name = "flatkv-admin", .threads = 1, .waiting_max = 64}};
  WorkQueue operations_{
      {.name = "flatkv-operate", .threads = 2, .waiting_max = kOperationsWaitingMax}};
};

}  // namespace flatkv::server
