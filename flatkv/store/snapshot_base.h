// What a clone of a snapshot was made from: the file SNAPSHOT_BASE beside its data DBs, a text
// record.
#pragma once

#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

struct SnapshotBase {
  std::string store_id;
  Suite suite = Suite::kSha256;
  Version version = 0;       // 0: made empty, from no snapshot
  std::string operation_id;  // the snapshot's; empty with version 0
};

std::string EncodeSnapshotBase(const SnapshotBase& base);
// Reads the file in `directory`. Errors: kNotFound; kDataLoss; kFailedPrecondition with
// Reason::kIncompatibleFormat.
StatusOr<SnapshotBase> ReadSnapshotBase(FileSystem& fs, const std::string& directory);

}  // namespace flatkv
