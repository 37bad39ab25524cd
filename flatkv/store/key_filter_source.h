// Where an open store's key filter comes from: the file that an earlier snapshot or close left, the
// changelog after it, or a scan of the data DBs beside the commits. docs/format.md, "Key filter".
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "flatkv/base/logger.h"
#include "flatkv/base/status.h"
#include "flatkv/filter/key_filter.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/store/data_dbs.h"
#include "flatkv/store/identity.h"
#include "flatkv/store/stored_rows.h"
#include "flatkv/wal/wal.h"

namespace flatkv {

// What the filter lacks at open.
enum class FilterGap {
  kNone,
  kChangelog,   // keys of the versions in KeyFilterStart
  kEverything,  // the data DBs have to be scanned
};

struct KeyFilterStart {
  std::unique_ptr<KeyFilter> filter;
  FilterGap gap = FilterGap::kEverything;
  // kChangelog.
  Version first = 0;
  Version last = 0;
};

// The filter for DBs that stand at `db_versions` and hold `rows` rows. A file that does not fit is
// removed. Errors: those of the file calls; kResourceExhausted.
StatusOr<KeyFilterStart> OpenKeyFilter(FileSystem& fs, Logger& logger, const std::string& directory,
                                       const Identity& identity, const Wal& changelog,
                                       const std::array<Version, kDataDbs>& db_versions,
                                       uint64_t rows, uint64_t bytes_max);

// Leaves the complete filter of `rows` for later opens: it holds every key of the DBs at `version`.
// A failure costs the next open a scan, so it is logged only.
void SaveKeyFilter(FileSystem& fs, Logger& logger, const std::string& directory,
                   const Identity& identity, const StoredRows& rows, Version version);
// Durably. A rollback does so: the file may be of versions that will be others.
Status RemoveKeyFilterFile(FileSystem& fs, const std::string& directory);

// Fills the gap on a thread of its own and then calls FilterIsComplete. Everything passed by
// reference outlives the object; the changelog is not cut while it lives.
class KeyFilterBuilder {
 public:
  KeyFilterBuilder(StoredRows& rows, DataDbs& dbs, Wal& changelog, Logger& logger, FilterGap gap,
                   Version first, Version last);
  // Stops early.
  ~KeyFilterBuilder();
  KeyFilterBuilder(const KeyFilterBuilder&) = delete;
  KeyFilterBuilder& operator=(const KeyFilterBuilder&) = delete;

 private:
  Status AddFromDbs();
  Status AddFromChangelog();

  StoredRows& rows_;
  DataDbs& dbs_;
  Wal& changelog_;
  const Version first_;
  const Version last_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace flatkv
