#include "flatkv/store/scrub_walk.h"

#include <fmt/format.h>

#include <algorithm>

#include "flatkv/fs/path.h"
#include "flatkv/snapshot/file_hasher.h"
#include "flatkv/snapshot/file_pieces.h"
#include "flatkv/snapshot/snapshot_files.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/store/verify_rows.h"

namespace flatkv {
namespace {

Status ScrubStopped() { return Cancelled("the scrub was stopped"); }

}  // namespace

Status ScrubWalk::SnapshotFiles(Version version, const std::string& after,
                                const std::function<void(const std::string& path)>& on_file) {
  ASSIGN_OR_RETURN(const SnapshotCatalog::Leased leased, context_.catalog.LeaseAtOrBelow(version));
  if (leased.version != version) {
    return OkStatus();  // pruned meanwhile
  }
  const StatusOr<SnapshotManifest> manifest = context_.catalog.ReadManifest(version);
  if (manifest.status().code() == StatusCode::kDataLoss) {
    return FindInSnapshot(version, "", std::string(MessageOf(manifest.status())));
  }
  if (IsNotFound(manifest.status())) {
    return OkStatus();
  }
  RETURN_IF_ERROR(manifest.status());
  ASSIGN_OR_RETURN(const std::vector<std::string> findings,
                   CheckSnapshotFiles(context_.fs, context_.catalog.PathOf(version), *manifest,
                                      FileCheck::kSizes, nullptr));
  for (const std::string& finding : findings) {
    RETURN_IF_ERROR(FindInSnapshot(version, manifest->operation_id, finding));
  }
  for (const SnapshotFile& file : manifest->files) {
    if (file.path > after) {
      RETURN_IF_ERROR(CheckFile(version, *manifest, file));
      on_file(file.path);
    }
  }
  return OkStatus();
}

Status ScrubWalk::CheckFile(Version version, const SnapshotManifest& manifest,
                            const SnapshotFile& file) {
  const std::string path = JoinPath(context_.catalog.PathOf(version), file.path);
  const StatusOr<FileInfo> info = context_.fs.Stat(path);
  if (!info.ok() || info->type != FileType::kRegular || info->size_bytes != file.size_bytes) {
    return OkStatus();  // told by the check of names and sizes
  }
  const auto known = read_.find(info->inode);
  if (known != read_.end() && known->second == file.digest) {
    return context_.pace(0, [] { return true; }) ? OkStatus() : ScrubStopped();
  }
  FileHasher hasher;
  bool stopped = false;
  const Status read = ReadInPieces(context_.fs, path, [&](std::string_view piece) {
    hasher.Add(piece);
    stopped = !context_.pace(piece.size(), [] { return true; });
    return stopped ? ScrubStopped() : OkStatus();
  });
  if (stopped) {
    return read;
  }
  if (!read.ok()) {
    return FindInSnapshot(version, manifest.operation_id,
                          fmt::format("{}: {}", file.path, MessageOf(read)));
  }
  read_[info->inode] = hasher.Digest();
  return hasher.Digest() == file.digest
             ? OkStatus()
             : FindInSnapshot(
                   version, manifest.operation_id,
                   fmt::format("{}: its content is not what the manifest says", file.path));
}

// The lease holds it against everything but a rollback, and half removed is not damaged.
Status ScrubWalk::FindInSnapshot(Version version, const std::string& operation_id,
                                 const std::string& finding) {
  ASSIGN_OR_RETURN(const std::vector<Version> versions, context_.catalog.Versions());
  const StatusOr<SnapshotManifest> now = context_.catalog.ReadManifest(version);
  const bool is_another = !operation_id.empty() && now.ok() && now->operation_id != operation_id;
  if (std::binary_search(versions.begin(), versions.end(), version) && !is_another) {
    context_.find(fmt::format("{}: {}", SnapshotName(version), finding));
  }
  return OkStatus();
}

Status ScrubWalk::Rows(DataDb db) {
  const StatusOr<std::shared_ptr<View>> opened = context_.open_head();
  if (opened.status().code() == StatusCode::kDataLoss) {
    context_.find(fmt::format("data DBs: {}", MessageOf(opened.status())));
    return OkStatus();
  }
  RETURN_IF_ERROR(opened.status());
  if (*opened == nullptr) {
    return OkStatus();
  }
  View& view = **opened;
  const DbState& recorded = view.state()[IndexOf(db)];
  const double row_bytes = recorded.total.rows == 0 ? 0
                                                    : static_cast<double>(recorded.total.bytes) /
                                                          static_cast<double>(recorded.total.rows);
  uint64_t paced_rows = 0;
  std::vector<std::string> findings;
  const Status walked = view.WalkRows(db, [&](KvIterator& rows) -> Status {
    ASSIGN_OR_RETURN(
        RowsVerdict verdict, VerifyRowsOf(db, rows, recorded, context_.hasher, [&](uint64_t done) {
          const double more = static_cast<double>(done - paced_rows) * row_bytes;
          paced_rows = done;
          return context_.pace(static_cast<uint64_t>(more), [&view] { return !view.ending(); });
        }));
    findings = std::move(verdict.findings);
    return OkStatus();
  });
  if (view.ending()) {
    return ScrubStopped();  // what was read was on its way out
  }
  RETURN_IF_ERROR(walked);
  for (const std::string& finding : findings) {
    context_.find(fmt::format("version {}: {}", view.version(), finding));
  }
  return OkStatus();
}

}  // namespace flatkv
