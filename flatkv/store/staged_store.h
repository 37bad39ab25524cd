// A store directory made of a snapshot and the record of its version, beside the store that it is
// to replace (flatkv/snapshot/store_swap.h). What it lacks, the ordinary open makes.
//
// Thread safety: the functions share nothing.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "flatkv/base/logger.h"
#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/snapshot/snapshot_manifest.h"
#include "flatkv/store/identity.h"
#include "flatkv/store/lone_changelog.h"

namespace flatkv {

// What is being done, and done of total; false ends the work with kCancelled.
using OnStaging = std::function<bool(std::string_view phase, uint64_t done, uint64_t total)>;

struct StagedSource {
  std::string snapshot;  // its directory
  SnapshotManifest manifest;
  ChangelogRecord record;
  // Links tables instead of copying them, where that can be done: for a snapshot of the very store
  // that is replaced.
  bool link_tables = false;
};

// Makes the store `directory`, in which at most LOCK is there yet, as `identity`: every file of the
// snapshot with its digest checked, `current`, the changelog and IDENTITY; all durable but for the
// names of the parents. Errors: kDataLoss naming the file.
Status BuildStagedStore(FileSystem& fs, Logger& logger, const std::string& directory,
                        const StagedSource& source, const Identity& identity,
                        const OnStaging& on_staging);

// Clones the snapshot of a staged store to `scratch`, which does not exist, opens the clone, hashes
// every row and compares the hashes and the root with the manifest. The clone is removed. Errors:
// kDataLoss naming data DB and module.
Status ValidateStagedStore(FileSystem& fs, Logger& logger, const std::string& directory,
                           const std::string& scratch, Version version,
                           const OnStaging& on_staging);

}  // namespace flatkv
