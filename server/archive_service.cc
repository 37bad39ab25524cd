#include "server/archive_service.h"

#include <fmt/format.h>

#include <algorithm>

#include "flatkv/codec/data_db.h"

namespace flatkv::server {
namespace {

StatusOr<ExportOptions> OptionsOf(const v1::ExportRequest& request) {
  if (request.version() < 0) {
    return InvalidArgument("version: is negative");
  }
  ExportOptions options;
  if (request.version() != 0) {
    options.at = request.version();
  }
  options.threads = std::max<size_t>(1, request.threads());
  options.after.chunks = request.after_chunks();
  if (request.after_chunks() > 0) {
    const auto* const name =
        std::find(kDataDbNames.begin(), kDataDbNames.end(), request.after_db());
    if (name == kDataDbNames.end() || request.after_key().empty() || !options.at.has_value()) {
      return InvalidArgument("after_chunks: needs version, after_db and after_key");
    }
    options.after.db = static_cast<DataDb>(name - kDataDbNames.begin());
    options.after.last_key = request.after_key();
  }
  return options;
}

}  // namespace

void ArchiveService::Drain() {
  calls_.draining.store(true, std::memory_order_relaxed);
  calls_.queue.Refuse();
}

grpc::ServerWriteReactor<v1::ExportResponse>* ArchiveService::Export(
    grpc::CallbackServerContext* call, const v1::ExportRequest* request) {
  const StatusOr<ExportOptions> options = OptionsOf(*request);
  if (options.ok()) {
    logger_.Log(LogLevel::kInfo, "admin.export",
                fmt::format("{} after chunk {}, asked by {}",
                            options->at.has_value() ? fmt::format("version {}", *options->at)
                                                    : std::string("the head"),
                            options->after.chunks, call->peer()));
  }
  return ExportStream::Start(store_.admin(), calls_, options);
}

}  // namespace flatkv::server
