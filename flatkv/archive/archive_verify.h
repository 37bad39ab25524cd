// The check of an archive by itself, without a store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "flatkv/archive/archive_manifest.h"
#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

struct ArchiveProgress {
  uint64_t chunks = 0;
  uint64_t rows = 0;
  uint64_t bytes = 0;  // of keys and values
};
// False cancels.
using OnArchiveProgress = std::function<bool(const ArchiveProgress&)>;

struct ArchiveReport {
  std::optional<ArchiveManifest> manifest;  // if it can be read; without its chunks
  // What is wrong, one line each, naming chunk or member. Empty: all is well.
  std::vector<std::string> findings;
  ArchiveProgress done;
  uint64_t file_bytes = 0;  // of the members
};

// Checks every chunk by itself and all of them against manifest and root. `threads` >= 1.
// Errors: kNotFound; kCancelled; kUnknown for what cannot be read. Damage is a finding.
StatusOr<ArchiveReport> VerifyArchive(FileSystem& fs, const std::string& path, size_t threads,
                                      const OnArchiveProgress& on_progress);

}  // namespace flatkv
