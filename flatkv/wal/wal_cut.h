// Removing every version above a target so that a crash ends with the removal finished.
//
// Protocol: plan (reads only, refuses what cannot be done); write the mark file "CUT" durably;
// remove the segments above the target, newest first, and sync the directory; truncate the segment
// that holds the target behind it; remove the mark durably. From the mark on the cut only goes
// forward: an open that finds the mark runs the steps again, and each of them may already have been
// done.
//
// A cut to the version before the oldest one keeps that segment with its header alone, so that the
// log still knows where it ends and what the next record must carry.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/wal/wal_segment.h"

namespace flatkv::wal_internal {

struct CutPlan {
  std::vector<Version> removed;  // first versions of the segments to remove, newest first
  // The segment that is the last one afterwards, as it is then; none if the log had no segment.
  std::optional<Segment> kept;
  std::vector<uint64_t> offsets;  // of its records, empty if it stays sealed
  bool truncate = false;          // `kept` to kept->size_bytes
};

// `firsts`: the first versions of all segments, oldest first.
// Errors: kDataLoss if record `version` is not there or a record before it in its segment is
// damaged.
StatusOr<CutPlan> PlanCut(FileSystem& fs, std::string_view directory,
                          const std::vector<Version>& firsts, Version version);
// Carries the plan out. After an error the files are between the old state and the new one.
Status ApplyCut(FileSystem& fs, const std::string& directory, const CutPlan& plan);

Status WriteCutMark(FileSystem& fs, std::string_view directory, Version version);
// Errors: kDataLoss if the mark is not exactly what WriteCutMark writes.
StatusOr<Version> ReadCutMark(FileSystem& fs, std::string_view directory);
// Durable once the directory is synced.
Status RemoveCutMark(FileSystem& fs, std::string_view directory);

}  // namespace flatkv::wal_internal
