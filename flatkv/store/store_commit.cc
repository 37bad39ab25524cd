// What is applied to a version, and whether it may be: everything of a commit that writes nothing.
// store_commit_group.cc has the rest.
#include <fmt/format.h>

#include <limits>

#include "flatkv/base/hex.h"
#include "flatkv/codec/changelog_entry.h"
#include "flatkv/store/phase_timer.h"
#include "flatkv/store/store_impl.h"
#include "flatkv/wal/wal_format.h"

namespace flatkv {

Status StoreImpl::CheckNotClosed() const {
  return closed_.load(std::memory_order_acquire)
             ? WithReason(Unavailable("the store is closed"), Reason::kClosed)
             : OkStatus();
}

Status StoreImpl::CheckAlive() const {
  RETURN_IF_ERROR(CheckNotClosed());
  return poison_.Check();
}

Status StoreImpl::CheckWritable() const {
  RETURN_IF_ERROR(CheckAlive());
  return corruption_.Check();
}

Status StoreImpl::CheckNext(Version version) {
  // The versions of the group that is being committed count, though nobody sees them yet.
  const Version head = group_.empty() ? HeadVersion() : group_.last();
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
  const OldRows old_rows{before, &open_->overlay, open_->rows.get(),
                         group_.empty() ? nullptr : &group_.rows()};
  ASSIGN_OR_RETURN(
      ProcessedRows processed,
      ProcessRows(version, classified, old_rows, *hasher_, row_threads(), options_.undo_depth > 0,
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
  pending.root = hasher_->Checksum(GlobalHash(LoggedGlobal(), pending.delta));
  pending.timings.classify += timings.classify;
  pending.timings.rows += timings.rows;
  if (group_.empty()) {
    SetPendingHead(version, pending.root);
  }
  return OkStatus();
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
