// The store directory before the data DBs are opened: finishing what was interrupted, finding the
// snapshot to start from, and making working/ when there is none to trust.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/snapshot_files.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/store/snapshot_base.h"
#include "flatkv/store/store_impl.h"
#include "flatkv/wal/wal_segment_name.h"

namespace flatkv {
Status StoreImpl::RemoveWorking() {
  const std::string working = JoinPath(directory_, kWorkingName);
  const std::string removing = fmt::format("{}{}", working, kRemovingSuffix);
  RETURN_IF_ERROR(RemoveTreeDurably(fs_, removing));
  ASSIGN_OR_RETURN(const bool exists, Exists(fs_, working));
  if (exists) {
    // Renamed first: half of a directory must never be taken for the whole.
    RETURN_IF_ERROR(fs_.Rename(working, removing));
    RETURN_IF_ERROR(fs_.SyncDir(directory_));
  }
  return RemoveTreeDurably(fs_, removing);
}

Status StoreImpl::SetAside(const std::string& item, const std::string& reason, RecoveryInfo* info) {
  MutexLock lock(quarantine_mu_);
  const StatusOr<std::string> entry =
      Quarantine(fs_, directory_).SetAside(item, reason, UnixSecondsNow());
  if (IsNotFound(entry.status())) {
    return OkStatus();
  }
  RETURN_IF_ERROR(entry.status());
  info->set_aside.push_back(*entry);
  logger_.Log(LogLevel::kWarning, "recovery.set_aside",
              fmt::format("{} was moved to quarantine/{}: {}", item, *entry, reason));
  return OkStatus();
}

Status StoreImpl::WipeIfAsked() {
  if (!recovery_.was_dirty || options_.on_dirty_store != OnDirtyStore::kWipe) {
    return OkStatus();
  }
  const std::string path = JoinPath(directory_, kIdentityName);
  const StatusOr<std::string> text = ReadFile(fs_, path, kIdentityBytesMax);
  if (IsNotFound(text.status())) {
    return OkStatus();  // wiped already, or never made
  }
  RETURN_IF_ERROR(text.status());
  ASSIGN_OR_RETURN(const Identity identity, DecodeIdentity(*text, path));
  if (options_.wipe_confirmation != identity.store_id) {
    return WithReason(
        FailedPrecondition(fmt::format(
            "the store was not closed cleanly, and [recovery] on-dirty-store = \"wipe\" would give "
            "it up; to confirm, set [recovery] wipe-confirmation = \"{}\"",
            identity.store_id)),
        Reason::kConfirmationNeeded);
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.List(directory_));
  for (const std::string& name : names) {
    if (name != kLockName && name != kDirtyName && name != kIdentityName &&
        name != kQuarantineName) {
      RETURN_IF_ERROR(SetAside(name, "[recovery] on-dirty-store = \"wipe\"", &recovery_));
    }
  }
  // Last: while it is there, the confirmation still counts.
  return SetAside(kIdentityName, "[recovery] on-dirty-store = \"wipe\"", &recovery_);
}

StatusOr<bool> StoreImpl::HasFlatLayout() {
  ASSIGN_OR_RETURN(const bool has_working, Exists(fs_, JoinPath(directory_, kWorkingName)));
  if (has_working) {
    return false;
  }
  for (const DataDb db : kAllDataDbs) {
    ASSIGN_OR_RETURN(const bool exists, Exists(fs_, JoinPath(directory_, NameOf(db))));
    if (exists) {
      return true;
    }
  }
  return false;
}

Status StoreImpl::MigrateFlatLayout(bool resumed) {
  if (!resumed) {
    Intent intent;
    intent.kind = IntentKind::kMigrate;
    intent.operation_id = NewOperationId();
    intent.created_unix_seconds = UnixSecondsNow();
    RETURN_IF_ERROR(WriteIntent(fs_, directory_, intent));
  }
  ASSIGN_OR_RETURN(const bool has_working, Exists(fs_, JoinPath(directory_, kWorkingName)));
  if (!has_working) {
    RETURN_IF_ERROR(CloneWorking(std::nullopt));
  }
  const std::string working = JoinPath(directory_, kWorkingName);
  for (const DataDb db : kAllDataDbs) {
    const std::string from = JoinPath(directory_, NameOf(db));
    ASSIGN_OR_RETURN(const bool exists, Exists(fs_, from));
    if (exists) {
      RETURN_IF_ERROR(fs_.Rename(from, JoinPath(working, NameOf(db))));
    }
  }
  RETURN_IF_ERROR(fs_.SyncDir(working));
  RETURN_IF_ERROR(fs_.SyncDir(directory_));
  RETURN_IF_ERROR(ClearIntent(fs_, directory_));
  recovery_.migrated = true;
  logger_.Log(LogLevel::kInfo, "recovery.migrated",
              fmt::format("the data DBs of {} were moved into working/", directory_));
  return OkStatus();
}

// 0 selects none: everything is replayed from the changelog's first version on.
Status StoreImpl::SelectSnapshot(Version selected) {
  // 1. Nothing is moved for a start that cannot succeed.
  if (selected != 0) {
    ASSIGN_OR_RETURN(const SnapshotManifest manifest, catalog_.ReadManifest(selected));
    ASSIGN_OR_RETURN(const std::vector<std::string> findings,
                     CheckSnapshotFiles(fs_, catalog_.PathOf(selected), manifest,
                                        FileCheck::kDigests, [](uint64_t) { return true; }));
    if (!findings.empty()) {
      return WithReason(DataLoss(fmt::format("snapshot {} is damaged, nothing was changed: {}",
                                             selected, fmt::join(findings, "; "))),
                        Reason::kSnapshotCorrupt);
    }
  } else {
    ASSIGN_OR_RETURN(const bool is_whole, ChangelogIsWhole());
    if (!is_whole) {
      return WithReason(FailedPrecondition(fmt::format(
                            "the changelog does not begin at the store's first version {}: the "
                            "store cannot be made from it alone; nothing was changed",
                            identity_.initial_version)),
                        Reason::kVersionUnreachable);
    }
  }
  // 2. What is not selected goes aside.
  const std::string reason = selected != 0
                                 ? fmt::format("snapshot {} was selected to start from", selected)
                                 : std::string("the changelog was selected to start from");
  ASSIGN_OR_RETURN(const std::vector<Version> snapshots, catalog_.Versions());
  RETURN_IF_ERROR(catalog_.RemovePinsAbove(selected));
  for (const Version version : snapshots) {
    if (version > selected) {
      RETURN_IF_ERROR(SetAside(SnapshotName(version), reason, &recovery_));
    }
  }
  RETURN_IF_ERROR(catalog_.SetCurrent(selected != 0 ? std::optional(selected) : std::nullopt));
  recovery_.adopted_snapshot = selected;
  return SetAside(kWorkingName, reason, &recovery_);
}

Status StoreImpl::ResolveCurrent() {
  ASSIGN_OR_RETURN(const std::vector<Version> snapshots, catalog_.Versions());
  if (options_.select_snapshot.has_value()) {
    return SelectSnapshot(*options_.select_snapshot);
  }
  ASSIGN_OR_RETURN(const std::optional<Version> current, catalog_.Current());
  std::vector<Version> above;
  for (const Version version : snapshots) {
    if (!current.has_value() || version > *current) {
      above.push_back(version);
    }
  }
  if (above.empty()) {
    return OkStatus();
  }
  if (above.size() > 1) {
    return WithReason(
        FailedPrecondition(fmt::format(
            "{}, and there are the snapshots {}: which one to start from is not clear; flatkv "
            "--home HOME recover --select VERSION selects one",
            current.has_value() ? fmt::format("`current` names snapshot {}", *current)
                                : "there is no `current`",
            fmt::join(above, ", "))),
        Reason::kRecoveryAmbiguous);
  }
  return AdoptOrphan(current, above);
}

// A crash between the publication of a snapshot and the swap of `current` leaves one that nothing
// names.
Status StoreImpl::AdoptOrphan(std::optional<Version> current,
                              const std::vector<Version>& snapshots) {
  const Version orphan = snapshots.front();
  std::string defect;
  const StatusOr<SnapshotManifest> manifest = catalog_.ReadManifest(orphan);
  if (!manifest.ok()) {
    defect = MessageOf(manifest.status());
  } else if (manifest->store_id != identity_.store_id) {
    defect = fmt::format("it is of store {}", manifest->store_id);
  } else {
    ASSIGN_OR_RETURN(const std::vector<std::string> findings,
                     CheckSnapshotFiles(fs_, catalog_.PathOf(orphan), *manifest, FileCheck::kSizes,
                                        [](uint64_t) { return true; }));
    if (!findings.empty()) {
      defect = findings.front();
    }
  }
  if (!defect.empty()) {
    return SetAside(SnapshotName(orphan),
                    fmt::format("`current` does not name it and it is not sound: {}", defect),
                    &recovery_);
  }
  RETURN_IF_ERROR(catalog_.SetCurrent(orphan));
  recovery_.adopted_snapshot = orphan;
  logger_.Log(LogLevel::kWarning, "recovery.adopted",
              fmt::format("snapshot {} was published but not current yet ({}): adopted", orphan,
                          current.has_value() ? fmt::format("current was {}", *current)
                                              : "there was no current"));
  return OkStatus();
}

Status StoreImpl::EnsureWorking() {
  const Status sound = CheckWorkingBase();
  if (sound.ok()) {
    return OkStatus();
  }
  if (!IsNotFound(sound) && sound.code() != StatusCode::kDataLoss) {
    return sound;
  }
  ASSIGN_OR_RETURN(const bool can_rebuild, CanRebuildWorking());
  if (!can_rebuild) {
    return WithReason(
        DataLoss(fmt::format("{}; there is no snapshot, and the changelog does not begin at the "
                             "store's first version: restore the store from a backup",
                             MessageOf(sound))),
        Reason::kDataDbCorrupt);
  }
  ASSIGN_OR_RETURN(const std::optional<Version> current, catalog_.Current());
  ASSIGN_OR_RETURN(const std::vector<std::string> logs,
                   fs_.List(JoinPath(directory_, kChangelogName)));
  if (!logs.empty() || current.has_value()) {  // not a new store
    recovery_.working_rebuilt = MessageOf(sound);
    logger_.Log(
        LogLevel::kWarning, "recovery.rebuild",
        fmt::format("{}: the data DBs are rebuilt from {} and the changelog", MessageOf(sound),
                    current.has_value() ? SnapshotName(*current) : "nothing"));
  }
  RETURN_IF_ERROR(SetAside(kWorkingName, std::string(MessageOf(sound)), &recovery_));
  return CloneWorking(current);
}

Status StoreImpl::CheckWorkingBase() {
  const std::string working = JoinPath(directory_, kWorkingName);
  ASSIGN_OR_RETURN(const bool exists, Exists(fs_, working));
  if (!exists) {
    return NotFound(fmt::format("{} is missing", working));
  }
  const StatusOr<SnapshotBase> base = ReadSnapshotBase(fs_, working);
  RETURN_IF_ERROR(base.status());
  if (base->store_id != identity_.store_id) {
    return DataLoss(fmt::format("{} is of store {}", working, base->store_id));
  }
  return OkStatus();
}

StatusOr<bool> StoreImpl::CanRebuildWorking() {
  ASSIGN_OR_RETURN(const std::optional<Version> current, catalog_.Current());
  return current.has_value() ? StatusOr<bool>(true) : ChangelogIsWhole();
}

StatusOr<bool> StoreImpl::ChangelogIsWhole() {
  ASSIGN_OR_RETURN(const std::vector<std::string> names,
                   fs_.List(JoinPath(directory_, kChangelogName)));
  std::optional<Version> first;
  for (const std::string& name : names) {
    const std::optional<Version> segment = wal_internal::ParseSegmentName(name);
    if (segment.has_value() && (!first.has_value() || *segment < *first)) {
      first = segment;
    }
  }
  return !first.has_value() || *first <= identity_.initial_version;
}

Status StoreImpl::CloneWorking(std::optional<Version> base) {
  working_is_fresh_ = true;
  return CloneInto(base, JoinPath(directory_, kWorkingName));
}

Status StoreImpl::CloneInto(std::optional<Version> base, const std::string& directory) {
  SnapshotBase record{identity_.store_id, identity_.suite, 0, {}};
  if (base.has_value()) {
    ASSIGN_OR_RETURN(const SnapshotManifest manifest, catalog_.ReadManifest(*base));
    record.version = *base;
    record.operation_id = manifest.operation_id;
    return CloneSnapshot(fs_, catalog_.PathOf(*base), directory, manifest,
                         options_.snapshot.allow_copy, EncodeSnapshotBase(record));
  }
  const std::string building = fmt::format("{}{}", directory, kTemporarySuffix);
  RETURN_IF_ERROR(RemoveTreeDurably(fs_, building));
  RETURN_IF_ERROR(MakeDirsDurably(fs_, building));
  RETURN_IF_ERROR(
      WriteFileDurably(fs_, JoinPath(building, kSnapshotBaseName), EncodeSnapshotBase(record)));
  RETURN_IF_ERROR(fs_.Rename(building, directory));
  return fs_.SyncDir(ParentPath(directory));
}

Status StoreImpl::CutHistory(const Intent& intent) {
  RETURN_IF_ERROR(RemoveKeyFilterFile(fs_, directory_));
  // 1. What to start from.
  const StatusOr<std::optional<Version>> current = catalog_.Current();
  if (!current.ok() || *current != intent.base) {
    RETURN_IF_ERROR(catalog_.SetCurrent(intent.base));
  }
  // 2. Never the old working clone: its DBs may stand above the target (a rollback by undo takes
  //    them back instead).
  if (intent.method == RollbackMethod::kReplay) {
    RETURN_IF_ERROR(RemoveWorking());
    RETURN_IF_ERROR(RemoveTreeDurably(fs_, JoinPath(directory_, kUndoName)));
  }
  // 3. The changelog: from here on the versions above the target are gone.
  {
    WalOptions wal_options;
    wal_options.segment_bytes = options_.wal_segment_bytes;
    wal_options.torn_tail = options_.wal_torn_tail;
    ASSIGN_OR_RETURN(const std::unique_ptr<Wal> wal,
                     Wal::Open(fs_, logger_, JoinPath(directory_, kChangelogName), wal_options));
    RETURN_IF_ERROR(wal->CutAbove(intent.target));
    RETURN_IF_ERROR(wal->Close());
  }
  // 4. The snapshots above the target, with their pins.
  return catalog_.RemoveAbove(intent.target);
}

// What an interrupted rollback or reorg had still to do before the data DBs are opened.
Status StoreImpl::ResumeRollback(const Intent& intent) {
  RETURN_IF_ERROR(CutHistory(intent));
  return intent.method == RollbackMethod::kReplay ? CloneWorking(intent.base) : OkStatus();
}

}  // namespace flatkv
