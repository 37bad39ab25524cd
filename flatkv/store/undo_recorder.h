// Appends the undo records of committed versions, in version order: all that are missing before the
// write-behind takes a batch, and meanwhile, on a thread of its own, those of many rows that wait,
// because a replay after a crash wants the records of the last versions, too.
//
// Thread safety: safe for concurrent use.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/base/types.h"
#include "flatkv/store/undo_log.h"
#include "flatkv/store/version_rows.h"

namespace flatkv {

class UndoRecorder {
 public:
  // Starts the thread. Without a log every version counts as recorded. `log` outlives the object.
  explicit UndoRecorder(UndoLog* log);
  // What has no record gets none.
  ~UndoRecorder();

  // Hands over a version, the one after that of the last call.
  void Add(std::shared_ptr<const VersionRows> rows) EXCLUDES(mu_);
  // Returns when every version added before has its record, or needs none.
  void RecordAll() EXCLUDES(recording_mu_, mu_);
  // The last version of which that is so.
  Version recorded() const EXCLUDES(mu_);
  // The data DBs have their rows up to `version` on disk, see UndoLog::Append.
  void RowsFlushed(Version version) EXCLUDES(mu_);
  // Ends the thread's work, where nothing is written any more.
  void Stop() EXCLUDES(mu_);

 private:
  void Run() EXCLUDES(mu_);

  UndoLog* const log_;
  Mutex recording_mu_;  // held while records are appended; taken before mu_
  mutable Mutex mu_;
  CondVar much_waits_;
  std::vector<std::shared_ptr<const VersionRows>> waiting_ GUARDED_BY(mu_);
  uint64_t waiting_rows_ GUARDED_BY(mu_) = 0;
  Version recorded_ GUARDED_BY(mu_) = 0;
  Version flushed_rows_ GUARDED_BY(mu_) = 0;
  bool stopping_ GUARDED_BY(mu_) = false;
  std::optional<std::thread> thread_;
};

}  // namespace flatkv
