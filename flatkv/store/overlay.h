// Committed rows that the data DBs do not hold yet: what makes write-behind invisible to readers.
//
// Invariants:
//  (1) A row of version v is found here from its publication until the data DB holds v. So a key
//  that is not found is read correctly from the DB.
//  (2) An entry points to the row of the version that wrote it last.
// Rows are found by the fingerprint of their key (cache/row_fingerprint.h says why that is enough).
//
// Thread safety: safe for concurrent use. Insert and Erase from one thread each; both hold a
// table's lock for a few rows at a time only, so that nobody waits for a whole version.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "flatkv/base/mutex.h"
#include "flatkv/store/version_rows.h"

namespace flatkv {

class Overlay {
 public:
  struct Entry {
    const RowChange* row = nullptr;
    Version version = 0;
  };

  // The rows of one data DB. Hold `mu` shared while entries are in use.
  class Table {
   public:
    SharedMutex mu;
    // Starts loading what Find will look at.
    void Prefetch(const RowProbe& probe) const REQUIRES_SHARED(mu) {
      rows_.prefetch(probe.fingerprint);
    }
    const Entry* Find(const RowProbe& probe) const REQUIRES_SHARED(mu) {
      const auto it = rows_.find(probe.fingerprint);
      return it == rows_.end() ? nullptr : &it->second;
    }
    // Copies the rows with first <= key < last, in order; `bytes` owns the copies.
    RowChanges CopyRange(std::string_view first, std::string_view last, Arena* bytes) const
        REQUIRES_SHARED(mu);

   private:
    friend class Overlay;
    // A fingerprint is a keyed hash already.
    struct FingerprintHash {
      size_t operator()(const RowFingerprint& fingerprint) const { return fingerprint.low; }
    };
    absl::flat_hash_map<RowFingerprint, Entry, FingerprintHash> rows_ GUARDED_BY(mu);
  };

  Table& table(DataDb db) { return tables_[IndexOf(db)]; }

  // Shows the rows of a version, whose probes are set. `rows` must stay alive until Erase(rows).
  void Insert(const VersionRows& rows);
  // Drops the entries that this version wrote and no later one replaced. REQUIRES: the data DBs
  // hold the version.
  void Erase(const VersionRows& rows);

  // Key and value bytes and kEntryBytes for each row published and not yet erased.
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  uint64_t rows() const { return row_count_.load(std::memory_order_relaxed); }

 private:
  // Estimate of a row's cost beside its bytes: hash table entry at 7/8 load, RowChange, arena
  // slack.
  static constexpr uint64_t kEntryBytes = 136;

  std::array<Table, kDataDbs> tables_;
  std::atomic<uint64_t> bytes_{0};
  std::atomic<uint64_t> row_count_{0};
};

}  // namespace flatkv
