// What the gRPC servers count while they serve, for whoever serves it as metrics.
#pragma once

#include <memory>

#include "server/commit_metrics.h"
#include "server/rpc_metrics.h"

namespace flatkv::server {

struct ServiceMetrics {
  std::shared_ptr<CommitMetrics> commits = std::make_shared<CommitMetrics>();
  // Unset: calls are not counted, and no interceptor costs them time.
  std::shared_ptr<RpcMetrics> rpcs;
};

}  // namespace flatkv::server
