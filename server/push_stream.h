// A stream of answers from a job that produces them: it runs on a thread of a queue and waits there
// until the client took the message before, so a slow client costs one message of memory and one of
// the queue's threads.
//
// Thread safety: internal. gRPC's threads and the producing one enter; `mu_` orders them.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <functional>
#include <utility>

#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"
#include "server/call_tracker.h"
#include "server/grpc_status.h"
#include "server/work_queue.h"

namespace flatkv::server {

template <typename Response>
class PushStream final : public grpc::ServerWriteReactor<Response> {
 public:
  // Sends one message and waits until the next one can be sent. Errors: kCancelled when the client
  // is gone.
  using Send = std::function<Status(const Response&)>;
  // False when the client gave up or the server is being stopped.
  using GoOn = std::function<bool()>;
  using Produce = std::function<Status(const Send& send, const GoOn& go_on)>;

  // Deletes itself when gRPC is done with the call. `queue`, `calls` and `stopping` outlive it.
  static PushStream* Start(WorkQueue& queue, CallTracker& calls, const std::atomic<bool>& stopping,
                           Produce produce) {
    auto* stream = new PushStream(calls, stopping, std::move(produce));
    calls.TryBegin();
    if (const Status accepted = queue.Submit([stream] { stream->Run(); }); !accepted.ok()) {
      stream->Finish(ToGrpcStatus(accepted));
    }
    return stream;
  }

  void OnWriteDone(bool ok) override EXCLUDES(mu_) {
    MutexLock lock(mu_);
    writing_ = false;
    if (!ok) {
      cancelled_.store(true, std::memory_order_relaxed);
    }
    changed_.NotifyAll();
  }
  void OnCancel() override { cancelled_.store(true, std::memory_order_relaxed); }
  void OnDone() override {
    CallTracker& calls = calls_;
    delete this;
    calls.End();
  }

 private:
  PushStream(CallTracker& calls, const std::atomic<bool>& stopping, Produce produce)
      : calls_(calls), stopping_(stopping), produce_(std::move(produce)) {}

  Status Stopped() const {
    if (stopping_.load(std::memory_order_relaxed)) {
      return ShuttingDown();
    }
    return cancelled_.load(std::memory_order_relaxed) ? Cancelled("cancelled by the client")
                                                      : OkStatus();
  }

  void Run() {
    Status status = Stopped();
    if (status.ok()) {
      status = produce_([this](const Response& message) { return SendOne(message); },
                        [this] { return Stopped().ok(); });
      if (const Status stopped = Stopped(); !status.ok() && !stopped.ok()) {
        status = stopped;  // says who cancelled
      }
    }
    this->Finish(ToGrpcStatus(status));
  }

  Status SendOne(const Response& message) EXCLUDES(mu_) {
    RETURN_IF_ERROR(Stopped());
    MutexLock lock(mu_);
    writing_ = true;
    this->StartWrite(&message);
    while (writing_) {
      changed_.Wait(mu_);
    }
    return Stopped();
  }

  CallTracker& calls_;
  const std::atomic<bool>& stopping_;
  const Produce produce_;
  std::atomic<bool> cancelled_{false};
  Mutex mu_;
  CondVar changed_;
  bool writing_ GUARDED_BY(mu_) = false;
};

}  // namespace flatkv::server
