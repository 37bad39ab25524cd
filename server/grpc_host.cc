#include "server/grpc_host.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>

#include <algorithm>
#include <climits>
#include <memory>
#include <utility>

namespace flatkv::server {
namespace {

// Of a request. The default of 16 KiB cuts a block of 10,000 updates into sixty frames.
constexpr int kFrameBytesMax = 1 << 20;
// Half-open connections are noticed after the sum of the two.
constexpr int kKeepaliveTimeMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
// Clients that ping more often are sent away; gRPC's own 5 minutes are more than most clients are
// configured for.
constexpr int kClientPingIntervalMinMs = 10'000;

// Reflection for this server or not; linking gRPC's plugin switches it on for every server of the
// process.
class ReflectionOption final : public grpc::ServerBuilderOption {
 public:
  explicit ReflectionOption(bool enabled) : enabled_(enabled) {}

  void UpdateArguments(grpc::ChannelArguments* /*arguments*/) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    auto reflection = std::make_unique<grpc::reflection::ProtoServerReflectionPlugin>();
    std::erase_if(*plugins, [&reflection](const auto& plugin) {
      return plugin->name() == reflection->name();
    });
    if (enabled_) {
      plugins->push_back(std::move(reflection));
    }
  }

 private:
  const bool enabled_;
};

// Keeps gRPC's library initialised to the end of the process. Version 1.51 can hang when the last
// server or channel goes: its executor runs what is left inline, and that may be a poller that
// nothing wakes any more.
void KeepGrpcInitialised() {
  static const bool initialised = [] {
    grpc_init();
    return true;
  }();
  static_cast<void>(initialised);
}

}  // namespace

void ConfigureGrpc(const GrpcHostOptions& options, grpc::ServerBuilder* builder) {
  KeepGrpcInitialised();
  grpc::EnableDefaultHealthCheckService(true);
  builder->SetMaxReceiveMessageSize(
      static_cast<int>(std::min<uint64_t>(options.max_message_bytes, INT_MAX)));
  builder->SetMaxSendMessageSize(-1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kFrameBytesMax);
  // Only reflection is served by gRPC's own pool.
  builder->SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder->SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder->SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
  // A second daemon on the same port would silently share the connections.
  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                              kClientPingIntervalMinMs);
  builder->SetOption(std::make_unique<ReflectionOption>(options.reflection));
  if (options.rpcs != nullptr) {
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> creators;
    creators.push_back(options.rpcs->NewInterceptors());
    builder->experimental().SetInterceptorCreators(std::move(creators));
  }
}

Status BindError(const std::vector<ListenAddress>& addresses, const std::vector<int>& ports,
                 const ListenSetting& setting) {
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (ports[i] <= 0) {
      RETURN_IF_ERROR(DiagnoseBind(addresses[i], setting));
      return CannotListen(addresses[i], setting, "gRPC could not bind it");
    }
  }
  return Internal("the gRPC server did not start");
}

}  // namespace flatkv::server
