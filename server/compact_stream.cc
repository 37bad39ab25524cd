#include "server/compact_stream.h"

#include "server/admin_convert.h"
#include "server/grpc_status.h"

namespace flatkv::server {

CompactStream* CompactStream::Start(StoreAdmin& admin, AdminCalls& calls) {
  auto* stream = new CompactStream(admin, calls);
  calls.running().TryBegin();
  const Status accepted = stream->Submit();
  if (!accepted.ok()) {
    stream->Finish(ToGrpcStatus(accepted));
  }
  return stream;
}

Status CompactStream::Submit() {
  if (!calls_.verifications().TryBegin(1)) {
    return WithReason(Unavailable("a verification or a compaction runs: wait for it or cancel it"),
                      Reason::kOperationInProgress);
  }
  const Status accepted = calls_.operations().Submit([this] { Run(); });
  if (!accepted.ok()) {
    calls_.verifications().End();
  }
  return accepted;
}

void CompactStream::OnWriteDone(bool ok) {
  bool over = false;
  {
    MutexLock lock(mu_);
    writing_ = false;
    over = done_;
  }
  if (!ok) {
    cancelled_.store(true, std::memory_order_relaxed);
  }
  if (over) {
    End();
  }
}

void CompactStream::OnDone() {
  CallTracker& running = calls_.running();
  delete this;
  running.End();
}

void CompactStream::Run() {
  Status status = Stopped();
  v1::CompactResponse response;
  if (status.ok()) {
    const StatusOr<CompactReport> report =
        admin_.Compact([this](const CompactProgress& progress) { return Report(progress); });
    if (report.ok()) {
      ToProto(*report, response.mutable_report());
    } else {
      status = report.status();
    }
    if (const Status stopped = Stopped(); !status.ok() && !stopped.ok()) {
      status = stopped;  // says who cancelled
    }
  }
  // Before the answer: a client that has it may ask for the next one.
  calls_.verifications().End();
  bool over = false;
  {
    MutexLock lock(mu_);
    result_ = status;
    report_.Swap(&response);
    done_ = true;
    over = !writing_;
  }
  if (over) {
    End();
  }
}

bool CompactStream::Report(const CompactProgress& progress) {
  if (!Stopped().ok()) {
    return false;
  }
  MutexLock lock(mu_);
  if (!writing_) {
    progress_.Clear();
    ToProto(progress, progress_.mutable_progress());
    writing_ = true;
    StartWrite(&progress_);
  }
  return true;
}

Status CompactStream::Stopped() const {
  if (calls_.draining().load(std::memory_order_relaxed)) {
    return ShuttingDown();
  }
  if (cancelled_.load(std::memory_order_relaxed)) {
    return Cancelled("cancelled by the client");
  }
  return OkStatus();
}

void CompactStream::End() {
  if (result_.ok()) {
    StartWriteAndFinish(&report_, grpc::WriteOptions(), grpc::Status::OK);
  } else {
    Finish(ToGrpcStatus(result_));
  }
}

}  // namespace flatkv::server
