// KvEngine: an ordered key-value store that holds the rows of one data DB, without a log of its
// own.
//
// A batch is atomic and carries a version. On disk is always the state after some whole batch: the
// engine keeps new batches in memory and writes them out as whole tables, so after a crash it
// stands at the version of the last batch that was flushed (FlushedVersion) and the changelog
// brings it forward again. See docs/decisions/0002.
//
// Thread safety: Get, NewIterator, FlushedVersion, CommittedToDisk, Stats, Debt and Level0Tables
// from any thread; Write, Flush, BeginCheckpoint and Close from one thread at a time (the writing
// thread); FinishCheckpoint and AbandonCheckpoint from one other thread, beside Write and Flush but
// not beside Close. Compact has its own rule.
//
// Errors: kDataLoss for bytes that fail a checksum; after the first failed write or sync every
// Write and Flush returns that error (reads go on).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"

namespace flatkv {

// One change of a batch; `value` is ignored for a removal. Views are borrowed for the call.
struct EngineWrite {
  std::string_view key;
  std::string_view value;
  bool remove = false;
};

// A stable picture of the DB from when it was made; later writes do not show. One thread at a time.
// Keys and values are valid until the next move.
class KvIterator {
 public:
  virtual ~KvIterator() = default;
  virtual void Seek(std::string_view key) = 0;         // to the first key >= key
  virtual void SeekForPrev(std::string_view key) = 0;  // to the last key < key
  virtual void SeekToFirst() = 0;
  virtual void SeekToLast() = 0;
  virtual bool Valid() const = 0;
  virtual void Next() = 0;  // REQUIRES: Valid()
  virtual void Prev() = 0;  // REQUIRES: Valid()
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  // Why the iterator stopped being valid: OK at an end, kDataLoss on bad bytes. Check it after
  // every walk.
  virtual Status status() const = 0;
};

// How far compactions are behind. The fields that are bytes are in whole MiB.
struct CompactionDebt {
  // Tables that compactions have not sorted into the others yet. Too many stop writes.
  uint64_t level0_tables = 0;
  uint64_t table_bytes = 0;  // of all levels
  // What is to move to the next level for no level to be above its limit. What its way further down
  // will take is not in it.
  uint64_t bytes = 0;
};

struct EngineStats {
  uint64_t bytes_on_disk = 0;
  uint64_t files = 0;
  uint64_t memtable_bytes = 0;
  // Bytes written to table and manifest files since open.
  uint64_t bytes_written = 0;
};

// One file of a checkpoint. Linked files share their inode with the DB and are never written again;
// the others were copied.
struct CheckpointFile {
  std::string name;  // within the checkpoint's directory
  uint64_t size_bytes = 0;
  bool linked = false;
};

class KvEngine {
 public:
  virtual ~KvEngine() = default;

  // Sets *value and returns true, or returns false if the key is absent.
  virtual StatusOr<bool> Get(std::string_view key, std::string* value) = 0;
  virtual std::unique_ptr<KvIterator> NewIterator() = 0;

  // Applies `writes` atomically as the state of `version`. Faster with keys in ascending order.
  // `version` is what the DB stands at afterwards; lower than before only when a rollback undoes
  // versions.
  virtual Status Write(std::span<const EngineWrite> writes, Version version) = 0;
  // Makes everything written so far durable; returns when it is.
  virtual Status Flush() = 0;
  // The version of the last batch known to be durable through a flush of this handle; 0 if none was
  // flushed yet.
  virtual Version FlushedVersion() const = 0;

  // The version of the newest batch that is on disk or on its way there without a further call; 0
  // if none is since open. After a crash the DB stands at this version, or at an earlier one.
  virtual Version CommittedToDisk() const = 0;

  // A checkpoint is an immutable copy of the DB as it stands now, made of hard links of its table
  // files. Begin marks the state after the last Write and starts its flush; it waits for nothing
  // but an earlier memtable's flush. Writing goes on while Finish waits for the flush. One
  // checkpoint at a time.
  virtual Status BeginCheckpoint() = 0;
  // Waits until the marked state is on disk, then fills `directory`, which exists and is empty: the
  // tables of exactly that state hard-linked under `.sst` names (which LevelDB and Pebble both
  // open), MANIFEST and CURRENT copied and synced, the directory synced; its own name is not. The
  // files by name. `allow_copy` copies tables that cannot be linked because `directory` is on
  // another file system; otherwise that is kFailedPrecondition, naming both paths. Ends the
  // checkpoint, also on failure (what it made is left behind). REQUIRES: a checkpoint was begun.
  virtual StatusOr<std::vector<CheckpointFile>> FinishCheckpoint(const std::string& directory,
                                                                 bool allow_copy) = 0;
  // Makes a Finish that waits, or comes later, fail with kUnavailable, and lets removals go on.
  // Nothing to abandon is fine.
  virtual void AbandonCheckpoint() = 0;
  // Rewrites all tables, so that rows that were overwritten or removed take no space any more, in
  // steps that cannot be stopped (about 64 MiB). `go_on` is called before each with the steps done
  // and all; false ends the work with kCancelled. Whatever ends it, what was compacted stays so:
  // the rows are the same before, between and after. From any thread, beside everything but Close;
  // one at a time. Errors: the first failed write, which ends Write and Flush too; kDataLoss.
  virtual Status Compact(const std::function<bool(uint64_t done, uint64_t total)>& go_on) = 0;
  // Lets the compactions begin that have been held since the DB was opened
  // (LevelDbEngineOptions::hold_compactions). From any thread, beside everything but Close.
  virtual void ReleaseCompactions() = 0;
  virtual EngineStats Stats() = 0;
  // Some microseconds.
  virtual CompactionDebt Debt() = 0;
  // As in Debt, and cheaper.
  virtual uint64_t Level0Tables() = 0;
  // Stops background work without flushing; idempotent. Call Flush() before for a clean close.
  // Everything called later fails with kUnavailable. REQUIRES: no other call is in progress and
  // every iterator is destroyed.
  virtual Status Close() = 0;
};

}  // namespace flatkv
