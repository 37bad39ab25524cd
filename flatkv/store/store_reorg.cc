// Replacing the last versions by others, all or none: the new versions are written to a log of
// their own and made durable, then the store rolls back to before the first of them, then they are
// committed. From the intent on a crash is finished by the next open.
#include <fmt/format.h>

#include "flatkv/codec/changelog_entry.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/store/classify.h"
#include "flatkv/store/operation_slot.h"
#include "flatkv/store/store_impl.h"

namespace flatkv {

Status StoreImpl::CheckReorgBlocks(std::span<const ReorgBlock> blocks) const {
  if (blocks.empty()) {
    return InvalidArgument("a reorg needs at least one new version");
  }
  for (size_t i = 0; i < blocks.size(); ++i) {
    const Version expected = blocks.front().version + static_cast<Version>(i);
    if (blocks[i].version != expected) {
      return InvalidArgument(
          fmt::format("the new versions of a reorg must be contiguous: {} follows {}",
                      blocks[i].version, expected - 1));
    }
    const std::string context = fmt::format("version {}", expected);
    RETURN_IF_ERROR(Annotate(
        Classify(blocks[i].version, blocks[i].changes, options_.limits).status(), context));
    RETURN_IF_ERROR(CheckPayload(expected, blocks[i].changes, 0));
  }
  if (blocks.front().version < identity_.initial_version) {
    return WithReason(OutOfRange(fmt::format("version {} is before the store's first version {}",
                                             blocks.front().version, identity_.initial_version)),
                      Reason::kVersionUnreachable);
  }
  return OkStatus();
}

Status StoreImpl::WriteReorgLog(std::span<const ReorgBlock> blocks) {
  const std::string directory = JoinPath(directory_, kReorgName);
  RETURN_IF_ERROR(RemoveTreeDurably(fs_, directory));
  ASSIGN_OR_RETURN(const std::unique_ptr<Wal> log,
                   Wal::Open(fs_, logger_, directory, WalOptions()));
  for (const ReorgBlock& block : blocks) {
    const PendingPayload::Call call = PendingPayload::Encode(block.version, block.changes);
    RETURN_IF_ERROR(log->Append(block.version, call.payload, call.digest, Digest{}));
  }
  RETURN_IF_ERROR(log->Sync());
  RETURN_IF_ERROR(log->Acknowledge(blocks.back().version));
  return log->Close();
}

Status StoreImpl::CommitReorgLog() {
  ASSIGN_OR_RETURN(const std::unique_ptr<Wal> log,
                   Wal::Open(fs_, logger_, JoinPath(directory_, kReorgName), WalOptions()));
  if (log->empty() || HeadVersion() >= log->last_version()) {
    return log->Close();
  }
  {
    ASSIGN_OR_RETURN(const std::unique_ptr<WalReader> reader,
                     log->NewReader(HeadVersion() + 1, log->last_version()));
    while (true) {
      ASSIGN_OR_RETURN(const bool has_record, reader->Next());
      if (!has_record) {
        break;
      }
      const Version version = reader->info().version;
      ASSIGN_OR_RETURN(const ChangelogEntryView entry, DecodeChangelogEntry(reader->payload()));
      RETURN_IF_ERROR(ApplyLocked(version, entry.changes));
      RETURN_IF_ERROR(CommitLocked(version).status());
    }
  }
  return log->Close();
}

StatusOr<ReorgResult> StoreImpl::Reorg(std::span<const ReorgBlock> blocks) {
  const auto start = std::chrono::steady_clock::now();
  const OperationSlot slot(rollback_busy_);
  RETURN_IF_ERROR(slot.status());
  MutexLock lock(commit_mu_);
  RETURN_IF_ERROR(CheckWritable());
  RETURN_IF_ERROR(CheckReorgBlocks(blocks));
  ReorgResult result;
  result.from = HeadVersion();
  if (blocks.front().version > result.from + 1) {
    return CheckNext(blocks.front().version);
  }
  // Versions that the store has as they are need no replacing.
  size_t same = 0;
  for (; same < blocks.size() && blocks[same].version <= result.from; ++same) {
    const StatusOr<WalRecordInfo> record = open_->wal->Find(blocks[same].version);
    if (!record.ok() ||
        record->content_digest !=
            PendingPayload::Encode(blocks[same].version, blocks[same].changes).digest) {
      break;
    }
  }
  const std::span<const ReorgBlock> changed = blocks.subspan(same);
  const Version target = changed.empty() ? blocks.back().version : changed.front().version - 1;
  result.already_done = changed.empty() && target == result.from;
  if (!result.already_done) {
    RETURN_IF_ERROR(Replace(target, changed));
  }
  for (const ReorgBlock& block : blocks) {
    ASSIGN_OR_RETURN(const Digest root, RootAt(block.version));
    result.versions.emplace_back(block.version, root);
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  logger_.Log(
      LogLevel::kInfo, "store.reorganised",
      fmt::format("versions {} to {} replaced, the head was {}, {:.3f} s", blocks.front().version,
                  blocks.back().version, result.from, result.seconds));
  return result;
}

Status StoreImpl::Replace(Version target, std::span<const ReorgBlock> blocks) {
  RETURN_IF_ERROR(open_->write_behind->Drain());
  Intent intent;
  {
    const SnapshotCatalog::Freeze freeze(catalog_);
    ASSIGN_OR_RETURN(const RollbackPlan plan, PlanRollbackLocked(target, RollbackChoice::kAuto));
    intent = IntentOf(blocks.empty() ? IntentKind::kRollback : IntentKind::kReorg, plan);
    if (!blocks.empty()) {
      RETURN_IF_ERROR(WriteReorgLog(blocks));
    }
    if (target < plan.from) {
      RETURN_IF_ERROR(ExecuteRollback(plan, intent));
    } else {
      DropPending();
    }
  }
  const Status finished = blocks.empty() ? ClearIntent(fs_, directory_) : FinishReorg(intent);
  if (!finished.ok()) {
    poison_.Set(Annotate(finished, "a reorg was interrupted; opening the store again finishes it"));
    return poison_.Check();
  }
  return OkStatus();
}

// The way back is done and must not be gone again: what is committed from now on stays.
Status StoreImpl::FinishReorg(Intent intent) {
  intent.kind = IntentKind::kReorgCommit;
  RETURN_IF_ERROR(WriteIntent(fs_, directory_, intent));
  RETURN_IF_ERROR(CommitReorgLog());
  RETURN_IF_ERROR(ClearIntent(fs_, directory_));
  return RemoveTreeDurably(fs_, JoinPath(directory_, kReorgName));
}

}  // namespace flatkv
