// The thread that carries committed versions into the data DBs, in version order, several at once:
// under load it gathers rows for a moment, because larger sorted batches are cheaper. It sees to it
// that undo records are written ahead of the rows, and between two versions starts snapshots and
// runs what others need to do while all four DBs stand at one version.
//
// Invariants:
//  (1) A version's undo record is appended before its rows are written.
//  (2) A version's overlay entries go only after all four DBs took the version.
//  (3) After the first failed write nothing more is written; the overlay keeps answering for what
//  is missing.
//
// Thread safety: Enqueue, WaitForRoom, Drain and Flush from any thread.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"
#include "flatkv/store/batch_writer.h"
#include "flatkv/store/data_dbs.h"
#include "flatkv/store/hash_log.h"
#include "flatkv/store/overlay.h"
#include "flatkv/store/snapshot_request.h"
#include "flatkv/store/stored_rows.h"
#include "flatkv/store/undo_log.h"
#include "flatkv/store/undo_recorder.h"
#include "flatkv/store/version_rows.h"

namespace flatkv {

class WriteBehind {
 public:
  struct Options {
    uint64_t overlay_bytes_max = 0;
    uint64_t replay_bytes_max = 0;
    uint64_t memtable_bytes = 0;  // of each data DB; above 0
    // The time from one batch to the next, unless there are enough rows or somebody waits for them.
    std::chrono::milliseconds gather_time_max{100};
    // The version that each DB holds at the start; a DB is never moved backwards.
    std::array<Version, kDataDbs> db_versions{};
    // Gets every version's undo record; may be null.
    UndoLog* undo = nullptr;
    // Gets every version's sums; may be null.
    HashLog* hash_log = nullptr;
    // Is told of every row that a DB took.
    StoredRows* rows = nullptr;
    // Called on the writing thread when all four DBs stand at the request's version.
    std::function<void(std::shared_ptr<SnapshotRequest>)> begin_snapshot;
    // Called once, on the writing thread, with the first error.
    std::function<void(const Status&)> on_error;
  };

  // Starts the thread. `dbs` and `overlay` outlive the object.
  WriteBehind(DataDbs& dbs, Overlay& overlay, Options options);
  // Stops without writing what is queued (call Drain before for that).
  ~WriteBehind();

  // Hands over a version whose rows the overlay already shows. `log_bytes` is its size in the
  // changelog. With `snapshot` one is begun right after the version; null rows begin one of the
  // version before. After a failed write the snapshot fails at once.
  void Enqueue(std::shared_ptr<const VersionRows> rows, uint64_t log_bytes,
               std::shared_ptr<SnapshotRequest> snapshot) EXCLUDES(mu_);
  // Runs `work` on the writing thread between two versions, with the one that the DBs then hold,
  // and waits for it. Errors: the write error that stopped the thread.
  Status AtBoundary(const std::function<void(Version)>& work) EXCLUDES(mu_);
  // Waits until the DBs hold `version`, which is enqueued. Errors: as above.
  Status WaitWritten(Version version) EXCLUDES(mu_);
  // Waits until the overlay is below its limit. Errors: the write error that stopped the thread.
  Status WaitForRoom() EXCLUDES(mu_);
  // Waits until everything enqueued is in the data DBs (in memory or on disk). Errors: as above.
  Status Drain() EXCLUDES(mu_);
  // Drain, then make the data DBs durable.
  Status Flush() EXCLUDES(mu_);

  // The last version whose write into the data DBs has begun: a reader at a lower version may see
  // newer rows in them.
  Version started_version() const { return writer_.started_version(); }
  uint64_t lag_versions() const EXCLUDES(mu_);
  // Time spent in pauses so that compactions keep up (write_pace.h).
  std::chrono::nanoseconds paused() const { return std::chrono::nanoseconds(paused_); }

 private:
  struct Queued {
    LoggedVersion version;  // may be without rows
    std::shared_ptr<SnapshotRequest> snapshot;
  };
  struct Batch {
    std::vector<LoggedVersion> versions;
    std::shared_ptr<SnapshotRequest> snapshot;  // to be begun after them; may be null
  };
  struct BoundaryWork {
    const std::function<void(Version)>* work = nullptr;
    bool done = false;
  };

  using Clock = std::chrono::steady_clock;

  void Run() EXCLUDES(mu_);
  // Returns with something to do. False: to stop.
  bool WaitForWork() EXCLUDES(mu_);
  // Waits for a change, until then. False: it is past.
  bool WaitBefore(Clock::time_point end) REQUIRES(mu_);
  // Rows of a batch, at most and worth it.
  size_t BatchRows() const REQUIRES(mu_);
  // Whether there is no reason to wait for more.
  bool HasWholeBatch() const REQUIRES(mu_);
  // Of what is queued and recorded.
  Batch TakeBatch() EXCLUDES(mu_);
  void RunBoundaryWork() EXCLUDES(mu_);
  bool HasWork() const REQUIRES(mu_) {
    return !queue_.empty() || flush_wanted_ || !boundary_work_.empty();
  }
  // What follows when the DBs have taken the batch.
  Status Written();
  // Tells those who wait for `taken` (may be null) and the snapshots of the queue that none will
  // come.
  void DropSnapshots(const std::shared_ptr<SnapshotRequest>& taken, const Status& cause)
      REQUIRES(mu_);
  // After a batch whose write took `work` of processor time. Ends early if somebody waits for what
  // is queued.
  void Pause(std::chrono::nanoseconds work) EXCLUDES(mu_);
  bool Hurried() const REQUIRES(mu_) {
    return stopping_ || waiting_for_all_ > 0 || flush_wanted_ || !boundary_work_.empty();
  }

  DataDbs& dbs_;
  Overlay& overlay_;
  const Options options_;
  std::atomic<int64_t> paused_{0};  // nanoseconds

  // Used by the writing thread only.
  Clock::time_point batch_began_ = Clock::time_point::min();
  BatchWriter writer_;
  // Kept after a failed write: the overlay goes on pointing to its rows.
  Batch batch_;

  UndoRecorder undo_;

  mutable Mutex mu_;
  CondVar changed_;
  std::deque<Queued> queue_ GUARDED_BY(mu_);
  size_t queued_rows_ GUARDED_BY(mu_) = 0;        // of queue_
  size_t queued_snapshots_ GUARDED_BY(mu_) = 0;   // requests in queue_
  bool paced_ GUARDED_BY(mu_) = false;            // there was a pause after the last batch
  size_t in_progress_ GUARDED_BY(mu_) = 0;        // taken from queue_
  Version finished_version_ GUARDED_BY(mu_) = 0;  // that the DBs have
  std::deque<BoundaryWork*> boundary_work_ GUARDED_BY(mu_);
  bool flush_wanted_ GUARDED_BY(mu_) = false;
  int waiting_for_all_ GUARDED_BY(mu_) = 0;  // callers in Drain and WaitWritten
  bool stopping_ GUARDED_BY(mu_) = false;
  Status error_ GUARDED_BY(mu_);
  std::thread thread_;
};

}  // namespace flatkv
