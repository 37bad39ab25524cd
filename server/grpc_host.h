// What the gRPC servers of the daemon have in common.
#pragma once

#include <grpcpp/server_builder.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "config/listen_address.h"
#include "flatkv/base/status.h"
#include "server/listen_socket.h"
#include "server/rpc_metrics.h"

namespace flatkv::server {

// Answers that are on their way when a server stops, and calls that nobody counts: a watched
// health, a reflection stream.
inline constexpr std::chrono::milliseconds kLastCallsTimeout{500};
inline constexpr std::chrono::hours kForever{24};

struct GrpcHostOptions {
  uint64_t max_message_bytes = 0;
  bool reflection = true;
  RpcMetrics* rpcs = nullptr;  // counts the calls; unset: nothing does. Outlives the server
};

// Limits, threads, keepalive, reflection and the default health service. Call before
// BuildAndStart.
void ConfigureGrpc(const GrpcHostOptions& options, grpc::ServerBuilder* builder);

// Why BuildAndStart failed: the first address without a port is the one that gRPC could not bind.
Status BindError(const std::vector<ListenAddress>& addresses, const std::vector<int>& ports,
                 const ListenSetting& setting);

}  // namespace flatkv::server
