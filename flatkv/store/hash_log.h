// The hash log: root and sums (state_sums.h) of every one of the last versions, so that two nodes
// whose roots differ find the first version, data DB and module in which they do. A log like the
// changelog, in <store>/hashlog, that is never needed for anything else and never synced for a
// commit: whatever is wrong with it costs its records, nothing more.
//
// A record has only the modules that its version changed. Every 64th record, the first one of a
// segment and the first one after an open have all, so that reading a version takes few records.
//
// Invariants:
//  (1) The records are those of first() .. last(), contiguous, each of the version that the
//  changelog has or had.
//  (2) What a record says of a version is true, or it says that only the root is known.
//
// Thread safety: Begin and CutAbove while nothing is appended; Append from the write-behind thread;
// the rest from any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "flatkv/base/logger.h"
#include "flatkv/base/mutex.h"
#include "flatkv/lthash/row_hasher.h"
#include "flatkv/store/hash_record.h"
#include "flatkv/store/version_rows.h"
#include "flatkv/wal/wal.h"

namespace flatkv {

class HashLog {
 public:
  // Opens or creates the log in `directory`. Records above the changelog's end go; a log that does
  // not fit `changelog` is emptied with a warning, one whose newest segment is damaged loses that.
  // `versions` is the number to keep, at least; 0 keeps none and removes what is there. Everything
  // passed by reference outlives the object.
  static StatusOr<std::unique_ptr<HashLog>> Open(FileSystem& fs, Logger& logger,
                                                 std::string directory, Wal& changelog,
                                                 const RowHasher& hasher, uint64_t versions);

  // What Append goes on from: the state that the data DBs hold. They may stand at different
  // versions, of which `sound_from` is the highest: below it sums would mix versions, and no record
  // is made.
  void Begin(const StoreState& state, Version sound_from);
  // Adds the record of a version. Those between it and last(), which a replay worked out together,
  // get one with the root that the changelog recorded. A version that is there already is left. A
  // failed write ends the log's use with a warning: commits go on.
  void Append(const VersionRows& rows);

  // 0 when empty.
  Version first() const;
  Version last() const;
  // The versions `first` .. `last`, ascending. Errors: kOutOfRange outside first() .. last();
  // kDataLoss; those of `use`.
  Status Read(Version first, Version last,
              const std::function<Status(const VersionSums&)>& use) const;

  // Removes the records above `version`.
  Status CutAbove(Version version);
  uint64_t bytes() const;
  // Syncs and closes; what fails is logged.
  void Close();

 private:
  HashLog(FileSystem& fs, Logger& logger, std::string directory, Wal& changelog,
          const RowHasher& hasher, uint64_t versions);
  Status Start();
  StatusOr<std::unique_ptr<Wal>> OpenLog();
  Status OpenEmpty();
  // Whether the newest record is of the changelog's history, or there is none.
  bool FitsChangelog(Wal& log) const;
  std::shared_ptr<Wal> log() const;
  // Takes the version's sums over into sums_ and returns what changed.
  HashRecord Advance(const VersionRows& rows);
  Status TryAppend(const VersionRows& rows, HashRecord record);
  Status FillGap(Wal& log, Version end);
  Status AppendRecord(Wal& log, Version version, const HashRecord& record,
                      const Digest& content_digest, const Digest& root);
  void Disable(const Status& cause);

  // Constant after construction.
  FileSystem& fs_;
  Logger& logger_;
  const std::string directory_;
  Wal& changelog_;
  const RowHasher& hasher_;
  const uint64_t versions_;

  // Of the thread that appends.
  StateSums sums_;
  Version sound_from_ = 0;
  bool wants_all_ = true;  // the next record

  mutable Mutex mu_;
  // Null while there is none. Shared with readers, which outlive a reopening.
  std::shared_ptr<Wal> log_ GUARDED_BY(mu_);
};

}  // namespace flatkv
