#include "flatkv/store/write_behind.h"

#include <algorithm>
#include <chrono>

#include "flatkv/base/cpu_clock.h"
#include "flatkv/base/thread_pool.h"
#include "flatkv/store/write_pace.h"

namespace flatkv {
namespace {

// Rows to one engine batch, and what a batch waits for: LevelDB finds the place of a row that comes
// next to the one before for a third of what a lone one costs. Much more only keeps the overlay
// full.
constexpr size_t kBatchRows = 40'000;
constexpr size_t kBatchVersionsMax = 4'096;

}  // namespace

WriteBehind::WriteBehind(DataDbs& dbs, Overlay& overlay, Options options)
    : dbs_(dbs),
      overlay_(overlay),
      options_(std::move(options)),
      writer_(dbs, options_.db_versions, options_.replay_bytes_max, options_.hash_log),
      undo_(options_.undo),
      thread_([this] {
        SetThreadName("fkv-behind");
        Run();
      }) {}

WriteBehind::~WriteBehind() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
  MutexLock lock(mu_);
  DropSnapshots(batch_.snapshot, Unavailable("the store stopped before the snapshot was begun"));
}

void WriteBehind::Enqueue(std::shared_ptr<const VersionRows> rows, uint64_t log_bytes,
                          std::shared_ptr<SnapshotRequest> snapshot) {
  const size_t row_count = rows == nullptr ? 0 : rows->RowCount();
  if (rows != nullptr) {
    undo_.Add(rows);
  }
  bool wake = false;
  {
    MutexLock lock(mu_);
    queued_rows_ += row_count;
    if (!error_.ok() && snapshot != nullptr) {
      // Nobody takes it from the queue any more.
      snapshot->Finish(error_);
      snapshot.reset();
    }
    queued_snapshots_ += snapshot == nullptr ? 0U : 1U;
    queue_.push_back({{std::move(rows), log_bytes}, std::move(snapshot)});
    // A thread that gathers versions is not woken for each.
    wake = in_progress_ == 0 && (queue_.size() == 1 || HasWholeBatch());
  }
  if (wake) {
    changed_.NotifyAll();
  }
}

Status WriteBehind::AtBoundary(const std::function<void(Version)>& work) {
  BoundaryWork wanted{&work, false};
  MutexLock lock(mu_);
  boundary_work_.push_back(&wanted);
  changed_.NotifyAll();
  while (error_.ok() && !wanted.done) {
    changed_.Wait(mu_);
  }
  std::erase(boundary_work_, &wanted);
  return wanted.done ? OkStatus() : error_;
}

void WriteBehind::RunBoundaryWork() {
  while (true) {
    BoundaryWork* work = nullptr;
    {
      MutexLock lock(mu_);
      if (boundary_work_.empty()) {
        return;
      }
      work = boundary_work_.front();
      boundary_work_.pop_front();
    }
    (*work->work)(writer_.written_version());
    {
      MutexLock lock(mu_);
      work->done = true;
    }
    changed_.NotifyAll();
  }
}

Status WriteBehind::WaitForRoom() {
  MutexLock lock(mu_);
  while (error_.ok() && overlay_.bytes() >= options_.overlay_bytes_max &&
         (!queue_.empty() || in_progress_ > 0)) {
    changed_.Wait(mu_);
  }
  return error_;
}

Status WriteBehind::WaitWritten(Version version) {
  MutexLock lock(mu_);
  ++waiting_for_all_;
  changed_.NotifyAll();
  while (error_.ok() && finished_version_ < version && (!queue_.empty() || in_progress_ > 0)) {
    changed_.Wait(mu_);
  }
  --waiting_for_all_;
  return error_;
}

Status WriteBehind::Drain() {
  MutexLock lock(mu_);
  ++waiting_for_all_;
  changed_.NotifyAll();
  while (error_.ok() && (!queue_.empty() || in_progress_ > 0)) {
    changed_.Wait(mu_);
  }
  --waiting_for_all_;
  return error_;
}

Status WriteBehind::Flush() {
  MutexLock lock(mu_);
  flush_wanted_ = true;
  changed_.NotifyAll();
  // The thread flushes when it has drained the queue, so a commit that keeps it busy cannot be
  // passed by.
  while (error_.ok() && flush_wanted_) {
    changed_.Wait(mu_);
  }
  return error_;
}

uint64_t WriteBehind::lag_versions() const {
  MutexLock lock(mu_);
  return queue_.size() + in_progress_;
}

bool WriteBehind::WaitForWork() {
  MutexLock lock(mu_);
  while (!stopping_ && !HasWork()) {
    changed_.Wait(mu_);
  }
  while (!Hurried() && !HasWholeBatch() && WaitBefore(batch_began_ + options_.gather_time_max)) {
  }
  batch_began_ = Clock::now();
  return !stopping_;
}

bool WriteBehind::WaitBefore(Clock::time_point end) {
  const Clock::time_point now = Clock::now();
  if (end <= now) {
    return false;
  }
  changed_.WaitFor(mu_, std::chrono::ceil<std::chrono::milliseconds>(end - now));
  return true;
}

size_t WriteBehind::BatchRows() const {
  return paced_ && !Hurried() ? kPacedBatchRowsMax : kBatchRows;
}

bool WriteBehind::HasWholeBatch() const {
  return queued_rows_ >= BatchRows() || queue_.size() >= kBatchVersionsMax ||
         queued_snapshots_ > 0 || overlay_.bytes() >= options_.overlay_bytes_max / 2;
}

WriteBehind::Batch WriteBehind::TakeBatch() {
  const Version recorded = undo_.recorded();
  Batch batch;
  MutexLock lock(mu_);
  const size_t rows_max = BatchRows();
  size_t rows = 0;
  while (!queue_.empty() && batch.snapshot == nullptr &&
         batch.versions.size() < kBatchVersionsMax) {
    Queued& next = queue_.front();
    if (next.version.rows != nullptr) {
      const size_t next_rows = next.version.rows->RowCount();
      if (next.version.rows->version > recorded ||
          (!batch.versions.empty() && rows + next_rows > rows_max)) {
        break;
      }
      rows += next_rows;
      batch.versions.push_back(std::move(next.version));
    }
    queued_snapshots_ -= next.snapshot == nullptr ? 0U : 1U;
    batch.snapshot = std::move(next.snapshot);
    queue_.pop_front();
    ++in_progress_;
  }
  queued_rows_ -= rows;
  return batch;
}

void WriteBehind::Run() {
  while (WaitForWork()) {
    undo_.RecordAll();
    batch_ = TakeBatch();
    RunBoundaryWork();
    bool flush = false;
    {
      MutexLock lock(mu_);
      if (stopping_) {
        return;
      }
      // Versions may have come while the boundary work ran: they are written first.
      flush = in_progress_ == 0 && queue_.empty() && flush_wanted_;
    }
    const int64_t began = ThreadCpuNanoseconds();
    Status status = flush ? dbs_.Flush() : writer_.Write(batch_.versions);
    const std::chrono::nanoseconds work(ThreadCpuNanoseconds() - began);
    if (status.ok()) {
      status = Written();
    }
    {
      MutexLock lock(mu_);
      in_progress_ = 0;
      finished_version_ = writer_.written_version();
      error_ = status;
      if (!status.ok()) {
        DropSnapshots(batch_.snapshot, status);
      }
      if (flush) {
        flush_wanted_ = false;
      }
    }
    changed_.NotifyAll();
    if (!status.ok()) {
      undo_.Stop();
      options_.on_error(status);
      return;
    }
    batch_ = {};
    Pause(work);
  }
}

Status WriteBehind::Written() {
  for (const LoggedVersion& version : batch_.versions) {
    for (const DataDb db : kAllDataDbs) {
      options_.rows->Wrote(version.rows->rows[IndexOf(db)]);
    }
    overlay_.Erase(*version.rows);
  }
  RETURN_IF_ERROR(writer_.FlushLagging());
  undo_.RowsFlushed(writer_.FlushedRows());
  if (batch_.snapshot != nullptr) {
    options_.begin_snapshot(batch_.snapshot);
  }
  return OkStatus();
}

void WriteBehind::Pause(std::chrono::nanoseconds work) {
  const std::chrono::nanoseconds pause =
      PauseAfterWrite(dbs_.Level0TablesMost(), options_.memtable_bytes, work);
  const Clock::time_point begin = Clock::now();
  MutexLock lock(mu_);
  paced_ = pause > std::chrono::nanoseconds(0);
  if (paced_) {
    while (!Hurried() && WaitBefore(begin + pause)) {
    }
    paused_ += std::chrono::nanoseconds(Clock::now() - begin).count();
  }
}

void WriteBehind::DropSnapshots(const std::shared_ptr<SnapshotRequest>& taken,
                                const Status& cause) {
  if (taken != nullptr) {
    taken->Finish(cause);
  }
  for (const Queued& queued : queue_) {
    if (queued.snapshot != nullptr) {
      queued.snapshot->Finish(cause);
    }
  }
}

}  // namespace flatkv
