// Reads and status.
#include <fmt/format.h>

#include <chrono>

#include "flatkv/base/hex.h"
#include "flatkv/codec/keys.h"
#include "flatkv/codec/rows.h"
#include "flatkv/store/store_impl.h"
#include "flatkv/store/store_iterator.h"
#include "flatkv/store/verify_rows.h"

namespace flatkv {
namespace {

// A read that meets a newer version starts again at the new head; after this many times it makes
// the head stand still.
constexpr int kReadAttemptsMax = 4;

}  // namespace

// OK, or why nothing can be read.
Status StoreImpl::CheckReadable() const {
  RETURN_IF_ERROR(CheckNotClosed());
  // A rollback that failed half-way leaves nothing open, and the cause in poison_.
  return open_ == nullptr ? poison_.Check() : OkStatus();
}

StatusOr<ReadResult> StoreImpl::Get(std::span<const KeyRef> keys) {
  std::vector<MappedKey> mapped;
  mapped.reserve(keys.size());
  for (const KeyRef& key : keys) {
    ASSIGN_OR_RETURN(MappedKey one, MapKey(key));
    mapped.push_back(std::move(one));
  }
  ReaderLock open_lock(open_mu_);
  RETURN_IF_ERROR(CheckReadable());
  RETURN_IF_ERROR(corruption_.CheckRead());
  for (int attempt = 0; attempt < kReadAttemptsMax; ++attempt) {
    ASSIGN_OR_RETURN(std::optional<ReadResult> result, TryGet(mapped, HeadVersion()));
    if (result.has_value()) {
      return *std::move(result);
    }
  }
  MutexLock lock(publish_mu_);
  ASSIGN_OR_RETURN(std::optional<ReadResult> result, TryGet(mapped, HeadVersion()));
  return result.has_value() ? StatusOr<ReadResult>(*std::move(result))
                            : Internal("a row is newer than the head");
}

StatusOr<std::optional<ReadResult>> StoreImpl::TryGet(std::span<const MappedKey> keys,
                                                      Version head) {
  ReadResult result;
  result.version = head;
  result.values.reserve(keys.size());
  std::string row;
  for (const MappedKey& key : keys) {
    bool is_newer = false;
    ASSIGN_OR_RETURN(const bool found, ReadRow(key, head, &row, &is_newer));
    if (is_newer) {
      return std::optional<ReadResult>();
    }
    std::optional<std::string>& value = result.values.emplace_back();
    if (found) {
      ASSIGN_OR_RETURN(value, ValueOf(key, row));
    }
  }
  // A DB that has begun to take a later version may have answered from it.
  if (open_->write_behind->started_version() > head) {
    return std::optional<ReadResult>();
  }
  return std::optional<ReadResult>(std::move(result));
}

StatusOr<bool> StoreImpl::ReadRow(const MappedKey& key, Version head, std::string* row,
                                  bool* is_newer) {
  const RowProbe probe = open_->rows->ProbeOf(key.target.db, key.physical);
  Overlay::Table& table = open_->overlay.table(key.target.db);
  {
    ReaderLock lock(table.mu);
    if (const Overlay::Entry* entry = table.Find(probe); entry != nullptr) {
      *is_newer = entry->version > head;
      row->assign(entry->row->value);
      return !entry->row->removed;
    }
  }
  return open_->rows->Get(key.target.db, key.physical, probe, row);
}

StatusOr<std::unique_ptr<StoreIterator>> StoreImpl::Iterate(const IterateRange& range) {
  RETURN_IF_ERROR(ValidateModule(range.module));
  ReaderLock open_lock(open_mu_);
  RETURN_IF_ERROR(CheckReadable());
  RETURN_IF_ERROR(corruption_.CheckRead());
  // The head stands still while overlay and DB iterators are taken, so together they are one
  // version.
  MutexLock lock(publish_mu_);
  return iterators_.Add(
      NewStoreIterator(range, HeadVersion(), [this, &range](const LaneSpec& lane) {
        Arena bytes;
        RowChanges rows;
        Overlay::Table& table = open_->overlay.table(lane.target.db);
        {
          ReaderLock table_lock(table.mu);
          rows = table.CopyRange(lane.range.first, lane.range.last, &bytes);
        }
        return RowCursor(lane.range, range.reverse, std::move(rows), std::move(bytes),
                         (*open_->dbs)[lane.target.db].NewIterator());
      }));
}

VersionRoot StoreImpl::CommittedRoot() {
  MutexLock lock(head_mu_);
  return {head_.version, head_.root};
}

StatusOr<Digest> StoreImpl::RootAt(Version version) {
  ReaderLock open_lock(open_mu_);
  return RootAtLocked(version);
}

StatusOr<Digest> StoreImpl::RootAtLocked(Version version) {
  RETURN_IF_ERROR(CheckReadable());
  const VersionRoot head = CommittedRoot();
  if (version == head.version) {
    return head.root;
  }
  if (version > head.version) {
    return WithReason(
        OutOfRange(fmt::format("version {} is above the head {}", version, head.version)),
        Reason::kVersionAboveHead);
  }
  const Version oldest = open_->wal->first_version();
  if (version < oldest) {
    return WithReason(
        OutOfRange(fmt::format("version {} is not retained; the oldest is {}", version, oldest)),
        Reason::kVersionPruned);
  }
  ASSIGN_OR_RETURN(const WalRecordInfo record, open_->wal->Find(version));
  return record.root;
}

VersionRoot StoreImpl::WorkingRoot() {
  MutexLock lock(head_mu_);
  return head_.pending_version == 0 ? VersionRoot{head_.version, head_.root}
                                    : VersionRoot{head_.pending_version, head_.working_root};
}

StoreInfo StoreImpl::Info() {
  StoreInfo info;
  info.suite = identity_.suite;
  info.store_id = identity_.store_id;
  info.initial_version = identity_.initial_version;
  {
    ReaderLock open_lock(open_mu_);
    if (open_ != nullptr) {
      info.oldest_version = open_->wal->first_version();
      const CompactionDebt debt = open_->dbs->Debt();
      info.backlog = {open_->write_behind->lag_versions(), open_->overlay.bytes(),
                      debt.level0_tables, debt.bytes};
    }
  }
  {
    MutexLock lock(head_mu_);
    info.version = head_.version;
    info.pending_version = head_.pending_version;
    info.root = head_.root;
    for (const DataDb db : kAllDataDbs) {
      const ModuleState& state = head_.dbs[IndexOf(db)];
      info.dbs[IndexOf(db)] = {hasher_->Checksum(state.hash), state.rows, state.bytes};
    }
  }
  if (const StatusOr<uint64_t> free = fs_.FreeBytes(directory_); free.ok()) {
    info.disk_free_bytes = *free;
  }
  const Status poison = poison_.Check();
  info.poisoned = !poison.ok();
  info.poison_reason = MessageOf(poison);
  const Status corruption = corruption_.Check();
  info.corrupt = !corruption.ok();
  info.corrupt_reason = MessageOf(corruption);
  return info;
}

StoreStats StoreImpl::Stats() {
  StoreStats stats;
  stats.hash_kernel = hasher_->kernel_name();
  ReaderLock open_lock(open_mu_);
  if (open_ == nullptr) {
    return stats;
  }
  const WalStats wal = open_->wal->Stats();
  stats.overlay_rows = open_->overlay.rows();
  stats.wal_bytes = wal.bytes;
  stats.wal_segments = wal.segments;
  stats.wal_appended_bytes = wal.appended_bytes;
  stats.wal_syncs = wal.syncs;
  const RowCacheStats cache = open_->rows->CacheStats();
  stats.row_cache_bytes = cache.bytes;
  stats.row_cache_rows = cache.rows;
  stats.row_cache_hits = cache.hits;
  stats.row_cache_misses = cache.misses;
  if (const KeyFilter* filter = open_->rows->filter(); filter != nullptr) {
    stats.key_filter_bytes = filter->size_bytes();
    stats.key_filter_keys = filter->keys();
    stats.key_filter_in_use = open_->rows->filter_state() == StoredRows::FilterState::kComplete;
  }
  const EngineStats engines = open_->dbs->Stats();
  stats.db_bytes_on_disk = engines.bytes_on_disk;
  stats.db_files = engines.files;
  stats.db_memtable_bytes = engines.memtable_bytes;
  stats.direct_reads = readers_->reads_directly();
  stats.db_bytes_written = engines.bytes_written;
  stats.write_behind_paused_seconds =
      std::chrono::duration<double>(open_->write_behind->paused()).count();
  return stats;
}

Status StoreImpl::Health() { return CheckWritable(); }

Status StoreImpl::VerifyRows() {
  MutexLock lock(commit_mu_);
  RETURN_IF_ERROR(CheckWritable());
  RETURN_IF_ERROR(open_->write_behind->Drain());
  for (const DataDb db : kAllDataDbs) {
    const std::unique_ptr<KvIterator> rows = (*open_->dbs)[db].NewIterator();
    ASSIGN_OR_RETURN(
        const RowsVerdict verdict,
        VerifyRowsOf(db, *rows, state_[IndexOf(db)], *hasher_, [](uint64_t) { return true; }));
    if (!verdict.findings.empty()) {
      return WithReason(DataLoss(verdict.findings.front()), Reason::kDataDbCorrupt);
    }
  }
  return OkStatus();
}

}  // namespace flatkv
