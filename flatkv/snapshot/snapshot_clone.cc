#include <fmt/format.h>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/copy_file.h"
#include "flatkv/snapshot/record_file.h"
#include "flatkv/snapshot/snapshot_set.h"
#include "flatkv/snapshot/store_layout.h"

namespace flatkv {
namespace {

constexpr std::string_view kSnapshotTable = ".sst";
constexpr std::string_view kWorkingTable = ".ldb";

bool IsTable(std::string_view path) {
  return path.ends_with(kSnapshotTable) || path.ends_with(kWorkingTable);
}

// Tables get the name that LevelDB itself gives them, so that none is there twice once it has
// written one of the same number.
std::string CloneName(const std::string& path) {
  return path.ends_with(kSnapshotTable)
             ? path.substr(0, path.size() - kSnapshotTable.size()).append(kWorkingTable)
             : path;
}

bool IsOtherFileSystem(const Status& status) {
  return status.code() == StatusCode::kUnknown &&
         MessageOf(status).find("(EXDEV)") != std::string_view::npos;
}

class Cloner {
 public:
  Cloner(FileSystem& fs, const std::string& snapshot, std::string directory, bool allow_copy)
      : fs_(fs), snapshot_(snapshot), directory_(std::move(directory)), allow_copy_(allow_copy) {}

  // Everything in `directory`, durable but for its own name.
  Status Build(const SnapshotManifest& manifest, const std::optional<std::string>& base_text) {
    RETURN_IF_ERROR(fs_.MakeDir(directory_));
    for (const std::string_view db : kDataDbNames) {
      RETURN_IF_ERROR(CheckDirectory(JoinPath(snapshot_, db)));
      RETURN_IF_ERROR(fs_.MakeDir(JoinPath(directory_, db)));
    }
    for (const SnapshotFile& file : manifest.files) {
      RETURN_IF_ERROR(AddFile(file));
    }
    for (const std::string_view db : kDataDbNames) {
      RETURN_IF_ERROR(fs_.SyncDir(JoinPath(directory_, db)));
    }
    // Either way syncs the names of the DB directories.
    return base_text.has_value()
               ? WriteFileDurably(fs_, JoinPath(directory_, kSnapshotBaseName), *base_text)
               : fs_.SyncDir(directory_);
  }

 private:
  // A symlink in place of a DB directory would lead the paths below it elsewhere.
  Status CheckDirectory(const std::string& path) {
    ASSIGN_OR_RETURN(const FileInfo info, fs_.Stat(path));
    return info.type == FileType::kDirectory ? OkStatus()
                                             : SnapshotCorrupt(path, "it is not a directory");
  }

  Status AddFile(const SnapshotFile& file) {
    const std::string from = JoinPath(snapshot_, file.path);
    const std::string to = JoinPath(directory_, CloneName(file.path));
    const StatusOr<FileInfo> info = fs_.Stat(from);
    if (IsNotFound(info.status())) {
      return SnapshotCorrupt(from, "the file is missing");
    }
    RETURN_IF_ERROR(info.status());
    if (info->type != FileType::kRegular || info->size_bytes != file.size_bytes) {
      return SnapshotCorrupt(from, fmt::format("it is not a regular file of {} bytes, as the "
                                               "snapshot's manifest says",
                                               file.size_bytes));
    }
    if (!IsTable(file.path)) {
      return CopyFileSynced(fs_, from, to, file);
    }
    const Status linked = fs_.Link(from, to);
    if (!IsOtherFileSystem(linked)) {
      return linked;
    }
    if (!allow_copy_) {
      return FailedPrecondition(
          fmt::format("link {} to {}: the two are on different file systems; put them on one, or "
                      "allow copies",
                      from, to));
    }
    return CopyFileSynced(fs_, from, to, file);
  }

  FileSystem& fs_;
  const std::string& snapshot_;
  const std::string directory_;
  const bool allow_copy_;
};

}  // namespace

Status CloneSnapshot(FileSystem& fs, const std::string& snapshot, const std::string& target,
                     const SnapshotManifest& manifest, bool allow_copy,
                     const std::optional<std::string>& base_text) {
  ASSIGN_OR_RETURN(const bool exists, Exists(fs, target));
  if (exists) {
    return AlreadyExists(fmt::format("clone {} to {}: the target exists", snapshot, target));
  }
  const std::string temporary = target + std::string(kTemporarySuffix);
  ASSIGN_OR_RETURN(const bool is_leftover, Exists(fs, temporary));
  if (is_leftover) {
    RETURN_IF_ERROR(RemoveTreeDurably(fs, temporary));
  }
  Status status = Cloner(fs, snapshot, temporary, allow_copy).Build(manifest, base_text);
  if (status.ok()) {
    status = fs.Rename(temporary, target);
  }
  if (!status.ok()) {
    // It may hold the very space that ran out. The first error is the one to report.
    static_cast<void>(RemoveTreeDurably(fs, temporary));
    return status;
  }
  return fs.SyncDir(ParentPath(target));
}

}  // namespace flatkv
