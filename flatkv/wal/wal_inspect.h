// Looks at a changelog without changing a byte of it, beside its writer or without one. Wal::Open
// repairs; this only reports.
//
// Beside a writer the answer is of the moment: bytes behind the last whole record of the last
// segment are an append under way (or one that a crash tore, which the next open cuts off), not
// damage. What a prune, a cut or a rollback takes away while it is read ends the inspection with
// kAborted: run it again.
//
// Thread safety: the functions share nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/wal/wal.h"

namespace flatkv {

enum class WalSegmentState {
  kSealed,      // complete, and closed by its footer
  kActive,      // the last one, ends with a whole record or its seal
  kInProgress,  // the last one, with `unfinished_bytes` behind its last whole record
  kDamaged,
};
// "sealed", "active", "in progress", "damaged".
std::string_view WalSegmentStateName(WalSegmentState state);

struct WalSegmentSummary {
  std::string path;
  Version first = 0;
  Version last = 0;  // first - 1 while it holds no record; of a damaged one, as far as is known
  uint64_t size_bytes = 0;
  WalSegmentState state = WalSegmentState::kActive;
  uint64_t unfinished_bytes = 0;
  uint64_t damaged_seals = 0;  // between whole records: no record is affected
};

struct WalDefect {
  std::string path;
  uint64_t offset = 0;
  Version version = 0;  // the one that is damaged or missing there
  std::string cause;
};
// kDataLoss with Reason::kChangelogCorrupt, in the words of Wal::Open.
Status ToStatus(const WalDefect& defect);

struct WalInspection {
  std::vector<WalSegmentSummary> segments;  // oldest first, those behind a defect included
  std::optional<WalDefect> defect;          // the first
  // A cut to this version is under way, or was interrupted and the next open finishes it.
  std::optional<Version> cut_target;
  uint64_t records_read = 0;

  Version first_version() const { return segments.empty() ? 0 : segments.front().first; }
  // 0 when there is no record.
  Version last_version() const;
  uint64_t size_bytes() const;
};

// Bytes of the segments read so far, and of all; false ends the work with kCancelled.
using OnWalProgress = std::function<bool(uint64_t bytes_done, uint64_t bytes_total)>;
using OnWalRecord = std::function<Status(const WalRecordInfo& info, std::string_view payload)>;

enum class WalInspectDepth {
  kOutline,  // headers and footers; records of the last segment only
  kRecords,  // every record: header and payload checksum, content digest, chain; every index
};

// Damage is in the answer, not an error. Errors: kNotFound if there is no directory; kAborted (see
// above); kCancelled; I/O.
StatusOr<WalInspection> InspectWal(FileSystem& fs, const std::string& directory,
                                   WalInspectDepth depth, const OnWalProgress& on_progress = {});

// Calls `on_record` for every version of `first` .. `last` that the log holds, in order; each is
// verified. Errors: kDataLoss at a defect, after everything before it was given; those of
// `on_record`; those of InspectWal.
Status WalkWal(FileSystem& fs, const std::string& directory, Version first, Version last,
               const OnWalRecord& on_record);

}  // namespace flatkv
