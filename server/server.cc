#include "server/server.h"

#include <fmt/format.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>

#include <utility>

#include "flatkv/base/mutex.h"
#include "server/admin_server.h"
#include "server/commit_service.h"
#include "server/grpc_host.h"
#include "server/listen_socket.h"
#include "server/query_service.h"
#include "server/state_service.h"

namespace flatkv::server {
namespace {

using Clock = CallTracker::Clock;

constexpr char kCommitServiceName[] = "flatkv.v1.CommitService";
constexpr char kQueryServiceName[] = "flatkv.v1.QueryService";
constexpr char kStateServiceName[] = "flatkv.v1.StateService";

class GrpcServer final : public Server {
 public:
  GrpcServer(Store& store, Logger& logger, const ServerOptions& options)
      : store_(store),
        logger_(logger),
        options_(options),
        query_service_(store),
        state_service_(store) {}
  ~GrpcServer() override { Drain(std::chrono::milliseconds(0)); }

  Status Listen();

  const std::vector<std::string>& addresses() const override { return addresses_; }
  std::string admin_address() const override { return admin_ ? admin_->address() : ""; }
  void RefreshHealth() override EXCLUDES(mu_);
  void Drain(std::chrono::milliseconds timeout) override EXCLUDES(mu_);

 private:
  Status ListenForAdmin();
  Status ListenForNodes();

  // Constant after Listen.
  Store& store_;
  Logger& logger_;
  const ServerOptions options_;
  std::vector<std::string> addresses_;

  Mutex mu_;
  bool serving_ GUARDED_BY(mu_) = false;
  bool poison_reported_ GUARDED_BY(mu_) = false;

  std::unique_ptr<CommitService>
      commit_service_;  // set before grpc_, as its Info says all addresses
  QueryService query_service_;
  StateService state_service_;
  // Their calls use the services, and those of admin_ the health of grpc_.
  std::unique_ptr<grpc::Server> grpc_;
  std::unique_ptr<AdminServer> admin_;  // unset: AdminService is not served
};

Status GrpcServer::Listen() {
  RETURN_IF_ERROR(ListenForAdmin());
  return ListenForNodes();
}

Status GrpcServer::ListenForAdmin() {
  if (!options_.admin_address.has_value()) {
    return OkStatus();
  }
  const AdminServerOptions options = {
      .address = *options_.admin_address,
      .host = {.max_message_bytes = options_.config.max_message_bytes,
               .reflection = options_.config.reflection,
               .rpcs = options_.metrics.rpcs.get()}};
  ASSIGN_OR_RETURN(admin_,
                   AdminServer::Start(store_, logger_, options, [this] { RefreshHealth(); }));
  return OkStatus();
}

Status GrpcServer::ListenForNodes() {
  const ServerConfig& config = options_.config;
  if (config.listen.empty()) {
    return InvalidArgument("[server] listen: no address to listen on");
  }
  for (const ListenAddress& address : config.listen) {
    RETURN_IF_ERROR(CheckPlaintextAllowed(address, kNodeListen, config.allow_insecure_remote));
  }
  commit_service_ =
      std::make_unique<CommitService>(store_,
                                      ServiceLimits{.build = options_.build,
                                                    .wal_sync = options_.wal_sync,
                                                    .max_message_bytes = config.max_message_bytes,
                                                    .change_sets = options_.limits,
                                                    .admin_address = admin_address()},
                                      *options_.metrics.commits, [this] { RefreshHealth(); });
  grpc::ServerBuilder builder;
  ConfigureGrpc({.max_message_bytes = config.max_message_bytes,
                 .reflection = config.reflection,
                 .rpcs = options_.metrics.rpcs.get()},
                &builder);
  std::vector<int> ports(config.listen.size(), 0);
  for (size_t i = 0; i < config.listen.size(); ++i) {
    RETURN_IF_ERROR(ClearStaleSocket(config.listen[i], kNodeListen));
    builder.AddListeningPort(ToString(config.listen[i]), grpc::InsecureServerCredentials(),
                             &ports[i]);
  }
  builder.RegisterService(commit_service_.get());
  builder.RegisterService(&query_service_);
  builder.RegisterService(&state_service_);
  grpc_ = builder.BuildAndStart();
  if (grpc_ == nullptr) {
    return BindError(config.listen, ports, kNodeListen);
  }
  {
    MutexLock lock(mu_);
    serving_ = true;
  }
  for (size_t i = 0; i < config.listen.size(); ++i) {
    ListenAddress bound = config.listen[i];
    RETURN_IF_ERROR(SetSocketMode(bound, kNodeListen));
    if (bound.kind == ListenAddress::Kind::kTcp) {
      bound.port = static_cast<uint16_t>(ports[i]);
    }
    addresses_.push_back(ToString(bound));
  }
  for (const char* name : {kQueryServiceName, kStateServiceName}) {
    grpc_->GetHealthCheckService()->SetServingStatus(name, true);
  }
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
  commit_service_->Drain();
  query_service_.Drain();
  state_service_.Drain();
  if (admin_ != nullptr) {
    admin_->BeginDrain();
  }
  grpc_->GetHealthCheckService()->Shutdown();
  if (!commit_service_->calls().WaitUntilNone(deadline) ||
      !query_service_.WaitUntilNone(deadline) || !state_service_.WaitUntilNone(deadline) ||
      (admin_ != nullptr && !admin_->WaitForCalls(deadline))) {
    logger_.Log(LogLevel::kWarning, "server.drain_timeout",
                fmt::format("calls still run after [server] drain-timeout ({} ms): cancelling them",
                            timeout.count()));
  }
  grpc_->Shutdown(std::chrono::system_clock::now() + kLastCallsTimeout);
  grpc_->Wait();
  if (admin_ != nullptr) {
    admin_->Stop();
  }
  // A commit outlives even a cancelled call.
  commit_service_->calls().WaitUntilNone(Clock::now() + kForever);
  query_service_.WaitUntilNone(Clock::now() + kForever);
  state_service_.WaitUntilNone(Clock::now() + kForever);
}

}  // namespace

StatusOr<std::unique_ptr<Server>> Server::Start(Store& store, Logger& logger,
                                                const ServerOptions& options) {
  auto server = std::make_unique<GrpcServer>(store, logger, options);
  RETURN_IF_ERROR(server->Listen());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace flatkv::server
