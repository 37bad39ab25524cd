// Interchange with Sei's FlatKV: the state of an archive as a Sei stream (the rows as Sei's state
// sync carries them in a Cosmos SDK snapshot) and back. Physical keys and stored rows are the same
// bytes in both, and roots are equal under suite blake3, the only one that Sei knows: other
// archives are refused. Bytes: docs/format.md, "Sei stream".
//
// Thread safety: pure functions; `on_progress` is called on any thread, one call at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "flatkv/archive/archive_manifest.h"
#include "flatkv/archive/archive_writer.h"
#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/sei/row_reader.h"

namespace flatkv {

struct SeiProgress {
  std::string_view phase;
  uint64_t done = 0;
  uint64_t total = 0;
};
// False cancels.
using OnSeiProgress = std::function<bool(const SeiProgress&)>;

struct ToSeiOptions {
  std::string from;       // an archive
  std::string to;         // what must not be there yet
  bool one_file = false;  // the stream uncut, instead of a directory of part files
  size_t threads = 1;
  uint64_t part_bytes = kSeiPartBytes;
};
struct ToSeiReport {
  ArchiveState state;
  uint64_t rows = 0;
  uint64_t stream_bytes = 0;  // packed
  uint64_t parts = 0;
};
// The archive is checked whole, root included, before anything is written, and every row again as
// it is. An interrupted call leaves nothing under the name `to`. Errors: those of
// ArchiveReader::Open, ArchiveRows and CreateSeiDirectory; kFailedPrecondition with
// Reason::kSuiteMismatch, and for a row that is longer than Sei reads; kCancelled.
StatusOr<ToSeiReport> ArchiveToSei(FileSystem& fs, const ToSeiOptions& options,
                                   const OnSeiProgress& on_progress);

struct FromSeiOptions {
  std::string from;
  Version version = 0;  // of the state; every node of the stream must say the same
  Version initial_version = 1;
  std::optional<Digest> expected_root;
  // Opens the archive to write; called once the stream is known to be good.
  std::function<StatusOr<std::unique_ptr<ArchiveWriter>>()> open_target;
  size_t threads = 1;
  uint64_t part_bytes = kSeiPartBytes;
};
struct FromSeiReport {
  ArchiveManifest manifest;
  SeiOthers others;
};
// Reads the stream once to check it and to know the root, and then once more for each data DB. The
// archive is the one that an export would make, but for the changelog payload, of which a stream
// knows nothing: it is an entry without changes. An interrupted conversion into a directory is gone
// on with. Errors: those of SeiRowReader and ArchiveExport; kAlreadyExists with
// Reason::kRootMismatch if the root is not the expected one; kInvalidArgument for versions that
// cannot be; kFailedPrecondition for a target that holds another archive; kCancelled.
StatusOr<FromSeiReport> SeiToArchive(FileSystem& fs, const FromSeiOptions& options,
                                     const OnSeiProgress& on_progress);

}  // namespace flatkv
