#include "flatkv/snapshot/snapshot_set.h"

#include <fmt/format.h>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/record_file.h"
#include "flatkv/snapshot/snapshot_files.h"
#include "flatkv/snapshot/store_layout.h"

namespace flatkv {
namespace {

// Far above any real one: a million files.
constexpr uint64_t kManifestBytesMax = uint64_t{256} << 20;

Status CheckVersion(Version version) {
  return version >= 0 ? OkStatus()
                      : InvalidArgument(fmt::format("snapshot: {} is no version", version));
}

StatusOr<bool> IsDirectory(FileSystem& fs, const std::string& path) {
  const StatusOr<FileInfo> info = fs.Stat(path);
  if (!info.ok()) {
    return IsNotFound(info.status()) ? StatusOr<bool>(false) : info.status();
  }
  return info->type == FileType::kDirectory;
}

// An older try may have left anything under the name.
Status RemoveLeftover(FileSystem& fs, const std::string& path) {
  ASSIGN_OR_RETURN(const bool exists, Exists(fs, path));
  return exists ? RemoveTreeDurably(fs, path) : OkStatus();
}

Status SnapshotMissing(const std::string& path, Version version) {
  return WithReason(
      NotFound(fmt::format("snapshot {}: there is no snapshot of version {}", path, version)),
      Reason::kSnapshotMissing);
}

// A manifest that could not be read back must not become a snapshot.
Status CheckEncoding(const SnapshotManifest& manifest, const std::string& text) {
  const StatusOr<SnapshotManifest> decoded = DecodeSnapshotManifest(text, "the new manifest");
  if (!decoded.ok()) {
    return InvalidArgument(MessageOf(decoded.status()));
  }
  return *decoded == manifest ? OkStatus() : Internal("a manifest changed by being encoded");
}

}  // namespace

SnapshotSet::SnapshotSet(FileSystem& fs, std::string directory)
    : fs_(fs), directory_(std::move(directory)) {}

StatusOr<std::vector<Version>> SnapshotSet::List() const {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.List(directory_));
  std::vector<Version> versions;
  for (const std::string& name : names) {
    const std::optional<Version> version = ParseSnapshotName(name);
    if (!version.has_value()) {
      continue;
    }
    ASSIGN_OR_RETURN(const bool is_directory, IsDirectory(fs_, JoinPath(directory_, name)));
    if (is_directory) {
      // By name is by version.
      versions.push_back(*version);
    }
  }
  return versions;
}

StatusOr<std::optional<Version>> SnapshotSet::Current() const {
  const std::string link = JoinPath(directory_, kCurrentName);
  const auto damaged = [this, &link](std::string_view what) -> Status {
    ASSIGN_OR_RETURN(const std::vector<Version> versions, List());
    return WithReason(
        DataLoss(
            fmt::format("read {}: {}; the snapshots that are there: {}", link, what,
                        versions.empty() ? "none" : fmt::format("{}", fmt::join(versions, ", ")))),
        Reason::kRecoveryAmbiguous);
  };
  const StatusOr<FileInfo> info = fs_.Stat(link);
  if (IsNotFound(info.status())) {
    return std::optional<Version>();
  }
  RETURN_IF_ERROR(info.status());
  if (info->type != FileType::kSymlink) {
    return damaged("it is not a symlink");
  }
  ASSIGN_OR_RETURN(const std::string target, fs_.ReadLink(link));
  const std::optional<Version> version = ParseSnapshotName(target);
  if (!version.has_value()) {
    return damaged(fmt::format("it names \"{}\", which is no snapshot", target));
  }
  ASSIGN_OR_RETURN(const bool is_directory, IsDirectory(fs_, PathOf(*version)));
  if (!is_directory) {
    return damaged(fmt::format("it names {}, which is not there", target));
  }
  return version;
}

std::string SnapshotSet::PathOf(Version version) const {
  return JoinPath(directory_, SnapshotName(version));
}

std::string SnapshotSet::TemporaryPathOf(Version version) const {
  return PathOf(version).append(kTemporarySuffix);
}

StatusOr<SnapshotManifest> SnapshotSet::ReadManifest(Version version) const {
  const std::string directory = PathOf(version);
  ASSIGN_OR_RETURN(const bool is_directory, IsDirectory(fs_, directory));
  if (!is_directory) {
    return SnapshotMissing(directory, version);
  }
  const std::string path = JoinPath(directory, kSnapshotManifestName);
  const StatusOr<std::string> text = ReadRecordFile(fs_, path, kManifestBytesMax);
  if (IsNotFound(text.status())) {
    return SnapshotCorrupt(path, "the snapshot has no manifest");
  }
  RETURN_IF_ERROR(text.status());
  ASSIGN_OR_RETURN(SnapshotManifest manifest, DecodeSnapshotManifest(*text, path));
  if (manifest.version != version) {
    return SnapshotCorrupt(path, fmt::format("it is the manifest of version {}", manifest.version));
  }
  return manifest;
}

// Syncs nothing of what it makes: before Publish there is nothing to keep.
Status SnapshotSet::BeginBuilding(Version version) {
  RETURN_IF_ERROR(CheckVersion(version));
  const std::string directory = TemporaryPathOf(version);
  RETURN_IF_ERROR(RemoveLeftover(fs_, directory));
  RETURN_IF_ERROR(fs_.MakeDir(directory));
  for (const std::string_view db : kDataDbNames) {
    RETURN_IF_ERROR(fs_.MakeDir(JoinPath(directory, db)));
  }
  return OkStatus();
}

Status SnapshotSet::Publish(const SnapshotManifest& manifest) {
  const std::string text = EncodeSnapshotManifest(manifest);
  RETURN_IF_ERROR(CheckEncoding(manifest, text));
  const std::string final = PathOf(manifest.version);
  const std::string directory = TemporaryPathOf(manifest.version);
  ASSIGN_OR_RETURN(const bool exists, Exists(fs_, final));
  if (exists) {
    return AlreadyExists(fmt::format("publish {}: the snapshot exists", final));
  }
  for (const std::string_view db : kDataDbNames) {
    RETURN_IF_ERROR(fs_.SyncDir(JoinPath(directory, db)));
  }
  // Syncs `directory` too, and with it the names of the DB directories.
  RETURN_IF_ERROR(WriteFileDurably(fs_, JoinPath(directory, kSnapshotManifestName), text));
  // Older snapshots are pruned on the strength of this one: the last moment to see that it is
  // whole.
  ASSIGN_OR_RETURN(const std::vector<std::string> findings,
                   CheckSnapshotFiles(fs_, directory, manifest, FileCheck::kSizes, nullptr));
  if (!findings.empty()) {
    return SnapshotCorrupt(directory, fmt::format("{}", fmt::join(findings, "; ")));
  }
  RETURN_IF_ERROR(fs_.Rename(directory, final));
  return fs_.SyncDir(directory_);
}

Status SnapshotSet::SetCurrent(Version version) {
  ASSIGN_OR_RETURN(const bool is_directory, IsDirectory(fs_, PathOf(version)));
  if (!is_directory) {
    return SnapshotMissing(PathOf(version), version);
  }
  const std::string link = JoinPath(directory_, kCurrentName);
  const std::string temporary = link + std::string(kTemporarySuffix);
  RETURN_IF_ERROR(RemoveLeftover(fs_, temporary));
  RETURN_IF_ERROR(fs_.Symlink(SnapshotName(version), temporary));
  // The process that published the snapshot may have been killed before its sync: the new `current`
  // must not outlive the name that it points to.
  RETURN_IF_ERROR(fs_.SyncDir(directory_));
  RETURN_IF_ERROR(fs_.Rename(temporary, link));
  return fs_.SyncDir(directory_);
}

Status SnapshotSet::ClearCurrent() {
  return RemoveFileDurably(fs_, JoinPath(directory_, kCurrentName));
}

Status SnapshotSet::Remove(Version version) {
  RETURN_IF_ERROR(CheckVersion(version));
  const std::string path = PathOf(version);
  const std::string removing = path + std::string(kRemovingSuffix);
  ASSIGN_OR_RETURN(const bool exists, Exists(fs_, path));
  if (exists) {
    RETURN_IF_ERROR(RemoveLeftover(fs_, removing));
    RETURN_IF_ERROR(fs_.Rename(path, removing));
    // Before the first file goes, or a crash could show the snapshot with files missing.
    RETURN_IF_ERROR(fs_.SyncDir(directory_));
  }
  return RemoveTreeDurably(fs_, removing);
}

Status SnapshotSet::CleanLeftovers() {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.List(directory_));
  Status first;
  std::string messages;
  for (const std::string& name : names) {
    if (!name.ends_with(kTemporarySuffix) && !name.ends_with(kRemovingSuffix)) {
      continue;
    }
    const Status removed = RemoveTreeDurably(fs_, JoinPath(directory_, name));
    if (!removed.ok()) {
      first.Update(removed);
      messages += fmt::format("{}{}", messages.empty() ? "" : "; ", MessageOf(removed));
    }
  }
  return first.ok() ? first : MakeStatus(first.code(), messages);
}

}  // namespace flatkv
