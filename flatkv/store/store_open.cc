// Opening, recovering and closing a store. docs/durability.md, "Open", has the same steps.
#include <fmt/format.h>

#include <algorithm>

#include "flatkv/base/hex.h"
#include "flatkv/codec/changelog_entry.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/store/store_impl.h"

namespace flatkv {
namespace {

constexpr char kStoreDirectory[] = "flatkv";
constexpr char kLockFile[] = "LOCK";
constexpr char kIdentityFile[] = "IDENTITY";
constexpr char kWorkingDirectory[] = "working";
constexpr char kChangelogDirectory[] = "changelog";
constexpr uint64_t kIdentityBytesMax = 4096;
constexpr std::chrono::seconds kProgressInterval{2};

// Whether a directory is absent or empty.
StatusOr<bool> IsEmptyDirectory(FileSystem& fs, const std::string& path) {
  const StatusOr<std::vector<std::string>> names = fs.List(path);
  if (!names.ok()) {
    return IsNotFound(names.status()) ? StatusOr<bool>(true) : StatusOr<bool>(names.status());
  }
  return names->empty();
}

class ReplayProgress {
 public:
  ReplayProgress(Logger& logger, Version first, Version last)
      : logger_(logger), first_(first), last_(last) {}

  void Replayed(Version version) {
    const auto now = std::chrono::steady_clock::now();
    if (now - reported_ < kProgressInterval) {
      return;
    }
    reported_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double rate = static_cast<double>(version - first_ + 1) / seconds;
    logger_.Log(LogLevel::kInfo, "recovery.progress",
                fmt::format("replayed version {} of {}, {:.0f} versions/s, {:.0f} s left", version,
                            last_, rate, static_cast<double>(last_ - version) / rate));
  }
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  Logger& logger_;
  const Version first_;
  const Version last_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point reported_ = start_;
};

}  // namespace

StatusOr<std::unique_ptr<Store>> Store::Open(FileSystem& fs, Logger& logger,
                                             const std::string& home, const StoreOptions& options) {
  auto store = std::make_unique<StoreImpl>(fs, logger, JoinPath(home, kStoreDirectory), options);
  const Status status = store->Open();
  if (!status.ok()) {
    return Annotate(status, fmt::format("opening the store in {}", home));
  }
  return std::unique_ptr<Store>(std::move(store));
}

StoreImpl::StoreImpl(FileSystem& fs, Logger& logger, std::string directory,
                     const StoreOptions& options)
    : fs_(fs),
      logger_(logger),
      directory_(std::move(directory)),
      options_(options),
      poison_(logger) {}

StoreImpl::~StoreImpl() {
  // Nothing durable happens here: a store that was not closed recovers like one that was killed.
  wal_syncer_.reset();
  write_behind_.reset();
  if (dbs_ != nullptr && !closed_) {
    static_cast<void>(dbs_->Close());
  }
}

Status StoreImpl::Open() {
  MutexLock lock(commit_mu_);
  // 1. The directory and the lock.
  RETURN_IF_ERROR(MakeDirsDurably(fs_, directory_));
  ASSIGN_OR_RETURN(lock_, fs_.Lock(JoinPath(directory_, kLockFile)));
  // 2. What the store is.
  RETURN_IF_ERROR(OpenIdentity());
  hasher_.emplace(identity_.suite);
  pool_ = std::make_unique<ThreadPool>("fkv-work", options_.threads);
  background_ = std::make_unique<BackgroundThreads>(options_.background_threads);
  // 3. The data DBs and what each stands at.
  const std::string working = JoinPath(directory_, kWorkingDirectory);
  ASSIGN_OR_RETURN(const bool has_working, Exists(fs_, working));
  if (!has_working) {
    logger_.Log(LogLevel::kWarning, "recovery.working_missing",
                fmt::format("{} is missing: the data DBs are rebuilt from the changelog", working));
    RETURN_IF_ERROR(MakeDirsDurably(fs_, working));
  }
  ASSIGN_OR_RETURN(dbs_, DataDbs::Open(fs_, *background_, logger_, working, options_, [this] {
                     // The changelog must hold durably whatever a data DB holds durably.
                     Wal* const wal = flush_wal_.load();
                     return wal == nullptr ? OkStatus() : wal->Sync();
                   }));
  std::array<Version, kDataDbs> db_versions;
  RETURN_IF_ERROR(LoadState(&db_versions));
  // 4. The changelog, which must reach at least as far as every data DB.
  WalOptions wal_options;
  wal_options.segment_bytes = options_.wal_segment_bytes;
  wal_options.torn_tail = options_.wal_torn_tail;
  const Version highest_db = *std::max_element(db_versions.begin(), db_versions.end());
  wal_options.committed_floor = highest_db < identity_.initial_version ? 0 : highest_db;
  ASSIGN_OR_RETURN(wal_,
                   Wal::Open(fs_, logger_, JoinPath(directory_, kChangelogDirectory), wal_options));
  flush_wal_.store(wal_.get());
  recovery_.torn_bytes = wal_->recovery().torn_bytes;
  recovery_.torn_file = wal_->recovery().torn_file;
  // 5. Bring the data DBs to the changelog's end.
  WriteBehind::Options write_options;
  write_options.overlay_bytes_max = options_.overlay_bytes_max;
  write_options.replay_bytes_max = options_.replay_bytes_max;
  write_options.db_versions = db_versions;
  write_options.on_error = [this](const Status& status) { poison_.Set(status); };
  write_behind_ = std::make_unique<WriteBehind>(*dbs_, overlay_, std::move(write_options));
  RETURN_IF_ERROR(Recover(db_versions));
  if (options_.wal_sync == WalSync::kInterval) {
    wal_syncer_ = std::make_unique<WalSyncer>(
        *wal_, options_.wal_sync_interval, [this](const Status& status) { poison_.Set(status); });
  }
  return OkStatus();
}

Status StoreImpl::OpenIdentity() {
  const std::string path = JoinPath(directory_, kIdentityFile);
  const StatusOr<std::string> text = ReadFile(fs_, path, kIdentityBytesMax);
  if (text.ok()) {
    ASSIGN_OR_RETURN(identity_, DecodeIdentity(*text, path));
    if (options_.suite.has_value() && *options_.suite != identity_.suite) {
      return WithReason(
          FailedPrecondition(fmt::format("the store has suite {} and [store] suite asks for {}: a "
                                         "store keeps the suite it was "
                                         "created with; set suite = \"{}\" or use another home",
                                         SuiteName(identity_.suite), SuiteName(*options_.suite),
                                         SuiteName(identity_.suite))),
          Reason::kSuiteMismatch);
    }
    if (options_.initial_version.has_value() &&
        *options_.initial_version != identity_.initial_version) {
      return WithReason(
          FailedPrecondition(
              fmt::format("the store begins at version {} and [store] initial-version asks for {}",
                          identity_.initial_version, *options_.initial_version)),
          Reason::kIncompatibleFormat);
    }
    ASSIGN_OR_RETURN(const bool has_log, Exists(fs_, JoinPath(directory_, kChangelogDirectory)));
    return has_log
               ? OkStatus()
               : WithReason(DataLoss(fmt::format(
                                "{} is missing: it holds every version; restore it from a backup",
                                JoinPath(directory_, kChangelogDirectory))),
                            Reason::kChangelogCorrupt);
  }
  if (!IsNotFound(text.status())) {
    return text.status();
  }
  // A new store, or one whose creation was interrupted: the identity comes last, so the directories
  // must be empty.
  for (const char* name : {kChangelogDirectory, kWorkingDirectory}) {
    const std::string directory = JoinPath(directory_, name);
    ASSIGN_OR_RETURN(const bool is_empty, IsEmptyDirectory(fs_, directory));
    if (!is_empty) {
      return DataLoss(
          fmt::format("{} is missing while {} holds data; restore it from a backup of this store",
                      path, directory));
    }
    RETURN_IF_ERROR(MakeDirsDurably(fs_, directory));
  }
  const Version initial_version = options_.initial_version.value_or(1);
  if (initial_version < 1) {
    return InvalidArgument(
        fmt::format("the initial version is {}; it must be at least 1", initial_version));
  }
  identity_ = NewIdentity(options_.suite.value_or(Suite::kSha256), initial_version);
  return WriteFileDurably(fs_, path, EncodeIdentity(identity_));
}

Status StoreImpl::LoadState(std::array<Version, kDataDbs>* db_versions) {
  for (const DataDb db : kAllDataDbs) {
    ASSIGN_OR_RETURN(LoadedDb loaded, dbs_->Load(db));
    state_[IndexOf(db)] = std::move(loaded.state);
    (*db_versions)[IndexOf(db)] = std::max(loaded.version, identity_.initial_version - 1);
  }
  global_ = GlobalHash(state_);
  return OkStatus();
}

Status StoreImpl::Recover(const std::array<Version, kDataDbs>& db_versions) {
  const Version lowest = *std::min_element(db_versions.begin(), db_versions.end());
  const Version highest = *std::max_element(db_versions.begin(), db_versions.end());
  const Version last = wal_->empty() ? identity_.initial_version - 1 : wal_->last_version();
  const Version oldest = wal_->empty() ? identity_.initial_version : wal_->first_version();
  if (oldest > lowest + 1) {
    return WithReason(
        DataLoss(fmt::format(
            "the data DBs stand at version {} and the changelog begins at {}: versions {} to {} "
            "are missing",
            lowest, oldest, lowest + 1, oldest - 1)),
        Reason::kChangelogCorrupt);
  }
  head_version_.store(lowest, std::memory_order_release);
  {
    MutexLock head_lock(head_mu_);
    head_.version = lowest;
    head_.root = hasher_->Checksum(global_);
    for (const DataDb db : kAllDataDbs) {
      head_.dbs[IndexOf(db)] = state_[IndexOf(db)].total;
    }
  }
  ReplayProgress progress(logger_, lowest + 1, last);
  if (lowest < last) {
    recovery_.replayed_from = lowest + 1;
    recovery_.replayed_to = last;
    ASSIGN_OR_RETURN(const std::unique_ptr<WalReader> reader, wal_->NewReader(lowest + 1, last));
    while (true) {
      ASSIGN_OR_RETURN(const bool has_record, reader->Next());
      if (!has_record) {
        break;
      }
      RETURN_IF_ERROR(ReplayRecord(*reader, db_versions));
      // Below the highest DB version the sums mix states of different versions.
      if (reader->info().version >= highest) {
        RETURN_IF_ERROR(CheckRecoveredRoot(reader->info().version, reader->info().root));
      }
      progress.Replayed(reader->info().version);
    }
  } else if (!wal_->empty()) {
    ASSIGN_OR_RETURN(const WalRecordInfo record, wal_->Find(last));
    RETURN_IF_ERROR(CheckRecoveredRoot(last, record.root));
  }
  recovery_.seconds = progress.Seconds();
  logger_.Log(
      LogLevel::kInfo, "recovery.done",
      recovery_.replayed_from == 0
          ? fmt::format("store {} stands at version {}, nothing to replay", identity_.store_id,
                        last)
          : fmt::format("store {} stands at version {} after replaying {} to {} in {:.2f} s",
                        identity_.store_id, last, recovery_.replayed_from, last,
                        recovery_.seconds));
  return OkStatus();
}

Status StoreImpl::ReplayRecord(const WalReader& record,
                               const std::array<Version, kDataDbs>& db_versions) {
  const Version version = record.info().version;
  const std::string context = fmt::format("replaying version {}", version);
  StatusOr<ChangelogEntryView> entry = DecodeChangelogEntry(record.payload());
  if (!entry.ok() || entry->version != version) {
    return WithReason(
        DataLoss(fmt::format("{}: the record holds no entry of this version", context)),
        Reason::kChangelogCorrupt);
  }
  StatusOr<ClassifiedChanges> classified = Classify(entry->changes, NoLimits());
  if (!classified.ok()) {
    return Annotate(Recode(classified.status(), StatusCode::kDataLoss), context);
  }
  for (const DataDb db : kAllDataDbs) {
    if (version <= db_versions[IndexOf(db)]) {
      classified->updates[IndexOf(db)].clear();  // this DB holds the version already
    }
  }
  RETURN_IF_ERROR(write_behind_->WaitForRoom());
  StatusOr<ProcessedRows> processed =
      ProcessRows(version, *classified, {nullptr, &overlay_, dbs_.get()}, *hasher_, *pool_, [] {});
  if (!processed.ok()) {
    return Annotate(processed.status(), context);
  }
  PendingVersion pending(version);
  *pending.rows = std::move(processed->rows);
  pending.rows->arenas.push_back(std::move(classified->keys));
  pending.delta = std::move(processed->delta);
  pending.root = hasher_->Checksum(GlobalHash(global_, pending.delta));
  Publish(pending, record.payload().size());
  return OkStatus();
}

Status StoreImpl::CheckRecoveredRoot(Version version, const Digest& recorded) {
  const Digest root = hasher_->Checksum(global_);
  if (root == recorded) {
    return OkStatus();
  }
  return WithReason(
      DataLoss(fmt::format(
          "the rows at version {} give root {}, and the changelog recorded {}: a data DB is "
          "damaged; move {} away to rebuild the data DBs from the changelog",
          version, HexEncode(AsBytes(root)), HexEncode(AsBytes(recorded)),
          JoinPath(directory_, kWorkingDirectory))),
      Reason::kRootMismatch);
}

Status StoreImpl::Flush() {
  if (closed_.load(std::memory_order_acquire)) {
    return OkStatus();
  }
  RETURN_IF_ERROR(poison_.Check());
  return write_behind_->Flush();
}

Status StoreImpl::Close() {
  MutexLock lock(commit_mu_);
  if (closed_.exchange(true)) {
    return OkStatus();
  }
  pending_.reset();
  repeated_.reset();
  wal_syncer_.reset();
  // A poisoned store writes nothing more: what is on disk is what recovery starts from.
  Status first = poison_.IsSet() ? OkStatus() : write_behind_->Flush();
  write_behind_.reset();
  first.Update(dbs_->Close());
  flush_wal_.store(nullptr);
  if (!poison_.IsSet()) {
    first.Update(wal_->Close());
  }
  lock_.reset();
  return first;
}

}  // namespace flatkv
