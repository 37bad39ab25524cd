#include "flatkv/store/restore.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/snapshot/intent.h"
#include "flatkv/snapshot/store_layout.h"
#include "flatkv/snapshot/store_swap.h"
#include "flatkv/store/identity.h"
#include "flatkv/store/restore_plan.h"
#include "flatkv/store/snapshot_catalog.h"

namespace flatkv {
namespace {

constexpr char kCheckName[] = "check";

// Locks of the operation's own directory and of the store in it.
struct StagingLocks {
  std::unique_ptr<FileLock> staging;
  std::unique_ptr<FileLock> store;
};

StatusOr<StagingLocks> LockStaging(FileSystem& fs, const std::string& staging,
                                   const std::string& store) {
  RETURN_IF_ERROR(MakeDirsDurably(fs, store));
  StagingLocks locks;
  ASSIGN_OR_RETURN(locks.staging, fs.Lock(JoinPath(staging, kLockName)));
  ASSIGN_OR_RETURN(locks.store, fs.Lock(JoinPath(store, kLockName)));
  return locks;
}

}  // namespace

StatusOr<RestoreReport> Restore(FileSystem& fs, Logger& logger, const RestoreRequest& request,
                                const OnRestore& on_restore) {
  const auto start = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(const PreparedRestore prepared, PrepareRestore(fs, request));
  const RestorePlan& plan = prepared.plan;
  const std::string operation_id = NewOperationId();
  const std::string staging = StagingPath(plan.home, operation_id);
  const std::string store = StagedStorePath(plan.home, operation_id);
  // Another store than the one that it came from: the two may go on to differ.
  const Identity identity = NewIdentity(plan.suite, plan.initial_version);
  StatusOr<StagingLocks> locks = LockStaging(fs, staging, store);
  Status staged = locks.status();
  if (staged.ok()) {
    staged = BuildStagedStore(fs, logger, store, prepared.source, identity, on_restore);
  }
  if (staged.ok()) {
    staged = ValidateStagedStore(fs, logger, store, JoinPath(staging, kCheckName), plan.version,
                                 on_restore);
  }
  if (!staged.ok()) {
    // It may hold the very space that ran out. The first error is the one to report.
    RemoveTreeDurably(fs, staging).IgnoreError();
    return Annotate(staged,
                    fmt::format("restoring version {} (nothing was changed)", plan.version));
  }
  SwapRecord swap;
  swap.operation = "restore";
  swap.operation_id = operation_id;
  swap.reason =
      fmt::format("replaced by a restore of version {} from {}", plan.version, plan.source);
  swap.from_store_id = plan.replaced_store_id;
  swap.to_store_id = identity.store_id;
  swap.version = plan.version;
  swap.root = plan.root;
  RestoreReport report;
  // From here on the staging directory is the swap's: the next open finishes what is left of it.
  ASSIGN_OR_RETURN(report.quarantine_entry, SwapStores(fs, plan.home, swap, UnixSecondsNow()));
  report.plan = plan;
  report.store_id = identity.store_id;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace flatkv
