// Where an export writes an archive: a directory, in which an interrupted export is resumed, or one
// tar file, which appears under its name only when it is whole.
//
// Thread safety: none.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/archive/archive_manifest.h"
#include "flatkv/archive/archive_sums.h"
#include "flatkv/archive/chunk.h"
#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

// What an interrupted export left: the chunks from the first on that are whole and of one state.
struct FoundChunks {
  ArchiveState state;
  ArchiveSums sums;
  std::vector<ArchiveChunk> chunks;
  DataDb last_db = DataDb::kAccount;
  std::string last_key;
};

class ArchiveWriter {
 public:
  virtual ~ArchiveWriter() = default;

  // What can be gone on from; reads it. Asked once, before the first chunk.
  virtual StatusOr<std::optional<FoundChunks>> Find() = 0;
  // Set when a whole archive is there already.
  virtual const std::optional<ArchiveManifest>& complete() const = 0;
  virtual Status AddChunk(const ChunkInfo& info, std::string_view bytes) = 0;
  // After it the archive is durable. MANIFEST is written last.
  virtual Status Finish(const ArchiveManifest& manifest, std::string_view payload) = 0;
};

// Makes the directory if there is none. Errors: kFailedPrecondition if it holds anything that is
// not of an archive.
StatusOr<std::unique_ptr<ArchiveWriter>> OpenArchiveDirectory(FileSystem& fs, std::string path);
// Errors: kFailedPrecondition if there is something under the name.
StatusOr<std::unique_ptr<ArchiveWriter>> CreateArchiveFile(FileSystem& fs, std::string path);

}  // namespace flatkv
