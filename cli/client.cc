#include "cli/client.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <thread>
#include <utility>

#include "cli/admin_client.h"
#include "cli/channel.h"
#include "cli/client_convert.h"
#include "cli/commit_window.h"
#include "cli/errors.h"
#include "cli/interrupt.h"
#include "cli/state_client.h"
#include "flatkv/v1/commit_service.grpc.pb.h"
#include "flatkv/v1/query_service.grpc.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace flatkv::cli {
namespace {

namespace health = ::grpc::health::v1;

// Requests of a commit stream that wait for their answer.
constexpr size_t kWindowRequests = 512;
constexpr uint64_t kWindowBytes = uint64_t{32} << 20;

class RemoteAccess final : public StoreAccess {
 public:
  explicit RemoteAccess(const ClientOptions& options)
      : options_(options),
        channel_(Connect(options.address)),
        commit_(v1::CommitService::NewStub(channel_)),
        query_(v1::QueryService::NewStub(channel_)),
        state_(NewStateClient(options)) {}

  std::string_view mode() const override { return "online"; }
  std::string where() const override { return options_.address; }

  StatusOr<StatusReport> Report() override {
    grpc::ClientContext context;
    SetDeadline(&context);
    v1::InfoResponse response;
    RETURN_IF_ERROR(Convert(commit_->Info(&context, v1::InfoRequest(), &response)));
    StatusReport report;
    ASSIGN_OR_RETURN(report.info, ToInfo(response));
    report.wal_sync = response.wal_sync();
    report.build = response.build();
    return report;
  }

  StatusOr<VersionRoot> Root(std::optional<Version> version) override {
    grpc::ClientContext context;
    SetDeadline(&context);
    v1::RootRequest request;
    request.set_version(version.value_or(0));
    v1::RootResponse response;
    RETURN_IF_ERROR(Convert(query_->Root(&context, request, &response)));
    ASSIGN_OR_RETURN(const Digest root, ToDigest(response.root()));
    return VersionRoot{response.version(), root};
  }

  StatusOr<GetAnswer> Get(std::string_view module, std::string_view key,
                          std::optional<Version> at) override {
    grpc::ClientContext context;
    SetDeadline(&context);
    v1::GetRequest request;
    request.set_module(std::string(module));
    request.set_key(key.data(), key.size());
    request.set_version(at.value_or(0));
    v1::GetResponse response;
    RETURN_IF_ERROR(Convert(query_->Get(&context, request, &response)));
    GetAnswer answer;
    answer.version = response.version();
    if (response.found()) {
      answer.value = std::move(*response.mutable_value());
    }
    return answer;
  }

  StatusOr<Version> Iterate(const IterateQuery& query, const OnPair& on_pair) override;
  Status CommitBlocks(BlockSource& source, CommitStyle style,
                      const OnCommitted& on_committed) override {
    return style == CommitStyle::kStream ? CommitStream(source, on_committed)
                                         : CommitUnary(source, on_committed);
  }
  StatusOr<StoreAdmin*> Admin() override {
    RETURN_IF_ERROR(FindAdmin());
    return admin_.get();
  }
  StatusOr<RetentionInfo> Retention() override {
    RETURN_IF_ERROR(FindAdmin());
    return admin_->AskRetention();
  }
  StateReader& State() override { return *state_; }
  Status Close() override { return OkStatus(); }

 private:
  Status Convert(const grpc::Status& status) const { return FromGrpc(status, options_); }
  void SetDeadline(grpc::ClientContext* context) const {
    context->set_deadline(std::chrono::system_clock::now() + options_.timeout);
  }
  // Sets admin_: this address if the AdminService is served here, otherwise the one that Info
  // names.
  Status FindAdmin();
  Status CommitStream(BlockSource& source, const OnCommitted& on_committed);
  Status CommitUnary(BlockSource& source, const OnCommitted& on_committed);

  const ClientOptions options_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::CommitService::Stub> commit_;
  const std::unique_ptr<v1::QueryService::Stub> query_;
  const std::unique_ptr<StateReader> state_;
  std::unique_ptr<AdminClient> admin_;
};

Status RemoteAccess::FindAdmin() {
  if (admin_ != nullptr) {
    return OkStatus();
  }
  std::unique_ptr<AdminClient> here = NewAdminClient(options_, Interrupted);
  const Status asked = here->AskRetention().status();
  if (asked.code() != StatusCode::kUnimplemented) {
    RETURN_IF_ERROR(asked);
    admin_ = std::move(here);
    return OkStatus();
  }
  grpc::ClientContext context;
  SetDeadline(&context);
  v1::InfoResponse info;
  RETURN_IF_ERROR(Convert(commit_->Info(&context, v1::InfoRequest(), &info)));
  if (info.admin_address().empty()) {
    return WithHint(
        FailedPrecondition(fmt::format("the daemon at {} has no admin listener", options_.address)),
        "set [server] admin-listen in its configuration (flatkv config init shows it) and restart "
        "it");
  }
  ClientOptions there = options_;
  there.address = info.admin_address();
  admin_ = NewAdminClient(there, Interrupted);
  return OkStatus();
}

StatusOr<Version> RemoteAccess::Iterate(const IterateQuery& query, const OnPair& on_pair) {
  v1::IterateRequest request;
  request.set_module(query.module);
  request.set_start(query.start);
  request.set_end(query.end.value_or(""));
  request.set_reverse(query.reverse);
  request.set_limit(query.limit);
  request.set_version(query.at.value_or(0));
  grpc::ClientContext context;
  const auto stream = query_->Iterate(&context, request);
  v1::IterateResponse response;
  Version version = 0;
  Status stopped;
  while (stream->Read(&response)) {
    version = response.version();
    for (const auto& pair : response.pairs()) {
      if (stopped.ok()) {
        stopped = on_pair(pair.key(), pair.value());
      }
    }
    if (!stopped.ok()) {
      context.TryCancel();
    }
  }
  const Status finished = Convert(stream->Finish());
  RETURN_IF_ERROR(stopped);
  RETURN_IF_ERROR(finished);
  return version;
}

Status RemoteAccess::CommitStream(BlockSource& source, const OnCommitted& on_committed) {
  grpc::ClientContext context;
  const auto stream = commit_->CommitStream(&context);
  CommitWindow window(kWindowRequests, kWindowBytes);
  Status confirmed;  // written by the reader, read after its end
  std::thread reader([&] {
    v1::CommitResponse response;
    // A cancelled stream is read to its end too, because Finish asks for that.
    while (stream->Read(&response)) {
      if (!confirmed.ok()) {
        continue;
      }
      const StatusOr<CommitResult> result = ToResult(response);
      confirmed = !window.Release() ? Internal("the daemon confirmed more versions than were sent")
                  : result.ok()     ? on_committed(*result)
                                    : result.status();
      if (!confirmed.ok()) {
        context.TryCancel();
      }
    }
    window.Close();
  });

  Status sourced;
  v1::CommitBlockRequest request;
  while (true) {
    const StatusOr<std::optional<Block>> block = source.Next();
    sourced = block.status();
    if (!block.ok() || !block->has_value()) {
      break;
    }
    Fill(**block, &request);
    if (!window.Reserve(request.ByteSizeLong()) || !stream->Write(request)) {
      break;
    }
  }
  stream->WritesDone();
  reader.join();
  const Status finished = Convert(stream->Finish());
  RETURN_IF_ERROR(confirmed);
  RETURN_IF_ERROR(finished);
  RETURN_IF_ERROR(sourced);
  if (window.outstanding() != 0) {
    return Unavailable("the daemon ended the stream before it confirmed every version");
  }
  return OkStatus();
}

Status RemoteAccess::CommitUnary(BlockSource& source, const OnCommitted& on_committed) {
  v1::CommitBlockRequest request;
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<Block> block, source.Next());
    if (!block.has_value()) {
      return OkStatus();
    }
    Fill(*block, &request);
    grpc::ClientContext context;
    SetDeadline(&context);
    v1::CommitResponse response;
    RETURN_IF_ERROR(Convert(commit_->CommitBlock(&context, request, &response)));
    ASSIGN_OR_RETURN(const CommitResult result, ToResult(response));
    RETURN_IF_ERROR(on_committed(result));
  }
}

}  // namespace

std::unique_ptr<StoreAccess> NewRemoteAccess(const ClientOptions& options) {
  return std::make_unique<RemoteAccess>(options);
}

StatusOr<std::string> CheckHealth(const ClientOptions& options) {
  const auto stub = health::Health::NewStub(Connect(options.address));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + options.timeout);
  health::HealthCheckResponse response;
  RETURN_IF_ERROR(
      FromGrpc(stub->Check(&context, health::HealthCheckRequest(), &response), options));
  return health::HealthCheckResponse::ServingStatus_Name(response.status());
}

RpcVersions LinkedRpcVersions() {
  const int protobuf = GOOGLE_PROTOBUF_VERSION;
  return {grpc::Version(),
          fmt::format("{}.{}.{}", protobuf / 1000000, protobuf / 1000 % 1000, protobuf % 1000)};
}

}  // namespace flatkv::cli
