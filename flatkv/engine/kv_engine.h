// KvEngine: an ordered key-value store that holds the rows of one data DB, without a log of its
// own.
//
// A batch is atomic and carries a version. On disk is always the state after some whole batch: the
// engine keeps new batches in memory and writes them out as whole tables, so after a crash it
// stands at the version of the last batch that was flushed (FlushedVersion) and the changelog
// brings it forward again. See docs/decisions/0002.
//
// Thread safety: Get, NewIterator, FlushedVersion and Stats from any thread; Write, Flush and Close
// from one thread at a time.
//
// Errors: kDataLoss for bytes that fail a checksum; after the first failed write or sync every
// Write and Flush returns that error (reads go on).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

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

struct EngineStats {
  uint64_t bytes_on_disk = 0;
  uint64_t files = 0;
  uint64_t memtable_bytes = 0;
  // Bytes written to table and manifest files since open.
  uint64_t bytes_written = 0;
};

class KvEngine {
 public:
  virtual ~KvEngine() = default;

  // Sets *value and returns true, or returns false if the key is absent.
  virtual StatusOr<bool> Get(std::string_view key, std::string* value) = 0;
  virtual std::unique_ptr<KvIterator> NewIterator() = 0;

  // Applies `writes` atomically as the state of `version`. Faster with keys in ascending order.
  // REQUIRES: version >= that of every earlier Write of this handle.
  virtual Status Write(std::span<const EngineWrite> writes, Version version) = 0;
  // Makes everything written so far durable; returns when it is.
  virtual Status Flush() = 0;
  // The version of the last batch known to be durable through a flush of this handle; 0 if none was
  // flushed yet.
  virtual Version FlushedVersion() const = 0;
  virtual EngineStats Stats() = 0;
  // Stops background work without flushing; idempotent. Call Flush() before for a clean close.
  // Everything called later fails with kUnavailable. REQUIRES: no other call is in progress and
  // every iterator is destroyed.
  virtual Status Close() = 0;
};

}  // namespace flatkv
