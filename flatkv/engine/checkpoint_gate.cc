#include "flatkv/engine/checkpoint_gate.h"

#include "flatkv/base/check.h"

namespace flatkv {

void CheckpointGate::ManifestSynced(const std::string& name, uint64_t size_bytes) {
  MutexLock lock(mu_);
  synced_ = {name, size_bytes};
}

void CheckpointGate::LogRemoved(uint64_t log) {
  {
    MutexLock lock(mu_);
    if (state_ != State::kArmed || log < log_) {
      return;
    }
    // A later memtable is in the MANIFEST already if its log goes first.
    state_ = log == log_ ? State::kCaptured : State::kMissed;
    captured_ = synced_;
  }
  changed_.NotifyAll();
}

bool CheckpointGate::HoldsBack(const std::string& path) {
  MutexLock lock(mu_);
  if (state_ != State::kCaptured) {
    return false;
  }
  due_removals_.insert(path);
  return true;
}

void CheckpointGate::Created(const std::string& path) {
  MutexLock lock(mu_);
  due_removals_.erase(path);
}

Status CheckpointGate::Arm(uint64_t log) {
  MutexLock lock(mu_);
  if (state_ != State::kIdle) {
    return WithReason(FailedPrecondition("checkpoint: another one is under way"),
                      Reason::kOperationInProgress);
  }
  state_ = State::kArmed;
  log_ = log;
  return OkStatus();
}

void CheckpointGate::Capture() {
  {
    MutexLock lock(mu_);
    if (state_ != State::kArmed) {
      return;
    }
    state_ = State::kCaptured;
    captured_ = synced_;
  }
  changed_.NotifyAll();
}

Status CheckpointGate::StartFinish() {
  MutexLock lock(mu_);
  if (state_ == State::kIdle) {
    return Unavailable("checkpoint: abandoned, or never begun");
  }
  FLATKV_CHECK(!finishing_);
  finishing_ = true;
  return OkStatus();
}

StatusOr<std::optional<ManifestPosition>> CheckpointGate::WaitCaptured(
    std::chrono::milliseconds timeout) {
  MutexLock lock(mu_);
  if (state_ == State::kArmed && !abandoned_) {
    changed_.WaitFor(mu_, timeout);
  }
  if (abandoned_) {
    return Unavailable("checkpoint: abandoned");
  }
  if (state_ == State::kMissed) {
    return Internal("checkpoint: the log of a later memtable was removed first");
  }
  return state_ == State::kCaptured ? std::optional(captured_) : std::nullopt;
}

std::vector<std::string> CheckpointGate::ReleaseLocked() {
  const std::vector<std::string> due(due_removals_.begin(), due_removals_.end());
  due_removals_.clear();
  state_ = State::kIdle;
  finishing_ = false;
  abandoned_ = false;
  return due;
}

std::vector<std::string> CheckpointGate::Release() {
  MutexLock lock(mu_);
  return ReleaseLocked();
}

std::vector<std::string> CheckpointGate::Abandon() {
  {
    MutexLock lock(mu_);
    if (!finishing_) {
      return ReleaseLocked();
    }
    abandoned_ = true;
  }
  changed_.NotifyAll();
  return {};
}

}  // namespace flatkv
