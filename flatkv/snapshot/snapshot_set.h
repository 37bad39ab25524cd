// The snapshots of a store directory and the symlink `current`.
//
// Invariants: (4) of docs/architecture.md: a snapshot never changes after Publish. Every change
// here is durable when the call returns, and a crash inside one leaves the old or the new state, or
// a "-tmp" or "-removing" name that CleanLeftovers removes.
//
// Thread safety: none; the store calls it from one thread at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/snapshot/snapshot_manifest.h"

namespace flatkv {

class SnapshotSet {
 public:
  // `directory` is the store directory; `fs` outlives the object.
  SnapshotSet(FileSystem& fs, std::string directory);

  // Versions of the published snapshots, ascending.
  StatusOr<std::vector<Version>> List() const;
  // What `current` names; nullopt if there is no such link. Errors: kDataLoss with
  // Reason::kSnapshotCorrupt if it is no symlink, names no snapshot or dangles: the message lists
  // the snapshots that are there and says `flatkv recover --select VERSION`.
  StatusOr<std::optional<Version>> Current() const;
  std::string PathOf(Version version) const;
  // "<PathOf>-tmp": where a snapshot is built.
  std::string TemporaryPathOf(Version version) const;
  // Errors: kNotFound with Reason::kSnapshotMissing; those of DecodeSnapshotManifest; kDataLoss if
  // the manifest is another version's.
  StatusOr<SnapshotManifest> ReadManifest(Version version) const;

  // Makes the directory TemporaryPathOf(version) with the four DB directories in it, removing an
  // older one first.
  Status BeginBuilding(Version version);
  // Writes the manifest into the temporary directory, syncs the tree's directories and gives it its
  // name. REQUIRES: every file of the manifest is there and synced.
  Status Publish(const SnapshotManifest& manifest);
  // Points `current` at a published snapshot.
  Status SetCurrent(Version version);
  Status ClearCurrent();
  // Renames the snapshot away, then removes it. Absent is fine.
  Status Remove(Version version);
  // Removes every "-tmp" and "-removing" entry of the store directory. Goes on after a failure and
  // reports all of them.
  Status CleanLeftovers();

 private:
  FileSystem& fs_;
  const std::string directory_;
};

// Makes a writable clone of snapshot directory `snapshot` at `target`, which must not exist: tables
// hard-linked under `.ldb` names, other files copied and synced, every directory synced, the name
// of `target` too. The manifest is not cloned. With `base_text` a file SNAPSHOT_BASE of that
// content is put beside the DBs. Errors as FinishCheckpoint's for tables that cannot be linked.
Status CloneSnapshot(FileSystem& fs, const std::string& snapshot, const std::string& target,
                     const SnapshotManifest& manifest, bool allow_copy,
                     const std::optional<std::string>& base_text);

}  // namespace flatkv
