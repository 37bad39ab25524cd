#include "flatkv/store/staged_store.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/lthash/row_hasher.h"
#include "flatkv/snapshot/copy_file.h"
#include "flatkv/snapshot/intent.h"
#include "flatkv/snapshot/record_file.h"
#include "flatkv/snapshot/snapshot_files.h"
#include "flatkv/snapshot/snapshot_set.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/store/clone_check.h"
#include "flatkv/store/snapshot_base.h"
#include "flatkv/store/state_hash.h"

namespace flatkv {
namespace {

constexpr uint64_t kWriteBufferBytes = uint64_t{1} << 20;

Status Stopped() { return Cancelled("cancelled; nothing was changed"); }

bool IsTable(std::string_view path) { return path.ends_with(".sst"); }

// A symlink in place of a DB directory would lead the paths below it elsewhere.
Status CheckDirectories(FileSystem& fs, const std::string& snapshot) {
  for (const std::string_view db : kDataDbNames) {
    const std::string path = JoinPath(snapshot, db);
    const StatusOr<FileInfo> info = fs.Stat(path);
    if (!info.ok() || info->type != FileType::kDirectory) {
      return SnapshotCorrupt(path, info.ok() ? "it is not a directory" : MessageOf(info.status()));
    }
  }
  return OkStatus();
}

Status AddFile(FileSystem& fs, const std::string& from, const std::string& to,
               const SnapshotFile& file, bool link) {
  const StatusOr<FileInfo> info = fs.Stat(from);
  if (IsNotFound(info.status())) {
    return SnapshotCorrupt(from, "the file is missing");
  }
  RETURN_IF_ERROR(info.status());
  if (info->type == FileType::kRegular && info->size_bytes != file.size_bytes) {
    return SnapshotCorrupt(from, fmt::format("it holds {} bytes, the manifest says {}",
                                             info->size_bytes, file.size_bytes));
  }
  if (!link) {
    return CopyFileSynced(fs, from, to, file);
  }
  ASSIGN_OR_RETURN(const FileDigest digest, DigestFile(fs, from));
  if (digest != file.digest) {
    return SnapshotCorrupt(from, "its content is not what the snapshot's manifest says");
  }
  return fs.Link(from, to).ok() ? OkStatus() : CopyFileSynced(fs, from, to, file);
}

Status CheckRows(FileSystem& fs, Logger& logger, const std::string& clone,
                 const SnapshotManifest& manifest, const OnStaging& on_staging) {
  const auto wrong = [](std::string_view what) {
    return WithReason(DataLoss(what), Reason::kSnapshotCorrupt);
  };
  ASSIGN_OR_RETURN(const std::unique_ptr<ScratchDbs> dbs,
                   ScratchDbs::Open(fs, logger, clone, kWriteBufferBytes));
  const RowHasher hasher(manifest.suite);
  StoreState state;
  for (const DataDb db : kAllDataDbs) {
    ASSIGN_OR_RETURN(LoadedDb loaded, dbs->dbs().Load(db));
    if (loaded.version != manifest.version) {
      return wrong(fmt::format("data DB {} stands at version {} instead of {}", NameOf(db),
                               loaded.version, manifest.version));
    }
    const std::string phase = fmt::format("checking rows of {}", NameOf(db));
    const std::unique_ptr<KvIterator> rows = dbs->dbs()[db].NewIterator();
    StatusOr<RowsVerdict> verdict =
        VerifyRowsOf(db, *rows, loaded.state, hasher, [&](uint64_t done) {
          return !on_staging || on_staging(phase, done, loaded.state.total.rows);
        });
    if (verdict.status().code() == StatusCode::kCancelled) {
      return Stopped();
    }
    RETURN_IF_ERROR(verdict.status());
    if (!verdict->findings.empty()) {
      return wrong(verdict->findings.front());
    }
    state[IndexOf(db)] = std::move(loaded.state);
    if (hasher.Checksum(state[IndexOf(db)].total.hash) != manifest.dbs[IndexOf(db)].checksum) {
      return wrong(fmt::format("data DB {} does not have the manifest's checksum", NameOf(db)));
    }
  }
  return hasher.Checksum(GlobalHash(state)) == manifest.root
             ? OkStatus()
             : wrong("the data DBs do not give the manifest's root");
}

}  // namespace

Status BuildStagedStore(FileSystem& fs, Logger& logger, const std::string& directory,
                        const StagedSource& source, const Identity& identity,
                        const OnStaging& on_staging) {
  RETURN_IF_ERROR(MakeDirsDurably(fs, directory));
  RETURN_IF_ERROR(CheckDirectories(fs, source.snapshot));
  SnapshotManifest manifest = source.manifest;
  if (manifest.store_id != identity.store_id) {
    // It is a snapshot of the new store from here on.
    manifest.store_id = identity.store_id;
    manifest.operation_id = NewOperationId();
  }
  SnapshotSet snapshots(fs, directory);
  RETURN_IF_ERROR(snapshots.BeginBuilding(manifest.version));
  const uint64_t total = manifest.TotalBytes();
  uint64_t done = 0;
  for (const SnapshotFile& file : manifest.files) {
    if (on_staging && !on_staging("staging files", done, total)) {
      return Stopped();
    }
    RETURN_IF_ERROR(AddFile(fs, JoinPath(source.snapshot, file.path),
                            JoinPath(snapshots.TemporaryPathOf(manifest.version), file.path), file,
                            source.link_tables && IsTable(file.path)));
    done += file.size_bytes;
  }
  RETURN_IF_ERROR(snapshots.Publish(manifest));
  RETURN_IF_ERROR(snapshots.SetCurrent(manifest.version));
  RETURN_IF_ERROR(
      WriteLoneChangelog(fs, logger, JoinPath(directory, kChangelogName), source.record));
  // Syncs the store directory too, and with it the name of the changelog.
  return WriteFileDurably(fs, JoinPath(directory, kIdentityName), EncodeIdentity(identity));
}

Status ValidateStagedStore(FileSystem& fs, Logger& logger, const std::string& directory,
                           const std::string& scratch, Version version,
                           const OnStaging& on_staging) {
  const SnapshotSet snapshots(fs, directory);
  ASSIGN_OR_RETURN(const SnapshotManifest manifest, snapshots.ReadManifest(version));
  const SnapshotBase base{manifest.store_id, manifest.suite, manifest.version,
                          manifest.operation_id};
  Status status = CloneSnapshot(fs, snapshots.PathOf(version), scratch, manifest,
                                /*allow_copy=*/true, EncodeSnapshotBase(base));
  if (status.ok()) {
    status = CheckRows(fs, logger, scratch, manifest, on_staging);
  }
  const Status removed = RemoveTreeDurably(fs, scratch);
  return status.ok() ? removed : status;
}

}  // namespace flatkv
