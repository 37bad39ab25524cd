// A durable copy of a file of a snapshot.
#pragma once

#include <string>

#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/snapshot/snapshot_manifest.h"

namespace flatkv {

// Copies `from` to the new file `to` and syncs it; its name is not synced. Errors: kDataLoss with
// Reason::kSnapshotCorrupt, naming `from`, if what was read is not `expected`.
Status CopyFileSynced(FileSystem& fs, const std::string& from, const std::string& to,
                      const SnapshotFile& expected);

}  // namespace flatkv
