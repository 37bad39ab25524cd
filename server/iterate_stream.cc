#include "server/iterate_stream.h"

#include <fmt/format.h>

#include "server/grpc_status.h"
#include "server/proto_convert.h"

namespace flatkv::server {

IterateStream* IterateStream::Start(const Context& context, const v1::IterateRequest& request,
                                    size_t most) {
  auto* stream = new IterateStream(context, request);
  if (!context.calls.TryBegin(most)) {
    stream->End(ResourceExhausted(fmt::format("{} iterations run already, retry later", most)));
    return stream;
  }
  stream->counted_ = true;
  if (const Status valid = CheckReadVersion(request.version()); !valid.ok()) {
    stream->End(valid);
    return stream;
  }
  stream->SubmitStep(request.version() == 0 ? context.queue : context.views);
  return stream;
}

void IterateStream::OnWriteDone(bool ok) {
  if (ok) {
    SubmitStep(context_.queue);
  } else {
    End(MakeStatus(StatusCode::kCancelled, "the client is gone"));
  }
}

void IterateStream::OnDone() {
  CallTracker& calls = context_.calls;
  const bool counted = counted_;
  delete this;
  if (counted) {
    calls.End();
  }
}

void IterateStream::SubmitStep(WorkQueue& queue) {
  const Status accepted = queue.Submit([this] { Step(); });
  if (!accepted.ok()) {
    End(accepted);
  }
}

void IterateStream::Step() {
  if (cancelled_.load(std::memory_order_relaxed)) {
    End(MakeStatus(StatusCode::kCancelled, "cancelled by the client"));
    return;
  }
  const StatusOr<bool> more = Fill();
  if (!more.ok()) {
    End(more.status());
  } else if (*more) {
    StartWrite(&chunk_);
  } else {
    Close();
    StartWriteAndFinish(&chunk_, grpc::WriteOptions(), grpc::Status::OK);
  }
}

StatusOr<bool> IterateStream::Fill() {
  if (iterator_ == nullptr) {
    ASSIGN_OR_RETURN(iterator_, Open());
  }
  chunk_.Clear();
  chunk_.set_version(iterator_->version());
  const uint64_t limit = request_.limit() == 0 ? UINT64_MAX : request_.limit();
  uint64_t bytes = 0;
  while (iterator_->Valid() && sent_pairs_ < limit) {
    if (bytes >= kChunkBytes) {
      return true;
    }
    v1::IterateResponse::Pair* pair = chunk_.add_pairs();
    pair->set_key(std::string(iterator_->key()));
    pair->set_value(std::string(iterator_->value()));
    bytes += pair->key().size() + pair->value().size() + kPairOverheadBytes;
    ++sent_pairs_;
    iterator_->Next();
  }
  RETURN_IF_ERROR(iterator_->status());
  return false;
}

StatusOr<std::unique_ptr<StoreIterator>> IterateStream::Open() {
  if (request_.version() == 0) {
    return context_.store.Iterate(RangeOf(request_));
  }
  ASSIGN_OR_RETURN(view_, context_.store.ViewAt(request_.version()));
  return view_->Iterate(RangeOf(request_));
}

void IterateStream::Close() {
  iterator_.reset();
  view_.reset();
}

void IterateStream::End(const Status& status) {
  Close();
  Finish(ToGrpcStatus(status));
}

}  // namespace flatkv::server
