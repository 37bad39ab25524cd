// QueryService (proto/flatkv/v1/query_service.proto) over a Store. Single answers at the head are
// read on gRPC's threads; an iteration runs on a small pool, one chunk at a time, as fast as its
// client takes them. Opening an old version may take as long as a replay: that, and single answers
// at it, run on a pool of their own.
//
// Thread safety: internal; Drain and WaitUntilNone from any thread.
#pragma once

#include <functional>

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

  // From here on reads at a version get ShuttingDown(); reads at the head go on.
  void Drain() { views_.Refuse(); }
  // Waits for iterations and reads at a version, at most until `deadline`; true when none runs.
  bool WaitUntilNone(CallTracker::Clock::time_point deadline) {
    return reads_.WaitUntilNone(deadline) && iterations_.WaitUntilNone(deadline);
  }

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
  // Runs `work` on the pool for old versions and finishes the call with what it returns.
  grpc::ServerUnaryReactor* RunOnView(grpc::CallbackServerContext* call,
                                      std::function<Status()> work);

  Store& store_;
  CallTracker iterations_;
  CallTracker reads_;  // single answers at a version
  // Destroyed first: their last jobs still use the rest. An iteration has at most one job waiting
  // in one of the two.
  WorkQueue queue_{{.name = "flatkv-iterate", .threads = 2, .waiting_max = kIterationsMax}};
  WorkQueue views_{{.name = "flatkv-views", .threads = 4, .waiting_max = 256}};
};

}  // namespace flatkv::server
