// The Store behind store.h. One class, its parts in files by concern: store_open.cc (open,
// recovery, close), store_commit.cc (the ordered commit), store_read.cc (reads, status,
// verification).
//
// Locks, in the order in which they are taken: commit_mu_, publish_mu_, an overlay table's mutex,
// head_mu_.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "flatkv/base/mutex.h"
#include "flatkv/base/thread_pool.h"
#include "flatkv/codec/keys.h"
#include "flatkv/engine/background_threads.h"
#include "flatkv/lthash/row_hasher.h"
#include "flatkv/store/data_dbs.h"
#include "flatkv/store/identity.h"
#include "flatkv/store/overlay.h"
#include "flatkv/store/pending_version.h"
#include "flatkv/store/poison.h"
#include "flatkv/store/row_processor.h"
#include "flatkv/store/store.h"
#include "flatkv/store/wal_syncer.h"
#include "flatkv/store/write_behind.h"
#include "flatkv/wal/wal.h"

namespace flatkv {

class StoreImpl final : public Store {
 public:
  StoreImpl(FileSystem& fs, Logger& logger, std::string directory, const StoreOptions& options);
  ~StoreImpl() override;

  // Everything that Store::Open promises.
  Status Open() EXCLUDES(commit_mu_);

  StatusOr<AppliedResult> ApplyChangeSets(Version version, const ChangeSets& changes) override;
  StatusOr<CommitResult> Commit(Version version) override;
  StatusOr<CommitResult> CommitBlock(Version version, const ChangeSets& changes) override;
  void DiscardPending() override;
  StatusOr<ReadResult> Get(std::span<const KeyRef> keys) override;
  StatusOr<std::unique_ptr<StoreIterator>> Iterate(const IterateRange& range) override;
  VersionRoot CommittedRoot() override;
  StatusOr<Digest> RootAt(Version version) override;
  VersionRoot WorkingRoot() override;
  StoreInfo Info() override;
  StoreStats Stats() override;
  const RecoveryInfo& recovery() const override { return recovery_; }
  Status Health() override;
  Status VerifyRows() override;
  Status Flush() override;
  Status Close() override;

 private:
  // What readers see of the committed state.
  struct Head {
    Version version = 0;
    Digest root{};
    Version pending_version = 0;
    Digest working_root{};
    std::array<ModuleState, kDataDbs> dbs;
  };

  // A key of a read, mapped to its row.
  struct MappedKey {
    RowTarget target;
    std::string physical;
  };

  // store_open.cc
  Status OpenIdentity();
  Status OpenLog() REQUIRES(commit_mu_);
  Status LoadState(std::array<Version, kDataDbs>* db_versions) REQUIRES(commit_mu_);
  Status Recover(const std::array<Version, kDataDbs>& db_versions) REQUIRES(commit_mu_);
  Status ReplayRecord(const WalReader& record, const std::array<Version, kDataDbs>& db_versions)
      REQUIRES(commit_mu_);
  Status CheckRecoveredRoot(Version version, const Digest& recorded) REQUIRES(commit_mu_);

  // store_commit.cc
  Status CheckWritable() const;
  Status CheckNext(Version version) REQUIRES(commit_mu_);
  Status ApplyLocked(Version version, const ChangeSets& changes) REQUIRES(commit_mu_);
  StatusOr<CommitResult> CommitLocked(Version version) REQUIRES(commit_mu_);
  Status LogPending(PendingVersion& pending) REQUIRES(commit_mu_);
  void Publish(PendingVersion& pending, uint64_t log_bytes) REQUIRES(commit_mu_);
  StatusOr<AppliedResult> ApplyCommitted(Version version, const ChangeSets& changes)
      REQUIRES(commit_mu_);
  StatusOr<CommitResult> ConfirmCommitted(Version version, const std::optional<Digest>& content)
      REQUIRES(commit_mu_);
  void AdvanceState(const StoreDelta& delta, VersionRows* rows) REQUIRES(commit_mu_);
  void SetPendingHead(Version version, const Digest& working_root);

  // store_read.cc
  static StatusOr<MappedKey> MapKey(const KeyRef& key);
  // The values at `head`, or nothing if a write of a later version was met.
  StatusOr<std::optional<ReadResult>> TryGet(std::span<const MappedKey> keys, Version head);
  StatusOr<bool> ReadRow(const MappedKey& key, Version head, std::string* row, bool* is_newer);
  Version HeadVersion() const { return head_version_.load(std::memory_order_acquire); }

  // Constant after Open.
  FileSystem& fs_;
  Logger& logger_;
  const std::string directory_;
  const StoreOptions options_;
  Identity identity_;
  RecoveryInfo recovery_;

  // Each safe for concurrent use, as their headers say. Destroyed bottom up: users before what they
  // use.
  Poison poison_;
  std::atomic<bool> closed_{false};
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<ThreadPool> pool_;
  std::unique_ptr<BackgroundThreads> background_;
  std::optional<RowHasher> hasher_;
  std::unique_ptr<Wal> wal_;
  // wal_ once it is open: background flushes may start before.
  std::atomic<Wal*> flush_wal_{nullptr};
  std::unique_ptr<DataDbs> dbs_;
  Overlay overlay_;
  std::unique_ptr<WriteBehind> write_behind_;
  std::unique_ptr<WalSyncer> wal_syncer_;

  // One writer at a time.
  Mutex commit_mu_;
  StoreState state_ GUARDED_BY(commit_mu_);
  LtHash global_ GUARDED_BY(commit_mu_);
  std::optional<PendingVersion> pending_ GUARDED_BY(commit_mu_);
  // Change sets applied to a version that is committed already: to be compared, not written.
  std::optional<std::pair<Version, PendingPayload>> repeated_ GUARDED_BY(commit_mu_);

  // Held while a version becomes visible; whoever holds it sees the head stand still.
  Mutex publish_mu_;
  std::atomic<Version> head_version_{0};
  mutable Mutex head_mu_;
  Head head_ GUARDED_BY(head_mu_);
};

}  // namespace flatkv
