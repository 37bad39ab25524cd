// One segment file as an inspection sees it. Nothing here changes a file.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/wal/wal_inspect.h"
#include "flatkv/wal/wal_walker.h"

namespace flatkv::wal_internal {

struct InspectedSegment {
  WalSegmentSummary summary;
  std::optional<WalDefect> defect;
  Digest prev_digest{};  // that the header names
  Digest last_digest{};  // of record summary.last; prev_digest while there is none
  uint64_t records_read = 0;
};

struct SegmentInspection {
  bool is_last = false;       // in the directory: may be unsealed and end anywhere
  bool every_record = false;  // otherwise those of an unsealed segment only
  // Called behind every valid record; false ends the walk there.
  std::function<StatusOr<bool>(const RecordWalker& walker)> on_record;
};

// Errors: I/O (kNotFound if the file is gone); those of `on_record`.
StatusOr<InspectedSegment> InspectSegment(FileSystem& fs, const std::string& directory,
                                          Version first, const SegmentInspection& inspection);

}  // namespace flatkv::wal_internal
