// One rollback or reorg at a time; the second is told, not queued.
#pragma once

#include <atomic>

#include "flatkv/base/status.h"

namespace flatkv {

class OperationSlot {
 public:
  explicit OperationSlot(std::atomic<bool>& busy) : busy_(busy), taken_(!busy.exchange(true)) {}
  ~OperationSlot() {
    if (taken_) {
      busy_ = false;
    }
  }
  OperationSlot(const OperationSlot&) = delete;
  OperationSlot& operator=(const OperationSlot&) = delete;

  // OK, or kUnavailable with Reason::kOperationInProgress.
  Status status() const {
    return taken_ ? OkStatus()
                  : WithReason(Unavailable("another rollback or reorg is in progress"),
                               Reason::kOperationInProgress);
  }

 private:
  std::atomic<bool>& busy_;
  const bool taken_;
};

}  // namespace flatkv
