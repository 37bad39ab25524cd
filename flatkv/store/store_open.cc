// Opening and closing a store. docs/durability.md, "Open", has the same steps.
#include <fmt/format.h>
#include <unistd.h>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/snapshot/text_record.h"
#include "flatkv/store/store_impl.h"

namespace flatkv {
namespace {

constexpr char kStoreDirectory[] = "flatkv";

// Whether a directory is absent or empty.
StatusOr<bool> IsEmptyDirectory(FileSystem& fs, const std::string& path) {
  const StatusOr<std::vector<std::string>> names = fs.List(path);
  if (!names.ok()) {
    return IsNotFound(names.status()) ? StatusOr<bool>(true) : StatusOr<bool>(names.status());
  }
  return names->empty();
}

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
      poison_(logger),
      catalog_(fs, directory_),
      views_(options.views),
      corruption_(logger, options.scrub.refuse_reads_when_corrupt) {}

StoreImpl::~StoreImpl() {
  // Nothing durable happens here: a store that was not closed recovers like one that was killed.
  const Status closed = WithReason(Unavailable("the store is closed"), Reason::kClosed);
  closing_.store(true, std::memory_order_release);
  StopScrub();
  MutexLock lock(commit_mu_);
  iterators_.EndAll(closed);
  views_.EndAll(closed);
  DropOpenState();
}

Status StoreImpl::Open() {
  MutexLock lock(commit_mu_);
  // 1. The directory and the lock.
  RETURN_IF_ERROR(MakeDirsDurably(fs_, directory_));
  ASSIGN_OR_RETURN(lock_, fs_.Lock(JoinPath(directory_, kLockName)));
  RETURN_IF_ERROR(FinishInterruptedSwaps());
  // 2. What the store is, and whether it was closed cleanly.
  RETURN_IF_ERROR(ReadDirty());
  RETURN_IF_ERROR(WipeIfAsked());
  RETURN_IF_ERROR(OpenIdentity());
  if (recovery_.was_dirty && options_.on_dirty_store == OnDirtyStore::kFail) {
    return WithReason(
        FailedPrecondition("the store was not closed cleanly, and [recovery] on-dirty-store = "
                           "\"fail\" refuses that; \"recover\" goes on from the changelog"),
        Reason::kDirtyStore);
  }
  RETURN_IF_ERROR(MarkDirty());
  hasher_.emplace(identity_.suite);
  pool_ = std::make_unique<ThreadPool>("fkv-work", options_.threads);
  readers_ = std::make_unique<MissingRowReader>(fs_, logger_, options_);
  background_ = std::make_unique<BackgroundThreads>(options_.background_threads);
  // 3. The directory: interrupted operations, leftovers, `current`, working/.
  std::optional<Intent> intent;
  RETURN_IF_ERROR(PrepareDirectory(&intent));
  // 4. The data DBs and the changelog, brought to one version.
  const bool undoing = intent.has_value() && intent->method == RollbackMethod::kUndo &&
                       intent->kind != IntentKind::kReorgCommit;
  RETURN_IF_ERROR(OpenWorking(undoing ? std::optional(intent->target) : std::nullopt, &recovery_));
  // 5. What is left of an interrupted operation, and what runs while the store is open.
  return FinishOpen(intent);
}

Status StoreImpl::ReadDirty() {
  ASSIGN_OR_RETURN(recovery_.was_dirty, Exists(fs_, JoinPath(directory_, kDirtyName)));
  return OkStatus();
}

Status StoreImpl::MarkDirty() {
  if (recovery_.was_dirty) {
    return OkStatus();  // it says who left the store so
  }
  TextRecordWriter writer("flatkv-dirty", 1);
  writer.AddNumber("pid", static_cast<uint64_t>(getpid()));
  writer.AddNumber("opened-unix-seconds", UnixSecondsNow());
  return WriteFileDurably(fs_, JoinPath(directory_, kDirtyName), std::move(writer).Finish());
}

Status StoreImpl::OpenIdentity() {
  const std::string path = JoinPath(directory_, kIdentityName);
  const std::string changelog = JoinPath(directory_, kChangelogName);
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
    ASSIGN_OR_RETURN(const bool has_log, Exists(fs_, changelog));
    return has_log
               ? OkStatus()
               : WithReason(DataLoss(fmt::format(
                                "{} is missing: it holds every version; restore it from a backup",
                                changelog)),
                            Reason::kChangelogCorrupt);
  }
  if (!IsNotFound(text.status())) {
    return text.status();
  }
  // A new store, or one whose creation was interrupted: the identity comes before any data.
  for (const char* name : {kChangelogName, kWorkingName}) {
    const std::string directory = JoinPath(directory_, name);
    ASSIGN_OR_RETURN(const bool is_empty, IsEmptyDirectory(fs_, directory));
    if (!is_empty) {
      return DataLoss(
          fmt::format("{} is missing while {} holds data; restore it from a backup of this store",
                      path, directory));
    }
  }
  ASSIGN_OR_RETURN(const std::vector<Version> snapshots, catalog_.Versions());
  if (!snapshots.empty()) {
    return DataLoss(
        fmt::format("{} is missing while there are snapshots in {}; restore it from a "
                    "backup of this store",
                    path, directory_));
  }
  RETURN_IF_ERROR(MakeDirsDurably(fs_, changelog));
  const Version initial_version = options_.initial_version.value_or(1);
  if (initial_version < 1) {
    return InvalidArgument(
        fmt::format("the initial version is {}; it must be at least 1", initial_version));
  }
  identity_ = NewIdentity(options_.suite.value_or(Suite::kSha256), initial_version);
  recovery_.was_dirty = false;  // of no store
  return WriteFileDurably(fs_, path, EncodeIdentity(identity_));
}

Status StoreImpl::PrepareDirectory(std::optional<Intent>* intent) {
  RETURN_IF_ERROR(SnapshotSet(fs_, directory_).CleanLeftovers());
  RETURN_IF_ERROR(RemoveTreeDurably(fs_, JoinPath(directory_, kScratchName)));
  ASSIGN_OR_RETURN(*intent, ReadIntent(fs_, directory_));
  ASSIGN_OR_RETURN(const bool is_flat, HasFlatLayout());
  const bool migrating = intent->has_value() && (*intent)->kind == IntentKind::kMigrate;
  if (is_flat || migrating) {
    RETURN_IF_ERROR(MigrateFlatLayout(migrating));
    intent->reset();
  }
  if (intent->has_value()) {
    recovery_.finished_operation = fmt::format(
        "{} to version {}", (*intent)->kind == IntentKind::kRollback ? "rollback" : "reorg",
        (*intent)->target);
    logger_.Log(LogLevel::kWarning, "recovery.resume",
                fmt::format("finishing an interrupted {}", recovery_.finished_operation));
    if ((*intent)->kind != IntentKind::kReorgCommit) {
      RETURN_IF_ERROR(ResumeRollback(**intent));
    }
  }
  RETURN_IF_ERROR(ResolveCurrent());
  if (recovery_.was_dirty && options_.on_dirty_store == OnDirtyStore::kRestoreSnapshot) {
    ASSIGN_OR_RETURN(const bool can_rebuild, CanRebuildWorking());
    if (can_rebuild) {
      RETURN_IF_ERROR(SetAside(kWorkingName,
                               "the store was not closed cleanly, and [recovery] on-dirty-store = "
                               "\"restore-snapshot\"",
                               &recovery_));
    }
  }
  return EnsureWorking();
}

Status StoreImpl::FinishOpen(const std::optional<Intent>& intent) {
  if (intent.has_value()) {
    RETURN_IF_ERROR(intent->kind == IntentKind::kRollback ? ClearIntent(fs_, directory_)
                                                          : FinishReorg(*intent));
  }
  RETURN_IF_ERROR(RemoveTreeDurably(fs_, JoinPath(directory_, kReorgName)));
  RETURN_IF_ERROR(RequestOverdueSnapshot());
  return OpenScrub();
}

Status StoreImpl::Flush() {
  ReaderLock lock(open_mu_);
  if (closed_.load(std::memory_order_acquire)) {
    return OkStatus();
  }
  RETURN_IF_ERROR(poison_.Check());
  return open_->write_behind->Flush();
}

Status StoreImpl::Close() {
  closing_.store(true, std::memory_order_release);
  StopScrub();
  MutexLock lock(commit_mu_);
  WriterLock open_lock(open_mu_);
  if (closed_.exchange(true)) {
    return OkStatus();
  }
  pending_.reset();
  repeated_.reset();
  const Status closed = WithReason(Unavailable("the store is closed"), Reason::kClosed);
  iterators_.EndAll(closed);
  views_.EndAll(closed);
  Status first;
  if (open_ != nullptr) {
    open_->wal_syncer.reset();
    open_->filter_builder.reset();
    // A poisoned store writes nothing more: what is on disk is what recovery starts from.
    const bool clean = !poison_.IsSet();
    if (clean) {
      first.Update(open_->write_behind->Flush());
    }
    open_->write_behind.reset();
    open_->snapshotter.reset();
    first.Update(open_->dbs->Close());
    flush_wal_.store(nullptr);
    if (clean && first.ok()) {
      SaveKeyFilter(fs_, logger_, directory_, identity_, *open_->rows, HeadVersion());
    }
    if (clean) {
      first.Update(open_->undo->Close());
      open_->hash_log->Close();
      first.Update(open_->wal->Close());
      first.Update(RemoveTreeDurably(fs_, JoinPath(directory_, kScratchName)));
      // Last: what is not marked dirty any more needs no recovery.
      if (first.ok()) {
        first.Update(RemoveFileDurably(fs_, JoinPath(directory_, kDirtyName)));
      }
    }
    open_.reset();
  }
  lock_.reset();
  return first;
}

}  // namespace flatkv
