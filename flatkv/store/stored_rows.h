// The rows as the data DBs hold them, read through the key filter and the row cache: where commits
// and queries look after the overlay has nothing.
//
// Invariants:
//  (1) What Get returns for a key that the overlay does not have is what the data DB has.
//  (2) Every key that a data DB holds is in the filter once that is complete.
// Both rest on one order, which the write-behind thread keeps: the DB takes rows, Wrote is told of
// them, then they leave the overlay.
//
// Thread safety: Wrote and Forget from one thread at a time; the rest from any thread.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "flatkv/base/status.h"
#include "flatkv/cache/row_cache.h"
#include "flatkv/filter/key_filter.h"
#include "flatkv/store/data_dbs.h"
#include "flatkv/store/row_probe.h"
#include "flatkv/store/version_rows.h"

namespace flatkv {

class StoredRows {
 public:
  // Which absent keys need no look into a DB. Without a filter: none.
  enum class FilterState {
    kOff,
    kFilling,  // gets the keys of every Wrote; what the DBs held before is still missing
    kComplete,
  };

  // `cache_bytes` 0: no cache. `filter` may be null, otherwise it holds every key of the DBs or
  // `filter_is_complete` is false. `dbs` outlives the object. Errors: kResourceExhausted;
  // kInternal when the system gives no random bytes.
  static StatusOr<std::unique_ptr<StoredRows>> Create(DataDbs& dbs, uint64_t cache_bytes,
                                                      std::unique_ptr<KeyFilter> filter,
                                                      bool filter_is_complete);

  RowProbe ProbeOf(DataDb db, std::string_view key) const;
  // Sets the probes of rows that came without.
  void SetProbes(DataDb db, RowChanges* rows) const;
  // Starts loading what Get will look at: for many keys, before the first Get.
  void Prefetch(std::span<const RowProbe> probes) const;

  enum class InMemory { kFound, kAbsent, kUnknown };
  // What is known without the DB: sets *row (kFound), says that there is no such row, or neither.
  InMemory Find(const RowProbe& probe, std::string* row) const;
  // Of a row that Find does not know. Sets *row and returns true, or returns false if there is no
  // such row. Errors: those of KvEngine::Get.
  StatusOr<bool> Read(DataDb db, std::string_view key, std::string* row) const;
  // What the DBs' tables take; some microseconds.
  uint64_t TableBytes() const { return dbs_.Debt().table_bytes; }
  // Find, then Read if it must be; what was read goes into the cache. Errors: those of Read.
  StatusOr<bool> Get(DataDb db, std::string_view key, const RowProbe& probe, std::string* row);

  // The DBs have taken these rows, of one DB. REQUIRES: their probes are set.
  void Wrote(const RowChanges& rows);

  // Null when the filter is off. Keys may be added from any thread.
  KeyFilter* filter() const { return filter_.get(); }
  FilterState filter_state() const;
  void FilterIsComplete() { filter_is_complete_.store(true, std::memory_order_release); }
  RowCacheStats CacheStats() const { return cache_->Stats(); }

 private:
  InMemory Find(const RowProbe& probe, std::string* row, RowTicket* ticket) const;
  StoredRows(DataDbs& dbs, const RowFingerprinter& fingerprinter, std::unique_ptr<RowCache> cache,
             std::unique_ptr<KeyFilter> filter, bool has_cache, bool filter_is_complete);

  DataDbs& dbs_;
  const RowFingerprinter fingerprinter_;
  const std::unique_ptr<RowCache> cache_;
  const std::unique_ptr<KeyFilter> filter_;
  const bool has_cache_;
  std::atomic<bool> filter_is_complete_;
};

}  // namespace flatkv
