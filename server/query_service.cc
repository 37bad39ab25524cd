#include "server/query_service.h"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "server/grpc_status.h"
#include "server/iterate_stream.h"
#include "server/proto_convert.h"

namespace flatkv::server {
namespace {

// Reads from a Store or a StoreView.
template <typename Source>
Status ReadOne(Source& source, const v1::GetRequest& request, v1::GetResponse* response) {
  const std::array<KeyRef, 1> key = {KeyRef{.module = request.module(), .key = request.key()}};
  ASSIGN_OR_RETURN(ReadResult result, source.Get(key));
  ToProto(std::move(result), response);
  return OkStatus();
}

Status CheckKeyCount(const v1::BatchGetRequest& request) {
  if (request.keys_size() <= kBatchKeysMax) {
    return OkStatus();
  }
  return WithReason(InvalidArgument(fmt::format("{} keys in one call, at most {} are allowed",
                                                request.keys_size(), kBatchKeysMax)),
                    Reason::kLimitExceeded);
}

template <typename Source>
Status ReadBatch(Source& source, const v1::BatchGetRequest& request,
                 v1::BatchGetResponse* response) {
  RETURN_IF_ERROR(CheckKeyCount(request));
  std::vector<KeyRef> keys;
  keys.reserve(static_cast<size_t>(request.keys_size()));
  for (const v1::BatchGetRequest::Key& key : request.keys()) {
    keys.push_back({.module = key.module(), .key = key.key()});
  }
  ASSIGN_OR_RETURN(ReadResult result, source.Get(keys));
  ToProto(std::move(result), response);
  return OkStatus();
}

Status ReadRoot(Store& store, const v1::RootRequest& request, v1::RootResponse* response) {
  if (request.version() == 0) {
    ToProto(store.CommittedRoot(), response);
    return OkStatus();
  }
  RETURN_IF_ERROR(CheckReadVersion(request.version()));
  ASSIGN_OR_RETURN(const Digest root, store.RootAt(request.version()));
  ToProto(VersionRoot{.version = request.version(), .root = root}, response);
  return OkStatus();
}

grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* call, const Status& status) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

}  // namespace

grpc::ServerUnaryReactor* QueryService::Get(grpc::CallbackServerContext* call,
                                            const v1::GetRequest* request,
                                            v1::GetResponse* response) {
  if (request->version() == 0) {
    return Answer(call, ReadOne(store_, *request, response));
  }
  return RunOnView(call, [this, request, response]() -> Status {
    RETURN_IF_ERROR(CheckReadVersion(request->version()));
    ASSIGN_OR_RETURN(const std::shared_ptr<StoreView> view, store_.ViewAt(request->version()));
    return ReadOne(*view, *request, response);
  });
}

grpc::ServerUnaryReactor* QueryService::BatchGet(grpc::CallbackServerContext* call,
                                                 const v1::BatchGetRequest* request,
                                                 v1::BatchGetResponse* response) {
  if (request->version() == 0) {
    return Answer(call, ReadBatch(store_, *request, response));
  }
  return RunOnView(call, [this, request, response]() -> Status {
    RETURN_IF_ERROR(CheckReadVersion(request->version()));
    RETURN_IF_ERROR(CheckKeyCount(*request));
    ASSIGN_OR_RETURN(const std::shared_ptr<StoreView> view, store_.ViewAt(request->version()));
    return ReadBatch(*view, *request, response);
  });
}

grpc::ServerWriteReactor<v1::IterateResponse>* QueryService::Iterate(
    grpc::CallbackServerContext* /*call*/, const v1::IterateRequest* request) {
  return IterateStream::Start(
      {.store = store_, .queue = queue_, .views = views_, .calls = iterations_}, *request,
      kIterationsMax);
}

grpc::ServerUnaryReactor* QueryService::Root(grpc::CallbackServerContext* call,
                                             const v1::RootRequest* request,
                                             v1::RootResponse* response) {
  return Answer(call, ReadRoot(store_, *request, response));
}

grpc::ServerUnaryReactor* QueryService::RunOnView(grpc::CallbackServerContext* call,
                                                  std::function<Status()> work) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  reads_.TryBegin();
  const Status accepted = views_.Submit([this, call, reactor, work = std::move(work)] {
    const Status status = call->IsCancelled() ? Cancelled("cancelled before it was begun") : work();
    reactor->Finish(ToGrpcStatus(status));
    reads_.End();
  });
  if (!accepted.ok()) {
    reactor->Finish(ToGrpcStatus(accepted));
    reads_.End();
  }
  return reactor;
}

}  // namespace flatkv::server
