#include "cli/commit_window.h"

namespace flatkv::cli {

bool CommitWindow::Reserve(uint64_t bytes) {
  MutexLock lock(mutex_);
  while (!closed_ && !HasRoom(bytes)) {
    changed_.Wait(mutex_);
  }
  if (closed_) {
    return false;
  }
  sizes_.push_back(bytes);
  bytes_ += bytes;
  return true;
}

bool CommitWindow::Release() {
  MutexLock lock(mutex_);
  if (sizes_.empty()) {
    return false;
  }
  bytes_ -= sizes_.front();
  sizes_.pop_front();
  changed_.NotifyAll();
  return true;
}

void CommitWindow::Close() {
  MutexLock lock(mutex_);
  closed_ = true;
  changed_.NotifyAll();
}

size_t CommitWindow::outstanding() const {
  MutexLock lock(mutex_);
  return sizes_.size();
}

bool CommitWindow::HasRoom(uint64_t bytes) const {
  return sizes_.empty() || (sizes_.size() < requests_max_ && bytes_ + bytes <= bytes_max_);
}

}  // namespace flatkv::cli
