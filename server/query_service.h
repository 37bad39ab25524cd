// QueryService (proto/flatkv/v1/query_service.proto) over a Store. Single answers are read on
// gRPC's threads; an iteration runs on a small pool, one chunk at a time, as fast as its client
// takes them.
//
// Thread safety: internal.
#pragma once

#include "flatkv/store/store.h"
#include "flatkv/v1/query_service.grpc.pb.h"
#include "server/call_tracker.h"
#include "server/work_queue.h"

namespace flatkv::server {

// The contract of BatchGet.
inline constexpr int kBatchKeysMax = 100'000;
// Iterations at a time: each holds files of its version.
inline constexpr size_t kIterationsMax = 64;

class QueryService final : public v1::QueryService::CallbackService {
 public:
  // `store` outlives the service.
  explicit QueryService(Store& store) : store_(store) {}

  // The iterations that run.
  CallTracker& calls() { return calls_; }

  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* call, const v1::GetRequest* request,
                                v1::GetResponse* response) override;
  grpc::ServerUnaryReactor* BatchGet(grpc::CallbackServerContext* call,
                                     const v1::BatchGetRequest* request,
                                     v1::BatchGetResponse* response) override;
  grpc::ServerWriteReactor<v1::IterateResponse>* Iterate(
      grpc::CallbackServerContext* call, const v1::IterateRequest* request) override;
  grpc::ServerUnaryReactor* Root(grpc::CallbackServerContext* call, const v1::RootRequest* request,
                                 v1::RootResponse* response) override;

 private:
  Store& store_;
  CallTracker calls_;
  // Each iteration has at most one job waiting. Destroyed first: its last jobs still use the rest.
  WorkQueue queue_{{.name = "flatkv-iterate", .threads = 2, .waiting_max = kIterationsMax}};
};

}  // namespace flatkv::server
