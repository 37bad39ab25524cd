// One CommitStream call. Requests are read ahead and parsed while the commit thread works; those
// that wait when it comes back are committed as one group, under one sync, in the order sent, and
// answered in that order. A lone request is a group of one and waits for nobody. The first failing
// request ends the stream with its status after every answer before it; when the client
// half-closes, the stream ends with OK after the last answer.
//
// Thread safety: internal. gRPC's threads, the commit thread and a drain all enter; `mu_` orders
// them, and whoever finds that nothing is left to do calls Finish, last and outside the lock,
// because OnDone may follow at once.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"
#include "server/block_request.h"
#include "server/commit_context.h"

namespace flatkv::server {

class CommitStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                           public std::enable_shared_from_this<CommitStream> {
 public:
  // Requests that are parsed and not yet committed, of any size; bounds what one stream holds in
  // memory.
  static constexpr size_t kReadAhead = 4;
  // Small ones, to this number and size, may wait beyond that; and so much is one group at most,
  // or one request. With more bytes, syncing is not what a block costs.
  static constexpr size_t kGroupBlocksMax = 64;
  static constexpr size_t kGroupBytesMax = size_t{1} << 20;
  // Answers that the client has not taken. A client that sends on without reading is stopped here.
  static constexpr size_t kAnswersMax = 65'536;

  using OnDoneFunction = std::function<void(const CommitStream*)>;

  // The caller keeps the stream until `on_done`, which gRPC's last callback calls. `context`
  // outlives it. The call has been counted in context.calls.
  static std::shared_ptr<CommitStream> Start(CommitContext& context, OnDoneFunction on_done);

  // Ends the stream with ShuttingDown() after the commit that runs now, and its answer.
  void Drain() EXCLUDES(mu_);

  void OnReadDone(bool ok) override EXCLUDES(mu_);
  void OnWriteDone(bool ok) override EXCLUDES(mu_);
  void OnCancel() override EXCLUDES(mu_);
  void OnDone() override;

 private:
  using Request = StatusOr<std::shared_ptr<const BlockRequest>>;

  CommitStream(CommitContext& context, OnDoneFunction on_done)
      : context_(context), on_done_(std::move(on_done)) {}

  // Starts whatever can be started. A status: the call is over, and the caller must Finish with it.
  std::optional<Status> Advance() REQUIRES(mu_);
  void SubmitNext() REQUIRES(mu_);
  // The requests at the front that are committed together: readable ones, or one that is not.
  std::vector<Request> TakeGroup() REQUIRES(mu_);
  bool MayRead() const REQUIRES(mu_);
  void FinishIfOver(const std::optional<Status>& over);
  void End(const Status& status) REQUIRES(mu_);
  bool Running() const REQUIRES(mu_) { return !end_.has_value(); }
  void Commit(const std::vector<Request>& group) EXCLUDES(mu_);
  // Commits readable requests; returns the first error, after which nothing was committed.
  Status CommitGroup(const std::vector<Request>& group, std::vector<CommitResult>* answers);

  // Constant after construction.
  CommitContext& context_;
  const OnDoneFunction on_done_;

  // Touched only by the one read or write that gRPC has outstanding.
  grpc::ByteBuffer read_buffer_;
  grpc::ByteBuffer write_buffer_;

  Mutex mu_;
  bool reading_ GUARDED_BY(mu_) = false;
  size_t committing_ GUARDED_BY(mu_) = 0;  // requests
  bool writing_ GUARDED_BY(mu_) = false;
  bool half_closed_ GUARDED_BY(mu_) = false;
  bool finished_ GUARDED_BY(mu_) = false;
  std::optional<Status> end_ GUARDED_BY(mu_);  // why the stream ends early
  std::deque<Request> requests_ GUARDED_BY(mu_);
  size_t waiting_bytes_ GUARDED_BY(mu_) = 0;  // of requests_
  std::deque<CommitResult> answers_ GUARDED_BY(mu_);
};

}  // namespace flatkv::server
