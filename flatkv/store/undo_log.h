// The undo records of the last versions: a log like the changelog, in <store>/undo, that never
// needs to be durable except while a rollback uses it. Whatever is wrong with it costs a slower
// rollback, nothing else.
//
// Invariants:
//  (1) The records are those of first() .. last(), contiguous, each of the version that the
//  changelog has.
//  (2) Once the store is open, last() is at least the version that the data DBs hold, or the log is
//  empty.
//
// Thread safety: Append from one thread at a time; the rest while the write-behind is idle, except
// the getters, Read and ReadRange, which may be called from any thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "flatkv/base/logger.h"
#include "flatkv/base/mutex.h"
#include "flatkv/store/undo_record.h"
#include "flatkv/wal/wal.h"

namespace flatkv {

class UndoLog {
 public:
  // Opens or creates the log in `directory`. A log that cannot be read, or that does not fit
  // `changelog`, is emptied with a warning. `fs`, `logger` and `changelog` outlive the object.
  // `depth` is the number of versions to keep, at least; 0 keeps none and removes what is there.
  // `finishing_rollback`: the changelog was cut already, and the records above it are still wanted.
  static StatusOr<std::unique_ptr<UndoLog>> Open(FileSystem& fs, Logger& logger,
                                                 std::string directory, Wal& changelog,
                                                 uint64_t depth, bool finishing_rollback);

  // Adds the record of a version that the changelog has. One that is there already is left; one
  // that does not follow, or cannot be undone, empties the log first. A failed write ends the log's
  // use with a warning: commits go on. Records above `flushed`, what the data DBs have on disk, are
  // kept beyond the depth too, as far as they take little room: a replay finds old rows in them.
  void Append(const VersionRows& rows, Version flushed);

  // 0 when empty.
  Version first() const;
  Version last() const;
  // The undo that takes the state from last() to `target`, first() - 1 <= target < last().
  // Errors: kOutOfRange; kDataLoss. Verifies every record against the changelog when
  // `check_changelog`.
  StatusOr<Undo> Read(Version target, bool check_changelog) const;
  // The undo from `from` to `target`, for a data DB that stands at `from` <= last().
  StatusOr<Undo> ReadRange(Version target, Version from, bool check_changelog) const;

  Status Sync();
  // Removes the records above `version`; an empty log stays empty.
  Status CutAbove(Version version);
  uint64_t bytes() const;
  Status Close();

 private:
  UndoLog(FileSystem& fs, Logger& logger, std::string directory, Wal& changelog, uint64_t depth);
  // Opens the log, emptying what cannot be used.
  Status Start(bool finishing_rollback);
  Status OpenEmpty();
  bool FitsChangelog() const;
  Status TryAppend(const VersionRows& rows, Version flushed);
  Status Prune(Version version, Version flushed) REQUIRES(mu_);
  void Disable(const Status& cause);

  // Constant after construction.
  FileSystem& fs_;
  Logger& logger_;
  const std::string directory_;
  Wal& changelog_;
  const uint64_t depth_;

  mutable Mutex mu_;
  // Null while undo is off. Shared with readers, which outlive a reopening.
  std::shared_ptr<Wal> log_ GUARDED_BY(mu_);
};

}  // namespace flatkv
