// Every option of a store: default, unit, reason. config/ maps the TOML file onto this struct.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "flatkv/base/status.h"
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

// When a snapshot is taken by itself.
enum class SnapshotPolicy {
  kInterval,   // at the store's first version, so that a store that cannot take snapshots shows it
               // at once, and at every multiple of `interval_versions`
  kSizeRatio,  // when the changelog since the last snapshot outgrows the snapshot
  kManual,     // only when asked
};

// How a snapshot is checked before `current` names it.
enum class SnapshotValidation {
  kQuick,  // its clone opens, and its metadata gives the recorded root
  kFull,   // and every row hashes to it
};

struct SnapshotOptions {
  SnapshotPolicy policy = SnapshotPolicy::kInterval;
  Version interval_versions = 10'000;
  // kSizeRatio: a snapshot is due when the changelog written since the last one exceeds
  // `size_ratio` times the larger of that snapshot's size and `size_ratio_floor_bytes`.
  uint64_t size_ratio = 4;
  uint64_t size_ratio_floor_bytes = uint64_t{256} << 20;
  uint64_t keep_recent = 2;  // older snapshots beside the current one
  // Copies table files that cannot be hard-linked; otherwise such a snapshot fails.
  bool allow_copy = false;
  SnapshotValidation validation = SnapshotValidation::kQuick;
  // Runs kFull's check of a cloned snapshot, in a process of its own: what a damaged table can do
  // to LevelDB must not happen to this one. Unset: the check runs here.
  std::function<Status(const std::string& clone_directory)> full_validation;
};

struct ViewOptions {
  uint64_t open_max = 8;  // views in use or cached
  // A view that nobody uses is closed after this.
  std::chrono::milliseconds idle_max{60'000};
  // Memory of the undo rows of all views, and the write buffers of the cloned ones.
  uint64_t memory_bytes_max = uint64_t{256} << 20;
};

// The background verification (StoreAdmin::Scrub).
struct ScrubOptions {
  // There is a thread for it: a daemon's store. Without one only its last findings count.
  bool in_background = false;
  std::chrono::milliseconds interval{0};  // from the end of a pass to the next; 0: only by command
  uint64_t bytes_per_second = uint64_t{20} << 20;  // 0: as fast as it goes
  // Reads of a store that is CORRUPT fail like its commits.
  bool refuse_reads_when_corrupt = false;
};

// What Open does with a store that was not closed cleanly.
enum class OnDirtyStore {
  kRecover,          // goes on from the data DBs as they are, which are checked, and the changelog
  kFail,             // refuses with Reason::kDirtyStore
  kRestoreSnapshot,  // sets working/ aside and starts from `current` and the changelog; as
                     // kRecover where these do not suffice
  kWipe,             // sets everything aside and begins an empty store; needs `wipe_confirmation`
};

// Whether rows that a commit replaces and no cache has are read past the page cache.
enum class DirectReadsChoice {
  kAuto,  // while memory has no room for the data DBs
  kAlways,
  kNever,
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

  // Threads that hash, the committing one included. The result does not depend on it.
  size_t threads = std::max<size_t>(1, std::thread::hardware_concurrency());
  // Threads that read from the data DBs what a commit replaces and no cache has, the committing one
  // included, while the device has to answer; no more than `threads` while the page cache does.
  size_t read_threads = 32;
  // Past the page cache `threads` read, each many rows at a time. Where the system has no such
  // reads it is as if it said kNever.
  DirectReadsChoice direct_reads = DirectReadsChoice::kAuto;
  // Threads that compact, shared by the four data DBs. More than cores - 1 take the commit's core.
  // Flushes have one thread beside them.
  size_t background_threads = std::max<size_t>(1, std::thread::hardware_concurrency() - 1);

  // Committed rows that are not yet in the data DBs. A full overlay makes commits wait, never fail.
  uint64_t overlay_bytes_max = uint64_t{64} << 20;
  // A DB that lags the head by more changelog than this is flushed, which bounds the replay after a
  // crash.
  uint64_t replay_bytes_max = uint64_t{512} << 20;

  // Rows as the data DBs hold them, so that a commit need not ask LevelDB for what it replaces; 0:
  // none.
  uint64_t row_cache_bytes = uint64_t{704} << 20;
  // A filter over all keys, so that nobody asks LevelDB for a new key: 1.5 bytes a key, up to this;
  // 0: none.
  uint64_t key_filter_bytes_max = uint64_t{256} << 20;
  // Shared by the four data DBs. Small: a block holds some forty rows, of which a commit wants one.
  uint64_t block_cache_bytes = uint64_t{64} << 20;
  uint64_t write_buffer_bytes = uint64_t{64}
                                << 20;  // for each of account, storage and misc; a quarter for code
  uint64_t max_file_bytes = uint64_t{16} << 20;
  int max_open_files = 2000;  // for each data DB
  bool compression = true;    // Snappy

  ChangeSetLimits limits;

  SnapshotOptions snapshot;
  ViewOptions views;
  ScrubOptions scrub;
  // Versions that can be rolled back, and viewed, without a clone; 0 keeps no undo records.
  uint64_t undo_depth = 128;
  // Versions whose hashes the hash log keeps, at least; 0: none.
  uint64_t hash_log_versions = 100'000;
  OnDirtyStore on_dirty_store = OnDirtyStore::kRecover;
  // kWipe only: the id of the store that is to be given up.
  std::string wipe_confirmation;
  // Versions to one check of the root while the changelog is replayed, and so to one look at each
  // of their rows; 1: every version is checked. The last one always is.
  uint64_t replay_check_every = 1024;
  // An operator's answer to Reason::kRecoveryAmbiguous: the snapshot to start from; 0: none, the
  // changelog alone. The others, their pins and working/ are set aside.
  std::optional<Version> select_snapshot;
  std::string build = "unknown";  // of the program, for snapshot manifests
};

}  // namespace flatkv
