// Writes committed versions into the data DBs, several at once: what they do to a row is merged,
// and each DB gets one sorted engine batch, or none if it has those versions already. Flushes a DB
// that has long had nothing to flush, so that no replay after a crash has to go back far.
//
// Invariant: a data DB is written in whole versions, rows and metadata of the last version of a
// batch in one engine batch.
//
// Thread safety: one thread; started_version from any.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "flatkv/base/status.h"
#include "flatkv/store/data_dbs.h"
#include "flatkv/store/hash_log.h"
#include "flatkv/store/version_rows.h"

namespace flatkv {

// A version whose record is in the changelog.
struct LoggedVersion {
  std::shared_ptr<const VersionRows> rows;
  uint64_t log_bytes = 0;  // of the record
};

class BatchWriter {
 public:
  // `db_versions`: what each DB holds; none is ever moved backwards. A DB is flushed when more than
  // `replay_bytes_max` of the changelog came after what it has on disk. `hash_log` gets every
  // version's sums and may be null. `dbs` and `hash_log` outlive the object.
  BatchWriter(DataDbs& dbs, const std::array<Version, kDataDbs>& db_versions,
              uint64_t replay_bytes_max, HashLog* hash_log);

  // The versions are the next ones, ascending. After an error some DBs may have them and others
  // not, and nothing more may be written. Errors: those of KvEngine::Write.
  Status Write(std::span<const LoggedVersion> batch);
  // Flushes the DBs that are to be. Errors: those of KvEngine::Flush.
  Status FlushLagging();

  // The last version whose write has begun.
  Version started_version() const { return started_version_.load(std::memory_order_acquire); }
  // The last version that all four DBs have, in memory or on disk.
  Version written_version() const { return written_version_; }
  // Every DB has its rows up to this version on disk.
  Version FlushedRows() const;

 private:
  Status WriteDb(DataDb db, Version last, std::span<const LoggedVersion> batch);

  DataDbs& dbs_;
  const std::array<Version, kDataDbs> opened_versions_;
  const uint64_t replay_bytes_max_;
  HashLog* const hash_log_;
  std::atomic<Version> started_version_{0};
  std::array<Version, kDataDbs> db_versions_;
  std::array<Version, kDataDbs> rows_versions_{};  // of the last rows that each DB got
  Version written_version_;
  uint64_t log_bytes_written_ = 0;
  std::array<uint64_t, kDataDbs> log_bytes_flushed_{};
  std::array<Version, kDataDbs> flushed_seen_{};
};

}  // namespace flatkv
