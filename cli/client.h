// The commands' side of a running daemon, over gRPC. Plain C++ types only: the commands include no
// gRPC (channel.h).
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "cli/store_access.h"
#include "flatkv/base/status.h"

namespace flatkv::cli {

struct ClientOptions {
  std::string address;               // "unix:PATH" or "HOST:PORT"
  std::chrono::seconds timeout{30};  // of one call; streams have none
};

// Connects on the first call.
std::unique_ptr<StoreAccess> NewRemoteAccess(const ClientOptions& options);

// The daemon's answer to grpc.health.v1.Health/Check for the whole server: "SERVING", "NOT_SERVING"
// ...
StatusOr<std::string> CheckHealth(const ClientOptions& options);

struct RpcVersions {
  std::string grpc;
  std::string protobuf;
};
RpcVersions LinkedRpcVersions();

}  // namespace flatkv::cli
