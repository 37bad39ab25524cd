// One Compact call: progress while the store compacts, then the report. Progress that the client
// does not take in time is left out, so a slow client costs one message of memory and delays
// nothing.
//
// Thread safety: internal. gRPC's threads and the compacting one enter; `mu_` orders them, and
// whoever finds that nothing is left to do finishes the call, last and outside the lock, because
// OnDone may follow at once.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <atomic>

#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"
#include "flatkv/store/store_admin.h"
#include "flatkv/v1/admin_service.pb.h"
#include "server/admin_calls.h"

namespace flatkv::server {

class CompactStream final : public grpc::ServerWriteReactor<v1::CompactResponse> {
 public:
  // Deletes itself when gRPC is done with the call; `admin` and `calls` outlive it. Takes the place
  // of a verification, of which one runs at a time, so that the other operations never wait for
  // either.
  static CompactStream* Start(StoreAdmin& admin, AdminCalls& calls);

  void OnWriteDone(bool ok) override EXCLUDES(mu_);
  void OnCancel() override { cancelled_.store(true, std::memory_order_relaxed); }
  void OnDone() override;

 private:
  CompactStream(StoreAdmin& admin, AdminCalls& calls) : admin_(admin), calls_(calls) {}

  Status Submit();
  void Run() EXCLUDES(mu_);
  bool Report(const CompactProgress& progress) EXCLUDES(mu_);
  // OK, or why the compaction must end.
  Status Stopped() const;
  // REQUIRES: done_, and no write is on its way.
  void End();

  // Constant after construction.
  StoreAdmin& admin_;
  AdminCalls& calls_;
  std::atomic<bool> cancelled_{false};

  Mutex mu_;
  bool writing_ GUARDED_BY(mu_) = false;
  bool done_ GUARDED_BY(mu_) = false;
  // The message on its way: written while writing_ is false.
  v1::CompactResponse progress_;
  // Constant once done_.
  Status result_;
  v1::CompactResponse report_;
};

}  // namespace flatkv::server
