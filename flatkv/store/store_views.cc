// Views at retained versions.
#include <fmt/format.h>

#include "flatkv/base/hex.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/store/replay_record.h"
#include "flatkv/store/snapshot_base.h"
#include "flatkv/store/store_impl.h"

namespace flatkv {
namespace {

// Memtables of the four DBs of a clone that replays.
constexpr uint64_t kCloneWriteBufferBytes = uint64_t{4} << 20;

}  // namespace

StatusOr<std::shared_ptr<StoreView>> StoreImpl::ViewAt(Version version) {
  RETURN_IF_ERROR(corruption_.CheckRead());
  ASSIGN_OR_RETURN(std::shared_ptr<View> view, OpenView(version));
  return std::shared_ptr<StoreView>(std::move(view));
}

StatusOr<std::shared_ptr<View>> StoreImpl::OpenView(Version version) {
  ReaderLock open_lock(open_mu_);
  RETURN_IF_ERROR(CheckReadable());
  RETURN_IF_ERROR(CheckRetained(version));
  return views_.Get(version,
                    [this, version]() NO_THREAD_SAFETY_ANALYSIS { return BuildView(version); });
}

StatusOr<Version> StoreImpl::OldestRetained() {
  const Wal& wal = *open_->wal;
  if (HeadVersion() < identity_.initial_version) {
    return Version{0};
  }
  if (!wal.empty() && wal.first_version() <= identity_.initial_version) {
    return identity_.initial_version;
  }
  ASSIGN_OR_RETURN(const std::vector<Version> snapshots, catalog_.Versions());
  for (const Version snapshot : snapshots) {
    if (snapshot + 1 >= wal.first_version()) {
      return snapshot;
    }
  }
  return HeadVersion();
}

Status StoreImpl::CheckRetained(Version version) {
  const Version head = HeadVersion();
  if (version > head) {
    return WithReason(OutOfRange(fmt::format("version {} is above the head {}", version, head)),
                      Reason::kVersionAboveHead);
  }
  ASSIGN_OR_RETURN(const Version oldest, OldestRetained());
  if (oldest != 0 && version >= oldest) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const std::vector<Version> snapshots, catalog_.Versions());
  std::string lack = "the store has no version yet";
  if (oldest != 0) {
    lack = fmt::format("the oldest retained version is {}: the changelog begins at {} and {}",
                       oldest, open_->wal->first_version(),
                       snapshots.empty()
                           ? "there is no snapshot"
                           : fmt::format("the oldest snapshot is {}", snapshots.front()));
  }
  return WithReason(OutOfRange(fmt::format("version {} cannot be reached: {}", version, lack)),
                    Reason::kVersionUnreachable);
}

StatusOr<std::shared_ptr<View>> StoreImpl::BuildView(Version version) {
  ASSIGN_OR_RETURN(std::shared_ptr<View> view, BuildRecentView(version));
  if (view == nullptr) {
    ASSIGN_OR_RETURN(view, BuildClonedView(version));
  }
  ASSIGN_OR_RETURN(const Digest recorded, RootAtLocked(version));
  if (view->root() != recorded) {
    return WithReason(DataLoss(fmt::format(
                          "the view of version {} has root {}, recorded is {}: flatkv verify "
                          "--full says what is damaged",
                          version, HexEncode(AsBytes(view->root())), HexEncode(AsBytes(recorded)))),
                      Reason::kRootMismatch);
  }
  return view;
}

StatusOr<std::shared_ptr<View>> StoreImpl::BuildRecentView(Version version) {
  const Version first_undo = open_->undo->first();
  if (version != HeadVersion() && (first_undo == 0 || version < first_undo - 1)) {
    return std::shared_ptr<View>();
  }
  RETURN_IF_ERROR(open_->write_behind->WaitWritten(version));
  ViewContents contents;
  contents.version = version;
  Version at = 0;
  RETURN_IF_ERROR(open_->write_behind->AtBoundary([&](Version written) {
    at = written;
    contents.rows = NewHeldSource(*open_->dbs);
  }));
  for (const DataDb db : kAllDataDbs) {
    const std::unique_ptr<KvIterator> rows = contents.rows->NewIterator(db);
    ASSIGN_OR_RETURN(LoadedDb loaded, DataDbs::LoadFrom(db, *rows));
    contents.state[IndexOf(db)] = std::move(loaded.state);
  }
  if (at > version) {
    StatusOr<Undo> undo = open_->undo->ReadRange(version, at, /*check_changelog=*/true);
    if (!undo.ok() || undo->bytes > views_.MemoryLeft()) {
      return std::shared_ptr<View>();  // pruned meanwhile, or too much to hold: clone
    }
    for (const DataDb db : kAllDataDbs) {
      DbState& state = contents.state[IndexOf(db)];
      state = UndoneState(state, undo->dbs[IndexOf(db)]);
    }
    contents.memory_bytes = undo->bytes;
    contents.rows = NewUndoneSource(std::move(contents.rows), *std::move(undo));
  }
  contents.root = hasher_->Checksum(GlobalHash(contents.state));
  return std::make_shared<View>(fs_, std::move(contents));
}

StatusOr<std::shared_ptr<View>> StoreImpl::BuildClonedView(Version version) {
  ASSIGN_OR_RETURN(const SnapshotCatalog::Leased base, catalog_.LeaseAtOrBelow(version));
  const std::string scratch = JoinPath(directory_, kScratchName);
  RETURN_IF_ERROR(MakeDirsDurably(fs_, scratch));
  const std::string directory =
      JoinPath(scratch, fmt::format("view-{}-{}", version, NewOperationId()));
  const auto remove_half = [&](const Status& cause) {
    RemoveTreeDurably(fs_, directory).IgnoreError();  // scratch: the next open tries again
    return cause;
  };
  const std::optional<Version> from =
      base.version != 0 ? std::optional(base.version) : std::nullopt;
  if (const Status cloned = CloneInto(from, directory); !cloned.ok()) {
    return remove_half(cloned);
  }
  ViewContents contents;
  contents.version = version;
  contents.clone_directory = directory;
  contents.lease = base.lease;
  contents.memory_bytes = kDataDbs * kCloneWriteBufferBytes;
  StatusOr<std::unique_ptr<ScratchDbs>> clone =
      ScratchDbs::Open(fs_, logger_, directory, kCloneWriteBufferBytes);
  if (!clone.ok()) {
    return remove_half(clone.status());
  }
  contents.clone = *std::move(clone);
  DataDbs& dbs = contents.clone->dbs();
  for (const DataDb db : kAllDataDbs) {
    StatusOr<LoadedDb> loaded = dbs.Load(db);
    if (!loaded.ok()) {
      contents.clone.reset();
      return remove_half(loaded.status());
    }
    contents.state[IndexOf(db)] = std::move(loaded->state);
  }
  const auto go_on = [this](Version) { return !closing_ && !rolling_back_; };
  ThreadPool pool("fkv-view", 1);
  StoreOptions in_one_thread = options_;
  in_one_thread.threads = in_one_thread.read_threads = 1;
  in_one_thread.direct_reads = DirectReadsChoice::kNever;
  MissingRowReader reader(fs_, logger_, in_one_thread);
  if (const Status replayed = ReplayInto(
          dbs, from.value_or(identity_.initial_version - 1), version, *open_->wal,
          options_.replay_check_every, {*hasher_, {pool, reader}, logger_}, go_on, &contents.state);
      !replayed.ok()) {
    contents.clone.reset();
    return remove_half(
        go_on(version)
            ? replayed
            : WithReason(Aborted("the store was closed or rolled back while the view was made"),
                         Reason::kRolledBack));
  }
  contents.rows = NewStillSource(dbs);
  contents.root = hasher_->Checksum(GlobalHash(contents.state));
  return std::make_shared<View>(fs_, std::move(contents));
}

}  // namespace flatkv
