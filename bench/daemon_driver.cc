#include "bench/daemon_driver.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <deque>
#include <thread>
#include <utility>

#include "bench/request.h"
#include "cli/channel.h"
#include "cli/client_convert.h"
#include "flatkv/base/mutex.h"
#include "flatkv/v1/commit_service.grpc.pb.h"

namespace flatkv::bench {
namespace {

class DaemonDriver : public CommitDriver {
 public:
  DaemonDriver(const DaemonTarget& target, OnCommitted on_committed)
      : target_(target),
        on_committed_(std::move(on_committed)),
        stub_(v1::CommitService::NewStub(cli::Connect(target.address))) {}

  bool in_process() const override { return false; }
  StatusOr<Version> Head() override {
    ASSIGN_OR_RETURN(const v1::InfoResponse info, Info());
    return info.version();
  }

  Status Flush() override { return OkStatus(); }

  std::optional<ProcessUsage> Usage() override {
    return target_.pid.has_value() ? std::optional(ReadProcessUsage(*target_.pid)) : std::nullopt;
  }

  StatusOr<nlohmann::json> Facts() override {
    ASSIGN_OR_RETURN(const v1::InfoResponse info, Info());
    return nlohmann::json{{"suite", info.suite()},
                          {"daemon", info.build()},
                          {"address", target_.address},
                          {"rpc", target_.rpc == Rpc::kUnary ? "unary" : "stream"},
                          {"window", target_.rpc == Rpc::kUnary ? 1 : target_.window}};
  }

 protected:
  v1::CommitService::Stub& stub() { return *stub_; }
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
  StatusOr<v1::InfoResponse> Info() {
    grpc::ClientContext context;
    v1::InfoResponse response;
    RETURN_IF_ERROR(Convert(stub_->Info(&context, v1::InfoRequest(), &response)));
    return response;
  }

  const OnCommitted on_committed_;
  const std::unique_ptr<v1::CommitService::Stub> stub_;
};

class UnaryDriver final : public DaemonDriver {
 public:
  using DaemonDriver::DaemonDriver;

  Status Commit(Version version, const Block& block) override {
    const Clock::time_point start = Clock::now();
    FillRequest(version, block.changes, &request_);
    grpc::ClientContext context;
    RETURN_IF_ERROR(Convert(stub().CommitBlock(&context, request_, &response_)));
    return Answered(response_, block.updates, start, Clock::now());
  }
  Status Drain() override { return OkStatus(); }
  Status Close() override { return OkStatus(); }

 private:
  v1::CommitBlockRequest request_;  // reused: it keeps its strings and elements
  v1::CommitResponse response_;
};

class StreamDriver final : public DaemonDriver {
 public:
  using DaemonDriver::DaemonDriver;
  ~StreamDriver() override { Close().IgnoreError(); }

  Status Commit(Version version, const Block& block) override {
    const Clock::time_point start = Clock::now();
    if (stream_ == nullptr) {
      stream_ = stub().CommitStream(&context_);
      reader_ = std::thread([this] { ReadAnswers(); });
    }
    FillRequest(version, block.changes, &request_);
    {
      MutexLock lock(mu_);
      while (sent_.size() >= target_.window && !ended_) {
        changed_.Wait(mu_);
      }
      if (!ended_) {
        sent_.push_back({start, block.updates});
      }
    }
    // A write fails when the stream has ended; why, Close says.
    return stream_->Write(request_) ? OkStatus() : WhyEnded();
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
    if (stream_ == nullptr) {
      return OkStatus();
    }
    stream_->WritesDone();
    reader_.join();
    const Status finished = Convert(stream_->Finish());
    stream_.reset();
    return finished.ok() ? answered_ : finished;
  }

 private:
  struct Sent {
    Clock::time_point start;
    uint64_t updates;
  };

  void ReadAnswers() {
    v1::CommitResponse response;
    while (stream_->Read(&response)) {
      const Clock::time_point end = Clock::now();
      MutexLock lock(mu_);
      if (sent_.empty()) {
        answered_ = Internal("the daemon confirmed more blocks than were sent");
      } else if (answered_.ok()) {
        answered_ = Answered(response, sent_.front().updates, sent_.front().start, end);
        sent_.pop_front();
      }
      if (!answered_.ok()) {
        context_.TryCancel();
      }
      changed_.NotifyAll();
    }
    MutexLock lock(mu_);
    ended_ = true;
    changed_.NotifyAll();
  }

  Status WhyEnded() {
    const Status closed = Close();
    return closed.ok() ? Unavailable("the daemon ended the stream") : closed;
  }

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::CommitBlockRequest, v1::CommitResponse>> stream_;
  std::thread reader_;
  v1::CommitBlockRequest request_;  // reused: it keeps its strings and elements
  Status answered_;                 // guarded by mu_ while the reader runs

  Mutex mu_;
  CondVar changed_;
  bool ended_ GUARDED_BY(mu_) = false;
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
