// The gRPC server: CommitService, QueryService, StateService, gRPC's health service and reflection
// over one Store, on several addresses; and, on an address of its own, AdminServer.
//
// Health (grpc.health.v1): "" and "flatkv.v1.CommitService" are SERVING until the store is
// poisoned, "flatkv.v1.QueryService" and
// "flatkv.v1.StateService" go on, as reads do; all are NOT_SERVING from the begin of a
// drain.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "flatkv/base/logger.h"
#include "flatkv/base/status.h"
#include "flatkv/store/store.h"
#include "server/service_metrics.h"

namespace flatkv::server {

struct ServerOptions {
  ServerConfig config;
  // What Info answers.
  ChangeSetLimits limits;
  std::string wal_sync;
  std::string build;
  // Unset: AdminService is not served.
  std::optional<ListenAddress> admin_address;
  ServiceMetrics metrics;
};

class Server {
 public:
  // Binds every address and serves. `store` and `logger` outlive the server.
  // Errors: kInvalidArgument for an address that the configuration must not have;
  // kFailedPrecondition, naming the address, for one that cannot be bound. Nothing is left behind
  // then.
  static StatusOr<std::unique_ptr<Server>> Start(Store& store, Logger& logger,
                                                 const ServerOptions& options);
  // Drains without waiting for streams and iterations.
  virtual ~Server() = default;

  // In the configuration's order; the port that was chosen instead of 0.
  virtual const std::vector<std::string>& addresses() const = 0;
  // Where AdminService is served, with the port that was chosen instead of 0; empty: it is not.
  virtual std::string admin_address() const = 0;
  // Looks at the store's health and tells the health service. Happens after every failed commit;
  // called from time to time it also finds a store that was poisoned behind the commits.
  virtual void RefreshHealth() = 0;
  // NOT_SERVING; new commits, reads of old versions and admin calls refused, verifications
  // cancelled. Commits, streams, iterations and reads of old versions that run get `timeout` to
  // end, then iterations are cancelled; a commit that runs, an old version that is being opened, a
  // snapshot, a rollback and a reorg are always waited for. Then the server is gone. Idempotent.
  virtual void Drain(std::chrono::milliseconds timeout) = 0;
};

}  // namespace flatkv::server
