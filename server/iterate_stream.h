// One Iterate call: chunks of pairs, one on its way at a time, so a slow client costs one chunk of
// memory and no thread. At an old version it holds the view from its first step to its last.
//
// Thread safety: internal. A step (fill a chunk on the pool, send it) is over before the next
// begins; OnCancel only sets a flag that the next step sees.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstdint>
#include <memory>

#include "flatkv/store/store.h"
#include "flatkv/v1/query_service.pb.h"
#include "server/call_tracker.h"
#include "server/work_queue.h"

namespace flatkv::server {

class IterateStream final : public grpc::ServerWriteReactor<v1::IterateResponse> {
 public:
  // A chunk is sent once it holds this many bytes of keys and values, and of what a pair takes
  // beside them.
  static constexpr uint64_t kChunkBytes = uint64_t{256} << 10;
  static constexpr uint64_t kPairOverheadBytes = 16;

  struct Context {
    Store& store;
    WorkQueue& queue;
    WorkQueue& views;  // opens old versions
    CallTracker& calls;
  };

  // Deletes itself when gRPC is done with the call. `request` and what `context` names outlive it.
  // With `most` iterations running the call fails with kResourceExhausted.
  static IterateStream* Start(const Context& context, const v1::IterateRequest& request,
                              size_t most);

  void OnWriteDone(bool ok) override;
  void OnCancel() override { cancelled_.store(true, std::memory_order_relaxed); }
  void OnDone() override;

 private:
  IterateStream(const Context& context, const v1::IterateRequest& request)
      : context_(context), request_(request) {}

  void SubmitStep(WorkQueue& queue);
  void Step();
  // Moves the next pairs into `chunk_`; true when more follow.
  StatusOr<bool> Fill();
  StatusOr<std::unique_ptr<StoreIterator>> Open();
  void Close();
  void End(const Status& status);

  const Context context_;
  const v1::IterateRequest& request_;
  bool counted_ = false;
  std::atomic<bool> cancelled_{false};
  std::shared_ptr<StoreView> view_;  // unset: the head
  std::unique_ptr<StoreIterator> iterator_;
  v1::IterateResponse chunk_;
  uint64_t sent_pairs_ = 0;
};

}  // namespace flatkv::server
