// A backup directory: whole copies of snapshots of one store, outside of it, each with the
// changelog record of its version (docs/format.md, "Backup directory").
//
//   DIR/BACKUP                  of which store, a text record
//   DIR/LOCK                    held by whoever writes here
//   DIR/snapshot-<20 digits>/   as in the store
//   DIR/changelog-<20 digits>/  a changelog with the record of that version alone
//
// Invariants: a snapshot that has its name has all its files, its manifest and its record, durably.
// Tables that two snapshots have alike are hard links of one file of the directory, and never links
// of a file of the store.
//
// Thread safety: none.
#pragma once

#include <string>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/snapshot/snapshot_manifest.h"
#include "flatkv/snapshot/snapshot_set.h"

namespace flatkv {

// The file BACKUP.
struct BackupIdentity {
  std::string store_id;
  Suite suite = Suite::kSha256;
  Version initial_version = 1;
  bool operator==(const BackupIdentity&) const = default;
};
std::string EncodeBackupIdentity(const BackupIdentity& identity);
// Errors: kDataLoss with Reason::kSnapshotCorrupt; kFailedPrecondition with
// Reason::kIncompatibleFormat.
StatusOr<BackupIdentity> DecodeBackupIdentity(std::string_view text, std::string_view path);

class BackupSet {
 public:
  BackupSet(FileSystem& fs, std::string directory);

  const std::string& directory() const { return directory_; }
  std::string PathOf(Version version) const { return snapshots_.PathOf(version); }
  // Where the changelog record of a version is.
  std::string RecordPathOf(Version version) const;

  // Errors: kNotFound if the directory is no backup; those of DecodeBackupIdentity.
  StatusOr<BackupIdentity> ReadIdentity() const;
  // Whether the directory, which exists, is one of `identity` or can become one. Errors:
  // kFailedPrecondition with both values if it is another store's (Reason::kIncompatibleFormat) or
  // suite's (kSuiteMismatch), or holds other things; those of ReadIdentity.
  Status CheckFits(const BackupIdentity& identity) const;
  // Makes it one, durably. Errors: as above.
  Status Prepare(const BackupIdentity& identity);
  // Of its snapshots, ascending.
  StatusOr<std::vector<Version>> List() const { return snapshots_.List(); }
  // Errors: those of SnapshotSet::ReadManifest; kDataLoss if it is not of the directory's store.
  StatusOr<SnapshotManifest> ReadManifest(Version version, const BackupIdentity& identity) const;

  // The directory as a SnapshotSet, to build, publish and clean.
  SnapshotSet& snapshots() { return snapshots_; }
  // Removes a snapshot and then its record. Absent is fine.
  Status Remove(Version version);
  // Removes records that no snapshot has: what an interrupted backup or removal left.
  Status RemoveStrayRecords();

 private:
  FileSystem& fs_;
  const std::string directory_;
  SnapshotSet snapshots_;
};

}  // namespace flatkv
