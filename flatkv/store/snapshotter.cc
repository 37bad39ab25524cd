#include "flatkv/store/snapshotter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "flatkv/base/hex.h"
#include "flatkv/base/thread_pool.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/intent.h"
#include "flatkv/snapshot/snapshot_files.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/store/clone_check.h"
#include "flatkv/store/snapshot_base.h"

namespace flatkv {
namespace {

Status StoppedStatus() {
  return Unavailable("the store stopped before the snapshot was published");
}

SnapshotDb DescribeDb(const DbState& state, const RowHasher& hasher) {
  SnapshotDb db;
  db.checksum = hasher.Checksum(state.total.hash);
  db.rows = state.total.rows;
  db.bytes = state.total.bytes;
  for (const auto& [name, module] : state.modules) {
    db.modules.push_back({name, hasher.Checksum(module.hash), module.rows, module.bytes});
  }
  return db;
}

}  // namespace

void SnapshotLog::Began(Version version) {
  MutexLock lock(mu_);
  activity_.running = version;
}

void SnapshotLog::Ended(Version version, double seconds, const Status& status) {
  MutexLock lock(mu_);
  activity_.running = 0;
  if (status.ok()) {
    ++activity_.taken;
    activity_.last_version = version;
    activity_.last_seconds = seconds;
    activity_.last_error.clear();
  } else {
    ++activity_.failed;
    activity_.last_error = fmt::format("snapshot {}: {}", version, MessageOf(status));
  }
}

void SnapshotLog::Stopped() {
  MutexLock lock(mu_);
  activity_.running = 0;
}

SnapshotActivity SnapshotLog::Activity() const {
  MutexLock lock(mu_);
  return activity_;
}

Snapshotter::Snapshotter(DataDbs& dbs, Context context)
    : dbs_(dbs), context_(std::move(context)), thread_([this] {
        SetThreadName("fkv-snapshot");
        Run();
      }) {}

Snapshotter::~Snapshotter() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  AbandonCheckpoints();
  thread_.join();
  MutexLock lock(mu_);
  if (next_ != nullptr) {
    next_->Finish(StoppedStatus());
  }
}

bool Snapshotter::Stopping() {
  MutexLock lock(mu_);
  return stopping_;
}

void Snapshotter::AbandonCheckpoints() {
  for (const DataDb db : kAllDataDbs) {
    dbs_[db].AbandonCheckpoint();
  }
}

void Snapshotter::CloseCheckpoint(bool abandon) {
  if (abandon) {
    AbandonCheckpoints();
  }
  {
    MutexLock lock(mu_);
    checkpoint_open_ = false;
  }
  changed_.NotifyAll();
}

void Snapshotter::Begin(std::shared_ptr<SnapshotRequest> request) {
  {
    MutexLock lock(mu_);
    while (!stopping_ && (checkpoint_open_ || next_ != nullptr)) {
      changed_.Wait(mu_);
    }
    if (stopping_) {
      request->Finish(StoppedStatus());
      return;
    }
    checkpoint_open_ = true;
  }
  Status begun;
  for (const DataDb db : kAllDataDbs) {
    if (begun.ok()) {
      begun = Annotate(dbs_[db].BeginCheckpoint(), fmt::format("data DB {}", NameOf(db)));
    }
  }
  MutexLock lock(mu_);
  if (begun.ok()) {
    next_ = std::move(request);
  } else {
    AbandonCheckpoints();
    checkpoint_open_ = false;
    context_.log.Ended(request->version, 0, begun);
    request->Finish(begun);
  }
  changed_.NotifyAll();
}

void Snapshotter::Run() {
  while (true) {
    std::shared_ptr<SnapshotRequest> request;
    {
      MutexLock lock(mu_);
      while (!stopping_ && next_ == nullptr) {
        changed_.Wait(mu_);
      }
      if (stopping_) {
        return;
      }
      request = std::move(next_);
      next_ = nullptr;
    }
    context_.log.Began(request->version);
    StatusOr<SnapshotManifest> outcome = Take(*request);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - request->requested)
            .count();
    if (!outcome.ok() && Stopping()) {
      context_.log.Stopped();
      request->Finish(StoppedStatus());
      return;
    }
    context_.log.Ended(request->version, seconds, outcome.status());
    if (outcome.ok()) {
      context_.logger.Log(
          LogLevel::kInfo, "snapshot.taken",
          fmt::format("snapshot of version {}: {} files, {} bytes, {:.3f} s", request->version,
                      outcome->files.size(), outcome->TotalBytes(), seconds));
    } else {
      context_.logger.Log(
          LogLevel::kError, "snapshot.failed",
          fmt::format("snapshot of version {}: {}", request->version, MessageOf(outcome.status())));
    }
    request->Finish(std::move(outcome));
  }
}

StatusOr<SnapshotManifest> Snapshotter::Take(const SnapshotRequest& request) {
  StatusOr<SnapshotManifest> manifest = Build(request);
  if (!manifest.ok()) {
    // A candidate that failed is of no use. The next open removes what cannot be removed now.
    RemoveTreeDurably(context_.fs, context_.catalog.TemporaryPathOf(request.version)).IgnoreError();
    return manifest;
  }
  const StatusOr<std::vector<Version>> pruned =
      context_.catalog.Prune(context_.options.snapshot.keep_recent);
  if (!pruned.ok()) {
    context_.logger.Log(LogLevel::kError, "snapshot.prune_failed",
                        fmt::format("old snapshots stay: {}", MessageOf(pruned.status())));
  } else if (!pruned->empty()) {
    context_.logger.Log(LogLevel::kInfo, "snapshot.pruned",
                        fmt::format("removed the snapshots of {}", fmt::join(*pruned, ", ")));
  }
  context_.on_published();
  return manifest;
}

StatusOr<SnapshotManifest> Snapshotter::Build(const SnapshotRequest& request) {
  const StatusOr<SnapshotManifest> existing = context_.catalog.ReadManifest(request.version);
  if (existing.ok() && existing->root == request.root) {
    CloseCheckpoint(true);
    RETURN_IF_ERROR(context_.catalog.SetCurrent(request.version));
    return existing;
  }
  SnapshotManifest manifest;
  StatusOr<std::vector<SnapshotFile>> linked = LinkTables(request);
  CloseCheckpoint(!linked.ok());
  RETURN_IF_ERROR(linked.status());
  manifest.files = *std::move(linked);
  RETURN_IF_ERROR(DigestFiles(request, &manifest.files));
  manifest.store_id = context_.identity.store_id;
  manifest.operation_id = NewOperationId();
  manifest.build = context_.options.build;
  manifest.engine = "leveldb 1.23";
  manifest.key_format = kKeyFormat;
  manifest.suite = context_.identity.suite;
  manifest.version = request.version;
  manifest.initial_version = context_.identity.initial_version;
  manifest.root = request.root;
  manifest.created_unix_seconds = UnixSecondsNow();
  manifest.wal_from = request.version + 1;
  manifest.content_digest = request.content_digest;
  for (const DataDb db : kAllDataDbs) {
    manifest.dbs[IndexOf(db)] = DescribeDb(request.state[IndexOf(db)], context_.hasher);
  }
  RETURN_IF_ERROR(Validate(manifest, request));
  RETURN_IF_ERROR(context_.catalog.Publish(manifest));
  return manifest;
}

StatusOr<std::vector<SnapshotFile>> Snapshotter::LinkTables(const SnapshotRequest& request) {
  RETURN_IF_ERROR(context_.catalog.BeginBuilding(request.version));
  const std::string building = context_.catalog.TemporaryPathOf(request.version);
  std::vector<SnapshotFile> files;
  for (const DataDb db : kAllDataDbs) {
    const std::string name(NameOf(db));
    StatusOr<std::vector<CheckpointFile>> linked =
        dbs_[db].FinishCheckpoint(JoinPath(building, name), context_.options.snapshot.allow_copy);
    if (!linked.ok()) {
      return Annotate(linked.status(), fmt::format("data DB {}", name));
    }
    for (const CheckpointFile& file : *linked) {
      files.push_back({JoinPath(name, file.name), file.size_bytes, {}});
    }
  }
  std::sort(files.begin(), files.end(),
            [](const SnapshotFile& a, const SnapshotFile& b) { return a.path < b.path; });
  return files;
}

// A table that the current snapshot has too is the same inode and has the same digest; only new
// ones are read.
Status Snapshotter::DigestFiles(const SnapshotRequest& request, std::vector<SnapshotFile>* files) {
  std::map<uint64_t, SnapshotFile> known;
  const StatusOr<std::optional<Version>> current = context_.catalog.Current();
  if (current.ok() && current->has_value()) {
    const StatusOr<SnapshotManifest> manifest = context_.catalog.ReadManifest(**current);
    if (manifest.ok()) {
      for (const SnapshotFile& file : manifest->files) {
        const StatusOr<FileInfo> info =
            context_.fs.Stat(JoinPath(context_.catalog.PathOf(**current), file.path));
        if (info.ok()) {
          known.emplace(info->inode, file);
        }
      }
    }
  }
  const std::string building = context_.catalog.TemporaryPathOf(request.version);
  for (SnapshotFile& file : *files) {
    if (Stopping()) {
      return StoppedStatus();
    }
    const std::string path = JoinPath(building, file.path);
    ASSIGN_OR_RETURN(const FileInfo info, context_.fs.Stat(path));
    const auto it = known.find(info.inode);
    if (it != known.end() && it->second.size_bytes == info.size_bytes) {
      file.digest = it->second.digest;
    } else {
      ASSIGN_OR_RETURN(file.digest, DigestFile(context_.fs, path));
    }
  }
  return OkStatus();
}

Status Snapshotter::Validate(const SnapshotManifest& manifest, const SnapshotRequest& request) {
  const std::string scratch = JoinPath(context_.directory, kScratchName);
  RETURN_IF_ERROR(MakeDirsDurably(context_.fs, scratch));
  const std::string clone = JoinPath(scratch, fmt::format("check-{}", manifest.operation_id));
  const SnapshotBase base{manifest.store_id, manifest.suite, manifest.version,
                          manifest.operation_id};
  Status status =
      CloneSnapshot(context_.fs, context_.catalog.TemporaryPathOf(manifest.version), clone,
                    manifest, context_.options.snapshot.allow_copy, EncodeSnapshotBase(base));
  if (status.ok()) {
    status = CheckClone(context_.fs, context_.logger, clone, request.version, request.state);
  }
  if (status.ok() && context_.options.snapshot.validation == SnapshotValidation::kFull) {
    status = context_.options.snapshot.full_validation
                 ? context_.options.snapshot.full_validation(clone)
                 : ValidateClone(context_.fs, context_.logger, clone);
  }
  RemoveTreeDurably(context_.fs, clone).IgnoreError();  // scratch: emptied at open too
  return Annotate(status, "checking the candidate");
}

}  // namespace flatkv
