// StateService (proto/flatkv/v1/state_service.proto) over a Store's StateReader. Everything runs on
// two small pools of its own, beside commits: single answers, of which some read every row of a
// range, on one, the streams on the other, so that a slow client of a stream delays no comparison.
//
// Thread safety: internal; Drain and WaitUntilNone from any thread.
#pragma once

#include <atomic>
#include <functional>

#include "flatkv/store/state_reader.h"
#include "flatkv/store/store.h"
#include "flatkv/v1/state_service.grpc.pb.h"
#include "server/call_tracker.h"
#include "server/work_queue.h"

namespace flatkv::server {

class StateService final : public v1::StateService::CallbackService {
 public:
  static constexpr uint32_t kTopContractsMax = 10'000;
  // A message of a stream is sent once it has this many bytes, about.
  static constexpr size_t kChunkBytes = size_t{256} << 10;

  // `store` outlives the service.
  explicit StateService(Store& store) : store_(store) {}

  // From here on calls get ShuttingDown(), and those that run end soon.
  void Drain() {
    stopping_.store(true, std::memory_order_relaxed);
    answers_.Refuse();
    streams_.Refuse();
  }
  // Waits at most until `deadline`; true when no call runs.
  bool WaitUntilNone(CallTracker::Clock::time_point deadline) {
    return calls_.WaitUntilNone(deadline);
  }

  grpc::ServerUnaryReactor* Ranges(grpc::CallbackServerContext* call,
                                   const v1::RangesRequest* request,
                                   v1::RangesResponse* response) override;
  grpc::ServerWriteReactor<v1::HashLogResponse>* HashLog(
      grpc::CallbackServerContext* call, const v1::HashLogRequest* request) override;
  grpc::ServerUnaryReactor* State(grpc::CallbackServerContext* call,
                                  const v1::StateRequest* request,
                                  v1::StateResponse* response) override;
  grpc::ServerUnaryReactor* RangeDigests(grpc::CallbackServerContext* call,
                                         const v1::RangeDigestsRequest* request,
                                         v1::RangeDigestsResponse* response) override;
  grpc::ServerUnaryReactor* RangeRows(grpc::CallbackServerContext* call,
                                      const v1::RangeRowsRequest* request,
                                      v1::RangeRowsResponse* response) override;
  grpc::ServerWriteReactor<v1::DiffResponse>* Diff(grpc::CallbackServerContext* call,
                                                   const v1::DiffRequest* request) override;
  grpc::ServerUnaryReactor* StateSize(grpc::CallbackServerContext* call,
                                      const v1::StateSizeRequest* request,
                                      v1::StateSizeResponse* response) override;

 private:
  // Runs `work` on the pool and finishes the call with what it returns.
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* call,
                                   std::function<Status(const GoOn& go_on)> work);

  Store& store_;
  std::atomic<bool> stopping_{false};
  CallTracker calls_;
  // Destroyed first: their last jobs still use the rest.
  WorkQueue answers_{{.name = "flatkv-state", .threads = 2, .waiting_max = 64}};
  WorkQueue streams_{{.name = "flatkv-changes", .threads = 2, .waiting_max = 16}};
};

}  // namespace flatkv::server
