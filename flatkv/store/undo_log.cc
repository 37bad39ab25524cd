#include "flatkv/store/undo_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "flatkv/base/hex.h"
#include "flatkv/fs/durable.h"

namespace flatkv {
namespace {

// Small segments, so that the log stays close to its depth.
constexpr uint64_t kSegmentBytes = uint64_t{8} << 20;
// How often the oldest records are looked at.
constexpr Version kPruneEvery = 16;
// What records are kept for the sake of a replay: those of two full write buffers of storage rows
// take half of it.
constexpr uint64_t kReplayBytesMax = uint64_t{128} << 20;

}  // namespace

UndoLog::UndoLog(FileSystem& fs, Logger& logger, std::string directory, Wal& changelog,
                 uint64_t depth)
    : fs_(fs),
      logger_(logger),
      directory_(std::move(directory)),
      changelog_(changelog),
      depth_(depth) {}

StatusOr<std::unique_ptr<UndoLog>> UndoLog::Open(FileSystem& fs, Logger& logger,
                                                 std::string directory, Wal& changelog,
                                                 uint64_t depth, bool finishing_rollback) {
  std::unique_ptr<UndoLog> log(new UndoLog(fs, logger, std::move(directory), changelog, depth));
  RETURN_IF_ERROR(log->Start(finishing_rollback));
  return log;
}

Status UndoLog::Start(bool finishing_rollback) {
  if (depth_ == 0 && !finishing_rollback) {
    return RemoveTreeDurably(fs_, directory_);
  }
  WalOptions options;
  options.segment_bytes = kSegmentBytes;
  StatusOr<std::unique_ptr<Wal>> opened = Wal::Open(fs_, logger_, directory_, options);
  if (!opened.ok()) {
    if (opened.status().code() != StatusCode::kDataLoss &&
        opened.status().code() != StatusCode::kFailedPrecondition) {
      return opened.status();
    }
    logger_.Log(LogLevel::kWarning, "undo.dropped",
                fmt::format("the undo records are dropped, rollbacks will replay until there are "
                            "new ones: {}",
                            MessageOf(opened.status())));
    return OpenEmpty();
  }
  {
    MutexLock lock(mu_);
    log_ = *std::move(opened);
  }
  if (finishing_rollback || FitsChangelog()) {
    return OkStatus();
  }
  logger_.Log(LogLevel::kWarning, "undo.dropped",
              "the undo records are of versions that the changelog does not have: dropped");
  return OpenEmpty();
}

Status UndoLog::OpenEmpty() {
  {
    MutexLock lock(mu_);
    if (log_ != nullptr) {
      // What it holds is of no use, and so is an error of its last sync.
      log_->Close().IgnoreError();
      log_.reset();
    }
  }
  RETURN_IF_ERROR(RemoveTreeDurably(fs_, directory_));
  WalOptions options;
  options.segment_bytes = kSegmentBytes;
  ASSIGN_OR_RETURN(std::unique_ptr<Wal> opened, Wal::Open(fs_, logger_, directory_, options));
  MutexLock lock(mu_);
  log_ = std::move(opened);
  return OkStatus();
}

bool UndoLog::FitsChangelog() const {
  MutexLock lock(mu_);
  if (log_->empty()) {
    return true;
  }
  const Version last = log_->last_version();
  if (changelog_.empty() || last > changelog_.last_version() || last < changelog_.first_version()) {
    return false;
  }
  const StatusOr<WalRecordInfo> ours = log_->Find(last);
  const StatusOr<WalRecordInfo> theirs = changelog_.Find(last);
  return ours.ok() && theirs.ok() && ours->content_digest == theirs->content_digest &&
         ours->root == theirs->root;
}

void UndoLog::Append(const VersionRows& rows, Version flushed) {
  {
    MutexLock lock(mu_);
    if (log_ == nullptr) {
      return;
    }
  }
  if (const Status status = TryAppend(rows, flushed); !status.ok()) {
    Disable(status);
  }
}

Status UndoLog::TryAppend(const VersionRows& rows, Version flushed) {
  const Version newest = last();
  if (newest != 0 && rows.version <= newest) {
    return OkStatus();
  }
  if (newest != 0 && (rows.version != newest + 1 || !rows.can_be_undone)) {
    RETURN_IF_ERROR(OpenEmpty());
  }
  if (!rows.can_be_undone) {
    return OkStatus();
  }
  MutexLock lock(mu_);
  RETURN_IF_ERROR(
      log_->Append(rows.version, EncodeUndoRecord(rows), rows.content_digest, rows.root));
  RETURN_IF_ERROR(log_->Acknowledge(rows.version));
  return rows.version % kPruneEvery == 0 ? Prune(rows.version, flushed) : OkStatus();
}

Status UndoLog::Prune(Version version, Version flushed) {
  const auto depth = static_cast<Version>(std::min<uint64_t>(depth_, INT64_MAX));
  if (version <= depth) {
    return OkStatus();
  }
  Version keep_from = version - depth + 1;
  if (log_->Stats().bytes <= kReplayBytesMax) {
    keep_from = std::min(keep_from, flushed + 1);
  }
  return log_->PruneBelow(keep_from);
}

void UndoLog::Disable(const Status& cause) {
  logger_.Log(
      LogLevel::kError, "undo.failed",
      fmt::format("no more undo records until the store is opened again: {}", MessageOf(cause)));
  MutexLock lock(mu_);
  log_.reset();
}

Version UndoLog::first() const {
  MutexLock lock(mu_);
  return log_ == nullptr ? 0 : log_->first_version();
}

Version UndoLog::last() const {
  MutexLock lock(mu_);
  return log_ == nullptr ? 0 : log_->last_version();
}

StatusOr<Undo> UndoLog::Read(Version target, bool check_changelog) const {
  return ReadRange(target, last(), check_changelog);
}

StatusOr<Undo> UndoLog::ReadRange(Version target, Version from, bool check_changelog) const {
  std::shared_ptr<Wal> log;
  {
    MutexLock lock(mu_);
    log = log_;
  }
  if (log == nullptr || log->empty() || target < log->first_version() - 1 ||
      from > log->last_version() || target >= from) {
    return OutOfRange(
        fmt::format("there are no undo records from version {} back to {}", from, target));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<WalReader> reader, log->NewReader(target + 1, from));
  // Oldest first.
  UndoMerger merger;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_record, reader->Next());
    if (!has_record) {
      break;
    }
    if (check_changelog) {
      ASSIGN_OR_RETURN(const WalRecordInfo record, changelog_.Find(reader->info().version));
      if (record.content_digest != reader->info().content_digest ||
          record.root != reader->info().root) {
        return WithReason(
            DataLoss(fmt::format("the undo record of version {} is of another history",
                                 reader->info().version)),
            Reason::kDataDbCorrupt);
      }
    }
    ASSIGN_OR_RETURN(Undo record, DecodeUndoRecord(reader->payload()));
    merger.Add(std::move(record));
  }
  return merger.Finish();
}

Status UndoLog::Sync() {
  MutexLock lock(mu_);
  return log_ == nullptr ? OkStatus() : log_->Sync();
}

Status UndoLog::CutAbove(Version version) {
  {
    MutexLock lock(mu_);
    if (log_ == nullptr || log_->empty() || log_->last_version() <= version) {
      return OkStatus();
    }
    if (version >= log_->first_version()) {
      return log_->CutAbove(version);
    }
  }
  return OpenEmpty();
}

uint64_t UndoLog::bytes() const {
  MutexLock lock(mu_);
  return log_ == nullptr ? 0 : log_->Stats().bytes;
}

Status UndoLog::Close() {
  MutexLock lock(mu_);
  return log_ == nullptr ? OkStatus() : log_->Close();
}

}  // namespace flatkv
