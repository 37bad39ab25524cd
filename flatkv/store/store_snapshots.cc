// Snapshots, pins, pruning and quarantine.
#include <fmt/format.h>

#include <algorithm>

#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/snapshot/store_swap.h"
#include "flatkv/store/store_impl.h"

namespace flatkv {
namespace {

std::string_view NameOf(SnapshotPolicy policy) {
  switch (policy) {
    case SnapshotPolicy::kInterval:
      return "interval";
    case SnapshotPolicy::kSizeRatio:
      return "size-ratio";
    case SnapshotPolicy::kManual:
      break;
  }
  return "manual";
}

std::string_view NameOf(OnDirtyStore policy) {
  switch (policy) {
    case OnDirtyStore::kRecover:
      return "recover";
    case OnDirtyStore::kFail:
      return "fail";
    case OnDirtyStore::kRestoreSnapshot:
      return "restore-snapshot";
    case OnDirtyStore::kWipe:
      break;
  }
  return "wipe";
}

// About what the versions above `version` have in the changelog: their share of its versions.
uint64_t ChangelogBytesAbove(const Wal& wal, Version version) {
  if (wal.empty() || version >= wal.last_version()) {
    return 0;
  }
  const Version first = wal.first_version();
  const double all = static_cast<double>(wal.last_version() - first + 1);
  const double above = static_cast<double>(wal.last_version() - std::max(version, first - 1));
  return static_cast<uint64_t>(static_cast<double>(wal.Stats().bytes) * above / all);
}

// `state` is that of the record's version. Without its record a snapshot could not be told from one
// of another history, so there is no request without one.
std::shared_ptr<SnapshotRequest> RequestOf(const WalRecordInfo& record, const StoreState& state) {
  return std::make_shared<SnapshotRequest>(record.version, record.root, record.content_digest,
                                           state);
}

}  // namespace

bool StoreImpl::IsChangelogLarge() const {
  return log_bytes_since_snapshot_ / options_.snapshot.size_ratio >=
         std::max(last_snapshot_bytes_.load(), options_.snapshot.size_ratio_floor_bytes);
}

std::shared_ptr<SnapshotRequest> StoreImpl::DueSnapshot(const PendingVersion& pending,
                                                        uint64_t log_bytes) {
  const SnapshotOptions& snapshot = options_.snapshot;
  log_bytes_since_snapshot_ += log_bytes;
  bool due = false;
  switch (snapshot.policy) {
    case SnapshotPolicy::kInterval:
      due = pending.version == identity_.initial_version ||
            pending.version % snapshot.interval_versions == 0;
      break;
    case SnapshotPolicy::kSizeRatio:
      due = IsChangelogLarge();
      break;
    case SnapshotPolicy::kManual:
      break;
  }
  if (!due) {
    return nullptr;
  }
  log_bytes_since_snapshot_ = 0;
  return std::make_shared<SnapshotRequest>(pending.version, pending.root,
                                           pending.rows->content_digest, state_);
}

// A crash may have come before a snapshot that was due, and the next one may be far.
Status StoreImpl::RequestOverdueSnapshot() {
  const Version head = HeadVersion();
  ASSIGN_OR_RETURN(const std::optional<Version> current, catalog_.Current());
  if (current.has_value()) {
    const StatusOr<SnapshotManifest> manifest = catalog_.ReadManifest(*current);
    last_snapshot_bytes_ = manifest.ok() ? manifest->TotalBytes() : 0;
  }
  if (head < identity_.initial_version) {
    return OkStatus();
  }
  log_bytes_since_snapshot_ = ChangelogBytesAbove(*open_->wal, current.value_or(0));
  const Version interval = options_.snapshot.interval_versions;
  const SnapshotPolicy policy = options_.snapshot.policy;
  const bool overdue =
      (policy == SnapshotPolicy::kInterval && current.value_or(0) < head / interval * interval) ||
      (policy == SnapshotPolicy::kSizeRatio && IsChangelogLarge());
  if (!recovery_.migrated && !overdue) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const WalRecordInfo record, open_->wal->Find(head));
  log_bytes_since_snapshot_ = 0;
  open_->write_behind->Enqueue(nullptr, 0, RequestOf(record, state_));
  return OkStatus();
}

void StoreImpl::SnapshotPublished() {
  const StatusOr<std::optional<Version>> current = catalog_.Current();
  if (current.ok() && current->has_value()) {
    const StatusOr<SnapshotManifest> manifest = catalog_.ReadManifest(**current);
    last_snapshot_bytes_ = manifest.ok() ? manifest->TotalBytes() : 0;
    SaveKeyFilter(fs_, logger_, directory_, identity_, *open_->rows, **current);
  }
  PruneChangelog();
}

void StoreImpl::PruneChangelog() {
  if (const Status pruned = catalog_.PruneChangelog(*open_->wal); !pruned.ok()) {
    logger_.Log(LogLevel::kError, "changelog.prune_failed",
                fmt::format("old changelog segments stay: {}", MessageOf(pruned)));
  }
}

StatusOr<SnapshotSummary> StoreImpl::CreateSnapshot() {
  std::shared_ptr<SnapshotRequest> request;
  {
    MutexLock lock(commit_mu_);
    RETURN_IF_ERROR(CheckWritable());
    if (HeadVersion() < identity_.initial_version) {
      return FailedPrecondition("the store has no version yet: there is nothing to snapshot");
    }
    ASSIGN_OR_RETURN(const WalRecordInfo record, open_->wal->Find(HeadVersion()));
    request = RequestOf(record, state_);
    open_->write_behind->Enqueue(nullptr, 0, request);
  }
  ASSIGN_OR_RETURN(const SnapshotManifest manifest, request->Wait());
  return catalog_.Summary(manifest.version);
}

StatusOr<std::vector<SnapshotSummary>> StoreImpl::Snapshots() { return catalog_.Summaries(); }

StatusOr<SnapshotSummary> StoreImpl::ShowSnapshot(Version version) {
  return catalog_.Summary(version);
}

Status StoreImpl::RemoveSnapshot(Version version) {
  ReaderLock open_lock(open_mu_);
  RETURN_IF_ERROR(CheckReadable());
  RETURN_IF_ERROR(catalog_.Remove(version));
  PruneChangelog();
  return OkStatus();
}

StatusOr<Pin> StoreImpl::PinSnapshot(Version version, const std::string& reason) {
  RETURN_IF_ERROR(CheckAlive());
  return catalog_.AddPin(version, reason);
}

Status StoreImpl::ReleasePin(const std::string& id) {
  RETURN_IF_ERROR(CheckAlive());
  return catalog_.ReleasePin(id);
}

StatusOr<std::vector<Pin>> StoreImpl::ListPins() { return catalog_.ListPins(); }

// What the changelog would begin with, or 0 if no segment goes.
Version StoreImpl::PrunedChangelogBegin(Version needed_from) const {
  const Version begin = open_->wal->FirstAfterPrune(needed_from);
  return begin > open_->wal->first_version() ? begin : 0;
}

StatusOr<PrunePlan> StoreImpl::PlanPrune(std::optional<uint64_t> keep_recent) {
  ReaderLock open_lock(open_mu_);
  RETURN_IF_ERROR(CheckReadable());
  PrunePlan plan;
  ASSIGN_OR_RETURN(plan.snapshots,
                   catalog_.Prunable(keep_recent.value_or(options_.snapshot.keep_recent)));
  ASSIGN_OR_RETURN(std::vector<Version> left, catalog_.Versions());
  std::erase_if(left, [&plan](Version version) {
    return std::binary_search(plan.snapshots.begin(), plan.snapshots.end(), version);
  });
  ASSIGN_OR_RETURN(const std::optional<Version> current, catalog_.Current());
  if (current.has_value() && !left.empty()) {
    plan.wal_below = PrunedChangelogBegin(left.front());
  }
  return plan;
}

StatusOr<PrunePlan> StoreImpl::Prune(std::optional<uint64_t> keep_recent) {
  ReaderLock open_lock(open_mu_);
  RETURN_IF_ERROR(CheckReadable());
  RETURN_IF_ERROR(CheckWritable());
  PrunePlan plan;
  ASSIGN_OR_RETURN(plan.snapshots,
                   catalog_.Prune(keep_recent.value_or(options_.snapshot.keep_recent)));
  ASSIGN_OR_RETURN(const Version needed, catalog_.ChangelogNeededFrom());
  plan.wal_below = PrunedChangelogBegin(needed);
  RETURN_IF_ERROR(catalog_.PruneChangelog(*open_->wal));
  return plan;
}

StatusOr<std::vector<QuarantineEntry>> StoreImpl::ListQuarantine() {
  MutexLock lock(quarantine_mu_);
  ASSIGN_OR_RETURN(std::vector<QuarantineEntry> entries, Quarantine(fs_, directory_).List());
  ASSIGN_OR_RETURN(std::vector<QuarantineEntry> home, ListHomeQuarantine());
  entries.insert(entries.end(), home.begin(), home.end());
  return entries;
}

Status StoreImpl::RemoveQuarantine(const std::string& name) {
  RETURN_IF_ERROR(CheckAlive());
  MutexLock lock(quarantine_mu_);
  const Status removed = ParseStagingName(name).has_value()
                             ? NotFound("a staging directory is the home's")
                             : Quarantine(fs_, directory_).Remove(name);
  return IsNotFound(removed) ? RemoveHomeQuarantine(name) : removed;
}

RetentionInfo StoreImpl::Retention() {
  RetentionInfo info;
  info.on_dirty_store = NameOf(options_.on_dirty_store);
  info.store_directory = directory_;
  info.activity = snapshot_log_.Activity();
  info.activity.policy = NameOf(options_.snapshot.policy);
  info.open_views = views_.open_views();
  {
    ReaderLock open_lock(open_mu_);
    if (open_ != nullptr) {
      info.oldest_retained = OldestRetained().value_or(0);
      const Version first_undo = open_->undo->first();
      info.oldest_undo = first_undo == 0 ? 0 : std::max(first_undo - 1, info.oldest_retained);
      info.undo_bytes = open_->undo->bytes();
    }
  }
  // What cannot be read is left out here; Snapshots and ListPins say why.
  info.current = catalog_.Current().value_or(std::nullopt).value_or(0);
  info.snapshots = catalog_.Versions().value_or(std::vector<Version>());
  for (const Version version : info.snapshots) {
    if (const auto manifest = catalog_.ReadManifest(version); manifest.ok()) {
      info.snapshot_bytes += manifest->TotalBytes();
    }
  }
  if (auto pins = catalog_.ListPins(); pins.ok()) {
    info.pins = *std::move(pins);
  }
  if (const auto quarantine = ListQuarantine(); quarantine.ok()) {
    info.quarantine_entries = quarantine->size();
    for (const QuarantineEntry& entry : *quarantine) {
      info.quarantine_bytes += entry.bytes;
    }
  }
  return info;
}

}  // namespace flatkv
