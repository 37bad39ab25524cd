#include "bench/daemon_driver.h"

#include <fmt/format.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/client_callback.h>

#include <deque>
#include <optional>
#include <string_view>
#include <utility>

#include "bench/request.h"
#include "cli/channel.h"
#include "cli/client_convert.h"
#include "flatkv/base/check.h"
#include "flatkv/base/mutex.h"
#include "flatkv/v1/commit_service.grpc.pb.h"

namespace flatkv::bench {
namespace {

class DaemonDriver : public CommitDriver {
 public:
  DaemonDriver(const DaemonTarget& target, OnCommitted on_committed)
      : target_(target),
        on_committed_(std::move(on_committed)),
        channel_(cli::Connect(target.address)),
        stub_(v1::CommitService::NewStub(channel_)),
        blocks_(channel_) {}

  bool in_process() const override { return false; }
  StatusOr<StoreInfo> Info() override {
    ASSIGN_OR_RETURN(const v1::InfoResponse info, AskInfo());
    return cli::ToInfo(info);
  }

  std::optional<ProcessUsage> Usage() override {
    return target_.pid.has_value() ? std::optional(ReadProcessUsage(*target_.pid)) : std::nullopt;
  }

  StatusOr<nlohmann::json> Facts() override {
    ASSIGN_OR_RETURN(const v1::InfoResponse info, AskInfo());
    return nlohmann::json{{"suite", info.suite()},
                          {"daemon", info.build()},
                          {"address", target_.address},
                          {"rpc", target_.rpc == Rpc::kUnary ? "unary" : "stream"},
                          {"window", target_.rpc == Rpc::kUnary ? 1 : target_.window}};
  }

 protected:
  using BlockStub = grpc::TemplatedGenericStub<grpc::ByteBuffer, v1::CommitResponse>;

  // Takes requests that are encoded already.
  BlockStub& blocks() { return blocks_; }
  static std::string MethodPath(std::string_view method) {
    return fmt::format("/{}/{}", v1::CommitService::service_full_name(), method);
  }
  Status Convert(const grpc::Status& status) const {
    return cli::FromGrpc(status, {.address = target_.address});
  }
  Status Answered(const v1::CommitResponse& response, uint64_t updates, Clock::time_point start,
                  Clock::time_point end) {
    ASSIGN_OR_RETURN(const CommitResult result, cli::ToResult(response));
    on_committed_({result.version, result.root, updates, start, end, std::nullopt});
    return OkStatus();
  }

  const DaemonTarget target_;

 private:
  StatusOr<v1::InfoResponse> AskInfo() {
    grpc::ClientContext context;
    v1::InfoResponse response;
    RETURN_IF_ERROR(Convert(stub_->Info(&context, v1::InfoRequest(), &response)));
    return response;
  }

  const OnCommitted on_committed_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::CommitService::Stub> stub_;
  BlockStub blocks_;
};

class UnaryDriver final : public DaemonDriver {
 public:
  using DaemonDriver::DaemonDriver;

  Status Commit(Version version, const Block& block) override {
    const Clock::time_point start = Clock::now();
    grpc::ClientContext context;
    const auto call = blocks().PrepareUnaryCall(&context, MethodPath("CommitBlock"),
                                                EncodeRequest(version, block.changes), &ended_);
    call->StartCall();
    v1::CommitResponse response;
    grpc::Status status;
    call->Finish(&response, &status, this);
    void* tag = nullptr;
    bool ok = false;
    FLATKV_CHECK(ended_.Next(&tag, &ok) && ok);
    RETURN_IF_ERROR(Convert(status));
    return Answered(response, block.updates, start, Clock::now());
  }
  Status Drain() override { return OkStatus(); }
  Status Close() override { return OkStatus(); }

 private:
  grpc::CompletionQueue ended_;  // the call
};

class StreamDriver final : public DaemonDriver,
                           private grpc::ClientBidiReactor<grpc::ByteBuffer, v1::CommitResponse> {
 public:
  using DaemonDriver::DaemonDriver;
  ~StreamDriver() override { Close().IgnoreError(); }

  Status Commit(Version version, const Block& block) override {
    const Clock::time_point start = Clock::now();
    if (!started_) {
      Start();
    }
    grpc::ByteBuffer request = EncodeRequest(version, block.changes);
    bool ended = false;
    {
      MutexLock lock(mu_);
      while ((sent_.size() >= target_.window || writing_) && !ended_) {
        changed_.Wait(mu_);
      }
      ended = ended_;
      if (!ended) {
        writing_ = true;
        sent_.push_back({start, block.updates});
      }
    }
    if (ended) {
      return WhyEnded();
    }
    request_.Swap(&request);
    StartWrite(&request_);
    return OkStatus();
  }

  Status Drain() override {
    bool ended = false;
    {
      MutexLock lock(mu_);
      while (!sent_.empty() && !ended_) {
        changed_.Wait(mu_);
      }
      ended = ended_;
    }
    return ended ? WhyEnded() : OkStatus();
  }

  Status Close() override {
    if (!started_) {
      return OkStatus();
    }
    if (!closed_) {
      closed_ = true;
      WaitUntil([this]() REQUIRES(mu_) { return !writing_; });
      StartWritesDone();
      RemoveHold();
    }
    WaitUntil([this]() REQUIRES(mu_) { return finished_.has_value(); });
    MutexLock lock(mu_);
    const Status finished = Convert(*finished_);
    return finished.ok() ? answered_ : finished;
  }

 private:
  struct Sent {
    Clock::time_point start;
    uint64_t updates;
  };

  void Start() {
    started_ = true;
    blocks().PrepareBidiStreamingCall(&context_, MethodPath("CommitStream"), {}, this);
    AddHold();  // for the writes, which do not come from callbacks
    StartRead(&response_);
    StartCall();
  }

  template <typename Condition>
  void WaitUntil(Condition condition) {
    MutexLock lock(mu_);
    while (!condition()) {
      changed_.Wait(mu_);
    }
  }

  void OnWriteDone(bool ok) override {
    MutexLock lock(mu_);
    writing_ = false;
    ended_ = ended_ || !ok;
    changed_.NotifyAll();
  }

  void OnReadDone(bool ok) override {
    const Clock::time_point end = Clock::now();
    {
      MutexLock lock(mu_);
      if (!ok) {
        ended_ = true;
      } else if (sent_.empty()) {
        answered_ = Internal("the daemon confirmed more blocks than were sent");
      } else if (answered_.ok()) {
        answered_ = Answered(response_, sent_.front().updates, sent_.front().start, end);
        sent_.pop_front();
      }
      if (!answered_.ok()) {
        context_.TryCancel();
      }
      changed_.NotifyAll();
    }
    if (ok) {
      StartRead(&response_);
    }
  }

  // The last callback.
  void OnDone(const grpc::Status& status) override {
    MutexLock lock(mu_);
    ended_ = true;
    finished_ = status;
    changed_.NotifyAll();
  }

  Status WhyEnded() {
    const Status closed = Close();
    return closed.ok() ? Unavailable("the daemon ended the stream") : closed;
  }

  grpc::ClientContext context_;
  grpc::ByteBuffer request_;     // gRPC's while writing_
  v1::CommitResponse response_;  // gRPC's until OnReadDone
  bool started_ = false;
  bool closed_ = false;

  Mutex mu_;
  CondVar changed_;
  bool writing_ GUARDED_BY(mu_) = false;
  bool ended_ GUARDED_BY(mu_) = false;
  Status answered_ GUARDED_BY(mu_);
  std::optional<grpc::Status> finished_ GUARDED_BY(mu_);
  std::deque<Sent> sent_ GUARDED_BY(mu_);
};

}  // namespace

std::unique_ptr<CommitDriver> NewDaemonDriver(const DaemonTarget& target,
                                              OnCommitted on_committed) {
  if (target.rpc == Rpc::kUnary) {
    return std::make_unique<UnaryDriver>(target, std::move(on_committed));
  }
  return std::make_unique<StreamDriver>(target, std::move(on_committed));
}

}  // namespace flatkv::bench
