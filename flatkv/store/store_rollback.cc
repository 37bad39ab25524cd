// Going back to a retained version. docs/durability.md, "Rollback", has the steps and what a crash
// at each of them leaves.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "flatkv/base/hex.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/snapshot_files.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/store/clone_check.h"
#include "flatkv/store/operation_slot.h"
#include "flatkv/store/replay_progress.h"
#include "flatkv/store/replay_record.h"
#include "flatkv/store/store_impl.h"

namespace flatkv {
namespace {

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

StatusOr<RollbackPlan> StoreImpl::PlanRollback(Version target, RollbackChoice choice) {
  MutexLock lock(commit_mu_);
  RETURN_IF_ERROR(CheckWritable());
  return PlanRollbackLocked(target, choice);
}

// Only a reorg goes back to before the first version.
Status StoreImpl::CheckRollbackTarget(Version target) const {
  return target >= identity_.initial_version
             ? OkStatus()
             : WithReason(
                   OutOfRange(fmt::format("version {} is before the store's first version {}",
                                          target, identity_.initial_version)),
                   Reason::kVersionUnreachable);
}

StatusOr<RollbackPlan> StoreImpl::PlanRollbackLocked(Version target, RollbackChoice choice) {
  ReaderLock open_lock(open_mu_);
  RollbackPlan plan;
  plan.from = HeadVersion();
  plan.target = target;
  // A reorg of the first version goes back to before it.
  const bool to_nothing =
      target == identity_.initial_version - 1 &&
      (open_->wal->empty() || open_->wal->first_version() <= identity_.initial_version);
  if (!to_nothing) {
    RETURN_IF_ERROR(CheckRetained(target));
    ASSIGN_OR_RETURN(plan.target_root, RootAtLocked(target));
  }
  ASSIGN_OR_RETURN(const std::vector<SnapshotSummary> snapshots, catalog_.Summaries());
  for (const SnapshotSummary& snapshot : snapshots) {
    const Version version = snapshot.manifest.version;
    if (version <= target) {
      plan.base = version;
    } else {
      plan.removed_snapshots.push_back(version);
      plan.removed_pins.insert(plan.removed_pins.end(), snapshot.pins.begin(), snapshot.pins.end());
    }
  }
  const Version first_undo = open_->undo->first();
  const bool can_undo = !to_nothing && target < plan.from && first_undo != 0 &&
                        target >= first_undo - 1 && open_->undo->last() >= target + 1;
  if (choice == RollbackChoice::kUndo && !can_undo && target < plan.from) {
    return WithReason(
        FailedPrecondition(
            first_undo == 0
                ? std::string("there are no undo records: leave the method to flatkv")
                : fmt::format("the undo records reach back to version {} only: leave the method "
                              "to flatkv",
                              first_undo - 1)),
        Reason::kVersionUnreachable);
  }
  plan.method = can_undo && choice != RollbackChoice::kReplay ? RollbackMethod::kUndo
                                                              : RollbackMethod::kReplay;
  if (plan.method == RollbackMethod::kReplay && target < plan.from) {
    const Version from = plan.base.value_or(identity_.initial_version - 1);
    plan.replay_from = from < target ? from + 1 : 0;
  }
  plan.steps = StepsOf(plan);
  return plan;
}

std::vector<std::string> StoreImpl::StepsOf(const RollbackPlan& plan) {
  if (plan.target == plan.from) {
    return {
        fmt::format("the head is version {} already: drop uncommitted changes only", plan.target)};
  }
  std::vector<std::string> steps;
  steps.push_back(plan.base.has_value()
                      ? fmt::format("point current at the snapshot of version {}", *plan.base)
                      : std::string("start from no snapshot"));
  if (plan.method == RollbackMethod::kReplay) {
    steps.emplace_back("remove the working data DBs");
  }
  steps.push_back(
      fmt::format("remove versions {} to {} from the changelog", plan.target + 1, plan.from));
  if (!plan.removed_snapshots.empty()) {
    steps.push_back(fmt::format("remove the snapshots of versions {}",
                                fmt::join(plan.removed_snapshots, ", ")));
  }
  for (const Pin& pin : plan.removed_pins) {
    steps.push_back(
        fmt::format("remove pin {} of version {} ({})", pin.id, pin.version, pin.reason));
  }
  if (plan.method == RollbackMethod::kUndo) {
    steps.push_back(fmt::format("undo versions {} down to {} in the working data DBs", plan.from,
                                plan.target + 1));
  } else {
    steps.push_back(plan.base.has_value()
                        ? fmt::format("clone the snapshot of version {}", *plan.base)
                        : std::string("make empty data DBs"));
    if (plan.replay_from != 0) {
      steps.push_back(fmt::format("replay versions {} to {}", plan.replay_from, plan.target));
    }
  }
  return steps;
}

// Makes the data DBs of the target beside the live ones, as the next working/: what is damaged or
// missing is found before anything has changed. Returns their directory.
StatusOr<std::string> StoreImpl::PrepareReplay(const RollbackPlan& plan, const Intent& intent) {
  const std::string scratch = JoinPath(directory_, kScratchName);
  RETURN_IF_ERROR(MakeDirsDurably(fs_, scratch));
  const std::string directory = JoinPath(scratch, fmt::format("rollback-{}", intent.operation_id));
  Status status = CloneInto(plan.base, directory);
  if (status.ok()) {
    status = ReplayClone(plan, directory);
  }
  if (status.ok()) {
    return directory;
  }
  RemoveTreeDurably(fs_, directory).IgnoreError();  // scratch: the next open tries again
  if (status.code() != StatusCode::kDataLoss || !plan.base.has_value()) {
    return Annotate(
        status, fmt::format("version {} cannot be made again, nothing was changed", plan.target));
  }
  return WithReason(Annotate(status, fmt::format("the snapshot of version {} is damaged, nothing "
                                                 "was changed",
                                                 *plan.base)),
                    ReasonOf(status) == Reason::kChangelogCorrupt ? Reason::kChangelogCorrupt
                                                                  : Reason::kSnapshotCorrupt);
}

Status StoreImpl::ReplayClone(const RollbackPlan& plan, const std::string& directory) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<ScratchDbs> clone,
      ScratchDbs::Open(fs_, logger_, directory, options_.write_buffer_bytes / kDataDbs));
  const Version from = plan.base.value_or(identity_.initial_version - 1);
  StoreState state;
  for (const DataDb db : kAllDataDbs) {
    ASSIGN_OR_RETURN(LoadedDb loaded, clone->dbs().Load(db));
    state[IndexOf(db)] = std::move(loaded.state);
  }
  if (plan.base.has_value()) {
    ASSIGN_OR_RETURN(const SnapshotManifest manifest, catalog_.ReadManifest(from));
    RETURN_IF_ERROR(
        CheckRecoveredRootOf(from, hasher_->Checksum(GlobalHash(state)), manifest.root));
  }
  ReplayProgress progress(logger_, from + 1, plan.target);
  RETURN_IF_ERROR(ReplayInto(
      clone->dbs(), from, plan.target, *open_->wal, options_.replay_check_every,
      {*hasher_, row_threads(), logger_},
      [&](Version version) {
        progress.Replayed(version);
        return !closing_.load();
      },
      &state));
  if (plan.target >= identity_.initial_version) {
    RETURN_IF_ERROR(
        CheckRecoveredRootOf(plan.target, hasher_->Checksum(GlobalHash(state)), plan.target_root));
  }
  RETURN_IF_ERROR(clone->dbs().Flush());
  return clone->dbs().Close();
}

Intent StoreImpl::IntentOf(IntentKind kind, const RollbackPlan& plan) {
  Intent intent;
  intent.kind = kind;
  intent.operation_id = NewOperationId();
  intent.method = plan.method;
  intent.from = plan.from;
  intent.target = plan.target;
  intent.base = plan.base;
  intent.created_unix_seconds = UnixSecondsNow();
  return intent;
}

StatusOr<RollbackResult> StoreImpl::Rollback(Version target, RollbackChoice choice) {
  const auto start = std::chrono::steady_clock::now();
  const OperationSlot slot(rollback_busy_);
  RETURN_IF_ERROR(slot.status());
  MutexLock lock(commit_mu_);
  RETURN_IF_ERROR(CheckWritable());
  RETURN_IF_ERROR(CheckRollbackTarget(target));
  RETURN_IF_ERROR(open_->write_behind->Drain());  // so that the undo records reach the head
  const SnapshotCatalog::Freeze freeze(catalog_);
  RollbackResult result;
  ASSIGN_OR_RETURN(result.plan, PlanRollbackLocked(target, choice));
  if (target == result.plan.from) {
    DropPending();
  } else {
    const Intent intent = IntentOf(IntentKind::kRollback, result.plan);
    RETURN_IF_ERROR(ExecuteRollback(result.plan, intent));
    if (const Status cleared = ClearIntent(fs_, directory_); !cleared.ok()) {
      poison_.Set(cleared);
      return poison_.Check();
    }
  }
  result.seconds = SecondsSince(start);
  logger_.Log(
      LogLevel::kInfo, "store.rolled_back",
      fmt::format("from version {} to {} by {} in {:.3f} s", result.plan.from, target,
                  result.plan.method == RollbackMethod::kUndo ? "undo" : "replay", result.seconds));
  return result;
}

void StoreImpl::EndReaders(Version target) {
  const Status why = WithReason(
      Aborted(fmt::format("the store was rolled back to version {}", target)), Reason::kRolledBack);
  iterators_.EndAll(why);
  views_.EndForRollback(target, why);
}

Status StoreImpl::CheckBase(const RollbackPlan& plan) {
  if (!plan.base.has_value()) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const SnapshotManifest manifest, catalog_.ReadManifest(*plan.base));
  ASSIGN_OR_RETURN(const std::vector<std::string> findings,
                   CheckSnapshotFiles(fs_, catalog_.PathOf(*plan.base), manifest, FileCheck::kSizes,
                                      [](uint64_t) { return true; }));
  return findings.empty()
             ? OkStatus()
             : WithReason(DataLoss(fmt::format("the snapshot of version {} is damaged: {}",
                                               *plan.base, findings.front())),
                          Reason::kSnapshotCorrupt);
}

Status StoreImpl::ExecuteRollback(const RollbackPlan& plan, const Intent& intent) {
  // 1. Everything that can be found damaged or missing is found before anything changes.
  std::optional<Undo> undo;
  std::string prepared;
  if (plan.method == RollbackMethod::kUndo) {
    RETURN_IF_ERROR(CheckBase(plan));
    ASSIGN_OR_RETURN(undo, open_->undo->ReadRange(plan.target, plan.from, true));
    RETURN_IF_ERROR(open_->undo->Sync());
  } else {
    ASSIGN_OR_RETURN(prepared, PrepareReplay(plan, intent));
  }
  // 2. Nobody reads or writes any more; a snapshot in progress is given up.
  rolling_back_ = true;
  WriterLock open_lock(open_mu_);
  rolling_back_ = false;
  DropPending();
  EndReaders(plan.target);
  open_->filter_builder.reset();
  open_->write_behind.reset();
  open_->snapshotter.reset();
  // 3. From the intent on there is only forward.
  Status status = WriteIntent(fs_, directory_, intent);
  if (status.ok()) {
    status = plan.method == RollbackMethod::kUndo ? RollbackByUndo(plan, *std::move(undo))
                                                  : RollbackByReplay(intent, prepared);
  }
  if (!status.ok()) {
    poison_.Set(
        Annotate(status, "a rollback was interrupted; opening the store again finishes it"));
    DropOpenState();
    return poison_.Check();
  }
  log_bytes_since_snapshot_ = 0;
  return OkStatus();
}

Status StoreImpl::RollbackByUndo(const RollbackPlan& plan, Undo undo) {
  OpenState& open = *open_;
  // The same order as CutHistory, on what is open.
  RETURN_IF_ERROR(RemoveKeyFilterFile(fs_, directory_));
  ASSIGN_OR_RETURN(const std::optional<Version> current, catalog_.Current());
  if (current != plan.base) {
    RETURN_IF_ERROR(catalog_.SetCurrent(plan.base));
  }
  RETURN_IF_ERROR(open.wal->CutAbove(plan.target));
  RETURN_IF_ERROR(catalog_.RemoveAbove(plan.target));
  for (const DataDb db : kAllDataDbs) {
    DbUndo& db_undo = undo.dbs[IndexOf(db)];
    RETURN_IF_ERROR(
        open.dbs->WriteUndo(db, plan.target, db_undo, UndoneState(state_[IndexOf(db)], db_undo)));
    open.rows->SetProbes(db, &db_undo.rows);
    open.rows->Wrote(db_undo.rows);
  }
  // A DB that stands above the target on disk must come down there before its undo records go. One
  // that does not will be replayed up to the target after a crash, and needs no flush.
  for (const DataDb db : kAllDataDbs) {
    KvEngine& engine = (*open.dbs)[db];
    if (std::max(engine.CommittedToDisk(), open.opened_versions[IndexOf(db)]) > plan.target) {
      RETURN_IF_ERROR(Annotate(engine.Flush(), fmt::format("data DB {}", NameOf(db))));
      open.opened_versions[IndexOf(db)] = plan.target;
    }
  }
  RETURN_IF_ERROR(open.undo->CutAbove(plan.target));
  RETURN_IF_ERROR(open.hash_log->CutAbove(plan.target));
  ASSIGN_OR_RETURN(const DbVersions db_versions, LoadState());
  SetHead(plan.target);
  if (CommittedRoot().root != plan.target_root) {
    return CheckRecoveredRoot(plan.target, plan.target_root);
  }
  StartWriting(db_versions);
  StartFilterBuilder({});
  return OkStatus();
}

Status StoreImpl::RollbackByReplay(const Intent& intent, const std::string& prepared) {
  DropOpenState();
  RETURN_IF_ERROR(CutHistory(intent));
  RETURN_IF_ERROR(fs_.Rename(prepared, JoinPath(directory_, kWorkingName)));
  RETURN_IF_ERROR(fs_.SyncDir(directory_));
  RecoveryInfo info;
  return OpenWorking(std::nullopt, &info);
}

}  // namespace flatkv
