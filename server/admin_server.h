// The gRPC server that serves AdminService, ArchiveService, StateService, gRPC's health service and
// reflection on one address, and nothing else: what AdminService and ArchiveService offer is not on
// the listeners of the nodes.
//
// Thread safety: every method may be called from any thread, the destructor once.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/listen_address.h"
#include "flatkv/base/logger.h"
#include "flatkv/base/status.h"
#include "flatkv/store/store.h"
#include "server/call_tracker.h"
#include "server/grpc_host.h"

namespace flatkv::server {

struct AdminServerOptions {
  // A Unix socket, which only this process's user can then open, or a loopback address.
  ListenAddress address;
  GrpcHostOptions host;
};

class AdminServer {
 public:
  // Binds and serves. `store` and `logger` outlive the server; `on_failure` as in AdminService.
  // Errors: kInvalidArgument for an address that other machines reach, or a path that is not a
  // socket; kFailedPrecondition for one that cannot be bound. Nothing is left behind then.
  static StatusOr<std::unique_ptr<AdminServer>> Start(Store& store, Logger& logger,
                                                      const AdminServerOptions& options,
                                                      std::function<void()> on_failure);
  // Drains and stops without waiting for lookups.
  virtual ~AdminServer() = default;

  // The port that was chosen instead of 0.
  virtual const std::string& address() const = 0;
  // NOT_SERVING, new calls refused, a verification cancelled. Idempotent.
  virtual void BeginDrain() = 0;
  // Waits at most until `deadline`; true when no call runs.
  virtual bool WaitForCalls(CallTracker::Clock::time_point deadline) = 0;
  // Cancels the calls that are left, and waits for the operations that run in the store however
  // long they take: a rollback is never left half done. Idempotent.
  virtual void Stop() = 0;
};

}  // namespace flatkv::server
