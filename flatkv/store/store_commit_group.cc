// From changes that are applied to versions that are acknowledged: appended one by one, synced
// together, published in order. docs/durability.md, "Commit", has the same steps with what a crash
// at each of them leaves.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "flatkv/store/phase_timer.h"
#include "flatkv/store/store_impl.h"
#include "flatkv/store/version_state.h"

namespace flatkv {
namespace {

CommitResult ResultOf(const PendingVersion& committed) {
  CommitResult result;
  result.version = committed.version;
  result.root = committed.root;
  result.timings = committed.timings;
  const CommitTimings& t = result.timings;
  result.timings.total = t.classify + t.rows + t.log + t.sync + t.publish + t.wait;
  return result;
}

}  // namespace

std::vector<StatusOr<CommitResult>> StoreImpl::CommitBlocks(std::span<const BlockRef> blocks,
                                                            OnRefusal on_refusal) {
  MutexLock lock(commit_mu_);
  std::vector<StatusOr<CommitResult>> results;
  results.reserve(blocks.size());
  size_t settled = 0;  // of the results: the others' blocks are in the group
  const auto finish = [&]() REQUIRES(commit_mu_) {
    const StatusOr<std::vector<CommitResult>> committed = FinishGroup();
    size_t next = 0;
    for (; settled < results.size(); ++settled) {
      StatusOr<CommitResult>& result = results[settled];
      if (result.ok() && !result->already_committed) {
        result = committed.ok() ? StatusOr<CommitResult>((*committed)[next++])
                                : StatusOr<CommitResult>(committed.status());
      }
    }
  };
  for (const BlockRef& block : blocks) {
    if (!group_.empty() && block.version <= group_.last()) {
      finish();  // a repetition: its answer comes from what is committed
    }
    if (block.version <= HeadVersion()) {
      results.push_back(ConfirmCommitted(
          block.version, PendingPayload::Encode(block.version, *block.changes).digest));
    } else if (const Status logged = LogBlock(block); logged.ok()) {
      results.emplace_back(CommitResult());  // until the group is finished
    } else {
      results.emplace_back(logged);
    }
    if (on_refusal == OnRefusal::kStop && !results.back().ok()) {
      break;
    }
    // Without syncs to share there is nothing to wait for. A segment takes no more than when each
    // version is committed alone.
    if (!group_.empty() && (options_.wal_sync != WalSync::kAlways || group_.full() ||
                            open_->wal->last_segment_full())) {
      finish();
    }
  }
  finish();
  if (on_refusal == OnRefusal::kStop) {
    const auto failed = std::find_if(results.begin(), results.end(),
                                     [](const auto& result) { return !result.ok(); });
    results.erase(failed == results.end() ? failed : failed + 1, results.end());
  }
  return results;
}

Status StoreImpl::LogBlock(const BlockRef& block) {
  RETURN_IF_ERROR(CheckWritable());
  RETURN_IF_ERROR(CheckNext(block.version));
  if (pending_.has_value()) {
    return FailedPrecondition(fmt::format(
        "changes were already applied to version {}: finish it with Commit", block.version));
  }
  RETURN_IF_ERROR(ApplyLocked(block.version, *block.changes));
  const Status logged = LogPending();
  if (!logged.ok()) {
    DropPending();
  }
  return logged;
}

StatusOr<CommitResult> StoreImpl::CommitLocked(Version version) {
  if (!pending_.has_value()) {
    RETURN_IF_ERROR(ApplyLocked(version, {}));  // an empty version
  }
  RETURN_IF_ERROR(LogPending());
  ASSIGN_OR_RETURN(const std::vector<CommitResult> results, FinishGroup());
  return results.front();
}

Status StoreImpl::LogPending() {
  PendingVersion& pending = *pending_;
  PhaseTimer timer;
  // 1. Wait until the data DBs have caught up enough.
  if (const Status status = open_->write_behind->WaitForRoom(); !status.ok()) {
    poison_.Set(status);
    return poison_.Check();
  }
  timer.Add(&pending.timings.wait);
  // 2. Append the record.
  pending.rows->content_digest = pending.payload.ContentDigest();
  pending.rows->root = pending.root;
  if (const Status status = open_->wal->Append(pending.version, pending.payload.payload(),
                                               pending.rows->content_digest, pending.root);
      !status.ok()) {
    poison_.Set(status);
    return poison_.Check();
  }
  timer.Add(&pending.timings.log);
  const LtHash global = GlobalHash(LoggedGlobal(), pending.delta);
  group_.Add(std::move(pending), global);
  pending_.reset();
  return OkStatus();
}

StatusOr<std::vector<CommitResult>> StoreImpl::FinishGroup() {
  std::vector<CommitResult> results;
  if (group_.empty()) {
    return results;
  }
  // 3. Sync the records, if that is the policy. 4. Seal the last one.
  if (const Status status = SealGroup(); !status.ok()) {
    poison_.Set(status);
    group_.Clear();
    SetPendingHead(0, {});
    return poison_.Check();
  }
  // 5. Publish, in order: readers see the versions, the write-behind thread gets them.
  results.reserve(group_.logged().size());
  for (PendingVersion& logged : group_.logged()) {
    PhaseTimer timer;
    Publish(logged, logged.payload.payload().size());
    timer.Add(&logged.timings.publish);
    results.push_back(ResultOf(logged));
  }
  // 6. Acknowledge: the caller answers.
  group_.Clear();
  SetPendingHead(0, {});
  return results;
}

Status StoreImpl::SealGroup() {
  PhaseTimer timer;
  if (options_.wal_sync == WalSync::kAlways) {
    std::chrono::nanoseconds sync{};
    RETURN_IF_ERROR(open_->wal->Sync());
    timer.Add(&sync);
    for (PendingVersion& logged : group_.logged()) {
      logged.timings.sync += sync / group_.logged().size();
    }
  }
  RETURN_IF_ERROR(open_->wal->Acknowledge(group_.last()));
  timer.Add(&group_.logged().back().timings.log);
  return OkStatus();
}

void StoreImpl::Publish(PendingVersion& pending, uint64_t log_bytes) {
  AdvanceState(pending.delta, &state_, pending.rows.get());
  global_ = GlobalHash(global_, pending.delta);
  std::shared_ptr<SnapshotRequest> snapshot =
      recovering_ ? nullptr : DueSnapshot(pending, log_bytes);
  MutexLock lock(publish_mu_);
  open_->overlay.Insert(*pending.rows);
  {
    MutexLock head_lock(head_mu_);
    head_.version = pending.version;
    head_.root = pending.root;
    for (const DataDb db : kAllDataDbs) {
      head_.dbs[IndexOf(db)] = state_[IndexOf(db)].total;
    }
  }
  head_version_.store(pending.version, std::memory_order_release);
  open_->write_behind->Enqueue(pending.rows, log_bytes, std::move(snapshot));
}

}  // namespace flatkv
