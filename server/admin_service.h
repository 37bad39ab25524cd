// AdminService (proto/flatkv/v1/admin_service.proto) over a Store. Nothing runs on gRPC's threads.
//
// Whatever changes what is retained is logged when it begins and when it ends (AdminCalls::Change)
// under the events admin.snapshot_create, admin.snapshot_remove, admin.pin, admin.pin_release,
// admin.prune, admin.rollback, admin.reorg and admin.quarantine_remove.
//
// Thread safety: internal; Drain from any thread.
#pragma once

#include <functional>

#include "flatkv/base/logger.h"
#include "flatkv/store/store.h"
#include "flatkv/v1/admin_service.grpc.pb.h"
#include "server/admin_calls.h"

namespace flatkv::server {

class AdminService final : public v1::AdminService::CallbackService {
 public:
  // `store` and `logger` outlive the service. `on_failure` is called after every call that the
  // store refused: has it been poisoned?
  AdminService(Store& store, Logger& logger, std::function<void()> on_failure);

  // From here on calls get ShuttingDown(), and a verification ends with it. Other operations that
  // were accepted go on.
  void Drain() { calls_.Drain(); }
  CallTracker& calls() { return calls_.running(); }

  grpc::ServerUnaryReactor* Retention(grpc::CallbackServerContext* call,
                                      const v1::RetentionRequest* request,
                                      v1::RetentionResponse* response) override;
  grpc::ServerUnaryReactor* CreateSnapshot(grpc::CallbackServerContext* call,
                                           const v1::CreateSnapshotRequest* request,
                                           v1::Snapshot* response) override;
  grpc::ServerUnaryReactor* ListSnapshots(grpc::CallbackServerContext* call,
                                          const v1::ListSnapshotsRequest* request,
                                          v1::ListSnapshotsResponse* response) override;
  grpc::ServerUnaryReactor* ShowSnapshot(grpc::CallbackServerContext* call,
                                         const v1::ShowSnapshotRequest* request,
                                         v1::Snapshot* response) override;
  grpc::ServerUnaryReactor* RemoveSnapshot(grpc::CallbackServerContext* call,
                                           const v1::RemoveSnapshotRequest* request,
                                           v1::RemoveSnapshotResponse* response) override;
  grpc::ServerUnaryReactor* PinSnapshot(grpc::CallbackServerContext* call,
                                        const v1::PinSnapshotRequest* request,
                                        v1::PinInfo* response) override;
  grpc::ServerUnaryReactor* ReleasePin(grpc::CallbackServerContext* call,
                                       const v1::ReleasePinRequest* request,
                                       v1::ReleasePinResponse* response) override;
  grpc::ServerUnaryReactor* ListPins(grpc::CallbackServerContext* call,
                                     const v1::ListPinsRequest* request,
                                     v1::ListPinsResponse* response) override;
  grpc::ServerUnaryReactor* Prune(grpc::CallbackServerContext* call,
                                  const v1::PruneRequest* request,
                                  v1::PruneResponse* response) override;
  grpc::ServerUnaryReactor* Rollback(grpc::CallbackServerContext* call,
                                     const v1::RollbackRequest* request,
                                     v1::RollbackResponse* response) override;
  grpc::ServerUnaryReactor* Reorg(grpc::CallbackServerContext* call,
                                  const v1::ReorgRequest* request,
                                  v1::ReorgResponse* response) override;
  grpc::ServerWriteReactor<v1::VerifyResponse>* Verify(grpc::CallbackServerContext* call,
                                                       const v1::VerifyRequest* request) override;
  grpc::ServerUnaryReactor* ListQuarantine(grpc::CallbackServerContext* call,
                                           const v1::ListQuarantineRequest* request,
                                           v1::ListQuarantineResponse* response) override;
  grpc::ServerUnaryReactor* RemoveQuarantine(grpc::CallbackServerContext* call,
                                             const v1::RemoveQuarantineRequest* request,
                                             v1::RemoveQuarantineResponse* response) override;

  grpc::ServerWriteReactor<v1::CompactResponse>* Compact(
      grpc::CallbackServerContext* call, const v1::CompactRequest* request) override;
  grpc::ServerUnaryReactor* Scrub(grpc::CallbackServerContext* call,
                                  const v1::ScrubRequest* request,
                                  v1::ScrubResponse* response) override;

 private:
  Store& store_;
  AdminCalls calls_;
};

}  // namespace flatkv::server
