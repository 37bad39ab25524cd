#include "flatkv/store/backup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "flatkv/base/hex.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/backup_set.h"
#include "flatkv/snapshot/copy_file.h"
#include "flatkv/snapshot/snapshot_files.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/store/identity.h"
#include "flatkv/store/lone_changelog.h"

namespace flatkv {
namespace {

// Manifest, record and directories beside the files that are counted.
constexpr uint64_t kSpareBytes = uint64_t{1} << 20;

Status Missing(const std::string& where, Version version, const std::vector<Version>& there) {
  return WithReason(
      NotFound(fmt::format("{} has no snapshot of version {}; it has {}", where, version,
                           there.empty() ? "none" : fmt::format("{}", fmt::join(there, ", ")))),
      Reason::kSnapshotMissing);
}

StatusOr<Identity> ReadIdentityOf(FileSystem& fs, const std::string& store_directory) {
  const std::string path = JoinPath(store_directory, kIdentityName);
  ASSIGN_OR_RETURN(const std::string text, ReadFile(fs, path, kIdentityBytesMax));
  return DecodeIdentity(text, path);
}

bool IsWithin(std::string_view path, std::string_view directory) {
  return path == directory || (path.starts_with(directory) && path.size() > directory.size() &&
                               path[directory.size()] == '/');
}

// The identity that the directory has, or will have. Before anything is made in it: a directory of
// something else is left as it is.
StatusOr<BackupIdentity> CheckedIdentity(FileSystem& fs, const std::string& store_directory,
                                         const std::string& to) {
  const std::string home = ParentPath(store_directory);
  if (IsWithin(to, home)) {
    return InvalidArgument(
        fmt::format("{} is in the store's home {}: a backup there goes when the disk goes; give a "
                    "directory elsewhere",
                    to, home));
  }
  ASSIGN_OR_RETURN(const Identity identity, ReadIdentityOf(fs, store_directory));
  BackupIdentity backup{identity.store_id, identity.suite, identity.initial_version};
  ASSIGN_OR_RETURN(const bool exists, Exists(fs, to));
  if (exists) {
    RETURN_IF_ERROR(BackupSet(fs, to).CheckFits(backup));
  }
  return backup;
}

// Tables never change; the other files are small.
bool IsTable(std::string_view path) { return path.ends_with(".sst"); }

class BackupTaker {
 public:
  BackupTaker(FileSystem& fs, Logger& logger, const BackupRequest& request, const OnBytes& on_bytes)
      : fs_(fs),
        logger_(logger),
        request_(request),
        on_bytes_(on_bytes),
        source_(fs, request.store_directory),
        target_(fs, request.to) {}

  StatusOr<BackupReport> Take() {
    ASSIGN_OR_RETURN(identity_, CheckedIdentity(fs_, request_.store_directory, request_.to));
    ASSIGN_OR_RETURN(manifest_, source_.ReadManifest(request_.version));
    RETURN_IF_ERROR(MakeDirsDurably(fs_, request_.to));
    ASSIGN_OR_RETURN(const std::unique_ptr<FileLock> lock,
                     fs_.Lock(JoinPath(request_.to, kLockName)));
    RETURN_IF_ERROR(target_.Prepare(identity_));
    RETURN_IF_ERROR(target_.snapshots().CleanLeftovers());
    RETURN_IF_ERROR(target_.RemoveStrayRecords());
    ASSIGN_OR_RETURN(const bool is_there, IsThere());
    if (is_there) {
      report_.already_there = true;
      return std::move(report_);
    }
    ASSIGN_OR_RETURN(
        const ChangelogRecord record,
        ReadRecordOf(fs_, JoinPath(request_.store_directory, kChangelogName), manifest_));
    RETURN_IF_ERROR(FindEarlier());
    RETURN_IF_ERROR(CheckSpace(record.payload.size()));
    const Status built = Build(record);
    if (!built.ok()) {
      // It may hold the very space that ran out. The first error is the one to report.
      target_.snapshots().CleanLeftovers().IgnoreError();
      target_.RemoveStrayRecords().IgnoreError();
      return built;
    }
    return std::move(report_);
  }

 private:
  using Content = std::pair<uint64_t, FileDigest>;  // size and digest

  StatusOr<bool> IsThere() {
    report_.version = manifest_.version;
    report_.root = manifest_.root;
    report_.files = manifest_.files.size();
    report_.bytes = manifest_.TotalBytes();
    const StatusOr<SnapshotManifest> has = target_.ReadManifest(manifest_.version, identity_);
    if (ReasonOf(has.status()) == Reason::kSnapshotMissing) {
      return false;
    }
    if (!has.ok()) {
      return Annotate(has.status(),
                      fmt::format("{} has a backup of version {} that is damaged; "
                                  "flatkv backup rm {} --from {} removes it",
                                  request_.to, manifest_.version, manifest_.version, request_.to));
    }
    if (has->root != manifest_.root || has->content_digest != manifest_.content_digest) {
      return WithReason(
          AlreadyExists(fmt::format(
              "{} has version {} with root {}, and the store has it with root {}: it was rolled "
              "back in between; flatkv backup rm {} --from {} removes the old one",
              request_.to, manifest_.version, HexEncode(AsBytes(has->root)),
              HexEncode(AsBytes(manifest_.root)), manifest_.version, request_.to)),
          Reason::kVersionConflict);
    }
    return true;
  }

  // What is in the directory already, by content. A damaged manifest is of no use here, and `backup
  // verify` names it.
  Status FindEarlier() {
    ASSIGN_OR_RETURN(const std::vector<Version> versions, target_.List());
    for (const Version version : versions) {
      const StatusOr<SnapshotManifest> manifest = target_.ReadManifest(version, identity_);
      if (!manifest.ok()) {
        continue;
      }
      for (const SnapshotFile& file : manifest->files) {
        if (IsTable(file.path)) {
          earlier_[{file.size_bytes, file.digest}] = JoinPath(target_.PathOf(version), file.path);
        }
      }
    }
    return OkStatus();
  }

  Status CheckSpace(uint64_t record_bytes) {
    uint64_t needed = record_bytes + kSpareBytes;
    for (const SnapshotFile& file : manifest_.files) {
      needed += earlier_.contains({file.size_bytes, file.digest}) ? 0 : file.size_bytes;
    }
    ASSIGN_OR_RETURN(const uint64_t free, fs_.FreeBytes(request_.to));
    return needed <= free ? OkStatus()
                          : ResourceExhausted(fmt::format(
                                "{}: the backup needs {} bytes and {} are free; nothing was copied",
                                request_.to, needed, free));
  }

  // The record first: a snapshot that has its name has its record.
  Status Build(const ChangelogRecord& record) {
    const std::string record_path = target_.RecordPathOf(manifest_.version);
    const std::string temporary = record_path + std::string(kTemporarySuffix);
    RETURN_IF_ERROR(WriteLoneChangelog(fs_, logger_, temporary, record));
    RETURN_IF_ERROR(fs_.Rename(temporary, record_path));
    RETURN_IF_ERROR(fs_.SyncDir(request_.to));
    RETURN_IF_ERROR(target_.snapshots().BeginBuilding(manifest_.version));
    uint64_t done = 0;
    for (const SnapshotFile& file : manifest_.files) {
      if (on_bytes_ && !on_bytes_(done, report_.bytes)) {
        return Cancelled("the backup was cancelled; nothing is left of it");
      }
      RETURN_IF_ERROR(AddFile(file));
      done += file.size_bytes;
    }
    return target_.snapshots().Publish(manifest_);
  }

  Status AddFile(const SnapshotFile& file) {
    const std::string to =
        JoinPath(target_.snapshots().TemporaryPathOf(manifest_.version), file.path);
    const auto it = earlier_.find({file.size_bytes, file.digest});
    if (it != earlier_.end()) {
      const StatusOr<FileDigest> digest = DigestFile(fs_, it->second);
      if (digest.ok() && *digest == file.digest && fs_.Link(it->second, to).ok()) {
        return OkStatus();
      }
      logger_.Log(LogLevel::kWarning, "backup.copy_again",
                  fmt::format("{} is damaged or takes no more links: the file is copied again",
                              it->second));
    }
    const std::string from = JoinPath(source_.PathOf(manifest_.version), file.path);
    RETURN_IF_ERROR(CopyFileSynced(fs_, from, to, file));
    if (IsTable(file.path)) {
      earlier_[{file.size_bytes, file.digest}] = to;
    }
    ++report_.copied_files;
    report_.copied_bytes += file.size_bytes;
    return OkStatus();
  }

  FileSystem& fs_;
  Logger& logger_;
  const BackupRequest& request_;
  const OnBytes& on_bytes_;
  const SnapshotSet source_;
  BackupSet target_;
  BackupIdentity identity_;
  SnapshotManifest manifest_;
  std::map<Content, std::string> earlier_;
  BackupReport report_;
};

}  // namespace

Status CheckBackupDirectory(FileSystem& fs, const std::string& store_directory,
                            const std::string& to) {
  return CheckedIdentity(fs, store_directory, to).status();
}

StatusOr<BackupReport> TakeBackup(FileSystem& fs, Logger& logger, const BackupRequest& request,
                                  const OnBytes& on_bytes) {
  return BackupTaker(fs, logger, request, on_bytes).Take();
}

StatusOr<BackupListing> ListBackups(FileSystem& fs, const std::string& directory) {
  const BackupSet set(fs, directory);
  ASSIGN_OR_RETURN(const BackupIdentity identity, set.ReadIdentity());
  BackupListing listing{identity.store_id, identity.suite, identity.initial_version, {}};
  ASSIGN_OR_RETURN(const std::vector<Version> versions, set.List());
  for (const Version version : versions) {
    BackupSummary summary;
    summary.version = version;
    const StatusOr<SnapshotManifest> manifest = set.ReadManifest(version, identity);
    if (manifest.ok()) {
      summary.root = manifest->root;
      summary.created_unix_seconds = manifest->created_unix_seconds;
      summary.files = manifest->files.size();
      summary.bytes = manifest->TotalBytes();
    } else {
      summary.defect = MessageOf(manifest.status());
    }
    listing.backups.push_back(std::move(summary));
  }
  return listing;
}

StatusOr<BackupVerdict> VerifyBackups(FileSystem& fs, const std::string& directory,
                                      const std::vector<Version>& versions,
                                      const OnBytes& on_bytes) {
  const BackupSet set(fs, directory);
  ASSIGN_OR_RETURN(const BackupIdentity identity, set.ReadIdentity());
  ASSIGN_OR_RETURN(const std::vector<Version> there, set.List());
  BackupVerdict verdict;
  for (const Version version : versions.empty() ? there : versions) {
    if (!std::binary_search(there.begin(), there.end(), version)) {
      return Missing(directory, version, there);
    }
    ++verdict.backups;
    const auto find = [&](std::string_view what) {
      verdict.findings.push_back(fmt::format("{}: {}", SnapshotName(version), what));
    };
    const StatusOr<SnapshotManifest> manifest = set.ReadManifest(version, identity);
    if (!manifest.ok()) {
      find(MessageOf(manifest.status()));
      continue;
    }
    ASSIGN_OR_RETURN(
        const std::vector<std::string> findings,
        CheckSnapshotFiles(
            fs, set.PathOf(version), *manifest, FileCheck::kDigests,
            [&](uint64_t done) { return !on_bytes || on_bytes(done, manifest->TotalBytes()); }));
    verdict.files += manifest->files.size();
    verdict.bytes += manifest->TotalBytes();
    std::for_each(findings.begin(), findings.end(), find);
    const Status record = ReadLoneRecordOf(fs, set.RecordPathOf(version), *manifest).status();
    if (!record.ok()) {
      find(MessageOf(record));
    }
  }
  return verdict;
}

Status RemoveBackup(FileSystem& fs, const std::string& directory, Version version) {
  BackupSet set(fs, directory);
  RETURN_IF_ERROR(set.ReadIdentity().status());
  ASSIGN_OR_RETURN(const std::unique_ptr<FileLock> lock, fs.Lock(JoinPath(directory, kLockName)));
  ASSIGN_OR_RETURN(const std::vector<Version> there, set.List());
  if (!std::binary_search(there.begin(), there.end(), version)) {
    return Missing(directory, version, there);
  }
  return set.Remove(version);
}

}  // namespace flatkv
