// Every option of a store: default, unit, reason. config/ maps the TOML file onto this struct.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>

#include "flatkv/base/types.h"
#include "flatkv/wal/wal.h"

namespace flatkv {

// When a commit is acknowledged.
enum class WalSync {
  kAlways,    // after fdatasync of its record: survives power loss
  kInterval,  // after write(): survives a killed process; power loss may take the last
              // `sync_interval`
  kOff,  // after write(): power loss may take everything since the operating system last wrote back
};

// Bounds on one request; larger input is refused with Reason::kLimitExceeded before anything is
// done.
struct ChangeSetLimits {
  uint64_t key_bytes_max = 1024;                        // of a pair's key, module name excluded
  uint64_t module_bytes_max = 128;                      // of a module name
  uint64_t value_bytes_max = uint64_t{4} << 20;         // of a pair's value
  uint64_t change_set_bytes_max = uint64_t{256} << 20;  // of one version, encoded
};

struct StoreOptions {
  // Unset: SHA-256 for a new store, whatever an existing store has. Set: an existing store with
  // another suite is refused.
  std::optional<Suite> suite;
  // The version of the first commit of a new store; ignored by an existing one that was created
  // with the same value, refused otherwise. Unset: 1 for a new store.
  std::optional<Version> initial_version;

  WalSync wal_sync = WalSync::kAlways;
  std::chrono::milliseconds wal_sync_interval{200};
  uint64_t wal_segment_bytes = uint64_t{64} << 20;
  TornTail wal_torn_tail = TornTail::kRepair;

  // Threads that read old rows and hash, the committing one included. The result does not depend on
  // it.
  size_t threads = std::max<size_t>(1, std::thread::hardware_concurrency());
  // Threads that flush and compact, shared by the four data DBs. More than cores - 1 take the
  // commit's core.
  size_t background_threads = std::max<size_t>(1, std::thread::hardware_concurrency() - 1);

  // Committed rows that are not yet in the data DBs. A full overlay makes commits wait, never fail.
  uint64_t overlay_bytes_max = uint64_t{128} << 20;
  // A DB that lags the head by more changelog than this is flushed, which bounds the replay after a
  // crash.
  uint64_t replay_bytes_max = uint64_t{512} << 20;

  // Shared by the four data DBs.
  uint64_t block_cache_bytes = uint64_t{256} << 20;
  uint64_t write_buffer_bytes = uint64_t{64}
                                << 20;  // for each of account, storage and misc; a quarter for code
  uint64_t max_file_bytes = uint64_t{16} << 20;
  int max_open_files = 2000;  // for each data DB
  bool compression = true;    // Snappy

  ChangeSetLimits limits;
};

}  // namespace flatkv
