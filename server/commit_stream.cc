#include "server/commit_stream.h"

#include <utility>

#include "server/grpc_status.h"
#include "server/proto_convert.h"
#include "server/wire.h"

namespace flatkv::server {

std::shared_ptr<CommitStream> CommitStream::Start(CommitContext& context, OnDoneFunction on_done) {
  const std::shared_ptr<CommitStream> stream(new CommitStream(context, std::move(on_done)));
  MutexLock lock(stream->mu_);
  stream->Advance();
  return stream;
}

void CommitStream::Drain() {
  std::optional<Status> over;
  {
    MutexLock lock(mu_);
    End(ShuttingDown());
    over = Advance();
  }
  FinishIfOver(over);
}

void CommitStream::OnReadDone(bool ok) {
  Request request;
  if (ok) {
    request.message = context_.commit_pool.Acquire();
    request.message->parsed_bytes += read_buffer_.Length();
    request.parsed = Parse(read_buffer_, &request.message->message);
    read_buffer_.Clear();
  }
  std::optional<Status> over;
  {
    MutexLock lock(mu_);
    reading_ = false;
    if (!ok) {
      half_closed_ = true;
    } else if (Running()) {
      requests_.push_back(std::move(request));
    }
    over = Advance();
  }
  FinishIfOver(over);
}

void CommitStream::OnWriteDone(bool ok) {
  std::optional<Status> over;
  {
    MutexLock lock(mu_);
    writing_ = false;
    if (!ok) {
      answers_.clear();
      End(MakeStatus(StatusCode::kCancelled, "the client is gone"));
    }
    over = Advance();
  }
  FinishIfOver(over);
}

void CommitStream::OnCancel() {
  std::optional<Status> over;
  {
    MutexLock lock(mu_);
    answers_.clear();
    End(MakeStatus(StatusCode::kCancelled, "cancelled by the client"));
    over = Advance();
  }
  FinishIfOver(over);
}

void CommitStream::OnDone() {
  CommitContext& context = context_;
  std::shared_ptr<CommitStream> last = shared_from_this();
  on_done_(this);
  last.reset();
  // Counted until nothing of the stream is left: a server that stops waits for it.
  context.calls.End();
}

void CommitStream::CommitOne(Request request) {
  bool running = false;
  {
    MutexLock lock(mu_);
    running = Running();
  }
  Status status = request.parsed;
  CommitResult result;
  if (running && status.ok()) {
    const v1::CommitBlockRequest& block = request.message->message;
    const ChangeSets changes = ViewOf(block.changesets());
    StatusOr<CommitResult> committed = context_.store.CommitBlock(block.version(), changes);
    if (committed.ok()) {
      result = *committed;
      context_.metrics.Committed(result, UpdatesOf(changes));
    } else {
      status = committed.status();
      context_.on_failure();
    }
  }
  if (running && !status.ok()) {
    context_.metrics.Failed(status);
  }
  request.message.reset();
  std::optional<Status> over;
  {
    MutexLock lock(mu_);
    committing_ = false;
    if (!status.ok()) {
      End(status);
    } else if (running) {
      answers_.push_back(result);
    }
    over = Advance();
  }
  FinishIfOver(over);
}

void CommitStream::End(const Status& status) {
  if (Running()) {
    end_ = status;
    requests_.clear();
  }
}

void CommitStream::SubmitNext() {
  // std::function copies, a request does not.
  const auto request = std::make_shared<Request>(std::move(requests_.front()));
  requests_.pop_front();
  const Status accepted = context_.queue.Submit(
      [stream = shared_from_this(), request] { stream->CommitOne(std::move(*request)); });
  if (accepted.ok()) {
    committing_ = true;
  } else {
    End(accepted);
  }
}

std::optional<Status> CommitStream::Advance() {
  if (finished_) {
    return std::nullopt;
  }
  if (!committing_ && !requests_.empty() && answers_.size() < kAnswersMax) {
    SubmitNext();
  }
  if (!reading_ && !half_closed_ && Running() &&
      requests_.size() + (committing_ ? 1 : 0) < kReadAhead) {
    reading_ = true;
    StartRead(&read_buffer_);
  }
  if (!writing_ && !answers_.empty()) {
    v1::CommitResponse response;
    ToProto(answers_.front(), &response);
    answers_.pop_front();
    write_buffer_ = Serialize(response);
    writing_ = true;
    StartWrite(&write_buffer_);
  }
  if (committing_ || writing_ || (Running() && !(half_closed_ && requests_.empty()))) {
    return std::nullopt;
  }
  finished_ = true;
  return end_.value_or(OkStatus());
}

void CommitStream::FinishIfOver(const std::optional<Status>& over) {
  if (over.has_value()) {
    Finish(ToGrpcStatus(*over));
  }
}

}  // namespace flatkv::server
