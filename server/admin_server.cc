#include "server/admin_server.h"

#include <fmt/format.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>

#include <chrono>
#include <utility>
#include <vector>

#include "flatkv/base/mutex.h"
#include "server/admin_service.h"
#include "server/archive_service.h"
#include "server/listen_socket.h"
#include "server/private_socket.h"
#include "server/state_service.h"

namespace flatkv::server {
namespace {

constexpr char kAdminServiceName[] = "flatkv.v1.AdminService";

class GrpcAdminServer final : public AdminServer {
 public:
  GrpcAdminServer(Store& store, Logger& logger, std::function<void()> on_failure)
      : service_(store, logger, std::move(on_failure)),
        archive_service_(store, logger),
        state_service_(store) {}
  ~GrpcAdminServer() override { Stop(); }

  Status Listen(const AdminServerOptions& options);

  const std::string& address() const override { return address_; }
  void BeginDrain() override EXCLUDES(mu_);
  bool WaitForCalls(CallTracker::Clock::time_point deadline) override {
    return service_.calls().WaitUntilNone(deadline) &&
           archive_service_.calls().WaitUntilNone(deadline) &&
           state_service_.WaitUntilNone(deadline);
  }
  void Stop() override EXCLUDES(mu_);

 private:
  // Constant after Listen.
  std::string address_;

  Mutex mu_;
  bool draining_ GUARDED_BY(mu_) = false;
  bool stopped_ GUARDED_BY(mu_) = false;

  AdminService service_;
  ArchiveService archive_service_;
  StateService state_service_;
  std::unique_ptr<PrivateSocket> socket_;  // unset for TCP
  // Destroyed first: its calls use the service.
  std::unique_ptr<grpc::Server> grpc_;
};

Status GrpcAdminServer::Listen(const AdminServerOptions& options) {
  ListenAddress bound = options.address;
  if (!IsLoopback(bound)) {
    return InvalidArgument(fmt::format(
        "[server] admin-listen: {} can be reached from other machines", ToString(bound)));
  }
  const bool is_unix = bound.kind == ListenAddress::Kind::kUnix;
  if (is_unix) {
    ASSIGN_OR_RETURN(socket_, PrivateSocket::Prepare(bound));
    bound = socket_->bind_address();
  }
  grpc::ServerBuilder builder;
  ConfigureGrpc(options.host, &builder);
  std::vector<int> ports(1, 0);
  builder.AddListeningPort(ToString(bound), grpc::InsecureServerCredentials(), &ports[0]);
  builder.RegisterService(&service_);
  builder.RegisterService(&archive_service_);
  builder.RegisterService(&state_service_);
  grpc_ = builder.BuildAndStart();
  if (grpc_ == nullptr) {
    return BindError({bound}, ports, kAdminListen);
  }
  if (is_unix) {
    RETURN_IF_ERROR(socket_->Publish());
    bound = options.address;
  } else {
    bound.port = static_cast<uint16_t>(ports[0]);
  }
  address_ = ToString(bound);
  grpc_->GetHealthCheckService()->SetServingStatus(kAdminServiceName, true);
  return OkStatus();
}

void GrpcAdminServer::BeginDrain() {
  {
    MutexLock lock(mu_);
    if (draining_ || grpc_ == nullptr) {
      return;
    }
    draining_ = true;
  }
  service_.Drain();
  archive_service_.Drain();
  state_service_.Drain();
  grpc_->GetHealthCheckService()->Shutdown();
}

void GrpcAdminServer::Stop() {
  BeginDrain();
  {
    MutexLock lock(mu_);
    if (stopped_ || grpc_ == nullptr) {
      return;
    }
    stopped_ = true;
  }
  grpc_->Shutdown(std::chrono::system_clock::now() + kLastCallsTimeout);
  grpc_->Wait();
  service_.calls().WaitUntilNone(CallTracker::Clock::now() + kForever);
  archive_service_.calls().WaitUntilNone(CallTracker::Clock::now() + kForever);
  state_service_.WaitUntilNone(CallTracker::Clock::now() + kForever);
}

}  // namespace

StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(Store& store, Logger& logger,
                                                          const AdminServerOptions& options,
                                                          std::function<void()> on_failure) {
  auto server = std::make_unique<GrpcAdminServer>(store, logger, std::move(on_failure));
  RETURN_IF_ERROR(server->Listen(options));
  return std::unique_ptr<AdminServer>(std::move(server));
}

}  // namespace flatkv::server
