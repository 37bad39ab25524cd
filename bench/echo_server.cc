#include "bench/echo_server.h"

#include <fmt/format.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <utility>

#include "flatkv/base/types.h"
#include "flatkv/v1/commit_service.grpc.pb.h"

namespace flatkv::bench {
namespace {

void Answer(const v1::CommitBlockRequest& request, v1::CommitResponse* response) {
  response->set_version(request.version());
  response->set_root(std::string(sizeof(Digest), '\0'));
}

class EchoService final : public v1::CommitService::Service {
 public:
  grpc::Status CommitBlock(grpc::ServerContext*, const v1::CommitBlockRequest* request,
                           v1::CommitResponse* response) override {
    Answer(*request, response);
    return grpc::Status::OK;
  }

  grpc::Status CommitStream(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::CommitResponse, v1::CommitBlockRequest>* stream) override {
    v1::CommitBlockRequest request;  // reused: it keeps its strings and elements
    v1::CommitResponse response;
    while (stream->Read(&request)) {
      Answer(request, &response);
      if (!stream->Write(response)) {
        break;
      }
    }
    return grpc::Status::OK;
  }
};

class EchoServerImpl final : public EchoServer {
 public:
  ~EchoServerImpl() override {
    if (server_ != nullptr) {
      server_->Shutdown();
      server_->Wait();
    }
  }

  Status Start(const std::string& address) {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.SetMaxReceiveMessageSize(-1);
    builder.AddListeningPort(address, grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      return Unavailable(fmt::format("the echo server cannot listen on {}", address));
    }
    const bool is_unix = address.starts_with("unix:");
    address_ =
        is_unix ? address : fmt::format("{}:{}", address.substr(0, address.rfind(':')), port);
    return OkStatus();
  }

  const std::string& address() const override { return address_; }

 private:
  EchoService service_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace

StatusOr<std::unique_ptr<EchoServer>> StartEchoServer(const std::string& address) {
  auto server = std::make_unique<EchoServerImpl>();
  RETURN_IF_ERROR(server->Start(address));
  return server;
}

}  // namespace flatkv::bench
