// KvEngine on LevelDB 1.23 through our Env (leveldb_env.h).
//
// Always: bytewise order, LevelDB's table format (Pebble reads it), paranoid_checks,
// verify_checksums on every read, no leveldb::Snapshot (1.23 returns wrong data under one), pread
// instead of mmap, no log.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "flatkv/base/logger.h"
#include "flatkv/engine/background_threads.h"
#include "flatkv/engine/kv_engine.h"
#include "flatkv/fs/file_system.h"

namespace leveldb {
class Cache;
}

namespace flatkv {

// Below where the store paces its writes, far from the 12 with which LevelDB stops them.
inline constexpr uint64_t kHeldLevel0Tables = 7;

struct LevelDbEngineOptions {
  // Memtable size. Small ones (4 MiB) stall writers for seconds; see docs/decisions/0002.
  uint64_t write_buffer_bytes = uint64_t{32} << 20;
  uint64_t max_file_bytes = uint64_t{16} << 20;
  uint64_t block_bytes = 4 << 10;
  int max_open_files = 2000;
  int bloom_bits_per_key = 10;
  bool compression = true;  // Snappy
  // Compactions wait for ReleaseCompactions, or until there are kHeldLevel0Tables tables on level
  // 0.
  bool hold_compactions = false;
  // Borrowed; may be shared by several engines; nullptr lets LevelDB make its own 8 MiB cache.
  leveldb::Cache* block_cache = nullptr;
  // Called on the flushing thread before a flushed table can become part of the DB (before the
  // first byte of its MANIFEST record is written), not while opening, and for a compaction only if
  // a flush is outstanding. The store syncs its changelog here, so that a DB never holds a version
  // that the changelog could lose. A failure fails the flush and every later one.
  std::function<Status()> before_flush_is_durable;
};

// Opens or creates the DB in directory `path`, whose parent exists. `fs`, `threads` and `logger`
// outlive the engine. Errors: kDataLoss if files are damaged or missing; kFailedPrecondition with
// Reason::kLocked if it is open already, here or in another process.
StatusOr<std::unique_ptr<KvEngine>> OpenLevelDbEngine(FileSystem& fs, BackgroundThreads& threads,
                                                      Logger& logger, const std::string& path,
                                                      const LevelDbEngineOptions& options);

}  // namespace flatkv
