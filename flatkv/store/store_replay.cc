// The data DBs and the changelog brought to one version: what Open does, and a rollback that
// replays does again.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "flatkv/base/hex.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/store/replay_progress.h"
#include "flatkv/store/replay_record.h"
#include "flatkv/store/store_impl.h"
#include "flatkv/store/version_state.h"

namespace flatkv {
namespace {

// The data DBs are at fault, and they can be made anew.
bool BlamesWorking(const Status& status) {
  return ReasonOf(status) == Reason::kDataDbCorrupt || ReasonOf(status) == Reason::kRootMismatch;
}

}  // namespace

Status StoreImpl::OpenWorking(std::optional<Version> undo_target, RecoveryInfo* info) {
  const Status opened = TryOpenWorking(undo_target, info);
  if (opened.ok() || !BlamesWorking(opened)) {
    return opened;
  }
  DropOpenState();
  if (working_is_fresh_) {
    return GiveUpClone(opened);
  }
  ASSIGN_OR_RETURN(const bool can_rebuild, CanRebuildWorking());
  if (!can_rebuild) {
    return opened;
  }
  info->working_rebuilt = MessageOf(opened);
  logger_.Log(LogLevel::kError, "recovery.rebuild",
              fmt::format("the data DBs cannot be used and are made anew: {}", MessageOf(opened)));
  RETURN_IF_ERROR(SetAside(kWorkingName, std::string(MessageOf(opened)), info));
  // The replay that failed may have taken old rows from them.
  RETURN_IF_ERROR(RemoveTreeDurably(fs_, JoinPath(directory_, kUndoName)));
  ASSIGN_OR_RETURN(const std::optional<Version> current, catalog_.Current());
  RETURN_IF_ERROR(CloneWorking(current));
  const Status again = TryOpenWorking(undo_target, info);
  if (again.ok()) {
    return again;
  }
  DropOpenState();
  return BlamesWorking(again) ? GiveUpClone(again) : again;
}

// A clone that was made just now and is no good: what it was made from is damaged. Keeping it would
// only pile up copies.
Status StoreImpl::GiveUpClone(const Status& cause) {
  RETURN_IF_ERROR(RemoveWorking());
  ASSIGN_OR_RETURN(const std::optional<Version> current, catalog_.Current());
  return Annotate(
      cause, fmt::format("the data DBs made anew from {} are no good: flatkv recover --select "
                         "VERSION starts from another snapshot, flatkv recover --from-changelog "
                         "from none",
                         current.has_value() ? SnapshotName(*current) : "the changelog"));
}

Status StoreImpl::TryOpenWorking(std::optional<Version> undo_target, RecoveryInfo* info) {
  open_ = std::make_unique<OpenState>();
  OpenState& open = *open_;
  // The data DBs first: they say how far the changelog must reach.
  ASSIGN_OR_RETURN(open.dbs,
                   DataDbs::Open(fs_, *background_, logger_, JoinPath(directory_, kWorkingName),
                                 options_, CompactionStart::kReleased, [this] {
                                   // The changelog must hold durably whatever a data DB
                                   // holds durably.
                                   Wal* const wal = flush_wal_.load();
                                   return wal == nullptr ? OkStatus() : wal->Sync();
                                 }));
  ASSIGN_OR_RETURN(DbVersions db_versions, LoadState());
  Version floor = *std::max_element(db_versions.begin(), db_versions.end());
  ASSIGN_OR_RETURN(const std::vector<Version> snapshots, catalog_.Versions());
  if (!snapshots.empty()) {
    floor = std::max(floor, snapshots.back());
  }
  if (undo_target.has_value()) {
    floor = std::min(floor, *undo_target);
  }
  WalOptions wal_options;
  wal_options.segment_bytes = options_.wal_segment_bytes;
  wal_options.torn_tail = options_.wal_torn_tail;
  wal_options.committed_floor = floor < identity_.initial_version ? 0 : floor;
  ASSIGN_OR_RETURN(open.wal,
                   Wal::Open(fs_, logger_, JoinPath(directory_, kChangelogName), wal_options));
  flush_wal_.store(open.wal.get());
  info->torn_bytes += open.wal->recovery().torn_bytes;
  if (!open.wal->recovery().torn_file.empty()) {
    info->torn_file = open.wal->recovery().torn_file;
  }
  ASSIGN_OR_RETURN(open.undo,
                   UndoLog::Open(fs_, logger_, JoinPath(directory_, kUndoName), *open.wal,
                                 options_.undo_depth, undo_target.has_value()));
  ASSIGN_OR_RETURN(open.hash_log, HashLog::Open(fs_, logger_, JoinPath(directory_, kHashLogName),
                                                *open.wal, *hasher_, options_.hash_log_versions));
  if (undo_target.has_value()) {
    RETURN_IF_ERROR(UndoDbs(*undo_target, &db_versions));
  }
  open.opened_versions = db_versions;
  ASSIGN_OR_RETURN(const KeyFilterStart filter, OpenRows(db_versions));
  RETURN_IF_ERROR(CheckCurrentFitsChangelog());
  StartWriting(db_versions);
  if (filter.gap == FilterGap::kChangelog) {
    // Soon done, and then it spares the replay looks at new keys. A scan of the data DBs would take
    // a core away from the replay for long.
    StartFilterBuilder(filter);
  }
  recovering_ = true;
  const Status recovered = Recover(db_versions, info);
  recovering_ = false;
  RETURN_IF_ERROR(recovered);
  open.dbs->ReleaseCompactions();
  if (filter.gap == FilterGap::kEverything) {
    StartFilterBuilder(filter);
  }
  if (options_.wal_sync == WalSync::kInterval) {
    open.wal_syncer =
        std::make_unique<WalSyncer>(*open.wal, options_.wal_sync_interval,
                                    [this](const Status& status) { poison_.Set(status); });
  }
  return OkStatus();
}

StatusOr<KeyFilterStart> StoreImpl::OpenRows(const DbVersions& db_versions) {
  uint64_t rows = 0;
  for (const DataDb db : kAllDataDbs) {
    rows += static_cast<uint64_t>(state_[IndexOf(db)].total.rows);
  }
  ASSIGN_OR_RETURN(KeyFilterStart start,
                   OpenKeyFilter(fs_, logger_, directory_, identity_, *open_->wal, db_versions,
                                 rows, options_.key_filter_bytes_max));
  ASSIGN_OR_RETURN(open_->rows,
                   StoredRows::Create(*open_->dbs, options_.row_cache_bytes,
                                      std::move(start.filter), start.gap == FilterGap::kNone));
  return start;
}

// For what the filter lacks; nothing if it lacks nothing.
void StoreImpl::StartFilterBuilder(const KeyFilterStart& start) {
  if (open_->rows->filter_state() == StoredRows::FilterState::kFilling) {
    open_->filter_builder = std::make_unique<KeyFilterBuilder>(
        *open_->rows, *open_->dbs, *open_->wal, logger_, start.gap, start.first, start.last);
  }
}

void StoreImpl::StartWriting(const DbVersions& db_versions) {
  OpenState& open = *open_;
  open.snapshotter = std::make_unique<Snapshotter>(
      *open.dbs, Snapshotter::Context{fs_, logger_, directory_, identity_, options_, *hasher_,
                                      catalog_, snapshot_log_, [this] { SnapshotPublished(); }});
  WriteBehind::Options options;
  options.overlay_bytes_max = options_.overlay_bytes_max;
  options.replay_bytes_max = options_.replay_bytes_max;
  options.memtable_bytes = options_.write_buffer_bytes;
  options.db_versions = db_versions;
  options.undo = open.undo.get();
  open.hash_log->Begin(state_, *std::max_element(db_versions.begin(), db_versions.end()));
  options.hash_log = open.hash_log.get();
  options.rows = open.rows.get();
  options.begin_snapshot = [&snapshotter =
                                *open.snapshotter](std::shared_ptr<SnapshotRequest> request) {
    snapshotter.Begin(std::move(request));
  };
  options.on_error = [this](const Status& status) { poison_.Set(status); };
  open.write_behind = std::make_unique<WriteBehind>(*open.dbs, open.overlay, std::move(options));
}

StatusOr<StoreImpl::DbVersions> StoreImpl::LoadState() {
  DbVersions db_versions;
  for (const DataDb db : kAllDataDbs) {
    ASSIGN_OR_RETURN(LoadedDb loaded, open_->dbs->Load(db));
    state_[IndexOf(db)] = std::move(loaded.state);
    db_versions[IndexOf(db)] = std::max(loaded.version, identity_.initial_version - 1);
  }
  global_ = GlobalHash(state_);
  return db_versions;
}

Status StoreImpl::UndoDbs(Version target, DbVersions* db_versions) {
  for (const DataDb db : kAllDataDbs) {
    const size_t index = IndexOf(db);
    const Version from = (*db_versions)[index];
    if (from <= target) {
      continue;
    }
    StatusOr<Undo> undo = open_->undo->ReadRange(target, from, /*check_changelog=*/false);
    if (!undo.ok()) {
      return WithReason(Recode(Annotate(undo.status(), "finishing a rollback by undo records"),
                               StatusCode::kDataLoss),
                        Reason::kDataDbCorrupt);
    }
    const DbUndo& db_undo = undo->dbs[index];
    RETURN_IF_ERROR(
        open_->dbs->WriteUndo(db, target, db_undo, UndoneState(state_[index], db_undo)));
  }
  // The records may go only when no DB needs them any more.
  RETURN_IF_ERROR(open_->dbs->Flush());
  RETURN_IF_ERROR(open_->undo->CutAbove(target));
  ASSIGN_OR_RETURN(*db_versions, LoadState());
  return OkStatus();
}

void StoreImpl::SetHead(Version version) {
  head_version_.store(version, std::memory_order_release);
  MutexLock head_lock(head_mu_);
  head_.version = version;
  head_.root = hasher_->Checksum(global_);
  for (const DataDb db : kAllDataDbs) {
    head_.dbs[IndexOf(db)] = state_[IndexOf(db)].total;
  }
}

Status StoreImpl::CheckCurrentFitsChangelog() {
  ASSIGN_OR_RETURN(const std::optional<Version> current, catalog_.Current());
  const Wal& wal = *open_->wal;
  if (!current.has_value() || wal.empty() || *current < wal.first_version() ||
      *current > wal.last_version()) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const SnapshotManifest manifest, catalog_.ReadManifest(*current));
  ASSIGN_OR_RETURN(const WalRecordInfo record, open_->wal->Find(*current));
  if (record.content_digest == manifest.content_digest && record.root == manifest.root) {
    return OkStatus();
  }
  return WithReason(
      DataLoss(fmt::format("{} is of another history than the changelog: version {} has root {} "
                           "there and {} here; flatkv recover --select VERSION starts from another "
                           "snapshot",
                           catalog_.PathOf(*current), *current, HexEncode(AsBytes(manifest.root)),
                           HexEncode(AsBytes(record.root)))),
      Reason::kSnapshotCorrupt);
}

Status StoreImpl::Recover(const DbVersions& db_versions, RecoveryInfo* info) {
  const auto start = std::chrono::steady_clock::now();
  Wal& wal = *open_->wal;
  const Version lowest = *std::min_element(db_versions.begin(), db_versions.end());
  const Version last = wal.empty() ? identity_.initial_version - 1 : wal.last_version();
  const Version oldest = wal.empty() ? identity_.initial_version : wal.first_version();
  if (oldest > lowest + 1) {
    // A data DB that lost its versions, if there is a snapshot to start from instead.
    ASSIGN_OR_RETURN(const std::optional<Version> current, catalog_.Current());
    return WithReason(
        DataLoss(fmt::format(
            "the data DBs stand at version {} and the changelog begins at {}: versions {} to {} "
            "are missing",
            lowest, oldest, lowest + 1, oldest - 1)),
        current.value_or(0) > lowest ? Reason::kDataDbCorrupt : Reason::kChangelogCorrupt);
  }
  SetHead(lowest);
  if (lowest < last) {
    info->replayed_from = lowest + 1;
    info->replayed_to = last;
    RETURN_IF_ERROR(Replay(lowest + 1, last, db_versions, info));
  } else if (!wal.empty()) {
    ASSIGN_OR_RETURN(const WalRecordInfo record, wal.Find(last));
    RETURN_IF_ERROR(CheckRecoveredRoot(last, record.root));
  }
  info->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  logger_.Log(
      LogLevel::kInfo, "recovery.done",
      info->replayed_from == 0
          ? fmt::format("store {} stands at version {}, nothing to replay", identity_.store_id,
                        last)
          : fmt::format("store {} stands at version {} after replaying {} to {} ({} with old rows "
                        "from undo records) in {:.2f} s",
                        identity_.store_id, last, info->replayed_from, last, info->replayed_by_undo,
                        info->seconds));
  return OkStatus();
}

Status StoreImpl::Replay(Version first, Version last, const DbVersions& db_versions,
                         RecoveryInfo* info) {
  const Version highest = *std::max_element(db_versions.begin(), db_versions.end());
  ReplayProgress progress(logger_, first, last);
  ReplayRange range;
  range.first = first;
  range.last = last;
  range.db_versions = db_versions;
  range.undo_from = UndoWantedFrom(last, highest);
  range.batch_versions_max = options_.replay_check_every;
  range.undo = open_->undo.get();
  const auto take = [&](const ReplayBatch& batch, PendingVersion& pending)
                        NO_THREAD_SAFETY_ANALYSIS -> Status {
    pending.root = hasher_->Checksum(GlobalHash(global_, pending.delta));
    // Below the highest DB version the sums mix states of different versions.
    if (pending.version >= highest) {
      // Found before the version is published: a wrong state must not reach the DBs.
      RETURN_IF_ERROR(CheckRecoveredRootOf(pending.version, pending.root, batch.last.root));
    }
    RETURN_IF_ERROR(open_->write_behind->WaitForRoom());
    Publish(pending, batch.log_bytes);
    info->replayed_by_undo += batch.undo.has_value() ? batch.payloads.size() : 0;
    progress.Replayed(pending.version);
    return OkStatus();
  };
  return ReplayVersions(*open_->wal, range, {nullptr, &open_->overlay, open_->rows.get()},
                        {*hasher_, row_threads(), logger_}, take);
}

// The first version whose undo record is within the depth, can be made and is not there yet.
Version StoreImpl::UndoWantedFrom(Version last, Version highest) const {
  constexpr Version kNever = std::numeric_limits<Version>::max();
  if (options_.undo_depth == 0) {
    return kNever;
  }
  const auto depth =
      static_cast<Version>(std::min<uint64_t>(options_.undo_depth, static_cast<uint64_t>(last)));
  return std::max({last - depth, highest, open_->undo->last()}) + 1;
}

Status StoreImpl::CheckRecoveredRoot(Version version, const Digest& recorded) {
  return CheckRecoveredRootOf(version, hasher_->Checksum(global_), recorded);
}

Status StoreImpl::CheckRecoveredRootOf(Version version, const Digest& root,
                                       const Digest& recorded) {
  if (root == recorded) {
    return OkStatus();
  }
  return WithReason(
      DataLoss(fmt::format("the rows at version {} give root {}, and the changelog recorded {}: a "
                           "data DB is damaged",
                           version, HexEncode(AsBytes(root)), HexEncode(AsBytes(recorded)))),
      Reason::kRootMismatch);
}

void StoreImpl::DropOpenState() {
  if (open_ == nullptr) {
    return;
  }
  open_->wal_syncer.reset();
  open_->filter_builder.reset();
  open_->write_behind.reset();
  open_->snapshotter.reset();
  flush_wal_.store(nullptr);
  if (open_->dbs != nullptr) {
    // Nothing is flushed; what a failed close leaves is what recovery starts from.
    open_->dbs->Close().IgnoreError();
  }
  open_.reset();
}

}  // namespace flatkv
