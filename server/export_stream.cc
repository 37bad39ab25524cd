#include "server/export_stream.h"

#include <chrono>
#include <string>

#include "server/grpc_status.h"
#include "server/wire.h"

namespace flatkv::server {
namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;
// How often a wait for the client looks whether the daemon stops.
constexpr std::chrono::milliseconds kStopPeriod{100};

}  // namespace

ExportStream* ExportStream::Start(StoreAdmin& admin, ExportCalls& calls,
                                  const StatusOr<ExportOptions>& options) {
  auto* stream = new ExportStream(admin, calls, options.ok() ? *options : ExportOptions());
  calls.running.TryBegin();
  const Status accepted = options.ok() ? stream->Submit() : options.status();
  if (!accepted.ok()) {
    stream->Finish(ToGrpcStatus(accepted));
  }
  return stream;
}

Status ExportStream::Submit() {
  if (!calls_.exporting.TryBegin(1)) {
    return WithReason(Unavailable("another export runs: wait for it or cancel it"),
                      Reason::kOperationInProgress);
  }
  const Status accepted = calls_.queue.Submit([this] { Run(); });
  if (!accepted.ok()) {
    calls_.exporting.End();
  }
  return accepted;
}

void ExportStream::OnWriteDone(bool ok) {
  MutexLock lock(mu_);
  writing_ = false;
  if (!ok) {
    cancelled_.store(true, std::memory_order_relaxed);
  }
  changed_.NotifyAll();
}

void ExportStream::OnCancel() {
  MutexLock lock(mu_);
  cancelled_.store(true, std::memory_order_relaxed);
  changed_.NotifyAll();
}

void ExportStream::OnDone() {
  CallTracker& running = calls_.running;
  delete this;
  running.End();
}

void ExportStream::Run() {
  Status status = Stopped();
  if (status.ok()) {
    status = admin_.Export(options_, *this).status();
  }
  {
    // gRPC ends a write that is on its way also when the call is cancelled.
    MutexLock lock(mu_);
    while (writing_) {
      changed_.Wait(mu_);
    }
  }
  if (const Status stopped = Stopped(); !status.ok() && !stopped.ok()) {
    status = stopped;  // says who cancelled
  }
  // Before the answer: a client that has it may ask for the next export.
  calls_.exporting.End();
  Finish(ToGrpcStatus(status));
}

Status ExportStream::Stopped() const {
  if (calls_.draining.load(std::memory_order_relaxed)) {
    return ShuttingDown();
  }
  if (cancelled_.load(std::memory_order_relaxed)) {
    return Cancelled("cancelled by the client");
  }
  return OkStatus();
}

Status ExportStream::WaitForWrite() {
  while (writing_ && Stopped().ok()) {
    changed_.WaitFor(mu_, kStopPeriod);
  }
  return Stopped();
}

template <typename Fill>
Status ExportStream::Send(Fill fill) {
  MutexLock lock(mu_);
  RETURN_IF_ERROR(WaitForWrite());
  message_.Clear();
  fill(message_);
  writing_ = true;
  StartWrite(&message_);
  return OkStatus();
}

Status ExportStream::Begin(const ArchiveManifest& manifest, std::string_view payload) {
  RETURN_IF_ERROR(Send(
      [&](v1::ExportResponse& message) { message.set_manifest(EncodeArchiveManifest(manifest)); }));
  for (size_t at = 0; at < payload.size(); at += kPieceBytes) {
    RETURN_IF_ERROR(Send([&](v1::ExportResponse& message) {
      message.set_payload(std::string(payload.substr(at, kPieceBytes)));
    }));
  }
  return OkStatus();
}

Status ExportStream::AddChunk(const ChunkInfo& /*info*/, std::string_view bytes) {
  for (size_t at = 0; at < bytes.size(); at += kPieceBytes) {
    RETURN_IF_ERROR(Send([&](v1::ExportResponse& message) {
      message.set_chunk(std::string(bytes.substr(at, kPieceBytes)));
      message.set_ends_chunk(bytes.size() - at <= kPieceBytes);
    }));
  }
  return OkStatus();
}

}  // namespace flatkv::server
