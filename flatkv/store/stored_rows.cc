#include "flatkv/store/stored_rows.h"

#include <algorithm>
#include <utility>

namespace flatkv {
namespace {

// Rows to one round of prefetching: few enough to stay in the innermost cache.
constexpr size_t kPrefetchRows = 64;

}  // namespace

StoredRows::StoredRows(DataDbs& dbs, const RowFingerprinter& fingerprinter,
                       std::unique_ptr<RowCache> cache, std::unique_ptr<KeyFilter> filter,
                       bool has_cache, bool filter_is_complete)
    : dbs_(dbs),
      fingerprinter_(fingerprinter),
      cache_(std::move(cache)),
      filter_(std::move(filter)),
      has_cache_(has_cache),
      filter_is_complete_(filter_is_complete) {}

StatusOr<std::unique_ptr<StoredRows>> StoredRows::Create(DataDbs& dbs, uint64_t cache_bytes,
                                                         std::unique_ptr<KeyFilter> filter,
                                                         bool filter_is_complete) {
  ASSIGN_OR_RETURN(const RowFingerprinter fingerprinter, RowFingerprinter::Create());
  ASSIGN_OR_RETURN(std::unique_ptr<RowCache> cache, RowCache::Create(cache_bytes));
  return std::unique_ptr<StoredRows>(new StoredRows(dbs, fingerprinter, std::move(cache),
                                                    std::move(filter), cache_bytes > 0,
                                                    filter_is_complete));
}

StoredRows::FilterState StoredRows::filter_state() const {
  if (filter_ == nullptr) {
    return FilterState::kOff;
  }
  return filter_is_complete_.load(std::memory_order_acquire) ? FilterState::kComplete
                                                             : FilterState::kFilling;
}

RowProbe StoredRows::ProbeOf(DataDb db, std::string_view key) const {
  return {fingerprinter_.Of(db, key), filter_ != nullptr ? filter_->HashOf(db, key) : 0};
}

void StoredRows::SetProbes(DataDb db, RowChanges* rows) const {
  for (RowChange& row : *rows) {
    row.probe = ProbeOf(db, row.key);
  }
}

void StoredRows::Prefetch(std::span<const RowProbe> probes) const {
  const bool has_filter = filter_state() == FilterState::kComplete;
  for (const RowProbe& probe : probes) {
    if (has_filter) {
      filter_->Prefetch(probe.filter_hash);
    }
    if (has_cache_) {
      cache_->Prefetch(probe.fingerprint);
    }
  }
  if (has_cache_) {
    for (const RowProbe& probe : probes) {
      cache_->PrefetchRow(probe.fingerprint);
    }
  }
}

StoredRows::InMemory StoredRows::Find(const RowProbe& probe, std::string* row,
                                      RowTicket* ticket) const {
  // The filter first: one cache line tells most absent keys.
  if (filter_state() == FilterState::kComplete && !filter_->MayContain(probe.filter_hash)) {
    return InMemory::kAbsent;
  }
  return has_cache_ && cache_->Find(probe.fingerprint, row, ticket) ? InMemory::kFound
                                                                    : InMemory::kUnknown;
}

StoredRows::InMemory StoredRows::Find(const RowProbe& probe, std::string* row) const {
  RowTicket ticket;
  return Find(probe, row, &ticket);
}

StatusOr<bool> StoredRows::Read(DataDb db, std::string_view key, std::string* row) const {
  return dbs_[db].Get(key, row);
}

StatusOr<bool> StoredRows::Get(DataDb db, std::string_view key, const RowProbe& probe,
                               std::string* row) {
  RowTicket ticket;
  const InMemory in_memory = Find(probe, row, &ticket);
  if (in_memory != InMemory::kUnknown) {
    return in_memory == InMemory::kFound;
  }
  ASSIGN_OR_RETURN(const bool found, Read(db, key, row));
  if (found && has_cache_) {
    cache_->PutRead(probe.fingerprint, *row, ticket);
  }
  return found;
}

void StoredRows::Wrote(const RowChanges& rows) {
  if (filter_ == nullptr && !has_cache_) {
    return;
  }
  for (size_t first = 0; first < rows.size(); first += kPrefetchRows) {
    const std::span<const RowChange> some(rows.data() + first,
                                          std::min(kPrefetchRows, rows.size() - first));
    for (const RowChange& row : some) {
      if (filter_ != nullptr) {
        filter_->Prefetch(row.probe.filter_hash);
      }
      if (has_cache_) {
        cache_->Prefetch(row.probe.fingerprint);
      }
      __builtin_prefetch(row.value.data());
    }
    if (has_cache_) {
      for (const RowChange& row : some) {
        cache_->PrefetchPlace(row.probe.fingerprint);
      }
    }
    for (const RowChange& row : some) {
      if (!row.removed && filter_ != nullptr) {
        filter_->Add(row.probe.filter_hash);
      }
      if (has_cache_ && row.removed) {
        cache_->Remove(row.probe.fingerprint);
      } else if (has_cache_) {
        cache_->Put(row.probe.fingerprint, row.value);
      }
    }
  }
}

}  // namespace flatkv
