// Digests of a snapshot's files, and the check of a snapshot directory against its manifest.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/snapshot/snapshot_manifest.h"

namespace flatkv {

// XXH3 128 of a file, read in pieces of 1 MiB.
StatusOr<FileDigest> DigestFile(FileSystem& fs, const std::string& path);

// Called now and then with the bytes read so far; false ends the work with kCancelled
// (absl code kCancelled, "cancelled").
using FileProgress = std::function<bool(uint64_t bytes_done)>;

enum class FileCheck {
  kSizes,    // every file is there with its size, and no other
  kDigests,  // and has its digest
};

// What is wrong, one line a file: missing, other size, other digest, not in the manifest, not a
// regular file. Empty: all is well. Errors are of the checking itself (kCancelled, an unreadable
// directory); a file that cannot be read is a finding.
StatusOr<std::vector<std::string>> CheckSnapshotFiles(FileSystem& fs, const std::string& directory,
                                                      const SnapshotManifest& manifest,
                                                      FileCheck check,
                                                      const FileProgress& progress);

}  // namespace flatkv
