#include "flatkv/store/hash_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/store/sums_of.h"
#include "flatkv/wal/wal_segment_name.h"

namespace flatkv {
namespace {

// Small segments: the log is pruned, and repaired, by whole ones.
constexpr uint64_t kSegmentBytes = uint64_t{512} << 10;
// How often the oldest records are looked at.
constexpr Version kPruneEvery = 256;
// A reader of one version reads at most so many records.
constexpr Version kAllEvery = 64;

WalOptions LogOptions() {
  WalOptions options;
  options.segment_bytes = kSegmentBytes;
  return options;
}

bool IsDamage(const Status& status) {
  return status.code() == StatusCode::kDataLoss || status.code() == StatusCode::kFailedPrecondition;
}

}  // namespace

HashLog::HashLog(FileSystem& fs, Logger& logger, std::string directory, Wal& changelog,
                 const RowHasher& hasher, uint64_t versions)
    : fs_(fs),
      logger_(logger),
      directory_(std::move(directory)),
      changelog_(changelog),
      hasher_(hasher),
      versions_(versions) {}

StatusOr<std::unique_ptr<HashLog>> HashLog::Open(FileSystem& fs, Logger& logger,
                                                 std::string directory, Wal& changelog,
                                                 const RowHasher& hasher, uint64_t versions) {
  std::unique_ptr<HashLog> log(
      new HashLog(fs, logger, std::move(directory), changelog, hasher, versions));
  RETURN_IF_ERROR(log->Start());
  return log;
}

Status HashLog::Start() {
  if (versions_ == 0) {
    return RemoveTreeDurably(fs_, directory_);
  }
  StatusOr<std::unique_ptr<Wal>> opened = OpenLog();
  if (opened.ok() && !(*opened)->empty()) {
    // A rollback that was interrupted had cut the changelog.
    const Version end = std::max(changelog_.last_version(), (*opened)->first_version() - 1);
    if ((*opened)->last_version() > end) {
      if (const Status cut = (*opened)->CutAbove(end); !cut.ok()) {
        opened = cut;
      }
    }
  }
  if (opened.ok() && FitsChangelog(**opened)) {
    MutexLock lock(mu_);
    log_ = *std::move(opened);
    return OkStatus();
  }
  if (!opened.ok() && !IsDamage(opened.status())) {
    return opened.status();
  }
  logger_.Log(LogLevel::kWarning, "hashlog.dropped",
              fmt::format("the hash log is dropped and begins anew: {}",
                          opened.ok() ? "it is of versions that the changelog does not have"
                                      : MessageOf(opened.status())));
  opened = Unavailable("dropped");  // closes what is open
  return OpenEmpty();
}

// A power cut can leave a hole in what was not synced, which is all in the newest segment: then the
// older ones are still good.
StatusOr<std::unique_ptr<Wal>> HashLog::OpenLog() {
  StatusOr<std::unique_ptr<Wal>> opened = Wal::Open(fs_, logger_, directory_, LogOptions());
  if (opened.ok() || !IsDamage(opened.status())) {
    return opened;
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, fs_.List(directory_));
  std::optional<std::pair<Version, std::string>> newest;
  for (const std::string& name : names) {
    const std::optional<Version> first = wal_internal::ParseSegmentName(name);
    if (first.has_value() && (!newest.has_value() || *first > newest->first)) {
      newest = {*first, name};
    }
  }
  if (!newest.has_value()) {
    return opened;
  }
  logger_.Log(LogLevel::kWarning, "hashlog.cut",
              fmt::format("the hash log loses its records from version {} on: {}", newest->first,
                          MessageOf(opened.status())));
  RETURN_IF_ERROR(RemoveFileDurably(fs_, JoinPath(directory_, newest->second)));
  return Wal::Open(fs_, logger_, directory_, LogOptions());
}

Status HashLog::OpenEmpty() {
  {
    MutexLock lock(mu_);
    log_.reset();
  }
  wants_all_ = true;
  RETURN_IF_ERROR(RemoveTreeDurably(fs_, directory_));
  ASSIGN_OR_RETURN(std::unique_ptr<Wal> opened, Wal::Open(fs_, logger_, directory_, LogOptions()));
  MutexLock lock(mu_);
  log_ = std::move(opened);
  return OkStatus();
}

bool HashLog::FitsChangelog(Wal& log) const {
  if (log.empty()) {
    return true;
  }
  const Version last = log.last_version();
  if (changelog_.empty() || last > changelog_.last_version() ||
      last + 1 < changelog_.first_version()) {
    return false;
  }
  if (last < changelog_.first_version()) {
    return true;  // the next one follows, as its chain in the changelog says
  }
  const StatusOr<WalRecordInfo> ours = log.Find(last);
  const StatusOr<WalRecordInfo> theirs = changelog_.Find(last);
  return ours.ok() && theirs.ok() && ours->root == theirs->root;
}

void HashLog::Begin(const StoreState& state, Version sound_from) {
  if (versions_ == 0) {
    return;
  }
  sums_ = SumsOf(state, hasher_);
  sound_from_ = sound_from;
  wants_all_ = true;
}

void HashLog::Append(const VersionRows& rows) {
  if (log() == nullptr) {
    return;
  }
  HashRecord record = Advance(rows);
  if (rows.version < sound_from_) {
    return;
  }
  if (const Status status = TryAppend(rows, std::move(record)); !status.ok()) {
    Disable(status);
  }
}

HashRecord HashLog::Advance(const VersionRows& rows) {
  HashRecord record;
  record.kind = HashRecordKind::kChanges;
  for (const DataDb db : kAllDataDbs) {
    const std::optional<DbMetadata>& metadata = rows.metadata[IndexOf(db)];
    if (!metadata.has_value()) {
      continue;
    }
    DbSumsChange& change = record.dbs[IndexOf(db)].emplace();
    change.modules.reserve(metadata->modules.size());
    for (const auto& [name, state] : metadata->modules) {
      change.modules.emplace_back(name, SumsOf(state, hasher_));
    }
    // Most DBs have one module, whose hash is the DB's.
    const bool is_only =
        metadata->modules.size() == 1 && metadata->modules.front().second.hash == metadata->hash;
    change.checksum =
        is_only ? change.modules.front().second.checksum : hasher_.Checksum(metadata->hash);
  }
  ApplyHashRecord(record, &sums_);
  return record;
}

Status HashLog::TryAppend(const VersionRows& rows, HashRecord record) {
  const Version newest = last();
  if (newest != 0 && rows.version <= newest) {
    return OkStatus();
  }
  if (newest != 0 && rows.version > newest + 1) {
    const Status filled = FillGap(*log(), rows.version);
    if (filled.code() == StatusCode::kOutOfRange) {
      RETURN_IF_ERROR(OpenEmpty());  // the changelog has not got them any more
    } else {
      RETURN_IF_ERROR(filled);
    }
  }
  const std::shared_ptr<Wal> log = this->log();
  if (log->last_segment_full()) {
    // Lets the log go on in another segment. Records in between have no seal: they are of one
    // group, and a power cut that takes some of them leaves a torn tail.
    RETURN_IF_ERROR(log->Acknowledge(log->last_version()));
    wants_all_ = true;
  }
  if (wants_all_ || rows.version % kAllEvery == 0) {
    record = AllOf(sums_);
  }
  RETURN_IF_ERROR(AppendRecord(*log, rows.version, record, rows.content_digest, rows.root));
  wants_all_ = false;
  const auto kept =
      static_cast<Version>(std::min<uint64_t>(versions_, std::numeric_limits<Version>::max()));
  if (rows.version % kPruneEvery == 0 && rows.version > kept) {
    RETURN_IF_ERROR(log->PruneBelow(rows.version - kept + 1));
  }
  return OkStatus();
}

Status HashLog::FillGap(Wal& log, Version end) {
  for (Version version = log.last_version() + 1; version < end; ++version) {
    ASSIGN_OR_RETURN(const WalRecordInfo info, changelog_.Find(version));
    if (log.last_segment_full()) {
      RETURN_IF_ERROR(log.Acknowledge(log.last_version()));
    }
    RETURN_IF_ERROR(AppendRecord(log, version, HashRecord(), info.content_digest, info.root));
  }
  wants_all_ = true;
  return OkStatus();
}

Status HashLog::AppendRecord(Wal& log, Version version, const HashRecord& record,
                             const Digest& content_digest, const Digest& root) {
  return log.Append(version, EncodeHashRecord(record), content_digest, root);
}

void HashLog::Disable(const Status& cause) {
  logger_.Log(
      LogLevel::kError, "hashlog.failed",
      fmt::format("the hash log ends here until the store is opened again: {}", MessageOf(cause)));
  MutexLock lock(mu_);
  log_.reset();
}

std::shared_ptr<Wal> HashLog::log() const {
  MutexLock lock(mu_);
  return log_;
}

Version HashLog::first() const {
  const std::shared_ptr<Wal> log = this->log();
  return log == nullptr ? 0 : log->first_version();
}

Version HashLog::last() const {
  const std::shared_ptr<Wal> log = this->log();
  return log == nullptr ? 0 : log->last_version();
}

Status HashLog::Read(Version first, Version last,
                     const std::function<Status(const VersionSums&)>& use) const {
  const std::shared_ptr<Wal> log = this->log();
  if (log == nullptr || log->empty() || first < log->first_version() ||
      last > log->last_version() || first > last) {
    return OutOfRange(log == nullptr || log->empty()
                          ? std::string("the hash log is empty")
                          : fmt::format("the hash log has versions {} to {}, not {} to {}",
                                        log->first_version(), log->last_version(), first, last));
  }
  // The newest record at or before `first` that surely has all, if it is still there.
  const Version from = std::max(log->first_version(), first - first % kAllEvery);
  ASSIGN_OR_RETURN(const std::unique_ptr<WalReader> reader, log->NewReader(from, last));
  VersionSums sums;
  while (true) {
    ASSIGN_OR_RETURN(const bool has_record, reader->Next());
    if (!has_record) {
      return OkStatus();
    }
    ASSIGN_OR_RETURN(const HashRecord record, DecodeHashRecord(reader->payload()));
    sums.version = reader->info().version;
    sums.root = reader->info().root;
    sums.has_sums = record.kind == HashRecordKind::kAll ||
                    (record.kind == HashRecordKind::kChanges && sums.has_sums);
    if (sums.has_sums) {
      ApplyHashRecord(record, &sums.dbs);
    } else {
      sums.dbs = {};
    }
    if (sums.version >= first) {
      RETURN_IF_ERROR(use(sums));
    }
  }
}

Status HashLog::CutAbove(Version version) {
  const std::shared_ptr<Wal> log = this->log();
  if (log == nullptr || log->empty() || log->last_version() <= version) {
    return OkStatus();
  }
  return version >= log->first_version() ? log->CutAbove(version) : OpenEmpty();
}

uint64_t HashLog::bytes() const {
  const std::shared_ptr<Wal> log = this->log();
  return log == nullptr ? 0 : log->Stats().bytes;
}

void HashLog::Close() {
  const std::shared_ptr<Wal> log = this->log();
  if (log == nullptr) {
    return;
  }
  // Sealed, or the next open would seal it: one that commits nothing writes nothing here.
  Status closed = log->empty() ? OkStatus() : log->Acknowledge(log->last_version());
  closed.Update(log->Close());
  if (!closed.ok()) {
    logger_.Log(LogLevel::kWarning, "hashlog.failed", MessageOf(closed));
  }
}

}  // namespace flatkv
