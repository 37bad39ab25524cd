// Small snapshots with known content.
#pragma once

#include <string>
#include <string_view>

#include "flatkv/fs/file_system.h"
#include "flatkv/snapshot/snapshot_manifest.h"
#include "flatkv/snapshot/snapshot_set.h"

namespace flatkv::test {

inline constexpr char kStore[] = "/store";

// Every field set, without files.
SnapshotManifest SampleManifest(Version version);
// The content of a snapshot's file.
std::string SampleContent(Version version, std::string_view path);

// Creates the file and syncs it, not its name.
Status WriteSynced(FileSystem& fs, const std::string& path, std::string_view content);
// Begins a snapshot and fills it; the manifest that fits. Three files a DB: a table, MANIFEST and
// CURRENT.
StatusOr<SnapshotManifest> BuildSnapshot(FileSystem& fs, SnapshotSet& snapshots, Version version);
// Builds and publishes.
Status TakeSnapshot(FileSystem& fs, SnapshotSet& snapshots, Version version);
// Not OK unless the snapshot reads back as TakeSnapshot made it, every byte.
Status CheckSnapshot(FileSystem& fs, const SnapshotSet& snapshots, Version version);

// Replaces the first `from`, which must be there, and puts the right checksum behind the result.
std::string Reforge(const std::string& record, std::string_view from, std::string_view to);
// The lines of a record with the checksum that they should have.
std::string WithChecksum(const std::string& lines);

}  // namespace flatkv::test
