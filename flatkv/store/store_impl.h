// The Store behind store.h and store_admin.h. One class, its parts in files by concern:
// store_open.cc (open and close), store_recovery.cc (the directory before the data DBs open),
// store_replay.cc (the data DBs and the changelog brought together), store_commit.cc (what a
// version's changes are applied to), store_commit_group.cc (the ordered commit), store_read.cc
// (reads and status), store_views.cc, store_snapshots.cc (snapshots, pins,
// prune), store_rollback.cc, store_reorg.cc, store_verify.cc, store_export.cc, store_swaps.cc (what
// stands beside the store in its home), store_state.cc (comparison, differences, sizes),
// store_compact.cc, store_scrub.cc.
//
// What is open (data DBs, changelog, and what works on them) is one `OpenState`, which a rollback
// closes and opens again.
//
// Locks, in the order in which they are taken: commit_mu_, open_mu_, publish_mu_, an overlay
// table's mutex, head_mu_. Nothing that the write-behind or the snapshot thread does takes
// commit_mu_ or open_mu_: a rollback joins them while it holds both.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "flatkv/base/mutex.h"
#include "flatkv/base/thread_pool.h"
#include "flatkv/engine/background_threads.h"
#include "flatkv/lthash/row_hasher.h"
#include "flatkv/snapshot/intent.h"
#include "flatkv/store/commit_group.h"
#include "flatkv/store/corruption.h"
#include "flatkv/store/data_dbs.h"
#include "flatkv/store/hash_log.h"
#include "flatkv/store/identity.h"
#include "flatkv/store/iterator_registry.h"
#include "flatkv/store/key_filter_source.h"
#include "flatkv/store/mapped_key.h"
#include "flatkv/store/missing_rows.h"
#include "flatkv/store/overlay.h"
#include "flatkv/store/pending_version.h"
#include "flatkv/store/poison.h"
#include "flatkv/store/row_processor.h"
#include "flatkv/store/scrubber.h"
#include "flatkv/store/snapshot_catalog.h"
#include "flatkv/store/snapshotter.h"
#include "flatkv/store/state_diff.h"
#include "flatkv/store/state_reader.h"
#include "flatkv/store/store.h"
#include "flatkv/store/stored_rows.h"
#include "flatkv/store/undo_log.h"
#include "flatkv/store/view_cache.h"
#include "flatkv/store/wal_syncer.h"
#include "flatkv/store/write_behind.h"
#include "flatkv/wal/wal.h"

namespace flatkv {

class StoreImpl final : public Store, public StoreAdmin, public StateReader {
 public:
  StoreImpl(FileSystem& fs, Logger& logger, std::string directory, const StoreOptions& options);
  ~StoreImpl() override;

  // Everything that Store::Open promises.
  Status Open() EXCLUDES(commit_mu_);

  // Store
  StatusOr<AppliedResult> ApplyChangeSets(Version version, const ChangeSets& changes) override;
  StatusOr<CommitResult> Commit(Version version) override;
  std::vector<StatusOr<CommitResult>> CommitBlocks(std::span<const BlockRef> blocks,
                                                   OnRefusal on_refusal) override;
  void DiscardPending() override;
  StatusOr<ReadResult> Get(std::span<const KeyRef> keys) override;
  StatusOr<std::unique_ptr<StoreIterator>> Iterate(const IterateRange& range) override;
  StatusOr<std::shared_ptr<StoreView>> ViewAt(Version version) override;
  VersionRoot CommittedRoot() override;
  StatusOr<Digest> RootAt(Version version) override;
  VersionRoot WorkingRoot() override;
  StoreAdmin& admin() override { return *this; }
  StateReader& state_reader() override { return *this; }
  StoreInfo Info() override;
  StoreStats Stats() override;
  const RecoveryInfo& recovery() const override { return recovery_; }
  Status Health() override;
  Status VerifyRows() override;
  Status Flush() override;
  Status Close() override;

  // StoreAdmin
  RetentionInfo Retention() override;
  StatusOr<SnapshotSummary> CreateSnapshot() override;
  StatusOr<std::vector<SnapshotSummary>> Snapshots() override;
  StatusOr<SnapshotSummary> ShowSnapshot(Version version) override;
  Status RemoveSnapshot(Version version) override;
  StatusOr<Pin> PinSnapshot(Version version, const std::string& reason) override;
  Status ReleasePin(const std::string& id) override;
  StatusOr<std::vector<Pin>> ListPins() override;
  StatusOr<PrunePlan> PlanPrune(std::optional<uint64_t> keep_recent) override;
  StatusOr<PrunePlan> Prune(std::optional<uint64_t> keep_recent) override;
  StatusOr<RollbackPlan> PlanRollback(Version target, RollbackChoice choice) override;
  StatusOr<RollbackResult> Rollback(Version target, RollbackChoice choice) override;
  StatusOr<ReorgResult> Reorg(std::span<const ReorgBlock> blocks) override;
  StatusOr<VerifyReport> Verify(const VerifyOptions& options,
                                const OnVerifyProgress& on_progress) override;
  StatusOr<std::vector<QuarantineEntry>> ListQuarantine() override;
  Status RemoveQuarantine(const std::string& name) override;
  StatusOr<ArchiveManifest> Export(const ExportOptions& options, ExportSink& sink) override;
  StatusOr<CompactReport> Compact(const OnCompactProgress& on_progress) override;
  StatusOr<ScrubStatus> Scrub(ScrubAction action) override;

  // StateReader
  StatusOr<VersionRanges> Ranges() override;
  StatusOr<std::unique_ptr<CompareSide>> SideAt(Version version, const GoOn& go_on) override;
  Status ReadHashLog(Version first, Version last,
                     const std::function<Status(const VersionSums&)>& use) override;
  StatusOr<DiffMethod> Diff(const DiffOptions& options, const OnKeyChange& use,
                            const GoOn& go_on) override;
  StatusOr<StateSizes> Sizes(const SizeOptions& options, const GoOn& go_on) override;

 private:
  // What readers see of the committed state.
  struct Head {
    Version version = 0;
    Digest root{};
    Version pending_version = 0;
    Digest working_root{};
    std::array<ModuleState, kDataDbs> dbs;
  };

  // Destroyed bottom up: users before what they use.
  struct OpenState {
    std::unique_ptr<Wal> wal;
    std::unique_ptr<DataDbs> dbs;
    std::unique_ptr<UndoLog> undo;
    std::unique_ptr<HashLog> hash_log;
    std::unique_ptr<StoredRows> rows;
    Overlay overlay;
    std::unique_ptr<KeyFilterBuilder> filter_builder;
    std::unique_ptr<Snapshotter> snapshotter;
    std::unique_ptr<WriteBehind> write_behind;
    std::unique_ptr<WalSyncer> wal_syncer;
    // What each DB held on disk when it was opened.
    std::array<Version, kDataDbs> opened_versions{};
  };

  using DbVersions = std::array<Version, kDataDbs>;

  // store_open.cc
  Status OpenIdentity();
  Status ReadDirty();
  Status MarkDirty();
  Status PrepareDirectory(std::optional<Intent>* intent);
  Status FinishOpen(const std::optional<Intent>& intent) REQUIRES(commit_mu_);

  // store_recovery.cc
  Status WipeIfAsked();
  StatusOr<bool> HasFlatLayout();
  Status MigrateFlatLayout(bool resumed);
  Status ResolveCurrent();
  Status AdoptOrphan(std::optional<Version> current, const std::vector<Version>& snapshots);
  Status SelectSnapshot(Version selected);
  Status EnsureWorking();
  Status CloneWorking(std::optional<Version> base);
  // A fresh clone of the snapshot, or no rows, as `directory`, which does not exist; durable.
  Status CloneInto(std::optional<Version> base, const std::string& directory);
  Status RemoveWorking();
  // OK, or why working/ cannot be trusted.
  Status CheckWorkingBase();
  Status SetAside(const std::string& item, const std::string& reason, RecoveryInfo* info);
  // The part of a rollback that decides: `current`, the changelog, the snapshots above. Repeating
  // it changes nothing more.
  Status CutHistory(const Intent& intent);
  Status ResumeRollback(const Intent& intent);
  // Whether working/ can be made anew from what there is.
  StatusOr<bool> CanRebuildWorking();
  // It begins at the store's first version.
  StatusOr<bool> ChangelogIsWhole();

  // store_replay.cc
  // Opens what working/ and changelog/ hold at the changelog's end, rebuilding working/ once if it
  // turns out to be unsound. `undo_target` is set while a rollback by undo is being finished.
  Status OpenWorking(std::optional<Version> undo_target, RecoveryInfo* info) REQUIRES(commit_mu_);
  Status TryOpenWorking(std::optional<Version> undo_target, RecoveryInfo* info)
      REQUIRES(commit_mu_);
  Status GiveUpClone(const Status& cause);
  StatusOr<DbVersions> LoadState() REQUIRES(commit_mu_);
  // Takes every DB above `target` back to it, durably.
  Status UndoDbs(Version target, DbVersions* db_versions) REQUIRES(commit_mu_);
  Status Recover(const DbVersions& db_versions, RecoveryInfo* info) REQUIRES(commit_mu_);
  Status Replay(Version first, Version last, const DbVersions& db_versions, RecoveryInfo* info)
      REQUIRES(commit_mu_);
  Version UndoWantedFrom(Version last, Version highest) const REQUIRES(commit_mu_);
  Status CheckRecoveredRoot(Version version, const Digest& recorded) REQUIRES(commit_mu_);
  static Status CheckRecoveredRootOf(Version version, const Digest& root, const Digest& recorded);
  Status CheckCurrentFitsChangelog() REQUIRES(commit_mu_);
  // Makes open_->rows; says what its filter lacks.
  StatusOr<KeyFilterStart> OpenRows(const DbVersions& db_versions) REQUIRES(commit_mu_);
  void StartFilterBuilder(const KeyFilterStart& start) REQUIRES(commit_mu_);
  void StartWriting(const DbVersions& db_versions) REQUIRES(commit_mu_);
  void SetHead(Version version) REQUIRES(commit_mu_);
  // Drops what is open without writing anything more.
  void DropOpenState() REQUIRES(commit_mu_);

  // store_commit.cc
  Status CheckWritable() const;
  // CheckWritable, but for a store that is CORRUPT: what does not write rows goes on.
  Status CheckAlive() const;
  Status CheckNotClosed() const;
  Status CheckNext(Version version) REQUIRES(commit_mu_);
  Status CheckPayload(Version version, const ChangeSets& changes, size_t pending_bytes) const;
  Status ApplyLocked(Version version, const ChangeSets& changes) REQUIRES(commit_mu_);
  StatusOr<AppliedResult> ApplyCommitted(Version version, const ChangeSets& changes)
      REQUIRES(commit_mu_);
  StatusOr<CommitResult> ConfirmCommitted(Version version, const std::optional<Digest>& content)
      REQUIRES(commit_mu_);
  void DropPending() REQUIRES(commit_mu_);
  void SetPendingHead(Version version, const Digest& working_root);
  // The global hash that the next version starts from.
  const LtHash& LoggedGlobal() const REQUIRES(commit_mu_) {
    return group_.empty() ? global_ : group_.global();
  }

  // store_commit_group.cc
  // Everything of a block but the steps that its group shares.
  Status LogBlock(const BlockRef& block) REQUIRES(commit_mu_);
  // Commits pending_, or an empty version.
  StatusOr<CommitResult> CommitLocked(Version version) REQUIRES(commit_mu_);
  // Appends pending_ to the changelog and moves it into the group; stays on an error, which
  // poisons.
  Status LogPending() REQUIRES(commit_mu_);
  // Commits the group: its results in order, or the error that poisoned the store. The group is
  // empty then.
  StatusOr<std::vector<CommitResult>> FinishGroup() REQUIRES(commit_mu_);
  Status SealGroup() REQUIRES(commit_mu_);
  void Publish(PendingVersion& pending, uint64_t log_bytes) REQUIRES(commit_mu_);

  // store_read.cc
  Status CheckReadable() const REQUIRES_SHARED(open_mu_);
  StatusOr<Digest> RootAtLocked(Version version) REQUIRES_SHARED(open_mu_);
  // The values at `head`, or nothing if a write of a later version was met.
  StatusOr<std::optional<ReadResult>> TryGet(std::span<const MappedKey> keys, Version head)
      REQUIRES_SHARED(open_mu_);
  StatusOr<bool> ReadRow(const MappedKey& key, Version head, std::string* row, bool* is_newer)
      REQUIRES_SHARED(open_mu_);
  Version HeadVersion() const { return head_version_.load(std::memory_order_acquire); }

  // store_views.cc
  StatusOr<std::shared_ptr<View>> OpenView(Version version) EXCLUDES(open_mu_);
  StatusOr<std::shared_ptr<View>> BuildView(Version version) REQUIRES_SHARED(open_mu_);
  // Null if the view cannot be had this way.
  StatusOr<std::shared_ptr<View>> BuildRecentView(Version version) REQUIRES_SHARED(open_mu_);
  StatusOr<std::shared_ptr<View>> BuildClonedView(Version version) REQUIRES_SHARED(open_mu_);
  // The oldest version that rollback and views reach; 0: none.
  StatusOr<Version> OldestRetained() REQUIRES_SHARED(open_mu_);
  Status CheckRetained(Version version) REQUIRES_SHARED(open_mu_);

  // store_snapshots.cc
  std::shared_ptr<SnapshotRequest> DueSnapshot(const PendingVersion& pending, uint64_t log_bytes)
      REQUIRES(commit_mu_);
  // What the size-ratio policy asks.
  bool IsChangelogLarge() const REQUIRES(commit_mu_);
  Status RequestOverdueSnapshot() REQUIRES(commit_mu_);
  void SnapshotPublished();
  Version PrunedChangelogBegin(Version needed_from) const;
  // A failure is logged: the next prune removes what this one did not.
  void PruneChangelog();

  // store_rollback.cc
  StatusOr<RollbackPlan> PlanRollbackLocked(Version target, RollbackChoice choice)
      REQUIRES(commit_mu_);
  Status CheckRollbackTarget(Version target) const;
  Status CheckBase(const RollbackPlan& plan) REQUIRES(commit_mu_);
  StatusOr<std::string> PrepareReplay(const RollbackPlan& plan, const Intent& intent)
      REQUIRES(commit_mu_);
  Status ReplayClone(const RollbackPlan& plan, const std::string& directory) REQUIRES(commit_mu_);
  // Executes `plan` under `intent`; the intent stays. A failure poisons the store.
  Status ExecuteRollback(const RollbackPlan& plan, const Intent& intent) REQUIRES(commit_mu_);
  Status RollbackByUndo(const RollbackPlan& plan, Undo undo) REQUIRES(commit_mu_, open_mu_);
  Status RollbackByReplay(const Intent& intent, const std::string& prepared)
      REQUIRES(commit_mu_, open_mu_);
  void EndReaders(Version target) REQUIRES(commit_mu_);
  static Intent IntentOf(IntentKind kind, const RollbackPlan& plan);
  static std::vector<std::string> StepsOf(const RollbackPlan& plan);

  // store_reorg.cc
  Status CheckReorgBlocks(std::span<const ReorgBlock> blocks) const;
  Status WriteReorgLog(std::span<const ReorgBlock> blocks);
  Status CommitReorgLog() REQUIRES(commit_mu_);
  // Goes back to `target` and commits `blocks`, which may be none. A failure half-way poisons.
  Status Replace(Version target, std::span<const ReorgBlock> blocks) REQUIRES(commit_mu_);
  Status FinishReorg(Intent intent) REQUIRES(commit_mu_);

  // store_verify.cc
  class Verifier;

  // store_export.cc
  StatusOr<std::string> ChangelogPayload(Version version, Digest* content_digest)
      EXCLUDES(open_mu_);

  // store_swaps.cc
  Status FinishInterruptedSwaps();
  StatusOr<std::vector<QuarantineEntry>> ListHomeQuarantine() REQUIRES(quarantine_mu_);
  Status RemoveHomeQuarantine(const std::string& name) REQUIRES(quarantine_mu_);

  // store_state.cc
  void AwaitHashLog() REQUIRES_SHARED(open_mu_);
  Status CheckHashLogRange(Version first, Version last) const REQUIRES_SHARED(open_mu_);
  // nullopt: the changelog does not have them, or they are too many.
  StatusOr<std::optional<ChangedKeys>> ChangedKeysOf(const DiffOptions& options, const GoOn& go_on)
      EXCLUDES(open_mu_);

  // store_scrub.cc
  Status OpenScrub() REQUIRES(commit_mu_);
  void StopScrub() EXCLUDES(commit_mu_, open_mu_);
  StatusOr<std::shared_ptr<View>> OpenHead() EXCLUDES(open_mu_);

  RowThreads row_threads() const { return {*pool_, *readers_}; }

  // Constant after Open.
  FileSystem& fs_;
  Logger& logger_;
  const std::string directory_;
  const StoreOptions options_;
  Identity identity_;
  RecoveryInfo recovery_;
  // working/ was cloned by this object.
  bool working_is_fresh_ = false;

  // Each safe for concurrent use, as their headers say. Destroyed bottom up.
  Poison poison_;
  std::atomic<bool> closed_{false};
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<ThreadPool> pool_;
  std::unique_ptr<MissingRowReader> readers_;
  std::unique_ptr<BackgroundThreads> background_;
  std::optional<RowHasher> hasher_;
  SnapshotCatalog catalog_;
  SnapshotLog snapshot_log_;
  IteratorRegistry iterators_;
  ViewCache views_;
  // The changelog once it is open: background flushes may start before.
  std::atomic<Wal*> flush_wal_{nullptr};
  // Somebody waits for open_mu_ exclusively: long readers stop.
  std::atomic<bool> closing_{false};
  std::atomic<bool> rolling_back_{false};
  std::atomic<bool> rollback_busy_{false};
  std::atomic<uint64_t> last_snapshot_bytes_{0};

  // One writer at a time.
  Mutex commit_mu_;
  StoreState state_ GUARDED_BY(commit_mu_);
  LtHash global_ GUARDED_BY(commit_mu_);
  std::optional<PendingVersion> pending_ GUARDED_BY(commit_mu_);
  // Not empty only while a commit runs.
  CommitGroup group_ GUARDED_BY(commit_mu_);
  // Change sets applied to a version that is committed already: to be compared, not written.
  std::optional<std::pair<Version, PendingPayload>> repeated_ GUARDED_BY(commit_mu_);
  bool recovering_ GUARDED_BY(commit_mu_) = false;
  uint64_t log_bytes_since_snapshot_ GUARDED_BY(commit_mu_) = 0;

  // Shared by readers. Exclusive, with commit_mu_, to replace what is open; so whoever holds
  // commit_mu_ may read it too.
  mutable SharedMutex open_mu_;
  // Null when nothing is open: before Open, after Close, after a rollback that failed half-way.
  std::unique_ptr<OpenState> open_;

  // Held while a version becomes visible; whoever holds it sees the head stand still.
  Mutex publish_mu_;
  std::atomic<Version> head_version_{0};
  mutable Mutex head_mu_;
  Head head_ GUARDED_BY(head_mu_);

  // Snapshot bookkeeping files outside the catalog.
  Mutex quarantine_mu_;

  std::atomic<bool> compacting_{false};
  Corruption corruption_;
  // Set by Open, joined by Close before anything that it reads goes; null without a background. No
  // other lock is taken under it.
  Mutex scrub_mu_;
  std::unique_ptr<Scrubber> scrubber_ GUARDED_BY(scrub_mu_);
};

}  // namespace flatkv
