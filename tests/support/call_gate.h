// A gate for calls of one kind, for the hook of a FaultFileSystem: while it is closed they wait.
//
// Thread safety: safe for concurrent use.
#pragma once

#include <string>
#include <utility>

#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"
#include "tests/support/fs_call.h"

namespace flatkv::test {

class CallGate {
 public:
  // Of `op` on paths that contain `path_part`. Open at first.
  CallGate(FsOp op, std::string path_part) : op_(op), path_part_(std::move(path_part)) {}

  void Close() {
    MutexLock lock(mu_);
    is_open_ = false;
  }
  void Open() {
    MutexLock lock(mu_);
    is_open_ = true;
    changed_.NotifyAll();
  }
  // Waits for a call that has come to the closed gate.
  void WaitUntilReached() {
    MutexLock lock(mu_);
    while (!is_reached_) {
      changed_.Wait(mu_);
    }
  }
  Status Pass(const FsCall& call) {
    if (call.op == op_ && call.path.find(path_part_) != std::string::npos) {
      MutexLock lock(mu_);
      is_reached_ = is_reached_ || !is_open_;
      changed_.NotifyAll();
      while (!is_open_) {
        changed_.Wait(mu_);
      }
    }
    return OkStatus();
  }

 private:
  const FsOp op_;
  const std::string path_part_;
  Mutex mu_;
  CondVar changed_;
  bool is_open_ GUARDED_BY(mu_) = true;
  bool is_reached_ GUARDED_BY(mu_) = false;
};

}  // namespace flatkv::test
