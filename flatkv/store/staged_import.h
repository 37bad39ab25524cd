// One import on its way: the locks, the staging directory and the store that is made in it.
//
// Thread safety: Add and Finish from one thread at a time; WantsRows from any.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <string>

#include "flatkv/archive/archive_sums.h"
#include "flatkv/store/store_builder.h"
#include "flatkv/store/store_import.h"

namespace flatkv {

class StagedImport {
 public:
  struct Source {
    std::string operation;  // "import", "compact"
    std::string operation_id;
    std::string reason;
    ArchiveManifest manifest;  // its chunks are not looked at
    std::string payload;
  };

  // Takes the locks, checks what the home holds, and makes or finds the staging directory.
  static StatusOr<std::unique_ptr<StagedImport>> Begin(FileSystem& fs, Logger& logger,
                                                       const ImportOptions& options, Source source);

  // Whether the rows of the chunk are not there yet.
  bool WantsRows(const ChunkInfo& info) const;
  // The next chunk; its rows are read if WantsRows.
  Status Add(const ChunkInfo& info, const ChunkRows& rows);
  // Checks the sums, makes the store whole, puts it in its place.
  StatusOr<ImportResult> Finish();

  const ArchiveProgress& done() const { return done_; }

 private:
  StagedImport(FileSystem& fs, Logger& logger, const ImportOptions& options, Source source);

  Status Lock();
  StoreState State() const;

  FileSystem& fs_;
  Logger& logger_;
  const ImportOptions options_;
  const Source source_;
  const RowHasher hasher_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::unique_ptr<FileLock> store_lock_;  // null: there is no store
  std::unique_ptr<FileLock> staging_lock_;
  std::string replaced_store_id_;
  std::unique_ptr<StoreBuilder> builder_;
  ArchiveSums sums_;
  ArchiveProgress done_;
  uint64_t kept_rows_ = 0;
  // Whether the chunk was met with which the kept rows of a data DB end.
  std::array<bool, kDataDbs> kept_key_met_{};
};

}  // namespace flatkv
