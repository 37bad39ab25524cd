// What an operator does with a store: snapshots, pins, rollback, reorg, prune, verify, quarantine.
// Reached through Store::admin().
//
// Every operation here either happens whole or not at all, whatever crashes in between
// (docs/durability.md has the steps of each).
//
// Thread safety: every method from any thread. Rollback and Reorg wait for running commits and
// reads, and end iterators and views (they fail with kAborted and Reason::kRolledBack). Of the two
// one runs at a time: a second one fails with kUnavailable and Reason::kOperationInProgress, and so
// does what would publish or remove a snapshot meanwhile.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flatkv/archive/export_sink.h"
#include "flatkv/base/logger.h"
#include "flatkv/base/status.h"
#include "flatkv/base/types.h"
#include "flatkv/codec/change_set.h"
#include "flatkv/codec/data_db.h"
#include "flatkv/fs/file_system.h"
#include "flatkv/snapshot/intent.h"
#include "flatkv/snapshot/pins.h"
#include "flatkv/snapshot/quarantine.h"
#include "flatkv/snapshot/snapshot_manifest.h"

namespace flatkv {

struct SnapshotSummary {
  SnapshotManifest manifest;  // a remote listing leaves its files out
  uint64_t files_count = 0;
  uint64_t total_bytes = 0;  // of the files
  bool is_current = false;
  std::vector<Pin> pins;
  uint64_t leases = 0;  // open views and verifications that stand on it
};

// How the automatic snapshots go. A failed one never fails a commit; it shows here, in the log and
// in the daemon's health detail.
struct SnapshotActivity {
  std::string policy;        // "interval", "size-ratio" or "manual"
  Version running = 0;       // being taken now; 0: none
  Version last_version = 0;  // the last one taken since open; 0: none
  double last_seconds = 0;   // from the request to `current`
  uint64_t taken = 0;        // since open, as is the next
  uint64_t failed = 0;
  std::string last_error;  // of the latest attempt; empty if that succeeded
};

// What the store retains and what it costs.
struct RetentionInfo {
  Version oldest_retained = 0;  // rollback and views reach this version and all above; 0: none
  Version oldest_undo = 0;      // rollback to this version or above needs no clone; 0: none
  Version current = 0;          // what `current` names; 0: no snapshot yet
  std::vector<Version> snapshots;
  uint64_t snapshot_bytes = 0;  // of all snapshots; linked files count in each
  uint64_t undo_bytes = 0;
  std::vector<Pin> pins;
  uint64_t open_views = 0;
  uint64_t quarantine_entries = 0;
  uint64_t quarantine_bytes = 0;
  SnapshotActivity activity;
  std::string on_dirty_store;   // the effective policy: "recover", "fail", ...
  std::string store_directory;  // where the files are
};

enum class RollbackChoice {
  kAuto,    // undo if its records reach that far, else clone and replay
  kUndo,    // fails with kFailedPrecondition if they do not
  kReplay,  // always a fresh clone of a snapshot and the changelog
};

// What a rollback will do. PlanRollback changes nothing; Rollback executes exactly this.
struct RollbackPlan {
  Version from = 0;    // the head
  Version target = 0;  // the head afterwards
  Digest target_root{};
  RollbackMethod method = RollbackMethod::kReplay;
  std::optional<Version> base;             // the snapshot that `current` will name; unset: none
  Version replay_from = 0;                 // first version replayed; 0: none is
  std::vector<Version> removed_snapshots;  // those above the target
  std::vector<Pin> removed_pins;           // of those; a pinned snapshot above the target goes too
  // One line a step, in order, as the operator reads it.
  std::vector<std::string> steps;
};

struct RollbackResult {
  RollbackPlan plan;
  double seconds = 0;
};

// One new version of a reorg. Versions are contiguous from the fork's.
struct ReorgBlock {
  Version version = 0;
  ChangeSets changes;
};

struct ReorgResult {
  Version from = 0;                                  // the head before
  std::vector<std::pair<Version, Digest>> versions;  // the new ones with their roots
  bool already_done = false;  // the store had exactly these versions: nothing was changed
  double seconds = 0;
};

struct PrunePlan {
  std::vector<Version> snapshots;  // to be removed
  // Changelog segments go, and this version is what it begins with afterwards; 0: none goes.
  Version wal_below = 0;
};

enum class VerifyDepth {
  kQuick,  // manifests, names and sizes of all snapshots; the changelog's chain; recorded hashes
  kFull,   // and digests of every file, and every row's hash against the recorded ones
};

struct VerifyOptions {
  VerifyDepth depth = VerifyDepth::kQuick;
  // Verifies the state at this version (kFull semantics for its rows); unset: the head.
  std::optional<Version> at;
  // Verifies only this snapshot.
  std::optional<Version> snapshot;
};

struct VerifyProgress {
  std::string phase;   // "snapshot 100 files", "changelog", "rows storage"
  uint64_t done = 0;   // bytes, versions or rows, as `phase` has it
  uint64_t total = 0;  // 0: unknown
};
// Called from the verifying thread about once a second; false cancels (kCancelled).
using OnVerifyProgress = std::function<bool(const VerifyProgress&)>;

struct VerifyReport {
  Version version = 0;  // whose state was verified
  Digest root{};
  // What is wrong, one line each, naming DB, file, module or version. Empty: all is well.
  std::vector<std::string> findings;
  uint64_t snapshots = 0;
  uint64_t files = 0;
  uint64_t versions = 0;  // changelog records read
  uint64_t rows = 0;
  double seconds = 0;
};

struct ExportOptions {
  std::optional<Version> at;  // unset: the head
  ExportPosition after;       // what the receiver has already
  size_t threads = 1;         // that compress and hash
};

// What a compaction does now.
struct CompactProgress {
  std::string db;
  uint64_t done = 0;  // steps
  uint64_t total = 0;
};
// Called before each step; false cancels (kCancelled).
using OnCompactProgress = std::function<bool(const CompactProgress&)>;

struct CompactReport {
  struct Db {
    uint64_t bytes_before = 0;  // on disk
    uint64_t bytes_after = 0;
  };
  std::array<Db, kDataDbs> dbs;
  double seconds = 0;
};

enum class ScrubAction { kStatus, kStart, kPause, kResume };

// Of the background verification.
struct ScrubStatus {
  std::string state;                  // "off", "idle", "running" or "paused"
  uint64_t interval_seconds = 0;      // between the begins of two passes; 0: only by command
  uint64_t bytes_per_second = 0;      // 0: unlimited
  std::string phase;                  // "rows of storage"; empty: no pass is in progress
  uint64_t started_unix_seconds = 0;  // of the pass in progress, as is the next
  uint64_t bytes = 0;
  uint64_t last_end_unix_seconds =
      0;  // of the last pass that ended, as are the next three; 0: none
  uint64_t last_seconds = 0;
  uint64_t last_bytes = 0;
  uint64_t last_findings = 0;
  std::vector<std::string> findings;  // what makes the store CORRUPT; empty: it is not
  uint64_t bytes_since_open = 0;
  uint64_t passes_since_open = 0;
  std::string error;  // why a pass waits; empty: it does not
};

class StoreAdmin {
 public:
  virtual ~StoreAdmin() = default;

  virtual RetentionInfo Retention() = 0;

  // Takes a snapshot of the head and makes it current; returns when it is published. One that
  // exists for the head already is the answer. Errors: kFailedPrecondition on a store without a
  // version; what went wrong, by name.
  virtual StatusOr<SnapshotSummary> CreateSnapshot() = 0;
  // Ascending. A snapshot whose manifest cannot be read is kDataLoss, naming it.
  virtual StatusOr<std::vector<SnapshotSummary>> Snapshots() = 0;
  // Errors: kNotFound with Reason::kSnapshotMissing, naming those there are.
  virtual StatusOr<SnapshotSummary> ShowSnapshot(Version version) = 0;
  // Errors: kFailedPrecondition with Reason::kSnapshotInUse for the current, a pinned or a leased
  // one; kNotFound with Reason::kSnapshotMissing.
  virtual Status RemoveSnapshot(Version version) = 0;

  // Errors: kNotFound with Reason::kSnapshotMissing; kInvalidArgument for an empty reason.
  virtual StatusOr<Pin> PinSnapshot(Version version, const std::string& reason) = 0;
  virtual Status ReleasePin(const std::string& id) = 0;
  virtual StatusOr<std::vector<Pin>> ListPins() = 0;

  // What Prune would remove. `keep_recent` unset: the configured one.
  virtual StatusOr<PrunePlan> PlanPrune(std::optional<uint64_t> keep_recent) = 0;
  virtual StatusOr<PrunePlan> Prune(std::optional<uint64_t> keep_recent) = 0;

  // Errors: kOutOfRange with Reason::kVersionUnreachable saying what lacks, or kVersionAboveHead.
  // The version before the store's first one is planned too, for a reorg of the first; Rollback
  // refuses it.
  virtual StatusOr<RollbackPlan> PlanRollback(Version target, RollbackChoice choice) = 0;
  // Afterwards the head is `target`, target + 1 may be committed with other content, and no version
  // above `target` ever comes back. Applied, uncommitted changes are dropped. Rolling back to the
  // head itself drops those and changes nothing else.
  virtual StatusOr<RollbackResult> Rollback(Version target, RollbackChoice choice) = 0;

  // Replaces the versions from blocks.front().version on by `blocks`, all or none. Everything is
  // validated before anything changes. Repeating it is answered with already_done.
  // Errors: those of PlanRollback for the version before the first, of CommitBlock for each block.
  virtual StatusOr<ReorgResult> Reorg(std::span<const ReorgBlock> blocks) = 0;

  // Runs beside commits, in bounded memory. Findings are in the report, not an error.
  // Errors: kCancelled; those of ViewAt; kAborted with Reason::kRolledBack when a rollback takes
  // the version away; kNotFound with Reason::kSnapshotMissing; kUnavailable when closed.
  virtual StatusOr<VerifyReport> Verify(const VerifyOptions& options,
                                        const OnVerifyProgress& on_progress) = 0;

  virtual StatusOr<std::vector<QuarantineEntry>> ListQuarantine() = 0;
  virtual Status RemoveQuarantine(const std::string& name) = 0;

  // Gives the rows of one version as the chunks of an archive, in order, beside commits and in
  // bounded memory; returns the manifest without its chunks. Errors: those of ViewAt and of `sink`;
  // kOutOfRange with Reason::kVersionUnreachable if the changelog has not the version's record;
  // kAborted with Reason::kRolledBack when a rollback or a close takes the version away.
  virtual StatusOr<ArchiveManifest> Export(const ExportOptions& options, ExportSink& sink) = 0;

  // Rewrites the tables of the data DBs beside commits and reads. Whatever ends it, the store holds
  // the same rows. Errors: kCancelled; kAborted with Reason::kRolledBack when a rollback or a close
  // comes between; kUnavailable with Reason::kOperationInProgress while another one runs;
  // kResourceExhausted for too little space, before anything is done; those of a commit.
  virtual StatusOr<CompactReport> Compact(const OnCompactProgress& on_progress) = 0;

  // The background verification: how it stands, after `action`. Pausing keeps what is done of a
  // pass, but the data DB in progress. Errors: kFailedPrecondition for all but kStatus where
  // ScrubOptions::in_background is off.
  virtual StatusOr<ScrubStatus> Scrub(ScrubAction action) = 0;
};

// Recomputes every row hash of the clone of a snapshot in `clone_directory` and compares them with
// its metadata. Opens the clone, so it is changed. Errors: kDataLoss naming DB and module.
Status ValidateClone(FileSystem& fs, Logger& logger, const std::string& clone_directory);

}  // namespace flatkv
