#include "cli/export_client.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <optional>
#include <string>

#include "cli/channel.h"
#include "cli/client_convert.h"
#include "flatkv/archive/archive_limits.h"
#include "flatkv/base/sha256.h"
#include "flatkv/v1/archive_service.grpc.pb.h"

namespace flatkv::cli {
namespace {

Status WrongAnswer(std::string_view what) {
  return Internal(fmt::format("the daemon sent {} where none can be", what));
}

// Puts the pieces together and hands them on.
class Receiver {
 public:
  explicit Receiver(ExportSink& sink) : sink_(sink) {}

  Status Take(const v1::ExportResponse& response) {
    switch (response.part_case()) {
      case v1::ExportResponse::kManifest: {
        if (manifest_.has_value()) {
          return WrongAnswer("a manifest");
        }
        ASSIGN_OR_RETURN(manifest_,
                         DecodeArchiveManifest(response.manifest(), "the daemon's manifest"));
        return OkStatus();
      }
      case v1::ExportResponse::kPayload:
        return TakePayload(response.payload());
      case v1::ExportResponse::kChunk:
        return TakeChunk(response.chunk(), response.ends_chunk());
      case v1::ExportResponse::PART_NOT_SET:
        break;
    }
    return WrongAnswer("something unknown");
  }

  // After the last message.
  StatusOr<ArchiveManifest> Finish() {
    if (!begun_ || !chunk_.empty()) {
      return Internal("the daemon ended the export too early");
    }
    return *std::move(manifest_);
  }

 private:
  Status TakePayload(const std::string& piece) {
    if (!manifest_.has_value() || begun_ || manifest_->payload_bytes > kArchivePayloadBytesMax ||
        piece.size() > manifest_->payload_bytes - payload_.size()) {
      return WrongAnswer("a payload");
    }
    payload_ += piece;
    if (payload_.size() < manifest_->payload_bytes) {
      return OkStatus();
    }
    if (Sha256(payload_) != manifest_->content_digest) {
      return ArchiveCorrupt(kArchivePayloadName, "its digest does not fit its bytes");
    }
    begun_ = true;
    return sink_.Begin(*manifest_, payload_);
  }

  Status TakeChunk(const std::string& piece, bool ends_chunk) {
    if (!begun_ || chunk_.size() + piece.size() > kChunkFileBytesMax) {
      return WrongAnswer("a chunk");
    }
    chunk_ += piece;
    if (!ends_chunk) {
      return OkStatus();
    }
    ASSIGN_OR_RETURN(const ChunkInfo info, DecodeChunkInfo(chunk_, "as the daemon sent it"));
    const Status added = sink_.AddChunk(info, chunk_);
    chunk_.clear();
    return added;
  }

  ExportSink& sink_;
  std::optional<ArchiveManifest> manifest_;
  bool begun_ = false;
  std::string payload_;
  std::string chunk_;
};

}  // namespace

StatusOr<ArchiveManifest> RemoteExport(const ClientOptions& client, const ExportOptions& options,
                                       ExportSink& sink) {
  v1::ExportRequest request;
  request.set_version(options.at.value_or(0));
  request.set_threads(static_cast<uint32_t>(options.threads));
  if (options.after.chunks > 0) {
    request.set_after_chunks(options.after.chunks);
    request.set_after_db(std::string(NameOf(options.after.db)));
    request.set_after_key(options.after.last_key);
  }
  const auto stub = v1::ArchiveService::NewStub(Connect(client.address));
  grpc::ClientContext context;
  const auto stream = stub->Export(&context, request);
  Receiver receiver(sink);
  v1::ExportResponse response;
  Status taken;
  while (stream->Read(&response)) {
    if (taken.ok()) {
      taken = receiver.Take(response);
      if (!taken.ok()) {
        context.TryCancel();
      }
    }
  }
  const Status finished = FromGrpc(stream->Finish(), client);
  RETURN_IF_ERROR(taken);
  RETURN_IF_ERROR(finished);
  return receiver.Finish();
}

}  // namespace flatkv::cli
