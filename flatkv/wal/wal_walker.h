// Walks the records of one segment forward and verifies each: header and payload checksum, version,
// chain.
//
// Between two records stands a seal, or nothing if the second one says that it continues the
// first one's group, or 24 bytes that were to be a seal: a seal is not synced, so a power cut may
// leave record v+1 whole and the seal of v before it lost. A record that continues the chain right
// behind such bytes is accepted; nothing but the seal is missing.
//
// Thread safety: one thread at a time. The window outlives the walker.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/wal/wal.h"
#include "flatkv/wal/wal_window.h"

namespace flatkv::wal_internal {

class RecordWalker {
 public:
  // `offset` is where record `next` starts; `prev_digest` is the digest of the record before it.
  RecordWalker(FileWindow* window, uint64_t offset, Version next, const Digest& prev_digest)
      : window_(window), end_offset_(offset), next_(next), prev_digest_(prev_digest) {}

  // Moves to the next record: true, or false if no valid one follows (defect() says why). Errors:
  // I/O.
  StatusOr<bool> Next();
  // Consumes the seal of the current record if a valid one follows. Errors: I/O.
  Status SkipSeal();

  // The current record; the payload is valid until the next call.
  const WalRecordInfo& info() const { return info_; }
  std::string_view payload() const { return payload_; }
  uint64_t record_offset() const { return record_offset_; }

  // The version that follows the last valid record, and the digest that it must carry.
  Version next() const { return next_; }
  const Digest& prev_digest() const { return prev_digest_; }
  // The end of the last valid frame: a record, or its seal once SkipSeal or Next has seen it.
  uint64_t end_offset() const { return end_offset_; }
  // Whether a damaged seal may stand at end_offset().
  bool awaits_seal() const { return after_record_ && !sealed_; }
  bool sealed() const { return sealed_; }
  uint64_t damaged_seals() const { return damaged_seals_; }
  const std::string& defect() const { return defect_; }

 private:
  // Whether record next_ stands at `offset`; makes it the current one. Otherwise sets defect_.
  StatusOr<bool> TryRecord(uint64_t offset);

  FileWindow* const window_;
  uint64_t end_offset_;
  Version next_;
  Digest prev_digest_;
  bool after_record_ = false;
  bool sealed_ = false;  // the current record's seal has been consumed
  uint64_t damaged_seals_ = 0;
  uint64_t record_offset_ = 0;
  WalRecordInfo info_;
  std::string_view payload_;
  std::string defect_;
};

}  // namespace flatkv::wal_internal
