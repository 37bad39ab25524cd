// A changelog of one record: what a store begins with that did not live through its history, and
// what a backup keeps beside a snapshot.
//
// Thread safety: the functions share nothing.
#pragma once

#include <string>

#include "flatkv/base/logger.h"
#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/snapshot/snapshot_manifest.h"

namespace flatkv {

struct ChangelogRecord {
  Version version = 0;
  Digest root{};
  Digest content_digest{};
  std::string payload;
};

// The record of a snapshot's version in the changelog in `directory`, also beside its writer.
// Errors: kDataLoss if it is damaged, missing or of another history than the snapshot; kAborted if
// a rollback comes between.
StatusOr<ChangelogRecord> ReadRecordOf(FileSystem& fs, const std::string& directory,
                                       const SnapshotManifest& manifest);
// The same of a changelog that must hold that record and nothing else. Errors: kDataLoss with
// Reason::kChangelogCorrupt, naming the file, also for what is no regular file.
StatusOr<ChangelogRecord> ReadLoneRecordOf(FileSystem& fs, const std::string& directory,
                                           const SnapshotManifest& manifest);
// Makes a changelog of `record` in the new directory `directory`, durably but for its own name.
Status WriteLoneChangelog(FileSystem& fs, Logger& logger, const std::string& directory,
                          const ChangelogRecord& record);

}  // namespace flatkv
