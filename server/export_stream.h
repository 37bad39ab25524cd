// One Export call: the chunks of a version, in pieces. The exporting thread waits until the client
// has taken a piece before it gives the next one, so a slow client costs one piece of memory and
// slows only its own export.
//
// Thread safety: internal. gRPC's threads and the exporting one enter; `mu_` orders them.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <string_view>

#include "flatkv/archive/export_sink.h"
#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"
#include "flatkv/store/store_admin.h"
#include "flatkv/v1/archive_service.pb.h"
#include "server/call_tracker.h"
#include "server/work_queue.h"

namespace flatkv::server {

// What the exports of a service share.
struct ExportCalls {
  std::atomic<bool> draining{false};
  CallTracker running;
  CallTracker exporting;  // one at a time
  // Destroyed first: its jobs still use the rest.
  WorkQueue queue{{.name = "flatkv-export", .threads = 1, .waiting_max = 1}};
};

class ExportStream final : public grpc::ServerWriteReactor<v1::ExportResponse>, private ExportSink {
 public:
  // Deletes itself when gRPC is done with the call; `admin` and `calls` outlive it. Without options
  // the call fails; and while another export runs.
  static ExportStream* Start(StoreAdmin& admin, ExportCalls& calls,
                             const StatusOr<ExportOptions>& options);

  void OnWriteDone(bool ok) override EXCLUDES(mu_);
  void OnCancel() override EXCLUDES(mu_);
  void OnDone() override;

 private:
  ExportStream(StoreAdmin& admin, ExportCalls& calls, ExportOptions options)
      : admin_(admin), calls_(calls), options_(std::move(options)) {}

  Status Submit();
  void Run() EXCLUDES(mu_);
  Status Begin(const ArchiveManifest& manifest, std::string_view payload) override;
  Status AddChunk(const ChunkInfo& info, std::string_view bytes) override;
  // Waits until the message before is taken; `fill` makes the next one.
  template <typename Fill>
  Status Send(Fill fill) EXCLUDES(mu_);
  Status WaitForWrite() REQUIRES(mu_);
  // OK, or why the export must end.
  Status Stopped() const;

  // Constant after construction.
  StoreAdmin& admin_;
  ExportCalls& calls_;
  const ExportOptions options_;
  std::atomic<bool> cancelled_{false};

  Mutex mu_;
  CondVar changed_;
  bool writing_ GUARDED_BY(mu_) = false;
  // The message on its way: written while writing_ is false.
  v1::ExportResponse message_;
};

}  // namespace flatkv::server
