// Cancels a call to a daemon as soon as somebody wants it to end, while the calling thread waits in
// it.
//
// Thread safety: made, asked and destroyed by one thread.
#pragma once

#include <grpcpp/client_context.h>

#include <atomic>
#include <functional>
#include <thread>

#include "flatkv/base/mutex.h"

namespace flatkv::cli {

class CancelWatch {
 public:
  // `go_on` is asked ten times a second, from another thread; unset: nothing is watched. `context`
  // outlives the watch.
  CancelWatch(grpc::ClientContext& context, const std::function<bool()>& go_on);
  ~CancelWatch();
  CancelWatch(const CancelWatch&) = delete;
  CancelWatch& operator=(const CancelWatch&) = delete;

  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

 private:
  void Run(grpc::ClientContext& context, const std::function<bool()>& go_on) EXCLUDES(mu_);

  std::atomic<bool> cancelled_{false};
  Mutex mu_;
  CondVar changed_;
  bool done_ GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace flatkv::cli
