#include "flatkv/store/restore_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/backup_set.h"
#include "flatkv/snapshot/pins.h"
#include "flatkv/snapshot/snapshot_set.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/snapshot/store_swap.h"

namespace flatkv {
namespace {

// Manifest, changelog and the clone's own files beside what is counted.
constexpr uint64_t kSpareBytes = uint64_t{4} << 20;

class Preparer {
 public:
  Preparer(FileSystem& fs, const RestoreRequest& request)
      : fs_(fs),
        request_(request),
        own_store_(JoinPath(request.home, kStoreName)),
        target_store_(JoinPath(request.to.empty() ? request.home : request.to, kStoreName)) {}

  StatusOr<PreparedRestore> Prepare() {
    RETURN_IF_ERROR(CheckRequest());
    RETURN_IF_ERROR(Lock());
    RETURN_IF_ERROR(request_.from.empty() ? FindOwn() : FindBackup());
    RETURN_IF_ERROR(CheckTarget());
    RETURN_IF_ERROR(CheckSpace());
    Describe();
    return std::move(prepared_);
  }

 private:
  Status CheckRequest() const {
    if (request_.home.empty() && (request_.to.empty() || request_.from.empty())) {
      return InvalidArgument("a home is needed: --home DIR");
    }
    if (request_.from.empty() && !request_.version.has_value() && request_.pin_id.empty()) {
      return InvalidArgument("restore from what? --from DIR, --snapshot V or --pinned ID");
    }
    if (!request_.pin_id.empty() && (request_.version.has_value() || !request_.from.empty())) {
      return InvalidArgument("a pin names one snapshot of the store itself: give it alone");
    }
    return OkStatus();
  }

  // Nobody has the store open while it is replaced, or while its snapshots are read.
  Status Lock() {
    if (!request_.to.empty() && !request_.from.empty()) {
      return OkStatus();
    }
    ASSIGN_OR_RETURN(const bool exists, Exists(fs_, own_store_));
    if (!exists) {
      return request_.from.empty()
                 ? NotFound(fmt::format("{}: there is no store in this directory", request_.home))
                 : OkStatus();
    }
    StatusOr<std::unique_ptr<FileLock>> lock = fs_.Lock(JoinPath(own_store_, kLockName));
    if (!lock.ok()) {
      return Annotate(lock.status(),
                      fmt::format("the store in {} must not be open: stop flatkvd", request_.home));
    }
    prepared_.lock = *std::move(lock);
    return OkStatus();
  }

  Status FindBackup() {
    const BackupSet set(fs_, request_.from);
    ASSIGN_OR_RETURN(const BackupIdentity identity, set.ReadIdentity());
    ASSIGN_OR_RETURN(const std::vector<Version> versions, set.List());
    if (versions.empty()) {
      return WithReason(NotFound(fmt::format("{} has no backup yet", request_.from)),
                        Reason::kSnapshotMissing);
    }
    const Version version = request_.version.value_or(versions.back());
    RETURN_IF_ERROR(CheckThere(request_.from, version, versions));
    // Before anything else of it is looked at: of another store nothing is of interest.
    RETURN_IF_ERROR(CheckIdentity(identity.store_id, identity.suite, identity.initial_version));
    StagedSource& source = prepared_.source;
    ASSIGN_OR_RETURN(source.manifest, set.ReadManifest(version, identity));
    ASSIGN_OR_RETURN(source.record,
                     ReadLoneRecordOf(fs_, set.RecordPathOf(version), source.manifest));
    source.snapshot = set.PathOf(version);
    return OkStatus();
  }

  Status FindOwn() {
    const SnapshotSet set(fs_, own_store_);
    ASSIGN_OR_RETURN(const std::vector<Version> versions, set.List());
    Version version = request_.version.value_or(0);
    if (!request_.pin_id.empty()) {
      ASSIGN_OR_RETURN(const std::vector<Pin> pins, Pins(fs_, own_store_).List());
      const auto pin = std::find_if(pins.begin(), pins.end(), [this](const Pin& candidate) {
        return candidate.id == request_.pin_id;
      });
      if (pin == pins.end()) {
        return NotFound(
            fmt::format("there is no pin {}: flatkv snapshot pins lists them", request_.pin_id));
      }
      version = pin->version;
    }
    RETURN_IF_ERROR(CheckThere(own_store_, version, versions));
    StagedSource& source = prepared_.source;
    ASSIGN_OR_RETURN(source.manifest, set.ReadManifest(version));
    RETURN_IF_ERROR(CheckIdentity(source.manifest.store_id, source.manifest.suite,
                                  source.manifest.initial_version));
    ASSIGN_OR_RETURN(source.record,
                     ReadRecordOf(fs_, JoinPath(own_store_, kChangelogName), source.manifest));
    source.snapshot = set.PathOf(version);
    source.link_tables = request_.to.empty();
    return OkStatus();
  }

  static Status CheckThere(const std::string& where, Version version,
                           const std::vector<Version>& there) {
    if (std::binary_search(there.begin(), there.end(), version)) {
      return OkStatus();
    }
    return WithReason(
        NotFound(fmt::format("{} has no snapshot of version {}; it has {}", where, version,
                             there.empty() ? "none" : fmt::format("{}", fmt::join(there, ", ")))),
        Reason::kSnapshotMissing);
  }

  Status CheckIdentity(const std::string& store_id, Suite suite, Version initial_version) {
    const std::string where = request_.from.empty() ? own_store_ : request_.from;
    if (request_.to.empty()) {
      ASSIGN_OR_RETURN(const std::string present, StoreIdAt(fs_, target_store_));
      if (!present.empty() && present != store_id && request_.replaces != present) {
        return WithReason(
            FailedPrecondition(fmt::format(
                "{} is of store {}, and {} has store {}: to replace that one all the same, add "
                "--replaces {}; to leave it alone, restore --to another directory",
                where, store_id, request_.home, present, present)),
            Reason::kIncompatibleFormat);
      }
    }
    if (request_.suite.has_value() && *request_.suite != suite) {
      return WithReason(
          FailedPrecondition(fmt::format("{} is of suite {}, and [store] suite asks for {}", where,
                                         SuiteName(suite), SuiteName(*request_.suite))),
          Reason::kSuiteMismatch);
    }
    if (request_.initial_version.has_value() && *request_.initial_version != initial_version) {
      return WithReason(
          FailedPrecondition(fmt::format(
              "{} is of a store that begins at version {}, and [store] initial-version asks for {}",
              where, initial_version, *request_.initial_version)),
          Reason::kIncompatibleFormat);
    }
    return OkStatus();
  }

  Status CheckTarget() {
    RestorePlan& plan = prepared_.plan;
    ASSIGN_OR_RETURN(plan.replaces, Exists(fs_, target_store_));
    if (plan.replaces && !request_.to.empty()) {
      return InvalidArgument(
          fmt::format("{} has a store already: give a directory without one, or "
                      "restore with --home {} to replace it",
                      request_.to, request_.to));
    }
    if (plan.replaces) {
      ASSIGN_OR_RETURN(plan.replaced_store_id, StoreIdAt(fs_, target_store_));
    }
    plan.home = ParentPath(target_store_);
    return OkStatus();
  }

  Status CheckSpace() const {
    uint64_t needed = kSpareBytes + prepared_.source.record.payload.size();
    if (!prepared_.source.link_tables) {
      needed += prepared_.source.manifest.TotalBytes();
    }
    // The nearest directory that is there.
    std::string at = prepared_.plan.home;
    while (!fs_.List(at).ok() && ParentPath(at) != at) {
      at = ParentPath(at);
    }
    ASSIGN_OR_RETURN(const uint64_t free, fs_.FreeBytes(at));
    return needed <= free
               ? OkStatus()
               : ResourceExhausted(fmt::format("{}: the restore needs {} bytes and {} are free", at,
                                               needed, free));
  }

  void Describe() {
    const SnapshotManifest& manifest = prepared_.source.manifest;
    RestorePlan& plan = prepared_.plan;
    plan.source = prepared_.source.snapshot;
    plan.source_store_id = manifest.store_id;
    plan.suite = manifest.suite;
    plan.initial_version = manifest.initial_version;
    plan.version = manifest.version;
    plan.root = manifest.root;
    plan.files = manifest.files.size();
    plan.bytes = manifest.TotalBytes();
    plan.links_tables = prepared_.source.link_tables;
    plan.steps = {
        fmt::format("{} the snapshot of version {} into a new store beside {}",
                    plan.links_tables ? "link" : "copy", plan.version, target_store_),
        "check every file's digest, and every row of a clone against the manifest's root"};
    if (plan.replaces) {
      plan.steps.push_back(fmt::format("exchange {} with the new store", target_store_));
      plan.steps.push_back(
          fmt::format("move the old store to {}", JoinPath(plan.home, kQuarantineName)));
    } else {
      plan.steps.push_back(fmt::format("rename the new store to {}", target_store_));
    }
  }

  FileSystem& fs_;
  const RestoreRequest& request_;
  const std::string own_store_;
  const std::string target_store_;
  PreparedRestore prepared_;
};

}  // namespace

StatusOr<PreparedRestore> PrepareRestore(FileSystem& fs, const RestoreRequest& request) {
  return Preparer(fs, request).Prepare();
}

StatusOr<RestorePlan> PlanRestore(FileSystem& fs, const RestoreRequest& request) {
  ASSIGN_OR_RETURN(PreparedRestore prepared, PrepareRestore(fs, request));
  return std::move(prepared.plan);
}

}  // namespace flatkv
