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
// Rows of versions without an undo record for which the thread for them is woken. A replay looks up
// the old rows of that many.
constexpr uint64_t kUnrecordedRowsMax = 5'000;

// Neighbours are merged pairwise, so each row moves log2(versions) times.
RowChanges MergeAll(const std::vector<const RowChanges*>& versions) {
  if (versions.empty()) {
    return {};
  }
  if (versions.size() == 1) {
    return *versions.front();
  }
  std::vector<RowChanges> merged;
  for (size_t i = 0; i < versions.size(); i += 2) {
    merged.push_back(i + 1 < versions.size() ? MergeRows(*versions[i], *versions[i + 1])
                                             : *versions[i]);
  }
  while (merged.size() > 1) {
    for (size_t i = 0; i < merged.size(); i += 2) {
      merged[i / 2] =
          i + 1 < merged.size() ? MergeRows(merged[i], merged[i + 1]) : std::move(merged[i]);
    }
    merged.resize((merged.size() + 1) / 2);
  }
  return std::move(merged.front());
}

// Puts a later version's metadata over an earlier one's.
void Supersede(const DbMetadata& later, DbMetadata* metadata) {
  metadata->hash = later.hash;
  for (const auto& [name, state] : later.modules) {
    const auto it =
        std::find_if(metadata->modules.begin(), metadata->modules.end(),
                     [&wanted = name](const auto& module) { return module.first == wanted; });
    if (it == metadata->modules.end()) {
      metadata->modules.emplace_back(name, state);
    } else {
      it->second = state;
    }
  }
}

}  // namespace

WriteBehind::WriteBehind(DataDbs& dbs, Overlay& overlay, Options options)
    : dbs_(dbs),
      overlay_(overlay),
      options_(std::move(options)),
      db_versions_(options_.db_versions),
      written_version_(*std::max_element(db_versions_.begin(), db_versions_.end())),
      thread_([this] {
        SetThreadName("fkv-behind");
        Run();
      }),
      undo_thread_([this] {
        SetThreadName("fkv-undo");
        RunUndo();
      }) {}

WriteBehind::~WriteBehind() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  much_unrecorded_.NotifyAll();
  thread_.join();
  undo_thread_.join();
  MutexLock lock(mu_);
  DropSnapshots({}, Unavailable("the store stopped before the snapshot was begun"));
}

void WriteBehind::Enqueue(std::shared_ptr<const VersionRows> rows, uint64_t log_bytes,
                          std::shared_ptr<SnapshotRequest> snapshot) {
  const size_t row_count = rows == nullptr ? 0 : rows->RowCount();
  bool wake = false;
  bool wake_undo = false;
  {
    MutexLock lock(mu_);
    queued_rows_ += row_count;
    unrecorded_rows_ += row_count;
    wake_undo = unrecorded_rows_ >= kUnrecordedRowsMax;
    if (!error_.ok() && snapshot != nullptr) {
      // Nobody takes it from the queue any more.
      snapshot->Finish(error_);
      snapshot.reset();
    }
    queued_snapshots_ += snapshot == nullptr ? 0U : 1U;
    queue_.push_back({std::move(rows), log_bytes, std::move(snapshot)});
    // A thread that gathers versions is not woken for each.
    wake = in_progress_ == 0 && (queue_.size() == 1 || HasWholeBatch());
  }
  if (wake) {
    changed_.NotifyAll();
  }
  if (wake_undo) {
    much_unrecorded_.NotifyOne();
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
    (*work->work)(written_version_);
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

std::vector<WriteBehind::Queued> WriteBehind::TakeBatch() {
  std::vector<Queued> batch;
  MutexLock lock(mu_);
  const size_t rows_max = BatchRows();
  size_t rows = 0;
  while (!queue_.empty() && batch.size() < kBatchVersionsMax) {
    const Queued& next = queue_.front();
    const size_t next_rows = next.rows == nullptr ? 0 : next.rows->RowCount();
    if ((next.rows != nullptr && next.rows->version > recorded_) ||
        (!batch.empty() && rows + next_rows > rows_max)) {
      break;
    }
    rows += next_rows;
    const bool ends_batch = next.snapshot != nullptr;
    queued_snapshots_ -= ends_batch ? 1U : 0U;
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (ends_batch) {
      break;
    }
  }
  queued_rows_ -= rows;
  in_progress_ = batch.size();
  return batch;
}

void WriteBehind::Run() {
  while (WaitForWork()) {
    RecordUndo();
    const std::vector<Queued> batch = TakeBatch();
    RunBoundaryWork();
    bool flush = false;
    {
      MutexLock lock(mu_);
      if (stopping_) {
        return;
      }
      // Versions may have come while the boundary work ran: they are written first.
      flush = batch.empty() && queue_.empty() && flush_wanted_;
    }
    const int64_t began = ThreadCpuNanoseconds();
    Status status = flush ? dbs_.Flush() : WriteBatch(batch);
    const std::chrono::nanoseconds work(ThreadCpuNanoseconds() - began);
    if (status.ok()) {
      for (const Queued& queued : batch) {
        if (queued.rows != nullptr) {
          for (const DataDb db : kAllDataDbs) {
            options_.rows->Wrote(queued.rows->rows[IndexOf(db)]);
          }
          overlay_.Erase(*queued.rows);
        }
      }
      status = FlushLagging();
      flushed_rows_ = FlushedRows();
    }
    if (status.ok() && !batch.empty() && batch.back().snapshot != nullptr) {
      options_.begin_snapshot(batch.back().snapshot);
    }
    {
      MutexLock lock(mu_);
      in_progress_ = 0;
      finished_version_ = written_version_;
      error_ = status;
      if (!status.ok()) {
        DropSnapshots(batch, status);
      }
      if (flush) {
        flush_wanted_ = false;
      }
    }
    changed_.NotifyAll();
    if (!status.ok()) {
      options_.on_error(status);
      return;
    }
    Pause(work);
  }
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

void WriteBehind::DropSnapshots(const std::vector<Queued>& batch, const Status& cause) {
  for (const Queued& queued : batch) {
    if (queued.snapshot != nullptr) {
      queued.snapshot->Finish(cause);
    }
  }
  for (const Queued& queued : queue_) {
    if (queued.snapshot != nullptr) {
      queued.snapshot->Finish(cause);
    }
  }
}

Status WriteBehind::WriteBatch(const std::vector<Queued>& batch) {
  Version last = 0;
  for (const Queued& queued : batch) {
    if (queued.rows != nullptr) {
      last = queued.rows->version;
    }
  }
  if (last == 0) {
    return OkStatus();
  }
  started_version_.store(last, std::memory_order_release);
  for (const DataDb db : kAllDataDbs) {
    RETURN_IF_ERROR(WriteDb(db, last, batch));
  }
  for (const Queued& queued : batch) {
    if (queued.rows != nullptr && options_.hash_log != nullptr) {
      options_.hash_log->Append(*queued.rows);
    }
    log_bytes_written_ += queued.log_bytes;
  }
  written_version_ = std::max(written_version_, last);
  return OkStatus();
}

Status WriteBehind::WriteDb(DataDb db, Version last, const std::vector<Queued>& batch) {
  const size_t index = IndexOf(db);
  if (last <= db_versions_[index]) {
    return OkStatus();  // replaying versions that this DB already holds
  }
  std::vector<const RowChanges*> rows;
  DbMetadata metadata;
  bool touched = false;
  for (const Queued& queued : batch) {
    if (queued.rows == nullptr) {
      continue;
    }
    if (!queued.rows->rows[index].empty()) {
      rows.push_back(&queued.rows->rows[index]);
    }
    if (const std::optional<DbMetadata>& update = queued.rows->metadata[index];
        update.has_value()) {
      touched = true;
      Supersede(*update, &metadata);
    }
  }
  const RowChanges merged = MergeAll(rows);
  RETURN_IF_ERROR(dbs_.Write(db, last, merged, touched ? &metadata : nullptr));
  db_versions_[index] = last;
  if (!merged.empty()) {
    rows_versions_[index] = last;
  }
  return OkStatus();
}

void WriteBehind::RunUndo() {
  while (true) {
    {
      MutexLock lock(mu_);
      while (!stopping_ && unrecorded_rows_ < kUnrecordedRowsMax) {
        much_unrecorded_.Wait(mu_);
      }
      if (stopping_ || !error_.ok()) {
        return;
      }
    }
    RecordUndo();
  }
}

void WriteBehind::RecordUndo() {
  MutexLock recording(undo_mu_);
  std::vector<std::shared_ptr<const VersionRows>> versions;
  {
    MutexLock lock(mu_);
    for (const Queued& queued : queue_) {
      if (queued.rows != nullptr && queued.rows->version > recorded_) {
        versions.push_back(queued.rows);
      }
    }
    unrecorded_rows_ = 0;
  }
  if (versions.empty()) {
    return;
  }
  if (options_.undo != nullptr) {
    // A replay meets versions that have one.
    const Version has_record = options_.undo->last();
    for (const std::shared_ptr<const VersionRows>& rows : versions) {
      if (rows->version > has_record) {
        options_.undo->Append(*rows, flushed_rows_);
      }
    }
  }
  MutexLock lock(mu_);
  recorded_ = versions.back()->version;
}

Version WriteBehind::FlushedRows() const {
  Version flushed = written_version_;
  for (const DataDb db : kAllDataDbs) {
    const Version on_disk = std::max(options_.db_versions[IndexOf(db)], dbs_[db].FlushedVersion());
    if (rows_versions_[IndexOf(db)] > on_disk) {
      flushed = std::min(flushed, on_disk);
    }
  }
  return flushed;
}

Status WriteBehind::FlushLagging() {
  for (const DataDb db : kAllDataDbs) {
    const size_t index = IndexOf(db);
    const Version flushed = dbs_[db].FlushedVersion();
    if (flushed > flushed_seen_[index]) {
      // What was written after `flushed` still counts as flushed here: an undercount of at most one
      // memtable.
      flushed_seen_[index] = flushed;
      log_bytes_flushed_[index] = log_bytes_written_;
    }
    if (log_bytes_written_ - log_bytes_flushed_[index] > options_.replay_bytes_max) {
      RETURN_IF_ERROR(dbs_[db].Flush());
      log_bytes_flushed_[index] = log_bytes_written_;
    }
  }
  return OkStatus();
}

}  // namespace flatkv
