#include "flatkv/store/undo_recorder.h"

#include <utility>

#include "flatkv/base/thread_pool.h"

namespace flatkv {
namespace {

// Rows of versions without a record for which the thread is woken. A replay looks up the old rows
// of that many.
constexpr uint64_t kWaitingRowsMax = 5'000;

}  // namespace

UndoRecorder::UndoRecorder(UndoLog* log) : log_(log) {
  if (log_ != nullptr) {
    thread_.emplace([this] {
      SetThreadName("fkv-undo");
      Run();
    });
  }
}

UndoRecorder::~UndoRecorder() {
  Stop();
  if (thread_.has_value()) {
    thread_->join();
  }
}

void UndoRecorder::Add(std::shared_ptr<const VersionRows> rows) {
  bool wake = false;
  {
    MutexLock lock(mu_);
    if (log_ == nullptr) {
      recorded_ = rows->version;
      return;
    }
    waiting_rows_ += rows->RowCount();
    wake = waiting_rows_ >= kWaitingRowsMax;
    waiting_.push_back(std::move(rows));
  }
  if (wake) {
    much_waits_.NotifyOne();
  }
}

void UndoRecorder::RecordAll() {
  MutexLock recording(recording_mu_);
  std::vector<std::shared_ptr<const VersionRows>> versions;
  Version flushed = 0;
  {
    MutexLock lock(mu_);
    versions.swap(waiting_);
    waiting_rows_ = 0;
    flushed = flushed_rows_;
  }
  if (versions.empty()) {
    return;
  }
  // A replay meets versions that have one.
  const Version has_record = log_->last();
  for (const std::shared_ptr<const VersionRows>& rows : versions) {
    if (rows->version > has_record) {
      log_->Append(*rows, flushed);
    }
  }
  MutexLock lock(mu_);
  recorded_ = versions.back()->version;
}

Version UndoRecorder::recorded() const {
  MutexLock lock(mu_);
  return recorded_;
}

void UndoRecorder::RowsFlushed(Version version) {
  MutexLock lock(mu_);
  flushed_rows_ = version;
}

void UndoRecorder::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  much_waits_.NotifyAll();
}

void UndoRecorder::Run() {
  while (true) {
    {
      MutexLock lock(mu_);
      while (!stopping_ && waiting_rows_ < kWaitingRowsMax) {
        much_waits_.Wait(mu_);
      }
      if (stopping_) {
        return;
      }
    }
    RecordAll();
  }
}

}  // namespace flatkv
