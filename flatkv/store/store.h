// Store: versions in, roots out. The library behind flatkvd, usable on its own.
//
// A node gives the changes of a version (ApplyChangeSets, any number of times) and commits it
// (Commit), or does both at once (CommitBlock). A version is acknowledged when its changelog record
// is as durable as StoreOptions::wal_sync says; the data DBs are written behind it.
// docs/durability.md gives the order of every step.
//
// Invariants (docs/architecture.md numbers them for the tests):
//  (1) An acknowledged version is never lost nor changed.
//  (2) The root at v depends only on the change sets up to v.
//  (6) A refused or failed call changes nothing.
//
// Thread safety: every method may be called from any thread. Commits exclude each other; reads run
// beside them and see the last committed version, never a half-applied one. Errors: kUnavailable
// with Reason::kPoisoned after the first failed write or sync, with the cause: reads go on, and
// reopening recovers. kUnavailable with Reason::kClosed after Close.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flatkv/base/logger.h"
#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/codec/change_set.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/store/store_admin.h"
#include "flatkv/store/store_options.h"

namespace flatkv {

// Where the time of one commit went. Of several that were committed together each has its own
// times, and the sync in equal parts, so that the sums are the time that passed.
struct CommitTimings {
  std::chrono::nanoseconds classify{};  // validate, map keys, last write wins, sort
  std::chrono::nanoseconds rows{};  // read old rows, encode new ones, hash (on `threads` threads)
  std::chrono::nanoseconds log{};   // encode, digest and append what did not overlap with `rows`
  std::chrono::nanoseconds sync{};  // an equal share of the sync of its group
  std::chrono::nanoseconds publish{};  // make the rows visible to readers
  std::chrono::nanoseconds wait{};     // back-pressure: the overlay was full
  std::chrono::nanoseconds total{};
};

struct AppliedResult {
  Version version = 0;
  Digest working_root{};  // the root if Commit(version) came now
};

struct CommitResult {
  Version version = 0;
  Digest root{};
  bool already_committed = false;  // the version was committed before with the same content
  CommitTimings timings;
};

// A block to commit; borrows the changes.
struct BlockRef {
  Version version = 0;
  const ChangeSets* changes = nullptr;
};

// What becomes of the blocks behind one that fails.
enum class OnRefusal { kGoOn, kStop };

struct VersionRoot {
  Version version = 0;
  Digest root{};
};

// One data DB at the committed version.
struct DataDbSummary {
  Digest checksum{};  // of the DB's own LtHash
  uint64_t rows = 0;
  uint64_t bytes = 0;  // physical keys and stored values
};

// What is on its way from the changelog to where it stays in the data DBs.
struct Backlog {
  uint64_t versions = 0;  // committed, not yet handed to the data DBs
  uint64_t overlay_bytes = 0;
  uint64_t level0_tables = 0;          // not yet sorted into the others; of the DB with the most
  uint64_t compaction_debt_bytes = 0;  // what compactions are behind by, in the four
};

struct StoreInfo {
  Suite suite = Suite::kSha256;
  std::string store_id;  // random, made at creation
  Version initial_version = 1;
  Version version = 0;          // committed head; initial_version - 1 on a fresh store
  Version pending_version = 0;  // version + 1 while changes are applied and not committed, else 0
  Digest root{};
  Version oldest_version = 0;  // the oldest whose root can be asked; 0 on a fresh store
  std::array<DataDbSummary, kDataDbs> dbs;
  Backlog backlog;
  // Of the store's file system, for this user; unset: it does not tell.
  std::optional<uint64_t> disk_free_bytes;
  bool poisoned = false;
  std::string poison_reason;
  bool corrupt = false;  // damage was found (StoreAdmin::Scrub): no commits until it is repaired
  std::string corrupt_reason;
};

struct RecoveryInfo {
  Version replayed_from = 0;  // 0: nothing was replayed
  Version replayed_to = 0;
  uint64_t replayed_by_undo = 0;  // versions whose old rows came from undo records
  uint64_t torn_bytes = 0;  // cut from the changelog's end: a record that was never acknowledged
  std::string torn_file;
  double seconds = 0;
  bool was_dirty = false;       // the store had not been closed cleanly
  std::string working_rebuilt;  // why working/ was made anew; empty: it was used as it was
  // A published snapshot that `current` did not name yet, or the selected one; 0: none.
  Version adopted_snapshot = 0;
  std::string finished_operation;      // what a crash had interrupted: "rollback to version 40"
  bool migrated = false;               // from the flat layout
  std::vector<std::string> set_aside;  // quarantine entries made by this open
};

struct StoreStats {
  uint64_t overlay_rows = 0;
  uint64_t wal_bytes = 0;
  uint64_t wal_segments = 0;
  uint64_t wal_appended_bytes = 0;  // since open
  uint64_t wal_syncs = 0;
  uint64_t row_cache_bytes = 0;
  uint64_t row_cache_rows = 0;
  uint64_t row_cache_hits = 0;  // since open
  uint64_t row_cache_misses = 0;
  uint64_t key_filter_bytes = 0;
  uint64_t key_filter_keys = 0;
  bool key_filter_in_use = false;  // false: off, or still being filled
  bool direct_reads = false;       // rows are read past the page cache
  uint64_t db_bytes_on_disk = 0;
  uint64_t db_files = 0;           // table files of the four
  uint64_t db_memtable_bytes = 0;  // of the four
  uint64_t db_bytes_written = 0;   // since open, tables and manifests
  // How long since open the write-behind has paused so that compactions can keep up.
  double write_behind_paused_seconds = 0;
  std::string hash_kernel;
};

struct ReadResult {
  Version version = 0;  // the committed version that all values belong to
  std::vector<std::optional<std::string>> values;  // in the order of the keys asked
};

struct KeyRef {
  std::string_view module;
  std::string_view key;
};

struct IterateRange {
  std::string_view module;
  std::string_view start = {};               // first key, included; empty: from the beginning
  std::optional<std::string_view> end = {};  // excluded; unset: to the end of the module
  bool reverse = false;                      // from the highest key down
};

// A stable walk over one module's keys in bytewise order at one version. One thread at a time.
// Holds the data DBs' files of its version, so do not keep it for long. A rollback or the store's
// Close ends it: status() is then kAborted with Reason::kRolledBack, or kUnavailable with kClosed.
class StoreIterator {
 public:
  virtual ~StoreIterator() = default;
  virtual Version version() const = 0;
  virtual bool Valid() const = 0;
  virtual void Next() = 0;
  // The caller's key (module excluded) and value; valid until Next.
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  virtual Status status() const = 0;
};

// The state after one retained version, read-only and isolated: commits go on beside it. Held by
// shared pointer; the store keeps a few recently used ones open. Thread safety: safe for concurrent
// use. Errors: kAborted with Reason::kRolledBack once a rollback has removed the version, or has
// changed the data DBs that the view reads through (one made from undo records): ask for it again.
// kUnavailable with Reason::kClosed after the store's Close.
class StoreView {
 public:
  virtual ~StoreView() = default;
  virtual Version version() const = 0;
  virtual Digest root() const = 0;
  virtual StatusOr<ReadResult> Get(std::span<const KeyRef> keys) = 0;
  virtual StatusOr<std::unique_ptr<StoreIterator>> Iterate(const IterateRange& range) = 0;
};

class StateReader;  // state_reader.h, which includes this file

class Store {
 public:
  // Opens or creates the store under `home` (in <home>/flatkv), takes its lock and recovers. `fs`
  // and `logger` outlive the store. Errors: kFailedPrecondition: locked by another process
  // (Reason::kLocked, with its pid), another suite or initial version, a newer format. kDataLoss:
  // damaged files, named.
  static StatusOr<std::unique_ptr<Store>> Open(FileSystem& fs, Logger& logger,
                                               const std::string& home,
                                               const StoreOptions& options);
  virtual ~Store() = default;

  // Adds changes to `version`, which must be the head's successor (or a version already committed,
  // when a client repeats itself). The whole call is validated before anything changes. Repeating
  // the call just made changes nothing. Errors: kInvalidArgument with Reason::kInvalidChangeSet
  // names module and key; kFailedPrecondition with Reason::kVersionGap and the version expected.
  virtual StatusOr<AppliedResult> ApplyChangeSets(Version version, const ChangeSets& changes) = 0;
  // Commits what was applied to `version`, which may be nothing: an empty version is a version.
  // Committing a version <= head again answers with its root if nothing or the same content was
  // applied to it, and fails with kAlreadyExists and Reason::kVersionConflict, naming both digests,
  // if it was other content.
  virtual StatusOr<CommitResult> Commit(Version version) = 0;
  // ApplyChangeSets and Commit in one; changes that were applied to `version` before are refused
  // (kFailedPrecondition): use one way or the other.
  StatusOr<CommitResult> CommitBlock(Version version, const ChangeSets& changes) {
    const BlockRef block{version, &changes};
    return std::move(CommitBlocks({&block, 1}, OnRefusal::kGoOn).front());
  }
  // CommitBlock for each in turn, with the same results, but for the time at which they become
  // true: under wal_sync always one sync covers them together (or as many as the store takes at a
  // time), and none is acknowledged or seen by readers before it. A block that is refused changes
  // nothing and does not end the others. If the append of one, or the sync, fails, the blocks that
  // no sync has covered fail too: reopening may find the first of them committed.
  // Under kStop the first block that fails is the last one that is looked at, and of the results.
  virtual std::vector<StatusOr<CommitResult>> CommitBlocks(std::span<const BlockRef> blocks,
                                                           OnRefusal on_refusal) = 0;
  // Drops what was applied and not committed.
  virtual void DiscardPending() = 0;

  // Values at the committed head, all of one version. An absent key is nullopt.
  // Errors: kInvalidArgument for a module name or key that no pair could have; kDataLoss.
  virtual StatusOr<ReadResult> Get(std::span<const KeyRef> keys) = 0;
  // Whether a key has a value at the committed head. Errors: those of Get.
  StatusOr<bool> Has(const KeyRef& key) {
    ASSIGN_OR_RETURN(const ReadResult result, Get({&key, 1}));
    return result.values.front().has_value();
  }
  virtual StatusOr<std::unique_ptr<StoreIterator>> Iterate(const IterateRange& range) = 0;

  // A view of `version`, which is retained (RetentionInfo::oldest_retained .. head). Recent
  // versions are read through undo records; others are cloned from a snapshot and replayed, which
  // takes as long as the changelog between is long. Errors: kOutOfRange with
  // Reason::kVersionUnreachable or kVersionAboveHead; kResourceExhausted when as many views as
  // allowed are in use; kAborted with Reason::kRolledBack when a rollback comes meanwhile;
  // kDataLoss with Reason::kRootMismatch when what is there does not give the recorded root.
  virtual StatusOr<std::shared_ptr<StoreView>> ViewAt(Version version) = 0;

  virtual VersionRoot CommittedRoot() = 0;
  // The root after a version that the changelog holds. Errors: kOutOfRange.
  virtual StatusOr<Digest> RootAt(Version version) = 0;
  // The root including what is applied and not committed, and the version it would have.
  virtual VersionRoot WorkingRoot() = 0;

  // Snapshots, rollback, verification and the like.
  virtual StoreAdmin& admin() = 0;
  // Hash log, comparison, differences, sizes (state_reader.h).
  virtual StateReader& state_reader() = 0;

  virtual StoreInfo Info() = 0;
  virtual StoreStats Stats() = 0;
  virtual const RecoveryInfo& recovery() const = 0;
  // OK, or why the store takes no more commits.
  virtual Status Health() = 0;

  // Recomputes every hash and count from the rows of the four data DBs and compares them with the
  // recorded ones. Waits until the data DBs hold the head; commits wait meanwhile. Errors:
  // kDataLoss naming DB and module.
  virtual Status VerifyRows() = 0;
  // Waits until the data DBs hold every committed version, durably.
  virtual Status Flush() = 0;
  // Writes everything out, flushes and releases the lock; what is applied and not committed is
  // dropped. Idempotent.
  virtual Status Close() = 0;
};

}  // namespace flatkv
