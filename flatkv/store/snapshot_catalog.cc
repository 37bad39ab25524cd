#include "flatkv/store/snapshot_catalog.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "flatkv/snapshot/retention.h"

namespace flatkv {

uint64_t UnixSecondsNow() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

SnapshotCatalog::SnapshotCatalog(FileSystem& fs, std::string directory)
    : set_(fs, directory), pins_(fs, directory) {}

StatusOr<std::vector<Version>> SnapshotCatalog::Versions() {
  MutexLock lock(mu_);
  return set_.List();
}

StatusOr<std::optional<Version>> SnapshotCatalog::Current() {
  MutexLock lock(mu_);
  return set_.Current();
}

StatusOr<SnapshotManifest> SnapshotCatalog::ReadManifest(Version version) {
  MutexLock lock(mu_);
  return set_.ReadManifest(version);
}

StatusOr<SnapshotSummary> SnapshotCatalog::Summary(Version version) {
  MutexLock lock(mu_);
  RETURN_IF_ERROR(CheckExists(version));
  return SummaryLocked(version);
}

StatusOr<SnapshotSummary> SnapshotCatalog::SummaryLocked(Version version) {
  SnapshotSummary summary;
  ASSIGN_OR_RETURN(summary.manifest, set_.ReadManifest(version));
  summary.files_count = summary.manifest.files.size();
  summary.total_bytes = summary.manifest.TotalBytes();
  ASSIGN_OR_RETURN(const std::optional<Version> current, set_.Current());
  summary.is_current = current == version;
  ASSIGN_OR_RETURN(summary.pins, pins_.List());
  std::erase_if(summary.pins, [version](const Pin& pin) { return pin.version != version; });
  summary.leases = leases_.CountOf(version);
  return summary;
}

StatusOr<std::vector<SnapshotSummary>> SnapshotCatalog::Summaries() {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const std::vector<Version> versions, set_.List());
  std::vector<SnapshotSummary> summaries;
  for (const Version version : versions) {
    ASSIGN_OR_RETURN(SnapshotSummary summary, SummaryLocked(version));
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

Status SnapshotCatalog::CheckExists(Version version) {
  ASSIGN_OR_RETURN(const std::vector<Version> versions, set_.List());
  if (std::binary_search(versions.begin(), versions.end(), version)) {
    return OkStatus();
  }
  return WithReason(
      NotFound(versions.empty()
                   ? fmt::format("there is no snapshot of version {}, nor any other: flatkv "
                                 "snapshot create takes one",
                                 version)
                   : fmt::format("there is no snapshot of version {}; there are {}", version,
                                 fmt::join(versions, ", "))),
      Reason::kSnapshotMissing);
}

Status SnapshotCatalog::BeginBuilding(Version version) {
  MutexLock lock(mu_);
  return set_.BeginBuilding(version);
}

Status SnapshotCatalog::CheckNotFrozen() {
  return frozen_ ? WithReason(Unavailable("a rollback is going on; try again after it"),
                              Reason::kOperationInProgress)
                 : OkStatus();
}

SnapshotCatalog::Freeze::Freeze(SnapshotCatalog& catalog) : catalog_(catalog) {
  MutexLock lock(catalog_.mu_);
  catalog_.frozen_ = true;
}

SnapshotCatalog::Freeze::~Freeze() {
  MutexLock lock(catalog_.mu_);
  catalog_.frozen_ = false;
}

Status SnapshotCatalog::Publish(const SnapshotManifest& manifest) {
  MutexLock lock(mu_);
  RETURN_IF_ERROR(CheckNotFrozen());
  RETURN_IF_ERROR(set_.Publish(manifest));
  return set_.SetCurrent(manifest.version);
}

Status SnapshotCatalog::SetCurrent(std::optional<Version> version) {
  MutexLock lock(mu_);
  return version.has_value() ? set_.SetCurrent(*version) : set_.ClearCurrent();
}

Status SnapshotCatalog::Remove(Version version) {
  MutexLock lock(mu_);
  RETURN_IF_ERROR(CheckNotFrozen());
  RETURN_IF_ERROR(CheckExists(version));
  std::string holder;
  ASSIGN_OR_RETURN(const std::optional<Version> current, set_.Current());
  ASSIGN_OR_RETURN(const std::vector<Pin> pins, pins_.List());
  if (current == version) {
    holder = "it is the current one, which the store starts from";
  } else if (leases_.CountOf(version) > 0) {
    holder = "open views or verifications stand on it";
  }
  for (const Pin& pin : pins) {
    if (holder.empty() && pin.version == version) {
      holder = fmt::format("pin {} keeps it ({}): flatkv snapshot unpin {} releases it", pin.id,
                           pin.reason, pin.id);
    }
  }
  if (!holder.empty()) {
    return WithReason(
        FailedPrecondition(fmt::format("snapshot {} is not removed: {}", version, holder)),
        Reason::kSnapshotInUse);
  }
  return set_.Remove(version);
}

StatusOr<std::vector<Version>> SnapshotCatalog::PrunableLocked(uint64_t keep_recent) {
  RetentionInput input;
  ASSIGN_OR_RETURN(input.snapshots, set_.List());
  ASSIGN_OR_RETURN(input.current, set_.Current());
  ASSIGN_OR_RETURN(const std::vector<Pin> pins, pins_.List());
  for (const Pin& pin : pins) {
    input.pinned.insert(pin.version);
  }
  input.leased = leases_.Leased();
  input.keep_recent = keep_recent;
  return SnapshotsToPrune(input);
}

StatusOr<std::vector<Version>> SnapshotCatalog::Prunable(uint64_t keep_recent) {
  MutexLock lock(mu_);
  return PrunableLocked(keep_recent);
}

StatusOr<std::vector<Version>> SnapshotCatalog::Prune(uint64_t keep_recent) {
  MutexLock lock(mu_);
  RETURN_IF_ERROR(CheckNotFrozen());
  ASSIGN_OR_RETURN(std::vector<Version> prunable, PrunableLocked(keep_recent));
  for (const Version version : prunable) {
    RETURN_IF_ERROR(set_.Remove(version));
  }
  return prunable;
}

StatusOr<Version> SnapshotCatalog::ChangelogNeededFromLocked() {
  ASSIGN_OR_RETURN(const std::vector<Version> snapshots, set_.List());
  ASSIGN_OR_RETURN(const std::optional<Version> current, set_.Current());
  // The record of the oldest snapshot's own version stays: it ties the two together.
  return current.has_value() && !snapshots.empty() ? snapshots.front() : Version{0};
}

StatusOr<Version> SnapshotCatalog::ChangelogNeededFrom() {
  MutexLock lock(mu_);
  return ChangelogNeededFromLocked();
}

Status SnapshotCatalog::PruneChangelog(Wal& wal) {
  MutexLock lock(mu_);
  RETURN_IF_ERROR(CheckNotFrozen());
  ASSIGN_OR_RETURN(const Version needed, ChangelogNeededFromLocked());
  return wal.PruneBelow(needed);
}

Status SnapshotCatalog::RemovePinsAbove(Version version) {
  MutexLock lock(mu_);
  return RemovePinsAboveLocked(version);
}

Status SnapshotCatalog::RemovePinsAboveLocked(Version version) {
  ASSIGN_OR_RETURN(const std::vector<Pin> pins, pins_.List());
  for (const Pin& pin : pins) {
    if (pin.version > version) {
      RETURN_IF_ERROR(pins_.Remove(pin.id));
    }
  }
  return OkStatus();
}

Status SnapshotCatalog::RemoveAbove(Version version) {
  MutexLock lock(mu_);
  RETURN_IF_ERROR(RemovePinsAboveLocked(version));
  ASSIGN_OR_RETURN(std::vector<Version> versions, set_.List());
  std::reverse(versions.begin(), versions.end());
  for (const Version snapshot : versions) {
    if (snapshot > version) {
      RETURN_IF_ERROR(set_.Remove(snapshot));
    }
  }
  return OkStatus();
}

StatusOr<Pin> SnapshotCatalog::AddPin(Version version, const std::string& reason) {
  MutexLock lock(mu_);
  RETURN_IF_ERROR(CheckExists(version));
  return pins_.Add(version, reason, UnixSecondsNow());
}

Status SnapshotCatalog::ReleasePin(const std::string& id) {
  MutexLock lock(mu_);
  return pins_.Remove(id);
}

StatusOr<std::vector<Pin>> SnapshotCatalog::ListPins() {
  MutexLock lock(mu_);
  return pins_.List();
}

StatusOr<SnapshotCatalog::Leased> SnapshotCatalog::LeaseAtOrBelow(Version version) {
  MutexLock lock(mu_);
  ASSIGN_OR_RETURN(const std::vector<Version> versions, set_.List());
  const auto above = std::upper_bound(versions.begin(), versions.end(), version);
  if (above == versions.begin()) {
    return Leased{};
  }
  const Version found = *std::prev(above);
  return Leased{found, leases_.Take(found)};
}

}  // namespace flatkv
