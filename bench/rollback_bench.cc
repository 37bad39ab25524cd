#include "bench/rollback_bench.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "bench/percentiles.h"
#include "flatkv/fs/durable.h"
#include "flatkv/fs/path.h"
#include "flatkv/fs/posix_file_system.h"
#include "flatkv/store/store.h"

namespace flatkv::bench {
namespace {

class RollbackBench {
 public:
  RollbackBench(Store& store, const RollbackBenchOptions& options)
      : store_(store), options_(options), workload_(options.workload) {}

  StatusOr<nlohmann::json> Run() {
    for (uint64_t i = 0; i < workload_.preload_blocks(); ++i) {
      RETURN_IF_ERROR(Commit(workload_.NextPreload()));
    }
    RETURN_IF_ERROR(store_.Flush());
    for (uint64_t i = 0; i < options_.repeats; ++i) {
      RETURN_IF_ERROR(Measure());
    }
    nlohmann::json result;
    result["rows"] = options_.workload.rows;
    result["depth"] = options_.depth;
    result["updates_per_block"] = options_.workload.updates_per_block;
    result["snapshot_ms"] = snapshot_.At(0.5);
    result["snapshot_files"] = files_;
    result["snapshot_mib"] = mib_;
    result["undo_ms"] = undo_.At(0.5);
    result["replay_ms"] = replay_.At(0.5);
    result["recent_view_ms"] = view_.At(0.5);
    return result;
  }

 private:
  Status Commit(const ChangeSets& changes) {
    return store_.CommitBlock(++version_, changes).status();
  }

  Status Measure() {
    // A block first, so that the snapshot is of a version of its own and has something to flush.
    RETURN_IF_ERROR(Commit(workload_.NextBlock()));
    ASSIGN_OR_RETURN(const SnapshotSummary snapshot, store_.admin().CreateSnapshot());
    snapshot_.Add(store_.admin().Retention().activity.last_seconds * 1e3);
    files_ = snapshot.manifest.files.size();
    mib_ = static_cast<double>(snapshot.manifest.TotalBytes()) / (1 << 20);
    const Version base = version_;
    for (const RollbackChoice choice : {RollbackChoice::kUndo, RollbackChoice::kReplay}) {
      for (uint64_t i = 0; i < options_.depth; ++i) {
        RETURN_IF_ERROR(Commit(workload_.NextBlock()));
      }
      const auto start = std::chrono::steady_clock::now();
      RETURN_IF_ERROR(store_.ViewAt(base + 1).status());
      view_.Add(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
                    .count());
      ASSIGN_OR_RETURN(const RollbackResult result, store_.admin().Rollback(base, choice));
      (choice == RollbackChoice::kUndo ? undo_ : replay_).Add(result.seconds * 1e3);
      version_ = base;
    }
    return OkStatus();
  }

  Store& store_;
  const RollbackBenchOptions& options_;
  Workload workload_;
  Version version_ = 0;
  Percentiles snapshot_;
  Percentiles undo_;
  Percentiles replay_;
  Percentiles view_;
  size_t files_ = 0;
  double mib_ = 0;
};

}  // namespace

Status RunRollbackBench(const RollbackBenchOptions& options) {
  FileSystem& fs = PosixFileSystem();
  ASSIGN_OR_RETURN(const bool exists, Exists(fs, JoinPath(options.home, "flatkv")));
  if (exists) {
    return FailedPrecondition(
        fmt::format("{} holds a store already: name an empty directory", options.home));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                   Store::Open(fs, NullLogger(), options.home, options.store));
  ASSIGN_OR_RETURN(const nlohmann::json result, RollbackBench(*store, options).Run());
  RETURN_IF_ERROR(store->Close());
  if (options.json) {
    fmt::print("{}\n", result.dump());
  } else {
    fmt::print(
        "{} rows; medians of {}\n{:>10.1f} ms a snapshot ({} files, {:.0f} MiB)\n{:>10.1f} ms back "
        "over {} blocks of {} updates by undo records\n{:>10.1f} ms by clone and replay\n{:>10.1f} "
        "ms to open a view {} versions back\n",
        options.workload.rows, options.repeats, result["snapshot_ms"].get<double>(),
        result["snapshot_files"].get<size_t>(), result["snapshot_mib"].get<double>(),
        result["undo_ms"].get<double>(), options.depth, options.workload.updates_per_block,
        result["replay_ms"].get<double>(), result["recent_view_ms"].get<double>(),
        options.depth - 1);
  }
  return RemoveTreeDurably(fs, JoinPath(options.home, "flatkv"));
}

}  // namespace flatkv::bench
