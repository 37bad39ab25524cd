#include "server/commit_service.h"

#include <utility>

#include "server/block_request.h"
#include "server/grpc_status.h"
#include "server/wire.h"

namespace flatkv::server {

CommitService::CommitService(Store& store, ServiceLimits limits, CommitMetrics& metrics,
                             std::function<void()> on_failure)
    : store_(store), limits_(std::move(limits)), context_(store, metrics, std::move(on_failure)) {}

void CommitService::Drain() {
  context_.queue.Refuse();
  std::vector<std::shared_ptr<server::CommitStream>> streams;
  {
    MutexLock lock(mu_);
    draining_ = true;
    streams = streams_;
  }
  for (const std::shared_ptr<server::CommitStream>& stream : streams) {
    stream->Drain();
  }
}

grpc::ServerUnaryReactor* CommitService::Info(grpc::CallbackServerContext* call,
                                              const v1::InfoRequest* /*request*/,
                                              v1::InfoResponse* response) {
  ToProto(store_.Info(), limits_, response);
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor* CommitService::ApplyChangeSets(grpc::CallbackServerContext* call,
                                                         const grpc::ByteBuffer* request,
                                                         grpc::ByteBuffer* response) {
  return RunOnCommitThread(
      call, [this, parsed = BlockRequest::Parse(*request), response]() -> Status {
        RETURN_IF_ERROR(parsed.status());
        const BlockRequest& block = **parsed;
        ASSIGN_OR_RETURN(const AppliedResult applied,
                         store_.ApplyChangeSets(block.version(), block.changes()));
        context_.metrics.Applied(applied.version, UpdatesOf(block.changes()));
        v1::ApplyChangeSetsResponse answer;
        ToProto(applied, &answer);
        *response = Serialize(answer);
        return OkStatus();
      });
}

grpc::ServerUnaryReactor* CommitService::Commit(grpc::CallbackServerContext* call,
                                                const v1::CommitRequest* request,
                                                v1::CommitResponse* response) {
  return RunOnCommitThread(call, [this, request, response]() -> Status {
    ASSIGN_OR_RETURN(const CommitResult committed, store_.Commit(request->version()));
    context_.metrics.Committed(committed, 0);
    ToProto(committed, response);
    return OkStatus();
  });
}

grpc::ServerUnaryReactor* CommitService::DiscardPending(
    grpc::CallbackServerContext* call, const v1::DiscardPendingRequest* /*request*/,
    v1::DiscardPendingResponse* response) {
  return RunOnCommitThread(call, [this, response] {
    store_.DiscardPending();
    context_.metrics.Discarded();
    response->set_version(store_.CommittedRoot().version);
    return OkStatus();
  });
}

grpc::ServerUnaryReactor* CommitService::CommitBlock(grpc::CallbackServerContext* call,
                                                     const grpc::ByteBuffer* request,
                                                     grpc::ByteBuffer* response) {
  return RunOnCommitThread(call,
                           [this, parsed = BlockRequest::Parse(*request), response]() -> Status {
                             RETURN_IF_ERROR(parsed.status());
                             const BlockRequest& block = **parsed;
                             ASSIGN_OR_RETURN(const CommitResult committed,
                                              store_.CommitBlock(block.version(), block.changes()));
                             context_.metrics.Committed(committed, UpdatesOf(block.changes()));
                             v1::CommitResponse answer;
                             ToProto(committed, &answer);
                             *response = Serialize(answer);
                             return OkStatus();
                           });
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* CommitService::CommitStream(
    grpc::CallbackServerContext* /*call*/) {
  context_.calls.TryBegin();
  std::shared_ptr<server::CommitStream> stream;
  bool draining = false;
  {
    MutexLock lock(mu_);
    stream = server::CommitStream::Start(
        context_, [this](const server::CommitStream* done) { Forget(done); });
    streams_.push_back(stream);
    draining = draining_;
  }
  if (draining) {
    stream->Drain();
  }
  return stream.get();
}

grpc::ServerUnaryReactor* CommitService::RunOnCommitThread(grpc::CallbackServerContext* call,
                                                           std::function<Status()> work) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  context_.calls.TryBegin();
  const Status accepted = context_.queue.Submit([this, call, reactor, work = std::move(work)] {
    Status status = MakeStatus(StatusCode::kCancelled, "cancelled before it was begun");
    if (!call->IsCancelled()) {
      status = work();
      if (!status.ok()) {
        context_.metrics.Failed(status);
        context_.on_failure();
      }
    }
    reactor->Finish(ToGrpcStatus(status));
    context_.calls.End();
  });
  if (!accepted.ok()) {
    reactor->Finish(ToGrpcStatus(accepted));
    context_.calls.End();
  }
  return reactor;
}

void CommitService::Forget(const server::CommitStream* stream) {
  MutexLock lock(mu_);
  std::erase_if(streams_, [stream](const auto& held) { return held.get() == stream; });
}

}  // namespace flatkv::server
