// The changelog: the versioned write-ahead log, and the store's only log.
//
// A directory of segment files that hold one record a version, contiguous and chained by digests
// (wal_format.h). A version is found by binary search over the segments and one read of a segment's
// index; nothing scans from the start.
//
// Invariants:
//  (1) The versions in the log are contiguous, first_version() .. last_version(), or the log is
//  empty. (2) Record v+1 carries the digest of record v, so a record cannot be changed, dropped or
//  swapped unnoticed. (3) Acknowledge(v) is called only after record v is as durable as the sync
//  policy asks. (4) A cut (CutAbove) or a prune (PruneBelow) that a crash interrupts is finished by
//  the next Open, or had no effect.
//
// Thread safety: Append, Acknowledge, CutAbove and Close from one thread at a time (the writer).
// Sync, the getters, Find, NewReader and PruneBelow from any thread at any time. Errors: kDataLoss
// with Reason::kChangelogCorrupt names file, offset and version. The first failed write or sync
// poisons the log: every later Append and Sync returns that error.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "flatkv/base/logger.h"
#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

enum class TornTail {
  kRepair,  // cut it off and report it
  kRefuse,  // fail Open with kFailedPrecondition, saying what would be cut
};

struct WalOptions {
  // A segment is sealed after the append that reaches this size.
  uint64_t segment_bytes = uint64_t{64} << 20;
  TornTail torn_tail = TornTail::kRepair;
  // A version known to have been committed (a data DB or a snapshot holds it): a log that ends
  // below it has lost acknowledged versions, and Open refuses rather than cut or continue. 0:
  // nothing known.
  Version committed_floor = 0;
};

// What Open repaired.
struct WalRecovery {
  uint64_t torn_bytes = 0;  // cut from the end of the last segment
  std::string torn_file;
  bool finished_cut = false;  // an interrupted CutAbove was completed
};

// One record without its payload.
struct WalRecordInfo {
  Version version = 0;
  Digest root{};
  Digest content_digest{};  // SHA-256 of the payload
  Digest record_digest{};   // SHA-256 of the record header
  uint32_t payload_bytes = 0;
};

// Walks a fixed range of versions forward; reads ahead; verifies checksums, contiguity and the
// chain. One thread at a time. Unaffected by appends; a cut or prune of its range makes Next fail.
class WalReader {
 public:
  virtual ~WalReader() = default;
  // Moves to the next record: true, or false after the last one of the range.
  virtual StatusOr<bool> Next() = 0;
  // The current record; the payload is valid until the next call of Next.
  virtual const WalRecordInfo& info() const = 0;
  virtual std::string_view payload() const = 0;
};

struct WalStats {
  uint64_t bytes = 0;  // of all segments
  uint64_t segments = 0;
  uint64_t appends = 0;  // since Open, as are the next two
  uint64_t appended_bytes = 0;
  uint64_t syncs = 0;
};

class Wal {
 public:
  // Opens or creates the log in `directory` (created durably). Verifies every record of the last
  // segment, and headers and footers of the others. `fs` and `logger` outlive the log. Errors:
  // kDataLoss (see above); kFailedPrecondition with Reason::kChangelogCorrupt for a torn tail under
  // kRefuse.
  static StatusOr<std::unique_ptr<Wal>> Open(FileSystem& fs, Logger& logger, std::string directory,
                                             const WalOptions& options);
  virtual ~Wal() = default;

  virtual const WalRecovery& recovery() const = 0;
  virtual bool empty() const = 0;
  // 0 when empty.
  virtual Version first_version() const = 0;
  virtual Version last_version() const = 0;
  // Whether the last segment has reached segment_bytes: once its last record is acknowledged, the
  // next one goes into another segment.
  virtual bool last_segment_full() const = 0;

  // Writes record `version`; not durable before Sync. `payload` is a ChangelogEntry,
  // `content_digest` its SHA-256. REQUIRES: version == last_version() + 1, or any version >= 1 when
  // empty; payload.size() <= kPayloadBytesMax.
  virtual Status Append(Version version, std::string_view payload, const Digest& content_digest,
                        const Digest& root) = 0;
  // Makes every record appended before the call durable.
  virtual Status Sync() = 0;
  // Writes the seal of `version`, unsynced: one small write. REQUIRES: version == last_version().
  virtual Status Acknowledge(Version version) = 0;

  // The record of `version` without its payload, in O(log segments) and at most two small reads.
  // Errors: kOutOfRange outside first_version() .. last_version().
  virtual StatusOr<WalRecordInfo> Find(Version version) = 0;
  // A reader over `first` .. `last`, both included. Errors: kOutOfRange.
  virtual StatusOr<std::unique_ptr<WalReader>> NewReader(Version first, Version last) = 0;

  // Removes whole segments whose every version is below `version`, oldest first; never the last
  // segment. Appends go on meanwhile; a cut and a close wait.
  virtual Status PruneBelow(Version version) = 0;
  // What first_version() would be after PruneBelow(version).
  virtual Version FirstAfterPrune(Version version) const = 0;
  // Removes every version above `version`: the durable target mark first, then the cut, so that a
  // crash ends with the cut finished. `version` >= first_version() - 1. No reader may be open above
  // it.
  virtual Status CutAbove(Version version) = 0;

  virtual WalStats Stats() const = 0;
  // Syncs and closes; idempotent.
  virtual Status Close() = 0;
};

}  // namespace flatkv
