// The ordered commit. docs/durability.md, "Commit", has the same steps with what a crash at each of
// them leaves.
#include <fmt/format.h>

#include <limits>

#include "flatkv/base/hex.h"
#include "flatkv/codec/changelog_entry.h"
#include "flatkv/store/store_impl.h"
#include "flatkv/store/version_state.h"
#include "flatkv/wal/wal_format.h"

namespace flatkv {
namespace {

using Clock = std::chrono::steady_clock;

// Adds the time since the last call to a phase.
class PhaseTimer {
 public:
  void Add(std::chrono::nanoseconds* phase) {
    const Clock::time_point now = Clock::now();
    *phase += now - last_;
    last_ = now;
  }

 private:
  Clock::time_point last_ = Clock::now();
};

Status ClosedStatus() { return WithReason(Unavailable("the store is closed"), Reason::kClosed); }

}  // namespace

Status StoreImpl::CheckWritable() const {
  return closed_.load(std::memory_order_acquire) ? ClosedStatus() : poison_.Check();
}

Status StoreImpl::CheckNext(Version version) {
  const Version head = HeadVersion();
  if (head == std::numeric_limits<Version>::max()) {
    return OutOfRange("the head is the highest version that can be");
  }
  if (version == head + 1) {
    return OkStatus();
  }
  return WithExpectedVersion(
      WithReason(
          FailedPrecondition(fmt::format("version {} does not follow the head {}: send version {}",
                                         version, head, head + 1)),
          Reason::kVersionGap),
      head + 1);
}

StatusOr<AppliedResult> StoreImpl::ApplyChangeSets(Version version, const ChangeSets& changes) {
  MutexLock lock(commit_mu_);
  if (version <= HeadVersion()) {
    return ApplyCommitted(version, changes);
  }
  RETURN_IF_ERROR(CheckWritable());
  RETURN_IF_ERROR(CheckNext(version));
  RETURN_IF_ERROR(ApplyLocked(version, changes));
  return AppliedResult{version, pending_->root};
}

StatusOr<CommitResult> StoreImpl::Commit(Version version) {
  MutexLock lock(commit_mu_);
  if (version <= HeadVersion()) {
    std::optional<Digest> content;
    if (repeated_.has_value() && repeated_->first == version) {
      content = repeated_->second.ContentDigest();
      repeated_.reset();
    }
    return ConfirmCommitted(version, content);
  }
  RETURN_IF_ERROR(CheckWritable());
  RETURN_IF_ERROR(CheckNext(version));
  return CommitLocked(version);
}

StatusOr<CommitResult> StoreImpl::CommitBlock(Version version, const ChangeSets& changes) {
  MutexLock lock(commit_mu_);
  if (version <= HeadVersion()) {
    return ConfirmCommitted(version, PendingPayload::Encode(version, changes).digest);
  }
  RETURN_IF_ERROR(CheckWritable());
  RETURN_IF_ERROR(CheckNext(version));
  if (pending_.has_value()) {
    return FailedPrecondition(
        fmt::format("changes were already applied to version {}: finish it with Commit", version));
  }
  RETURN_IF_ERROR(ApplyLocked(version, changes));
  StatusOr<CommitResult> result = CommitLocked(version);
  if (!result.ok()) {
    DropPending();
  }
  return result;
}

void StoreImpl::DiscardPending() {
  MutexLock lock(commit_mu_);
  DropPending();
}

void StoreImpl::DropPending() {
  pending_.reset();
  repeated_.reset();
  SetPendingHead(0, {});
}

Status StoreImpl::CheckPayload(Version version, const ChangeSets& changes,
                               size_t pending_bytes) const {
  const size_t payload_bytes = EncodedChangeSetsBytes(changes) + pending_bytes;
  const uint64_t payload_bytes_max =
      std::min<uint64_t>(options_.limits.change_set_bytes_max, wal_format::kPayloadBytesMax - 64);
  if (payload_bytes <= payload_bytes_max) {
    return OkStatus();
  }
  return WithReason(
      InvalidArgument(fmt::format("the changes of version {} have {} bytes; the limit is {}",
                                  version, payload_bytes, payload_bytes_max)),
      Reason::kLimitExceeded);
}

Status StoreImpl::ApplyLocked(Version version, const ChangeSets& changes) {
  RETURN_IF_ERROR(CheckPayload(version, changes,
                               pending_.has_value() ? pending_->payload.payload().size() : 0));
  PhaseTimer timer;
  CommitTimings timings;
  ASSIGN_OR_RETURN(ClassifiedChanges classified, Classify(version, changes, options_.limits));
  timer.Add(&timings.classify);

  PendingPayload::Call call;
  const VersionRows* const before = pending_.has_value() ? pending_->rows.get() : nullptr;
  ASSIGN_OR_RETURN(ProcessedRows processed,
                   ProcessRows(version, classified, {before, &open_->overlay, open_->rows.get()},
                               *hasher_, *pool_, options_.undo_depth > 0,
                               [&] { call = PendingPayload::Encode(version, changes); }));
  timer.Add(&timings.rows);
  if (pending_.has_value() && pending_->payload.Repeats(call)) {
    return OkStatus();
  }

  // Nothing has changed up to here; nothing fails from here on.
  if (!pending_.has_value()) {
    pending_.emplace(version);
    pending_->rows->can_be_undone = options_.undo_depth > 0;
  }
  PendingVersion& pending = *pending_;
  pending.payload.Add(std::move(call));
  for (const DataDb db : kAllDataDbs) {
    const size_t index = IndexOf(db);
    pending.rows->rows[index] =
        before == nullptr ? std::move(processed.rows.rows[index])
                          : MergeRows(pending.rows->rows[index], processed.rows.rows[index]);
    std::move(processed.delta[index].begin(), processed.delta[index].end(),
              std::back_inserter(pending.delta[index]));
  }
  std::move(processed.rows.arenas.begin(), processed.rows.arenas.end(),
            std::back_inserter(pending.rows->arenas));
  pending.rows->arenas.push_back(std::move(classified.keys));
  pending.root = hasher_->Checksum(GlobalHash(global_, pending.delta));
  pending.timings.classify += timings.classify;
  pending.timings.rows += timings.rows;
  SetPendingHead(version, pending.root);
  return OkStatus();
}

StatusOr<CommitResult> StoreImpl::CommitLocked(Version version) {
  if (!pending_.has_value()) {
    RETURN_IF_ERROR(ApplyLocked(version, {}));  // an empty version
  }
  PendingVersion& pending = *pending_;
  PhaseTimer timer;
  // 1. Wait until the data DBs have caught up enough.
  if (const Status status = open_->write_behind->WaitForRoom(); !status.ok()) {
    poison_.Set(status);
    return poison_.Check();
  }
  timer.Add(&pending.timings.wait);
  // 2. Append the record. 3. Sync it, if that is the policy. 4. Seal it.
  if (const Status status = LogPending(pending); !status.ok()) {
    poison_.Set(status);
    return poison_.Check();
  }
  // 5. Publish: readers see the version, the write-behind thread gets it.
  PhaseTimer publish_timer;
  Publish(pending, pending.payload.payload().size());
  publish_timer.Add(&pending.timings.publish);
  PruneChangelog();
  // 6. Acknowledge.
  CommitResult result;
  result.version = version;
  result.root = pending.root;
  result.timings = pending.timings;
  const CommitTimings& t = result.timings;
  result.timings.total = t.classify + t.rows + t.log + t.sync + t.publish + t.wait;
  pending_.reset();
  SetPendingHead(0, {});
  return result;
}

Status StoreImpl::LogPending(PendingVersion& pending) {
  PhaseTimer timer;
  pending.rows->content_digest = pending.payload.ContentDigest();
  pending.rows->root = pending.root;
  RETURN_IF_ERROR(open_->wal->Append(pending.version, pending.payload.payload(),
                                     pending.rows->content_digest, pending.root));
  timer.Add(&pending.timings.log);
  if (options_.wal_sync == WalSync::kAlways) {
    RETURN_IF_ERROR(open_->wal->Sync());
    timer.Add(&pending.timings.sync);
  }
  RETURN_IF_ERROR(open_->wal->Acknowledge(pending.version));
  timer.Add(&pending.timings.log);
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

void StoreImpl::SetPendingHead(Version version, const Digest& working_root) {
  MutexLock lock(head_mu_);
  head_.pending_version = version;
  head_.working_root = working_root;
}

StatusOr<AppliedResult> StoreImpl::ApplyCommitted(Version version, const ChangeSets& changes) {
  ASSIGN_OR_RETURN(const Digest root, RootAt(version));
  if (!repeated_.has_value() || repeated_->first != version) {
    repeated_.emplace(version, PendingPayload(version));
  }
  PendingPayload::Call call = PendingPayload::Encode(version, changes);
  if (!repeated_->second.Repeats(call)) {
    repeated_->second.Add(std::move(call));
  }
  return AppliedResult{version, root};
}

StatusOr<CommitResult> StoreImpl::ConfirmCommitted(Version version,
                                                   const std::optional<Digest>& content) {
  RETURN_IF_ERROR(RootAt(version).status());
  ASSIGN_OR_RETURN(const WalRecordInfo record, open_->wal->Find(version));
  if (content.has_value() && *content != record.content_digest) {
    return WithReason(
        AlreadyExists(fmt::format(
            "version {} is committed with other content: committed digest {}, this request's "
            "digest {}",
            version, HexEncode(AsBytes(record.content_digest)), HexEncode(AsBytes(*content)))),
        Reason::kVersionConflict);
  }
  CommitResult result;
  result.version = version;
  result.root = record.root;
  result.already_committed = true;
  return result;
}

}  // namespace flatkv
