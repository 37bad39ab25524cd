// Backups: copies of a store's snapshots in a directory outside of it
// (flatkv/snapshot/backup_set.h, docs/operations.md "Back up").
//
// They read a store's files and change none, so they work beside the process that has it open. The
// caller keeps the snapshot from being removed meanwhile, by a pin.
//
// Thread safety: the functions share nothing; a lock file keeps two writers out of one directory.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "flatkv/base/logger.h"
#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"

namespace flatkv {

// Bytes done of all; false ends the work with kCancelled.
using OnBytes = std::function<bool(uint64_t done, uint64_t total)>;

struct BackupRequest {
  std::string store_directory;  // <home>/flatkv
  std::string to;               // the backup directory; made if it is not there
  Version version = 0;          // of the snapshot
};

struct BackupReport {
  Version version = 0;
  Digest root{};
  uint64_t files = 0;
  uint64_t bytes = 0;         // of all files
  uint64_t copied_files = 0;  // the others are links of those that earlier backups have
  uint64_t copied_bytes = 0;
  bool already_there = false;  // the directory had this snapshot: nothing was done
};

// Whether `to` can take backups of the store; changes nothing. REQUIRES and errors: as TakeBackup,
// as far as they do not concern the snapshot.
Status CheckBackupDirectory(FileSystem& fs, const std::string& store_directory,
                            const std::string& to);

// Copies a snapshot with the changelog record of its version. A table that an earlier backup in the
// directory has, whose digest is read again and right, is linked instead. The backup has its name
// when it is whole and durable. REQUIRES: both paths are absolute and without symlinks, so that
// one can be seen to be within the other.
// Errors, before anything is copied: kInvalidArgument for a directory in the store's home;
// kFailedPrecondition for one of another store or suite, with both values, or that another backup
// writes (Reason::kLocked); kNotFound with Reason::kSnapshotMissing; kAlreadyExists with
// Reason::kVersionConflict if it has that version with another root; kResourceExhausted if there is
// too little space. Then kDataLoss for what is not as the manifest says.
StatusOr<BackupReport> TakeBackup(FileSystem& fs, Logger& logger, const BackupRequest& request,
                                  const OnBytes& on_bytes);

struct BackupSummary {
  Version version = 0;
  Digest root{};
  uint64_t created_unix_seconds = 0;  // of the snapshot
  uint64_t files = 0;
  uint64_t bytes = 0;
  std::string defect;  // why its manifest cannot be read; empty: it can
};
struct BackupListing {
  std::string store_id;
  Suite suite = Suite::kSha256;
  Version initial_version = 1;
  std::vector<BackupSummary> backups;  // by version
};
// Reads the manifests only. Errors: kNotFound if the directory is no backup; kDataLoss and
// kFailedPrecondition for its file BACKUP.
StatusOr<BackupListing> ListBackups(FileSystem& fs, const std::string& directory);

struct BackupVerdict {
  uint64_t backups = 0;
  uint64_t files = 0;
  uint64_t bytes = 0;
  // What is wrong, one line each, naming the file. Empty: all is well.
  std::vector<std::string> findings;
};
// Reads every byte of the backups of `versions`, all if that is empty. Errors: those of
// ListBackups; kNotFound with Reason::kSnapshotMissing; kCancelled.
StatusOr<BackupVerdict> VerifyBackups(FileSystem& fs, const std::string& directory,
                                      const std::vector<Version>& versions,
                                      const OnBytes& on_bytes);

// Removes one; what others have alike stays. Errors: kNotFound with Reason::kSnapshotMissing;
// kFailedPrecondition with Reason::kLocked.
Status RemoveBackup(FileSystem& fs, const std::string& directory, Version version);

}  // namespace flatkv
