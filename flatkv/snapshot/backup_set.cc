#include "flatkv/snapshot/backup_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/record_file.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/snapshot/text_record.h"

namespace flatkv {
namespace {

constexpr std::string_view kKind = "flatkv-backup";
constexpr int kFormat = 1;
constexpr char kBackupName[] = "BACKUP";
constexpr uint64_t kBytesMax = 4096;
constexpr std::string_view kRecordPrefix = "changelog-";

// The version of a record's directory; nullopt for every other name.
std::optional<Version> ParseRecordName(std::string_view name) {
  if (!name.starts_with(kRecordPrefix)) {
    return std::nullopt;
  }
  return ParseSnapshotName(fmt::format("snapshot-{}", name.substr(kRecordPrefix.size())));
}

Status OtherStore(const std::string& directory, const BackupIdentity& has,
                  const BackupIdentity& wanted) {
  if (has.store_id != wanted.store_id) {
    return WithReason(
        FailedPrecondition(fmt::format("{} holds backups of store {}, and this is store {}: give "
                                       "each store a directory of its own",
                                       directory, has.store_id, wanted.store_id)),
        Reason::kIncompatibleFormat);
  }
  if (has.suite != wanted.suite) {
    return WithReason(
        FailedPrecondition(fmt::format("{} holds backups of suite {}, and this store has {}",
                                       directory, SuiteName(has.suite), SuiteName(wanted.suite))),
        Reason::kSuiteMismatch);
  }
  return WithReason(
      FailedPrecondition(fmt::format(
          "{} holds backups of a store that begins at version {}, and this one begins at {}",
          directory, has.initial_version, wanted.initial_version)),
      Reason::kIncompatibleFormat);
}

}  // namespace

std::string EncodeBackupIdentity(const BackupIdentity& identity) {
  TextRecordWriter writer(kKind, kFormat);
  writer.AddText("store-id", identity.store_id);
  writer.Add("suite", SuiteName(identity.suite));
  writer.AddVersion("initial-version", identity.initial_version);
  writer.Add("key-format", kKeyFormat);
  return std::move(writer).Finish();
}

StatusOr<BackupIdentity> DecodeBackupIdentity(std::string_view text, std::string_view path) {
  TextRecordReader reader(text, path, kKind, kFormat);
  BackupIdentity identity;
  identity.store_id = reader.GetText("store-id");
  const std::string_view suite = reader.Get("suite");
  identity.suite = suite == SuiteName(Suite::kBlake3) ? Suite::kBlake3 : Suite::kSha256;
  if (reader.ok() && suite != SuiteName(identity.suite)) {
    reader.Fail("the field \"suite\" names no known suite");
  }
  identity.initial_version = reader.GetVersion("initial-version");
  const std::string_view key_format = reader.Get("key-format");
  if (reader.ok() && key_format != kKeyFormat) {
    return WithReason(FailedPrecondition(fmt::format(
                          "read {}: the backups have the key format {}; this build reads {}", path,
                          key_format, kKeyFormat)),
                      Reason::kIncompatibleFormat);
  }
  if (reader.ok() && (identity.store_id.empty() || identity.initial_version < 1)) {
    reader.Fail("it names no store");
  }
  RETURN_IF_ERROR(reader.Finish());
  return identity;
}

BackupSet::BackupSet(FileSystem& fs, std::string directory)
    : fs_(fs), directory_(std::move(directory)), snapshots_(fs, directory_) {}

std::string BackupSet::RecordPathOf(Version version) const {
  return JoinPath(directory_, fmt::format("{}{:020}", kRecordPrefix, version));
}

StatusOr<BackupIdentity> BackupSet::ReadIdentity() const {
  const std::string path = JoinPath(directory_, kBackupName);
  const StatusOr<std::string> text = ReadRecordFile(fs_, path, kBytesMax);
  if (IsNotFound(text.status())) {
    return NotFound(
        fmt::format("{} is no backup directory: it has no file {}", directory_, kBackupName));
  }
  RETURN_IF_ERROR(text.status());
  return DecodeBackupIdentity(*text, path);
}

Status BackupSet::CheckFits(const BackupIdentity& identity) const {
  const StatusOr<BackupIdentity> has = ReadIdentity();
  if (has.ok()) {
    return *has == identity ? OkStatus() : OtherStore(directory_, *has, identity);
  }
  if (!IsNotFound(has.status())) {
    return has.status();
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.List(directory_));
  for (const std::string& name : names) {
    // What an interrupted first backup leaves.
    if (name != kLockName && name != fmt::format("{}{}", kBackupName, kTemporarySuffix)) {
      return FailedPrecondition(
          fmt::format("{} is no backup directory, and not empty (it has {}): "
                      "give a new one",
                      directory_, name));
    }
  }
  return OkStatus();
}

Status BackupSet::Prepare(const BackupIdentity& identity) {
  RETURN_IF_ERROR(CheckFits(identity));
  if (ReadIdentity().ok()) {
    return OkStatus();
  }
  return WriteFileDurably(fs_, JoinPath(directory_, kBackupName), EncodeBackupIdentity(identity));
}

StatusOr<SnapshotManifest> BackupSet::ReadManifest(Version version,
                                                   const BackupIdentity& identity) const {
  ASSIGN_OR_RETURN(SnapshotManifest manifest, snapshots_.ReadManifest(version));
  const BackupIdentity of{manifest.store_id, manifest.suite, manifest.initial_version};
  if (!(of == identity)) {
    return SnapshotCorrupt(
        JoinPath(PathOf(version), kSnapshotManifestName),
        fmt::format("it is of store {} with suite {} from version {}; the backup directory is of "
                    "store {} with suite {} from version {}",
                    of.store_id, SuiteName(of.suite), of.initial_version, identity.store_id,
                    SuiteName(identity.suite), identity.initial_version));
  }
  return manifest;
}

// The snapshot first: while it has its name, its record is there.
Status BackupSet::Remove(Version version) {
  RETURN_IF_ERROR(snapshots_.Remove(version));
  return RemoveTreeDurably(fs_, RecordPathOf(version));
}

Status BackupSet::RemoveStrayRecords() {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.List(directory_));
  ASSIGN_OR_RETURN(const std::vector<Version> versions, snapshots_.List());
  for (const std::string& name : names) {
    const std::optional<Version> version = ParseRecordName(name);
    if (version.has_value() && !std::binary_search(versions.begin(), versions.end(), *version)) {
      RETURN_IF_ERROR(RemoveTreeDurably(fs_, JoinPath(directory_, name)));
    }
  }
  return OkStatus();
}

}  // namespace flatkv
