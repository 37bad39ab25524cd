// A store out of an archive, or out of an export as it comes: made in a staging directory of the
// home, checked chunk by chunk and as a whole, and put in its place by one atomic step
// (flatkv/snapshot/store_swap.h). Until that step nothing of the home's store changes; what it
// replaces is set aside and never removed.
//
// No daemon may have the store open: LOCK of the store is held from the beginning to the end.
//
// Thread safety: one call at a time a home, which the locks see to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "flatkv/archive/archive_verify.h"
#include "flatkv/archive/export_sink.h"
#include "flatkv/base/logger.h"
#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

struct ImportOptions {
  std::string home;
  // The root must be this one.
  std::optional<Digest> expect_root;
  // Whether a store that is there is set aside; otherwise it is kFailedPrecondition with
  // Reason::kConfirmationNeeded.
  bool replace = false;
  size_t threads = 1;
  std::string build;  // of the program
};

struct ImportPlan {
  ArchiveState state;
  uint64_t chunks = 0;
  uint64_t rows = 0;
  uint64_t bytes = 0;       // of keys and values
  uint64_t file_bytes = 0;  // of the archive
  bool replaces = false;    // there is a store
  std::string replaced_store_id;
  bool resumes = false;  // an interrupted import of the same archive is gone on with
  // One line a step, in order, as the operator reads it.
  std::vector<std::string> steps;
};

struct ImportResult {
  ArchiveState state;
  std::string store_id;     // of the new store
  std::string quarantined;  // the entry with the old one; empty: there was none
  uint64_t rows = 0;
  uint64_t bytes = 0;
  uint64_t kept_rows = 0;  // of these, from an interrupted import
  double seconds = 0;
};

// What ImportArchive will do; changes nothing and does not look at the rows. Errors: those of
// ArchiveReader::Open; kAlreadyExists with Reason::kRootMismatch for another root than
// expected.
StatusOr<ImportPlan> PlanImport(FileSystem& fs, const std::string& archive,
                                const ImportOptions& options);

// An import that is interrupted, or fails for want of space, is gone on with by the next one of the
// same archive. Errors: those of PlanImport; kDataLoss with Reason::kArchiveCorrupt or
// kRootMismatch; kFailedPrecondition with Reason::kLocked, or for a store that is there without
// `replace`; kCancelled.
StatusOr<ImportResult> ImportArchive(FileSystem& fs, Logger& logger, const std::string& archive,
                                     const ImportOptions& options,
                                     const OnArchiveProgress& on_progress);

// The same for an export as it comes, without an archive in between: a sink for StoreAdmin::Export.
// The home must be absent or empty but for what an interrupted run left, which is removed.
class StoreCopy : public ExportSink {
 public:
  static StatusOr<std::unique_ptr<StoreCopy>> Create(FileSystem& fs, Logger& logger,
                                                     const ImportOptions& options,
                                                     const OnArchiveProgress& on_progress);
  // After the export.
  virtual StatusOr<ImportResult> Finish() = 0;
};

}  // namespace flatkv
