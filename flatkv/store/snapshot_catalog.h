// The snapshots of an open store with what protects them: `current`, pins and leases. Everything
// that adds or removes a snapshot goes through here.
//
// Thread safety: safe for concurrent use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "flatkv/base/mutex.h"
#include "flatkv/base/status.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/snapshot/pins.h"
#include "flatkv/snapshot/snapshot_set.h"
#include "flatkv/store/snapshot_leases.h"
#include "flatkv/store/store_admin.h"
#include "flatkv/wal/wal.h"

namespace flatkv {

class SnapshotCatalog {
 public:
  SnapshotCatalog(FileSystem& fs, std::string directory);

  StatusOr<std::vector<Version>> Versions() EXCLUDES(mu_);
  StatusOr<std::optional<Version>> Current() EXCLUDES(mu_);
  StatusOr<SnapshotManifest> ReadManifest(Version version) EXCLUDES(mu_);
  StatusOr<SnapshotSummary> Summary(Version version) EXCLUDES(mu_);
  StatusOr<std::vector<SnapshotSummary>> Summaries() EXCLUDES(mu_);
  std::string PathOf(Version version) const { return set_.PathOf(version); }
  std::string TemporaryPathOf(Version version) const { return set_.TemporaryPathOf(version); }

  Status BeginBuilding(Version version) EXCLUDES(mu_);
  // Publishes the snapshot that was built and makes it current.
  Status Publish(const SnapshotManifest& manifest) EXCLUDES(mu_);
  // Points `current` at `version`, or at nothing.
  Status SetCurrent(std::optional<Version> version) EXCLUDES(mu_);

  // Errors: kNotFound with Reason::kSnapshotMissing; kFailedPrecondition with
  // Reason::kSnapshotInUse, saying what holds it.
  Status Remove(Version version) EXCLUDES(mu_);
  StatusOr<std::vector<Version>> Prunable(uint64_t keep_recent) EXCLUDES(mu_);
  // Removes what is prunable; returns what it removed.
  StatusOr<std::vector<Version>> Prune(uint64_t keep_recent) EXCLUDES(mu_);
  // Removes the changelog's segments that no snapshot needs; the last one stays.
  Status PruneChangelog(Wal& wal) EXCLUDES(mu_);
  // The changelog below this version is needed by no snapshot; 0 if it is all there is.
  StatusOr<Version> ChangelogNeededFrom() EXCLUDES(mu_);
  // Removes every snapshot above `version` with its pins, newest first.
  Status RemoveAbove(Version version) EXCLUDES(mu_);
  Status RemovePinsAbove(Version version) EXCLUDES(mu_);

  StatusOr<Pin> AddPin(Version version, const std::string& reason) EXCLUDES(mu_);
  Status ReleasePin(const std::string& id) EXCLUDES(mu_);
  StatusOr<std::vector<Pin>> ListPins() EXCLUDES(mu_);

  // While one lives, no snapshot is published, pruned or removed (Unavailable), nor changelog,
  // except by RemoveAbove: what a rollback was planned on stays as it is. One at a time.
  class Freeze {
   public:
    explicit Freeze(SnapshotCatalog& catalog);
    ~Freeze();
    Freeze(const Freeze&) = delete;
    Freeze& operator=(const Freeze&) = delete;

   private:
    SnapshotCatalog& catalog_;
  };

  // Keeps the newest snapshot at or below `version` from being removed; 0 and no lease if there is
  // none.
  struct Leased {
    Version version = 0;
    SnapshotLeases::Lease lease;
  };
  StatusOr<Leased> LeaseAtOrBelow(Version version) EXCLUDES(mu_);

 private:
  StatusOr<Version> ChangelogNeededFromLocked() REQUIRES(mu_);
  StatusOr<SnapshotSummary> SummaryLocked(Version version) REQUIRES(mu_);
  StatusOr<std::vector<Version>> PrunableLocked(uint64_t keep_recent) REQUIRES(mu_);
  Status CheckExists(Version version) REQUIRES(mu_);
  Status CheckNotFrozen() REQUIRES(mu_);
  Status RemovePinsAboveLocked(Version version) REQUIRES(mu_);

  Mutex mu_;
  // Reads of names and paths need no lock; changes are made under mu_.
  SnapshotSet set_;
  Pins pins_ GUARDED_BY(mu_);
  SnapshotLeases leases_;
  bool frozen_ GUARDED_BY(mu_) = false;
};

// Seconds since 1970.
uint64_t UnixSecondsNow();

}  // namespace flatkv
