// ArchiveService (proto/flatkv/v1/archive_service.proto) over a Store. An export runs on a thread
// of its own; it is logged when it begins.
//
// Thread safety: internal; Drain from any thread.
#pragma once

#include "flatkv/base/logger.h"
#include "flatkv/store/store.h"
#include "flatkv/v1/archive_service.grpc.pb.h"
#include "server/export_stream.h"

namespace flatkv::server {

class ArchiveService final : public v1::ArchiveService::CallbackService {
 public:
  // `store` and `logger` outlive the service.
  ArchiveService(Store& store, Logger& logger) : store_(store), logger_(logger) {}

  // From here on calls get ShuttingDown(), and an export ends with it.
  void Drain();
  CallTracker& calls() { return calls_.running; }

  grpc::ServerWriteReactor<v1::ExportResponse>* Export(grpc::CallbackServerContext* call,
                                                       const v1::ExportRequest* request) override;

 private:
  Store& store_;
  Logger& logger_;
  ExportCalls calls_;
};

}  // namespace flatkv::server
