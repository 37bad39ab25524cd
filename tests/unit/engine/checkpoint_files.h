// Looks into the directories of data DBs and of their checkpoints.
#pragma once

#include <set>
#include <string>

#include "flatkv/engine/manifest_reader.h"
#include "flatkv/fs/file_system.h"
#include "tests/unit/engine/engine_model.h"

namespace flatkv::test {

// The name that CURRENT holds.
StatusOr<std::string> ManifestName(FileSystem& fs, const std::string& directory);
StatusOr<ManifestState> StateOf(FileSystem& fs, const std::string& directory);

// The files that the DB of a closed engine needs: CURRENT, the MANIFEST and the tables it names. An
// interrupted compaction leaves others behind.
StatusOr<std::set<std::string>> NeededFiles(FileSystem& fs, const std::string& directory);

// Makes a DB of a checkpoint at `clone`: tables linked under LevelDB's own names, the rest copied.
Status CloneCheckpoint(FileSystem& fs, const std::string& checkpoint, const std::string& clone);
// The rows of a checkpoint, read from a clone at `clone` that is removed afterwards.
StatusOr<Rows> RowsOfCheckpoint(FileSystem& fs, const std::string& checkpoint,
                                const std::string& clone);

}  // namespace flatkv::test
