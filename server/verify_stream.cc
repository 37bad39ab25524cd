#include "server/verify_stream.h"

#include "server/admin_convert.h"
#include "server/grpc_status.h"

namespace flatkv::server {

VerifyStream* VerifyStream::Start(StoreAdmin& admin, AdminCalls& calls,
                                  const StatusOr<VerifyOptions>& options) {
  auto* stream = new VerifyStream(admin, calls, options.ok() ? *options : VerifyOptions());
  calls.running().TryBegin();
  const Status accepted = options.ok() ? stream->Submit() : options.status();
  if (!accepted.ok()) {
    stream->Finish(ToGrpcStatus(accepted));
  }
  return stream;
}

Status VerifyStream::Submit() {
  if (!calls_.verifications().TryBegin(1)) {
    return WithReason(
        Unavailable("another verification, or a compaction, runs: wait for it or cancel it"),
        Reason::kOperationInProgress);
  }
  const Status accepted = calls_.operations().Submit([this] { Run(); });
  if (!accepted.ok()) {
    calls_.verifications().End();
  }
  return accepted;
}

void VerifyStream::OnWriteDone(bool ok) {
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

void VerifyStream::OnDone() {
  CallTracker& running = calls_.running();
  delete this;
  running.End();
}

void VerifyStream::Run() {
  Status status = Stopped();
  v1::VerifyResponse response;
  if (status.ok()) {
    const StatusOr<VerifyReport> report = admin_.Verify(
        options_, [this](const VerifyProgress& progress) { return Report(progress); });
    if (report.ok()) {
      ToProto(*report, response.mutable_report());
    } else {
      status = report.status();
    }
    if (const Status stopped = Stopped(); !status.ok() && !stopped.ok()) {
      status = stopped;  // says who cancelled
    }
  }
  // Before the answer: a client that has it may ask for the next verification.
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

bool VerifyStream::Report(const VerifyProgress& progress) {
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

Status VerifyStream::Stopped() const {
  if (calls_.draining().load(std::memory_order_relaxed)) {
    return ShuttingDown();
  }
  if (cancelled_.load(std::memory_order_relaxed)) {
    return Cancelled("cancelled by the client");
  }
  return OkStatus();
}

void VerifyStream::End() {
  if (result_.ok()) {
    StartWriteAndFinish(&report_, grpc::WriteOptions(), grpc::Status::OK);
  } else {
    Finish(ToGrpcStatus(result_));
  }
}

}  // namespace flatkv::server
