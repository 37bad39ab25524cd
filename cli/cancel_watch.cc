#include "cli/cancel_watch.h"

#include <chrono>

namespace flatkv::cli {
namespace {

constexpr std::chrono::milliseconds kPeriod{100};

}  // namespace

CancelWatch::CancelWatch(grpc::ClientContext& context, const std::function<bool()>& go_on) {
  if (go_on != nullptr) {
    thread_ = std::thread([this, &context, go_on] { Run(context, go_on); });
  }
}

CancelWatch::~CancelWatch() {
  {
    MutexLock lock(mu_);
    done_ = true;
  }
  changed_.NotifyAll();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void CancelWatch::Run(grpc::ClientContext& context, const std::function<bool()>& go_on) {
  MutexLock lock(mu_);
  while (!done_) {
    if (!go_on()) {
      cancelled_.store(true, std::memory_order_relaxed);
      context.TryCancel();
      return;
    }
    changed_.WaitFor(mu_, kPeriod);
  }
}

}  // namespace flatkv::cli
