// Counts the calls of every method of the gRPC servers: flatkv_rpcs_total by method and code, and
// flatkv_rpcs_running. An interceptor of gRPC sees them all; it is installed only where metrics are
// served (GrpcHostOptions).
//
// Methods are those that the daemon has; what a client makes up counts as "other", so that nobody
// can add series.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <grpcpp/support/server_interceptor.h>
#include <prometheus/collectable.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/grpc_status.h"

namespace flatkv::server {

class RpcMetrics final : public prometheus::Collectable {
 public:
  RpcMetrics();

  // For one gRPC server, which `this` outlives.
  std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> NewInterceptors();

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  struct Method {
    std::string service;  // "flatkv.v1.CommitService"
    std::string name;     // "CommitBlock"
    std::atomic<int64_t> running{0};
    std::array<std::atomic<uint64_t>, kCodes> answered{};  // by code
  };
  class Interceptor;
  class Factory;

  void AddMethod(const std::string& service, const std::string& name);
  // `path` is "/flatkv.v1.CommitService/CommitBlock".
  Method& Find(std::string_view path);

  // The list is constant after construction; the last is "other".
  std::vector<std::unique_ptr<Method>> methods_;
};

}  // namespace flatkv::server
