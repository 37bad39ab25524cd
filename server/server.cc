#include "server/server.h"

#include <fmt/format.h>
#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <climits>
#include <utility>

#include "flatkv/base/mutex.h"
#include "server/commit_service.h"
#include "server/listen_socket.h"
#include "server/query_service.h"

namespace flatkv::server {
namespace {

using Clock = CallTracker::Clock;

constexpr char kCommitServiceName[] = "flatkv.v1.CommitService";
constexpr char kQueryServiceName[] = "flatkv.v1.QueryService";

// Answers that are on their way, and calls that nobody counts: a watched health, a reflection
// stream.
constexpr std::chrono::milliseconds kLastCallsTimeout{500};
constexpr std::chrono::hours kForever{24};
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

void Configure(const ServerConfig& config, grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(
      static_cast<int>(std::min<uint64_t>(config.max_message_bytes, INT_MAX)));
  builder->SetMaxSendMessageSize(-1);
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
  builder->SetOption(std::make_unique<ReflectionOption>(config.reflection));
}

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

// The first address without a port is the one that gRPC could not bind.
Status BindError(const std::vector<ListenAddress>& addresses, const std::vector<int>& ports) {
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (ports[i] <= 0) {
      RETURN_IF_ERROR(DiagnoseBind(addresses[i]));
      return FailedPrecondition(
          fmt::format("cannot listen on {}: gRPC could not bind it", ToString(addresses[i])));
    }
  }
  return Internal("the gRPC server did not start");
}

class GrpcServer final : public Server {
 public:
  GrpcServer(Store& store, Logger& logger, const ServerOptions& options)
      : store_(store),
        logger_(logger),
        commit_service_(store,
                        {.build = options.build,
                         .wal_sync = options.wal_sync,
                         .max_message_bytes = options.config.max_message_bytes,
                         .change_sets = options.limits},
                        [this] { RefreshHealth(); }),
        query_service_(store) {}
  ~GrpcServer() override { Drain(std::chrono::milliseconds(0)); }

  Status Listen(const ServerConfig& config);

  const std::vector<std::string>& addresses() const override { return addresses_; }
  void RefreshHealth() override EXCLUDES(mu_);
  void Drain(std::chrono::milliseconds timeout) override EXCLUDES(mu_);

 private:
  // Constant after Listen.
  Store& store_;
  Logger& logger_;
  std::vector<std::string> addresses_;

  Mutex mu_;
  bool serving_ GUARDED_BY(mu_) = false;
  bool poison_reported_ GUARDED_BY(mu_) = false;

  CommitService commit_service_;
  QueryService query_service_;
  // Destroyed first: its calls use the services.
  std::unique_ptr<grpc::Server> grpc_;
};

Status GrpcServer::Listen(const ServerConfig& config) {
  if (config.listen.empty()) {
    return InvalidArgument("[server] listen: no address to listen on");
  }
  for (const ListenAddress& address : config.listen) {
    RETURN_IF_ERROR(CheckPlaintextAllowed(address, config.allow_insecure_remote));
  }
  KeepGrpcInitialised();
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  Configure(config, &builder);
  std::vector<int> ports(config.listen.size(), 0);
  for (size_t i = 0; i < config.listen.size(); ++i) {
    RETURN_IF_ERROR(ClearStaleSocket(config.listen[i]));
    builder.AddListeningPort(ToString(config.listen[i]), grpc::InsecureServerCredentials(),
                             &ports[i]);
  }
  builder.RegisterService(&commit_service_);
  builder.RegisterService(&query_service_);
  grpc_ = builder.BuildAndStart();
  if (grpc_ == nullptr) {
    return BindError(config.listen, ports);
  }
  {
    MutexLock lock(mu_);
    serving_ = true;
  }
  for (size_t i = 0; i < config.listen.size(); ++i) {
    ListenAddress bound = config.listen[i];
    RETURN_IF_ERROR(SetSocketMode(bound));
    if (bound.kind == ListenAddress::Kind::kTcp) {
      bound.port = static_cast<uint16_t>(ports[i]);
    }
    addresses_.push_back(ToString(bound));
  }
  grpc_->GetHealthCheckService()->SetServingStatus(kQueryServiceName, true);
  RefreshHealth();
  return OkStatus();
}

void GrpcServer::RefreshHealth() {
  const Status health = store_.Health();
  MutexLock lock(mu_);
  if (!serving_) {
    return;
  }
  for (const char* name : {"", kCommitServiceName}) {
    grpc_->GetHealthCheckService()->SetServingStatus(name, health.ok());
  }
  if (!health.ok() && !poison_reported_) {
    poison_reported_ = true;
    logger_.Log(LogLevel::kError, "server.not_serving",
                fmt::format("health is NOT_SERVING for commits: {}", MessageOf(health)));
  }
}

void GrpcServer::Drain(std::chrono::milliseconds timeout) {
  {
    MutexLock lock(mu_);
    if (!serving_) {
      return;
    }
    serving_ = false;
  }
  const Clock::time_point deadline = Clock::now() + timeout;
  commit_service_.Drain();
  grpc_->GetHealthCheckService()->Shutdown();
  if (!commit_service_.calls().WaitUntilNone(deadline) ||
      !query_service_.calls().WaitUntilNone(deadline)) {
    logger_.Log(LogLevel::kWarning, "server.drain_timeout",
                fmt::format("calls still run after [server] drain-timeout ({} ms): cancelling them",
                            timeout.count()));
  }
  grpc_->Shutdown(std::chrono::system_clock::now() + kLastCallsTimeout);
  grpc_->Wait();
  // A commit outlives even a cancelled call.
  commit_service_.calls().WaitUntilNone(Clock::now() + kForever);
  query_service_.calls().WaitUntilNone(Clock::now() + kForever);
}

}  // namespace

StatusOr<std::unique_ptr<Server>> Server::Start(Store& store, Logger& logger,
                                                const ServerOptions& options) {
  auto server = std::make_unique<GrpcServer>(store, logger, options);
  RETURN_IF_ERROR(server->Listen(options.config));
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace flatkv::server
