#include "server/commit_stream.h"

#include <algorithm>
#include <utility>

#include "server/grpc_status.h"
#include "server/proto_convert.h"
#include "server/wire.h"

namespace flatkv::server {
namespace {

size_t BytesOf(const StatusOr<std::shared_ptr<const BlockRequest>>& request) {
  return request.ok() ? (*request)->size_bytes() : 0;
}

}  // namespace

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
  std::optional<Request> request;
  if (ok) {
    request = BlockRequest::Parse(read_buffer_);
    read_buffer_.Clear();
  }
  std::optional<Status> over;
  {
    MutexLock lock(mu_);
    reading_ = false;
    if (!ok) {
      half_closed_ = true;
    } else if (Running()) {
      waiting_bytes_ += BytesOf(*request);
      requests_.push_back(*std::move(request));
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

void CommitStream::Commit(const std::vector<Request>& group) {
  bool running = false;
  {
    MutexLock lock(mu_);
    running = Running();
  }
  std::vector<CommitResult> answers;
  Status status;
  if (running) {
    status = CommitGroup(group, &answers);
  }
  std::optional<Status> over;
  {
    MutexLock lock(mu_);
    committing_ = 0;
    answers_.insert(answers_.end(), answers.begin(), answers.end());
    if (!status.ok()) {
      End(status);
    }
    over = Advance();
  }
  FinishIfOver(over);
}

Status CommitStream::CommitGroup(const std::vector<Request>& group,
                                 std::vector<CommitResult>* answers) {
  Status status = group.front().status();
  if (status.ok()) {
    std::vector<BlockRef> blocks;
    blocks.reserve(group.size());
    for (const Request& request : group) {
      blocks.push_back({(*request)->version(), &(*request)->changes()});
    }
    const std::vector<StatusOr<CommitResult>> results =
        context_.store.CommitBlocks(blocks, OnRefusal::kStop);
    for (size_t i = 0; i < results.size() && status.ok(); ++i) {
      if (results[i].ok()) {
        context_.metrics.Committed(*results[i], UpdatesOf(*blocks[i].changes));
        answers->push_back(*results[i]);
      } else {
        status = results[i].status();
        context_.on_failure();
      }
    }
  }
  if (!status.ok()) {
    context_.metrics.Failed(status);
  }
  return status;
}

void CommitStream::End(const Status& status) {
  if (Running()) {
    end_ = status;
    requests_.clear();
    waiting_bytes_ = 0;
  }
}

std::vector<CommitStream::Request> CommitStream::TakeGroup() {
  std::vector<Request> group;
  size_t bytes = 0;
  while (!requests_.empty() && group.size() < kGroupBlocksMax) {
    const Request& next = requests_.front();
    bytes += BytesOf(next);
    if (!group.empty() && (!next.ok() || bytes > kGroupBytesMax)) {
      break;
    }
    const bool is_readable = next.ok();
    waiting_bytes_ -= BytesOf(next);
    group.push_back(std::move(requests_.front()));
    requests_.pop_front();
    if (!is_readable) {
      break;
    }
  }
  return group;
}

void CommitStream::SubmitNext() {
  // std::function copies, requests need not be.
  const auto group = std::make_shared<const std::vector<Request>>(TakeGroup());
  const Status accepted =
      context_.queue.Submit([stream = shared_from_this(), group] { stream->Commit(*group); });
  if (accepted.ok()) {
    committing_ = group->size();
  } else {
    End(accepted);
  }
}

bool CommitStream::MayRead() const {
  if (reading_ || half_closed_ || !Running()) {
    return false;
  }
  return requests_.size() + std::min<size_t>(committing_, 1) < kReadAhead ||
         (requests_.size() < kGroupBlocksMax && waiting_bytes_ < kGroupBytesMax);
}

std::optional<Status> CommitStream::Advance() {
  if (finished_) {
    return std::nullopt;
  }
  if (committing_ == 0 && !requests_.empty() && answers_.size() < kAnswersMax) {
    SubmitNext();
  }
  if (MayRead()) {
    reading_ = true;
    StartRead(&read_buffer_);
  }
  if (!writing_ && !answers_.empty()) {
    v1::CommitResponse response;
    ToProto(answers_.front(), &response);
    answers_.pop_front();
    write_buffer_ = Serialize(response);
    writing_ = true;
    // With more to come gRPC may keep it and send several at once.
    StartWrite(&write_buffer_,
               answers_.empty() ? grpc::WriteOptions() : grpc::WriteOptions().set_buffer_hint());
  }
  if (committing_ > 0 || writing_ || (Running() && !(half_closed_ && requests_.empty()))) {
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
