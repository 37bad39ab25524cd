// Which version a data DB has on disk, read off the life of LevelDB's (empty) log files.
//
// LevelDB gives every memtable a log file. It creates a new log when it rotates the memtable out,
// on the writing thread and before it inserts the batch at hand, so the old memtable ends with the
// batch before. It removes a log only after the table made from its memtable is in a synced
// MANIFEST. So "log N removed" means "everything up to the last version of memtable N is durable";
// any other log's removal says nothing about N.
//
// Thread safety: safe for concurrent use.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>

#include "flatkv/base/mutex.h"
#include "flatkv/base/types.h"

namespace flatkv {

class FlushTracker {
 public:
  // The live memtable now ends with `version`.
  void BatchWritten(Version version) EXCLUDES(mu_);
  void LogCreated(uint64_t log) EXCLUDES(mu_);
  // LevelDB no longer needs `log`.
  void LogRemoved(uint64_t log) EXCLUDES(mu_);

  // The log of the memtable that takes the writes.
  uint64_t LiveLog() EXCLUDES(mu_);
  // The log of the memtable that was rotated out last; 0 if none was.
  uint64_t LastRotatedLog() EXCLUDES(mu_);
  // The version that it ends with; 0 if none was.
  Version LastRotatedVersion() EXCLUDES(mu_);
  // Whether a rotated memtable is not yet known to be durable.
  bool FlushOutstanding() EXCLUDES(mu_);
  // That of the latest memtable known to be durable; 0 before the first flush. A rollback writes a
  // lower version after a higher one, so the highest would be wrong.
  Version FlushedVersion() EXCLUDES(mu_);

  // Waits until the memtable of `log` is durable or the time is up; true if it is durable.
  bool WaitFlushed(uint64_t log, std::chrono::milliseconds timeout) EXCLUDES(mu_);
  // Waits until another log than `log` takes the writes or the time is up; true if one does.
  bool WaitRotated(uint64_t log, std::chrono::milliseconds timeout) EXCLUDES(mu_);

 private:
  Mutex mu_;
  CondVar changed_;
  uint64_t live_log_ GUARDED_BY(mu_) = 0;
  uint64_t last_rotated_log_ GUARDED_BY(mu_) = 0;
  Version last_rotated_version_ GUARDED_BY(mu_) = 0;
  Version last_version_ GUARDED_BY(mu_) = 0;
  Version flushed_version_ GUARDED_BY(mu_) = 0;
  // The log that `flushed_version_` comes from.
  uint64_t flushed_log_ GUARDED_BY(mu_) = 0;
  // Rotated memtables in order: log number to the version that the memtable ends with.
  std::map<uint64_t, Version> outstanding_ GUARDED_BY(mu_);
};

}  // namespace flatkv
