// Changelog records on their way into a replay: read, verified, decoded and sorted on a thread of
// its own, a bounded number of bytes ahead, while the rows of the ones before are worked out. Undo
// records, where there are any, come with them: they hold the old rows, which then need not be
// looked up.
//
// Consecutive versions that nobody looks at one by one come as one batch. An error comes where its
// record would, after everything before it; an undo record that is not good is left out.
//
// Thread safety: Next from one thread at a time.
#pragma once

#include <array>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"
#include "flatkv/store/folded_changes.h"
#include "flatkv/store/undo_log.h"
#include "flatkv/wal/wal.h"

namespace flatkv {

struct ReplayRange {
  Version first = 0;
  Version last = 0;
  // What the data DBs hold already: they get no rows of a version up to this.
  std::array<Version, kDataDbs> db_versions{};
  // From this version on every version is a batch of its own: its undo record is wanted.
  Version undo_from = std::numeric_limits<Version>::max();
  // Versions to one batch, at most; 1: none is folded.
  uint64_t batch_versions_max = 1;
  // Where old rows may be recorded; null: nowhere. Outlives the reader, and loses no record that
  // has not been read.
  const UndoLog* undo = nullptr;
};

// One version, or several as one.
struct ReplayBatch {
  Version first = 0;
  WalRecordInfo last;  // the record of the last version
  uint64_t log_bytes = 0;
  bool wants_undo = false;
  ClassifiedChanges changes;
  std::vector<std::string> payloads;  // of each version; own the values
  std::optional<Undo> undo;           // what undoes all of them, if that is recorded
  Status undo_error;                  // why it is not there although it should be
};

class ReplayReader {
 public:
  // Starts the thread. `wal` outlives the object. Errors: those of Wal::NewReader.
  static StatusOr<std::unique_ptr<ReplayReader>> Start(Wal& wal, const ReplayRange& range);
  // Stops it.
  ~ReplayReader();
  ReplayReader(const ReplayReader&) = delete;
  ReplayReader& operator=(const ReplayReader&) = delete;

  // The next batch, or none after the last version. Errors: those of WalReader::Next; kDataLoss
  // with Reason::kChangelogCorrupt for a record that holds no entry of its version.
  StatusOr<std::optional<ReplayBatch>> Next() EXCLUDES(mu_);

 private:
  ReplayReader(std::unique_ptr<WalReader> records, const ReplayRange& range);

  // On the thread.
  void Run();
  Status ReadAll();
  StatusOr<ClassifiedChanges> Decode(Version version, std::string_view payload) const;
  void DropHeldPairs(Version version, ChangeSets* changes) const;
  bool MayFold(Version version) const;
  // Undo records begin or end after this version, or it is the one that a data DB stands at.
  // Records of versions before and after that one together tell what a row was before all of them,
  // and the DB is past that.
  bool EndsBatch(Version version) const;
  // Sets the batch's undo or undo_error, if there are records of it.
  void ReadUndo();
  // Adds a version that may be folded to what has been gathered.
  void Gather(ClassifiedChanges changes);
  bool IsFull() const;
  // Hands over what has been gathered; false when nobody wants more.
  bool HandOver() EXCLUDES(mu_);

  const std::unique_ptr<WalReader> records_;
  const ReplayRange range_;
  // The undo records at the start; none: last < first.
  const Version undo_first_;
  const Version undo_last_;

  // Used by the thread only.
  std::vector<RowUpdates> gathered_;
  size_t gathered_rows_ = 0;
  ReplayBatch batch_;

  Mutex mu_;
  CondVar changed_;
  std::deque<ReplayBatch> ready_ GUARDED_BY(mu_);
  uint64_t ready_bytes_ GUARDED_BY(mu_) = 0;
  bool ended_ GUARDED_BY(mu_) = false;
  Status end_ GUARDED_BY(mu_);
  bool stopping_ GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace flatkv
