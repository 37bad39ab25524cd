// CommitService (proto/flatkv/v1/commit_service.proto) over a Store. Commits run on one commit
// thread, in order of arrival; gRPC's threads parse requests and send answers.
//
// Thread safety: internal; Drain from any thread.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/store/store.h"
#include "flatkv/v1/commit_service.grpc.pb.h"
#include "server/commit_context.h"
#include "server/commit_stream.h"
#include "server/proto_convert.h"

namespace flatkv::server {

// Raw: the bytes are read by us, in place (block_request.h).
using RawApplyChangeSets =
    v1::CommitService::WithRawCallbackMethod_ApplyChangeSets<v1::CommitService::Service>;
using RawCommitBlock = v1::CommitService::WithRawCallbackMethod_CommitBlock<RawApplyChangeSets>;
using RawCommitStream = v1::CommitService::WithRawCallbackMethod_CommitStream<RawCommitBlock>;
using CallbackInfo = v1::CommitService::WithCallbackMethod_Info<RawCommitStream>;
using CallbackCommit = v1::CommitService::WithCallbackMethod_Commit<CallbackInfo>;
using CommitServiceBase = v1::CommitService::WithCallbackMethod_DiscardPending<CallbackCommit>;

class CommitService final : public CommitServiceBase {
 public:
  // `store` and `metrics` outlive the service; `on_failure` as in CommitContext.
  CommitService(Store& store, ServiceLimits limits, CommitMetrics& metrics,
                std::function<void()> on_failure);

  // From here on new commits and the next request of every stream get ShuttingDown(). What runs or
  // was accepted goes on.
  void Drain() EXCLUDES(mu_);
  CallTracker& calls() { return context_.calls; }

  grpc::ServerUnaryReactor* Info(grpc::CallbackServerContext* call, const v1::InfoRequest* request,
                                 v1::InfoResponse* response) override;
  grpc::ServerUnaryReactor* ApplyChangeSets(grpc::CallbackServerContext* call,
                                            const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* Commit(grpc::CallbackServerContext* call,
                                   const v1::CommitRequest* request,
                                   v1::CommitResponse* response) override;
  grpc::ServerUnaryReactor* DiscardPending(grpc::CallbackServerContext* call,
                                           const v1::DiscardPendingRequest* request,
                                           v1::DiscardPendingResponse* response) override;
  grpc::ServerUnaryReactor* CommitBlock(grpc::CallbackServerContext* call,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* CommitStream(
      grpc::CallbackServerContext* call) override EXCLUDES(mu_);

 private:
  // Runs `work` on the commit thread and finishes the call with what it returns.
  grpc::ServerUnaryReactor* RunOnCommitThread(grpc::CallbackServerContext* call,
                                              std::function<Status()> work);
  void Forget(const server::CommitStream* stream) EXCLUDES(mu_);

  Store& store_;
  const ServiceLimits limits_;

  Mutex mu_;
  bool draining_ GUARDED_BY(mu_) = false;
  std::vector<std::shared_ptr<server::CommitStream>> streams_ GUARDED_BY(mu_);
  CommitContext context_;
};

}  // namespace flatkv::server
