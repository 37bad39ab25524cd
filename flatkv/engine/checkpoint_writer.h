// Fills the directory of a checkpoint.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/engine/checkpoint_gate.h"
#include "flatkv/engine/kv_engine.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

struct CheckpointSource {
  std::string db_path;
  ManifestPosition position;
  // The log of the first memtable that is not part of the checkpoint. The MANIFEST must say the
  // same: it then describes the memtables before that one and no other.
  uint64_t next_log = 0;
};

struct CheckpointTarget {
  std::string directory;  // exists and is empty
  bool allow_copy = false;
  // Asked before each file; its error ends the work.
  std::function<Status()> check_wanted;
};

// Links the tables that `source` names as NNNNNN.sst, writes MANIFEST and CURRENT, and makes all of
// it durable; the directory's own name is not. Returns the files by name. REQUIRES: the tables are
// not removed meanwhile. Errors: kDataLoss with Reason::kDataDbCorrupt if the MANIFEST is damaged
// or a table is missing or has another size; kFailedPrecondition, naming both paths, if the
// directory is on another file system and copies are not allowed; kAlreadyExists. What was made
// before an error stays.
StatusOr<std::vector<CheckpointFile>> WriteCheckpoint(FileSystem& fs,
                                                      const CheckpointSource& source,
                                                      const CheckpointTarget& target);

}  // namespace flatkv
