// What Open does before the log can be used: read the directory, finish an interrupted cut, check
// every segment against its neighbours, verify the last one record by record, and cut a torn tail.
// Removed names are not synced here: should they come back, the next open removes them again;
// WalWriter::Start syncs the directory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "flatkv/base/logger.h"
#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/wal/wal.h"
#include "flatkv/wal/wal_segment.h"

namespace flatkv::wal_internal {

struct OpenedLog {
  std::vector<Segment> segments;  // oldest first
  std::vector<uint64_t> offsets;  // of the records of the last segment, empty if it is sealed
  WalRecovery recovery;
};

// Errors: as Wal::Open. An error of the checks leaves the files as they are, but for a finished
// cut.
StatusOr<OpenedLog> OpenLog(FileSystem& fs, Logger& logger, const std::string& directory,
                            const WalOptions& options);

}  // namespace flatkv::wal_internal
