// The end of the log that grows: the active segment's file, rolling to the next one, syncs and
// poison.
//
// Roll protocol (each step may be the last before a crash): footer, sync, close; then create the
// next file, header, sync, sync the directory. It happens at the append that finds the segment full
// and its last record acknowledged, so that a footer never vouches for a record that is not.
//
// Thread safety: Start, Reattach, Append, Acknowledge, Detach and Close from the writer's thread;
// Sync and the getters from any. Locks: sync_mu_ before state_mu_. sync_mu_ is held over every file
// sync and over every change of the active file, so that no file is closed under a running sync.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/wal/wal_index.h"

namespace flatkv::wal_internal {

struct WriterCounters {
  uint64_t appends = 0;
  uint64_t appended_bytes = 0;
  uint64_t syncs = 0;
};

class WalWriter {
 public:
  // `fs` and `index` outlive the writer.
  WalWriter(FileSystem& fs, std::string directory, uint64_t segment_bytes, WalIndex* index)
      : fs_(fs), directory_(std::move(directory)), segment_bytes_(segment_bytes), index_(index) {}

  // After an open: opens the last segment, makes all that the index shows durable (what an open
  // reports counts as committed, however the last process ended), and seals the last record. An
  // error poisons.
  Status Start() EXCLUDES(sync_mu_, state_mu_);
  // After Detach and a cut, which left everything durable: opens the last segment and seals its
  // last record.
  Status Reattach() EXCLUDES(sync_mu_, state_mu_);
  Status Append(Version version, std::string_view payload, const Digest& content_digest,
                const Digest& root) EXCLUDES(sync_mu_, state_mu_);
  Status Acknowledge(Version version) EXCLUDES(sync_mu_, state_mu_);
  Status Sync() EXCLUDES(sync_mu_, state_mu_);
  // Closes the active file, before a cut.
  Status Detach() EXCLUDES(sync_mu_, state_mu_);
  // Syncs and closes; later calls fail with kUnavailable. A poisoned writer only closes, and
  // returns its error.
  Status Close() EXCLUDES(sync_mu_, state_mu_);

  // The first error, kUnavailable once closed, or OK.
  Status status() const EXCLUDES(state_mu_);
  // Keeps the first error; returns `status`.
  Status Poison(const Status& status) EXCLUDES(state_mu_);
  WriterCounters counters() const EXCLUDES(state_mu_);

 private:
  Status CheckAppend(Version version, std::string_view payload) const;
  // Makes the last segment one that takes record `version` next; returns the digest that the record
  // carries.
  StatusOr<Digest> Prepare(Version version);
  Status SealActive(const Segment& segment);
  Status CreateSegment(Version first, const Digest& prev_digest);
  Status WriteRecord(Version version, std::string_view payload, const Digest& content_digest,
                     const Digest& root, const Digest& prev_digest);
  Status WriteSeal(Version version);
  // Opens the last segment to append, if there is one.
  Status OpenLast() REQUIRES(sync_mu_);
  // Closes the file again if its segment is sealed; otherwise sees that its last record has a seal.
  Status SealLast() REQUIRES(sync_mu_);
  Status MakeDurable() REQUIRES(sync_mu_);
  // Closes the file if it is open.
  Status CloseLocked() REQUIRES(sync_mu_);
  void SetActive(std::unique_ptr<WritableFile> file) REQUIRES(sync_mu_);

  // Constant after construction.
  FileSystem& fs_;
  const std::string directory_;
  const uint64_t segment_bytes_;
  WalIndex* const index_;

  // The writer's thread only.
  WritableFile* active_ = nullptr;  // file_, for appends beside a running sync
  std::string frame_;               // reused

  Mutex sync_mu_;
  std::unique_ptr<WritableFile> file_ GUARDED_BY(sync_mu_);

  mutable Mutex state_mu_;
  Status poison_ GUARDED_BY(state_mu_);
  bool closed_ GUARDED_BY(state_mu_) = false;
  WriterCounters counters_ GUARDED_BY(state_mu_);
  uint64_t synced_appends_ GUARDED_BY(state_mu_) = 0;  // how many of counters_.appends are durable
};

}  // namespace flatkv::wal_internal
